"""Read files of marks from elsewhere through a mapping of their columns."""

from .mapping import MarkMapping, load_mapping
from .model import PERIOD_MARK, AbsenceRow, GuardianRow, MarkFile, MarkRow, PupilRow
from .reader import read_marks

__all__ = [
    "PERIOD_MARK",
    "AbsenceRow",
    "GuardianRow",
    "MarkFile",
    "MarkMapping",
    "MarkRow",
    "PupilRow",
    "load_mapping",
    "read_marks",
]
