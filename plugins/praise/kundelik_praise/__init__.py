"""Let teachers praise pupils where their families see it."""
