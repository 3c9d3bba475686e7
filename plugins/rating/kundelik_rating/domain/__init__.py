"""Hold the method: pure rules on exact numbers, without any I/O."""
