"""Keep every tiyn that came in and where it went."""
