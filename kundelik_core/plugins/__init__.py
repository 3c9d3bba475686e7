"""Plugins as the core sees them: found, loaded, switched on by a school, called with care."""
