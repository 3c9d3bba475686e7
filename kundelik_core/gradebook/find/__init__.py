"""Find people, classes and journals of a school by a few letters, as far as somebody may see."""
