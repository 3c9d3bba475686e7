"""Decide where bought or credited time is laid, and what unused time is worth. No I/O.

Time is laid as early as it fits in whole beside what there is. What cannot be laid so, since its
days are given, overlaps: then the part that was there already is credited at the end.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from kundelik_core.entitlements.model import Granted, Pause
from kundelik_core.entitlements.rules import Span, add_months, is_active, merge, pieces, spans
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = [
    "GRACE",
    "Between",
    "Days",
    "Forever",
    "Laid",
    "Months",
    "Term",
    "Until",
    "lay",
    "next_span",
    "overlap",
    "paid_time",
    "shortened_end",
    "unused_minor",
]

GRACE: Final = timedelta(days=3)
"""How long a subscription goes on while its next payment is late."""


class Months(msgspec.Struct, frozen=True, tag=True):
    """Calendar months at the school's clock; with ``renews`` some days of grace follow."""

    count: int
    renews: bool = False


class Days(msgspec.Struct, frozen=True, tag=True):
    """Time given back: as much as was lost."""

    lost: timedelta


class Until(msgspec.Struct, frozen=True, tag=True):
    """From now, or from where what there is ends, to a fixed moment: the rest of a school year."""

    moment: datetime


class Between(msgspec.Struct, frozen=True, tag=True):
    """The period of a subscription, as the provider counts it; grace follows it."""

    begins: datetime
    ends: datetime


class Forever(msgspec.Struct, frozen=True, tag=True):
    """Bought once, without an end."""


Term: TypeAlias = Months | Days | Until | Between | Forever


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    """Where a term goes: its span, the rests inside, where grace begins, and what to credit."""

    span: Span
    pauses: tuple[Pause, ...] = ()
    grace_from: datetime | None = None
    credit: timedelta = timedelta()


def lay(
    there: Iterable[Granted], now: datetime, term: Term, zone: str, rests: Sequence[Span] = ()
) -> Laid:
    """Return where a term goes beside what is granted; ``rests`` are summers to be left out.

    Raises:
        Problem: what there is has no end or reaches further, so nothing could be added to it.
    """
    grants = list(there)
    if isinstance(term, Months) and term.renews:
        return _renewed(grants, now, term, zone, rests)
    if isinstance(term, Months | Days):
        span, inside = _fit(spans(grants), now, _length(term, zone), zone, rests)
        return Laid(span=span, pauses=inside)
    if isinstance(term, Between):
        span, grace = Span(term.begins, term.ends + GRACE), term.ends
        return Laid(
            span=span, grace_from=grace, credit=overlap(grants, Span(term.begins, term.ends))
        )
    end = None if isinstance(term, Forever) else term.moment
    covered = next((one for one in spans(grants) if one.holds(now)), None)
    if covered is not None and covered.ends is None:
        raise _endless()
    begins = covered.ends if covered is not None and covered.ends is not None else now
    if end is not None and end <= begins:
        raise Problem(
            "nothing-to-add",
            N_("This is granted to the end of that time already."),
            status=409,
        )
    span = Span(begins, end)
    return Laid(span=span, credit=overlap(grants, span) if end else timedelta())


def _renewed(
    grants: Sequence[Granted], now: datetime, term: Months, zone: str, rests: Sequence[Span]
) -> Laid:
    """Lay a period behind the paid ones; one that is paid late, in the days of grace, counts them.

    Otherwise every period would begin some days later than the one before.
    """
    paid = merge(piece for grant in grants for piece in pieces(grant, paid=True))
    late = [
        grant.grace_from
        for grant in grants
        if grant.grace_from is not None and grant.grace_from <= now and is_active(grant, now)
    ]
    begins = now if any(one.holds(now) for one in paid) else max(late, default=now)
    span, inside = _fit(paid, begins, _length(term, zone), zone, rests)
    assert span.ends is not None, "months end"
    return Laid(span=Span(span.begins, span.ends + GRACE), pauses=inside, grace_from=span.ends)


def next_span(grants: Iterable[Granted], now: datetime, months: int, zone: str) -> Span:
    """Return where further months go: as early as they fit in whole, beside what there is.

    Raises:
        Problem: what there is has no end, so nothing could be added to it.
    """
    return lay(grants, now, Months(months), zone).span


def _length(term: Months | Days, zone: str) -> Callable[[datetime], datetime]:
    if isinstance(term, Months):
        count = term.count
        return lambda begins: add_months(begins, count, zone)
    lost = term.lost
    return lambda begins: begins + lost


def _fit(
    taken: Sequence[Span],
    now: datetime,
    length: Callable[[datetime], datetime],
    zone: str,
    rests: Sequence[Span],
) -> tuple[Span, tuple[Pause, ...]]:
    """Find the earliest place that is free for all of it."""
    begins, ends, inside = _around(now, length, zone, rests)
    for span in taken:
        if span.ends is not None and span.ends <= begins:
            continue
        if ends <= span.begins:
            break
        if span.ends is None:
            raise _endless()
        begins, ends, inside = _around(span.ends, length, zone, rests)
    return Span(begins, ends), inside


def _around(
    begins: datetime, length: Callable[[datetime], datetime], zone: str, rests: Sequence[Span]
) -> tuple[datetime, datetime, tuple[Pause, ...]]:
    """Lead a term around the rests: one that has begun waits, and its days are moved behind it."""
    closed = [(rest.begins, rest.ends) for rest in merge(rests) if rest.ends is not None]
    for first, last in closed:
        if first <= begins < last:
            begins = last
    ends, inside = length(begins), []
    for first, last in closed:
        if begins < first < ends:
            ends = _later(ends, last, first, zone)
            inside.append(Pause(first, last))
    return begins, ends, tuple(inside)


def _later(moment: datetime, last: datetime, first: datetime, zone: str) -> datetime:
    """Move a moment by the time between two, as the school's clock shows it."""
    tz = ZoneInfo(zone)
    by = last.astimezone(tz).replace(tzinfo=None) - first.astimezone(tz).replace(tzinfo=None)
    moved = moment.astimezone(tz).replace(tzinfo=None) + by
    return moved.replace(tzinfo=tz).astimezone(UTC)


def _endless() -> Problem:
    return Problem("has-no-end", N_("This is granted without an end already."), status=409)


def overlap(grants: Iterable[Granted], span: Span) -> timedelta:
    """Return how much of a closed span was paid for by what is there already; grace is not."""
    lost = timedelta()
    for one in merge(piece for grant in grants for piece in pieces(grant, paid=True)):
        ends = span.ends if one.ends is None else min(one.ends, span.ends or one.ends)
        if ends is not None:
            lost += max(ends - max(one.begins, span.begins), timedelta())
    return lost


def paid_time(grant: Granted, since: datetime | None = None) -> timedelta:
    """Return the paid time of a grant that has an end, from a moment on."""
    total = timedelta()
    for piece in pieces(grant, paid=True):
        begins = piece.begins if since is None else max(piece.begins, since)
        if piece.ends is None:
            raise ValueError("what has no end is not counted in days")
        total += max(piece.ends - begins, timedelta())
    return total


def unused_minor(grant: Granted, paid_minor: int, since: datetime) -> int:
    """Return what the time of a grant from a moment on is worth, rounded down to the tiyn.

    What was bought for ever is worth nothing back: there is no share of it that is used up.
    """
    if grant.valid_until is None:
        return 0
    micro = timedelta(microseconds=1)
    total = paid_time(grant) // micro
    return paid_minor * (paid_time(grant, since) // micro) // total if total else 0


def shortened_end(grant: Granted, left: int, paid: int, now: datetime) -> datetime | None:
    """Return where a grant ends whose price went down from ``paid`` to ``left``; never in the past.

    None: it has no end, so only the whole of it can be taken back.
    """
    if left <= 0:
        return now
    if grant.valid_until is None:
        return None
    keep = timedelta(microseconds=paid_time(grant) // timedelta(microseconds=1) * left // paid)
    for piece in pieces(grant, paid=True):
        ends = piece.ends or piece.begins
        if keep <= ends - piece.begins:
            return max(piece.begins + keep, now)
        keep -= ends - piece.begins
    return now
