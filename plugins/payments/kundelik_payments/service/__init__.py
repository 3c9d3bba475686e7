"""Lead orders through providers, one locked step at a time."""
