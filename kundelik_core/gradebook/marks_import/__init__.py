"""Bring a file of marks into a school: people, groups, lessons, works, marks and absences."""

from .apply import Marks, import_marks, look_marks
from .people import as_roster

__all__ = ["Marks", "as_roster", "import_marks", "look_marks"]
