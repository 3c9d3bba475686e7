"""Decide what of a child's rating somebody may see, and until when: who asks, what is in force."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from kundelik_core.sdk import Actor
from kundelik_rating.store import Stretch

__all__ = ["WHOLE", "Span", "State", "Term", "open_scopes", "sees_as", "terms"]

WHOLE: Final = "*"
"""The scope that stands for every subject of a child."""

State: TypeAlias = Literal["on", "grace", "paused", "later", "ended"]
"""How it stands with what is open for a child in one scope."""


class Span(msgspec.Struct, frozen=True):
    """The last day on which something is open, and the last one of grace behind it."""

    last: date | None
    grace: date | None = None


class Term(msgspec.Struct, frozen=True):
    """How it stands with one scope: with its last day, or the first one to come."""

    scope: str
    state: State
    span: Span = Span(None)
    first: date | None = None


def sees_as(actor: Actor | None, student: UUID) -> Literal["guardian", "student", ""]:
    """Return as what somebody stands to a child; an empty word where it is not theirs."""
    if actor is None or student not in actor.students:
        return ""
    return "student" if actor.person_id == student else "guardian"


def open_scopes(stretches: Iterable[Stretch], now: datetime) -> frozenset[str]:
    """Return the scopes that are open at a moment."""
    return frozenset(one.scope for one in stretches if one.holds(now))


def terms(stretches: Sequence[Stretch], now: datetime) -> list[Term]:
    """Return how it stands with each scope, the whole child first; in the zone of ``now``."""
    scopes = sorted({one.scope for one in stretches}, key=lambda scope: (scope != WHOLE, scope))
    return [_term(scope, [one for one in stretches if one.scope == scope], now) for scope in scopes]


def _term(scope: str, stretches: Sequence[Stretch], now: datetime) -> Term:
    ordered = sorted(stretches, key=lambda one: one.begins)
    if any(one.holds(now) for one in ordered):
        return _running(scope, ordered, now)
    later = next((one for one in ordered if one.begins > now), None)
    over = [one.ends for one in ordered if one.ends is not None and one.ends <= now]
    if later is not None:
        state: State = "paused" if over else "later"
        return Term(scope, state, first=later.begins.astimezone(now.tzinfo).date())
    return Term(scope, "ended", Span(_last(max(over), now)))


def _running(scope: str, ordered: Sequence[Stretch], now: datetime) -> Term:
    """Follow the stretches that touch one another to the end, and the grace behind the last."""
    reached = until = now
    for one in ordered:
        if one.begins > reached:
            break
        if one.ends is None:
            return Term(scope, "on")
        if one.ends > now:
            reached, until = max(reached, one.ends), max(until, one.grace or one.ends)
    if until <= now:
        return Term(scope, "grace", Span(None, _last(reached, now)))
    grace = _last(reached, now) if reached > until else None
    return Term(scope, "on", Span(_last(until, now), grace))


def _last(end: datetime, now: datetime) -> date:
    """Return the last day that is still within it; an end is the moment after."""
    return (end.astimezone(now.tzinfo) - timedelta(microseconds=1)).date()
