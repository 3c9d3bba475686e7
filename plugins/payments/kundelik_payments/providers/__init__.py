"""The ways in which money can come and go."""
