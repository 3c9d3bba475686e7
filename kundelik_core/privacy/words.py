"""Say the codes of a copy in plain words; what is not listed stays as it is."""

from collections.abc import Mapping
from typing import Final

from kundelik_core.kernel.i18n import N_
from kundelik_core.privacy.model import WHAT

__all__ = ["WORDS"]

_RELATIONS: Final = {
    "mother": N_("Mother"),
    "father": N_("Father"),
    "parent": N_("Parent"),
    "guardian": N_("Guardian"),
    "grandparent": N_("Grandparent"),
    "relative": N_("Relative"),
}
_ABSENCES: Final = {
    "": N_("taken back"),
    "absent_unexcused": N_("absent without a reason"),
    "absent_excused": N_("absent with a reason"),
    "absent_ill": N_("ill"),
    "late": N_("late"),
}

WORDS: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("person", "sex"): {"m": N_("male"), "f": N_("female")},
    ("person", "status"): {"active": N_("belongs to the school"), "left": N_("has left")},
    ("guardians", "relation"): _RELATIONS,
    ("children", "relation"): _RELATIONS,
    ("absences", "code"): _ABSENCES,
    ("history", "field"): {"value": N_("Mark"), "comment": N_("Comment")},
    ("looks", "what"): WHAT,
}
"""Msgids by section and column, then by code."""
