"""Let people see what a school holds about them, take it along, and know who looked."""
