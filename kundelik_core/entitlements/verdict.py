"""Decide whether somebody may use what was granted, and say why not. No I/O.

Four things must hold at once: who asks is an active guardian, the grant covers the question, the
school has the module on, and the pupil is not opted out. Payment never outranks the other three.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from kundelik_core.entitlements.model import EVERYTHING, Granted
from kundelik_core.entitlements.rules import concerns, span_at, spans

__all__ = ["Facts", "Question", "Reason", "Standing", "Verdict", "judge", "reaches"]

Reason: TypeAlias = Literal[
    "granted", "disabled", "left", "no-guardianship", "opted-out", "hidden", "not-granted",
    "suspended", "ended", "not-shared",
]  # fmt: skip


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """May a person of the school see this feature about a pupil, in this part of it, at a moment?

    ``viewer`` is a guardian, or the pupil.
    """

    feature: str
    pupil: UUID
    viewer: UUID
    at: datetime
    scope: str = EVERYTHING


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What only the floors above know; there is no default that would let anybody in.

    ``enabled``: the school has the module on. ``opted_out``: the pupil takes no part in it.
    ``shared``: one purchase serves all guardians. ``hidden``: the parents keep it from the child.
    """

    enabled: bool
    opted_out: bool
    shared: bool = True
    hidden: bool = False


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the school's own rows say on the day of the question."""

    guardian: bool
    enrolled: bool


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer; ``until`` is where the unbroken time around the moment ends."""

    allowed: bool
    reason: Reason
    until: datetime | None = None


def judge(
    question: Question, facts: Facts, standing: Standing, grants: Iterable[Granted]
) -> Verdict:
    """Answer a question; the reasons that cost nobody money come first."""
    refused = _refused(question, facts, standing)
    if refused:
        return Verdict(allowed=False, reason=refused)
    about = [one for one in grants if concerns(one, question.feature, question.scope)]
    usable = [one for one in about if reaches(one, question.viewer, shared=facts.shared)]
    span = span_at(usable, question.at)
    if span is not None:
        return Verdict(allowed=True, reason="granted", until=span.ends)
    return Verdict(allowed=False, reason=_why(usable, about, question.at))


def _refused(question: Question, facts: Facts, standing: Standing) -> Reason | None:
    if not facts.enabled:
        return "disabled"
    if not standing.enrolled:
        return "left"
    if question.viewer == question.pupil:
        if facts.hidden:
            return "hidden"
    elif not standing.guardian:
        return "no-guardianship"
    return "opted-out" if facts.opted_out else None


def reaches(grant: Granted, viewer: UUID | None, *, shared: bool) -> bool:
    """Tell whether a grant serves somebody: the pupil always, a guardian as the school has it.

    What is granted to nobody in particular reaches everybody, and so does what the school has for
    all or on seats, whoever bought it there.
    """
    if shared or grant.holder_id is None or grant.pupil_id is None or grant.seats is not None:
        return True
    return viewer in {grant.holder_id, grant.pupil_id}


def _why(usable: list[Granted], about: list[Granted], at: datetime) -> Reason:
    if any(_paused(one, at) for one in usable):
        return "suspended"
    if span_at(about, at) is not None:
        return "not-shared"
    gone = any(span.ends is not None and span.ends <= at for span in spans(usable))
    return "ended" if gone else "not-granted"


def _paused(grant: Granted, at: datetime) -> bool:
    """Tell whether only a pause keeps a grant from being in force."""
    whole = msgspec.structs.replace(grant, pauses=())
    return span_at([whole], at) is not None and span_at([grant], at) is None
