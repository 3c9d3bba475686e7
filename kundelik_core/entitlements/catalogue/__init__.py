"""Keep what can be bought and for how much; the operator's data."""
