"""Decide what a history of grants amounts to at a moment, and where a further one begins. No I/O.

Grants add up: one more never takes time away, whatever overlaps it. A revoked grant counts up to
its revocation, so that what was true on a day stays true of that day. A pause takes time out of one
grant and of no other.
"""

import calendar
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from kundelik_core.entitlements.model import EVERYTHING, Granted
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = [
    "Span",
    "add_months",
    "check_feature",
    "concerns",
    "end_of_day",
    "is_active",
    "merge",
    "pieces",
    "span_at",
    "spans",
]

_FEATURE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


class Span(msgspec.Struct, frozen=True, order=True):
    """A stretch of time, its end left out; without an end it goes on."""

    begins: datetime
    ends: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Tell whether the moment lies in it."""
        return self.begins <= moment and (self.ends is None or moment < self.ends)


def check_feature(feature: str) -> str:
    """Return the name of a feature.

    Raises:
        Problem: it has another form than ``plugin.feature``.
    """
    if not _FEATURE.fullmatch(feature):
        raise Problem(
            "feature-form",
            N_("“%(feature)s” is no name of a feature. It looks like rating.view."),
            status=422,
            params={"feature": feature},
            field="feature",
        )
    return feature


def concerns(grant: Granted, feature: str, scope: str = EVERYTHING) -> bool:
    """Tell whether a grant is about a feature, and about this part of it."""
    return grant.feature == feature and grant.scope in {EVERYTHING, scope}


def spans(grants: Iterable[Granted]) -> list[Span]:
    """Return the time that the grants cover together: in order, apart from each other."""
    return merge(piece for grant in grants for piece in pieces(grant))


def merge(parts: Iterable[Span]) -> list[Span]:
    """Return stretches of time as few as possible: in order, apart from each other."""
    merged: list[Span] = []
    for span in sorted(parts, key=lambda one: one.begins):
        last = merged[-1] if merged else None
        if last is None or (last.ends is not None and last.ends < span.begins):
            merged.append(span)
        elif last.ends is not None and (span.ends is None or span.ends > last.ends):
            merged[-1] = Span(last.begins, span.ends)
    return merged


def pieces(grant: Granted, *, paid: bool = False) -> list[Span]:
    """Return the time of one grant, without its pauses; with ``paid`` also without its grace."""
    limits = [grant.valid_until, grant.revoked_at, grant.grace_from if paid else None]
    end = min((moment for moment in limits if moment is not None), default=None)
    found, begins = [], grant.valid_from
    for pause in merge(Span(p.begins, p.ends) for p in grant.pauses if p.begins != p.ends):
        stop = pause.begins if end is None else min(pause.begins, end)
        if stop > begins:
            found.append(Span(begins, stop))
        if pause.ends is None:
            return found
        begins = max(begins, pause.ends)
    if end is None or end > begins:
        found.append(Span(begins, end))
    return found


def span_at(grants: Iterable[Granted], moment: datetime) -> Span | None:
    """Return the unbroken stretch around a moment; None when nothing is active then."""
    return next((span for span in spans(grants) if span.holds(moment)), None)


def is_active(grant: Granted, moment: datetime) -> bool:
    """Tell whether a grant is in force at a moment."""
    return span_at([grant], moment) is not None


def add_months(moment: datetime, months: int, zone: str) -> datetime:
    """Return the same local time some calendar months later; the 31st becomes the month's last."""
    if months < 1:
        raise ValueError(f"a term has at least one month, not {months}")
    local = moment.astimezone(ZoneInfo(zone))
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    later = local.replace(year=year, month=month + 1, day=min(local.day, last))
    return later.astimezone(UTC)


def end_of_day(day: date, zone: str) -> datetime:
    """Return the moment at which a day is over at the school."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
