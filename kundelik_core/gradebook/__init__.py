"""Journals, marks and grading: what a teacher writes and a family reads."""
