"""Grading schemes: the rules of assessment as data, and the exact engine that follows them."""
