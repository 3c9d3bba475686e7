"""Read the rosters that schools send: OneRoster, School Data Sync, plain class lists."""

from .files import DEFAULT_LIMIT, FileRefusedError, Source, open_source
from .model import (
    AcademicSession,
    ClassRow,
    Course,
    Enrollment,
    FileNote,
    LineItem,
    Org,
    Relationship,
    Result,
    Roster,
    RowError,
    User,
    UserRole,
    Where,
)
from .reader import read_roster

__all__ = [
    "DEFAULT_LIMIT",
    "AcademicSession",
    "ClassRow",
    "Course",
    "Enrollment",
    "FileNote",
    "FileRefusedError",
    "LineItem",
    "Org",
    "Relationship",
    "Result",
    "Roster",
    "RowError",
    "Source",
    "User",
    "UserRole",
    "Where",
    "open_source",
    "read_roster",
]
