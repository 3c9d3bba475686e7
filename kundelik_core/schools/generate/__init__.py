"""Make believable schools out of a seed, for demonstrations, tests and measurements.

Nobody in them exists: names are drawn from lists of common ones, and nobody has an IIN.
"""

from kundelik_core.schools.generate.model import (
    Cell,
    Column,
    GeneratedLesson,
    Group,
    Guardianship,
    Journal,
    Outline,
    Person,
    SchoolClass,
    SchoolLanguage,
    Size,
    StaffMember,
    Unplaced,
    Work,
)
from kundelik_core.schools.generate.school import GeneratedSchool, World, make_school

__all__ = [
    "Cell",
    "Column",
    "GeneratedLesson",
    "GeneratedSchool",
    "Group",
    "Guardianship",
    "Journal",
    "Outline",
    "Person",
    "SchoolClass",
    "SchoolLanguage",
    "Size",
    "StaffMember",
    "Unplaced",
    "Work",
    "World",
    "make_school",
]
