"""Keep a board of what was found in a school."""
