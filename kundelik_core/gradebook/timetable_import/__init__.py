"""Bring a weekly timetable into a school: groups with their journals, teachers, lessons."""

from .apply import Options, TimetableDone, apply_timetable, look_timetable

__all__ = ["Options", "TimetableDone", "apply_timetable", "look_timetable"]
