"""Read a school's weekly timetable from a file, and compare it with what the school has."""

from .reader import TimetableFile, is_timetable, read_timetable

__all__ = ["TimetableFile", "is_timetable", "read_timetable"]
