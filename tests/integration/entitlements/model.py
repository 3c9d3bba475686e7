"""The same rules a second time, as naively as can be: what the real ones are compared with.

Time is a plain list of half-open intervals per grant, never merged; a place for new time is found
by trying every moment at which one could begin. Money is a few purses per sale.
"""

import calendar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

ALMATY = timezone(timedelta(hours=5))
ZERO = timedelta()
MICRO = timedelta(microseconds=1)
GRACE = timedelta(days=3)
Piece = tuple[datetime, datetime]


class Refused(Exception):
    """The model expects the real thing to refuse."""


def months_on(moment: datetime, months: int) -> datetime:
    """Count months on the calendar one by one; only the last one clamps the day."""
    there = moment.astimezone(ALMATY)
    year, month = there.year, there.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    day = min(there.day, calendar.monthrange(year, month)[1])
    return there.replace(year=year, month=month, day=day).astimezone(UTC)


@dataclass
class Grant:
    """Paid pieces and grace of one act."""

    paid: list[Piece]
    grace: list[Piece] = field(default_factory=list)
    waiting: list[Piece] = field(default_factory=list)
    """Paid time that a dispute keeps away."""
    waiting_grace: list[Piece] = field(default_factory=list)

    def cut(self, at: datetime) -> None:
        """Leave nothing behind a moment."""
        self.paid = [(b, min(e, at)) for b, e in self.paid if b < at]
        self.grace = [(b, min(e, at)) for b, e in self.grace if b < at]
        self.waiting = [(b, min(e, at)) for b, e in self.waiting if b < at]
        self.waiting_grace = [(b, min(e, at)) for b, e in self.waiting_grace if b < at]


@dataclass
class Line:
    """One sale: what was paid, decided, given back, borne and held."""

    paid: int
    grant: Grant
    decided: int = 0
    back: int = 0
    borne: int = 0
    held: int = 0
    charged: int = 0
    renews: bool = False
    ends: datetime | None = None

    @property
    def kept(self) -> int:
        """What the family has time for."""
        return self.paid - self.decided - self.borne

    @property
    def most_back(self) -> int:
        """What can go back still, besides what banks took."""
        return self.paid - (self.back - self.charged) - self.borne

    @property
    def gone(self) -> int:
        """What of the payment has gone back; what went twice counts once."""
        return min(self.back, self.paid - self.borne)

    @property
    def lost(self) -> int:
        """What went twice."""
        return self.back - self.gone


class World:
    """One pupil's purchases."""

    def __init__(self) -> None:
        self.grants: list[Grant] = []
        self.lines: list[Line] = []
        self.purse = 0
        """What is in our hands, disputed money left out."""

    def pieces(self, besides: Grant | None = None) -> list[Piece]:
        """All time in force."""
        return [p for g in self.grants if g is not besides for p in (*g.paid, *g.grace)]

    def place(self, now: datetime, length: object) -> Grant:
        """Lay a length of time where it first fits."""

        def ends(b: datetime) -> datetime:
            return months_on(b, length) if isinstance(length, int) else b + length  # type: ignore[operator]

        taken = self.pieces()
        for b in sorted({now, *(e for _, e in taken if e > now)}):
            if all(e <= b or ends(b) <= a for a, e in taken):
                self.grants.append(Grant([(b, ends(b))]))
                return self.grants[-1]
        raise AssertionError("there is always room behind the last")

    def lost_to(self, span: Piece, besides: Grant | None) -> timedelta:
        """How much of a stretch others have paid for, counted once however many did."""
        paid = [p for g in self.grants if g is not besides for p in g.paid]
        cuts = sorted({*span, *(x for p in paid for x in p if span[0] < x < span[1])})
        return sum(
            (b - a for a, b in pairwise(cuts)
             if any(x <= a and b <= y for x, y in paid)),
            ZERO,
        )  # fmt: skip

    def buy(self, now: datetime, months: int, paid: int) -> None:
        """Pay for months."""
        self.lines.append(Line(paid, self.place(now, months)))
        self.purse += paid

    def subscribe(self, now: datetime, days: int, paid: int) -> None:
        """Pay for a period that is given; what it overlaps is given back behind."""
        ends = now + timedelta(days=days)
        credit = self.lost_to((now, ends), None)
        made = Grant([(now, ends)], [(ends, ends + GRACE)])
        self.grants.append(made)
        self.lines.append(Line(paid, made, renews=True, ends=ends))
        self.purse += paid
        if credit:
            self.place(now, credit)

    def refund(self, now: datetime, line: Line, amount: int, keep: bool) -> None:
        """Decide to give back."""
        if line.held or not 0 < amount <= line.kept:
            raise Refused
        before = line.kept
        line.decided += amount
        if not (keep and line.kept):
            self.shorten(now, line, before)

    def shorten(self, now: datetime, line: Line, before: int) -> None:
        """Take time in proportion, from the end."""
        if line.kept == before:
            return
        if not line.kept:
            line.grant.cut(now)
            return
        total = sum((e - b for b, e in line.grant.paid), ZERO)
        left = MICRO * (total // MICRO * line.kept // before)
        at = now
        for b, e in line.grant.paid:
            if left <= e - b:
                at = max(b + left, now)
                break
            left -= e - b
        line.grant.cut(at)

    def returned(self, line: Line, amount: int) -> None:
        """Money goes back."""
        if not 0 < amount <= line.most_back:
            raise Refused
        line.back += amount
        self.purse -= amount

    def absorb(self, line: Line) -> None:
        """Bear it."""
        minor = line.gone - line.decided
        if minor <= 0:
            raise Refused
        line.borne += minor
        line.back -= minor

    def dispute(self, now: datetime, line: Line, amount: int) -> None:
        """The bank takes money away, and the time stands still."""
        if line.held or not 0 < amount <= line.paid - line.charged:
            raise Refused
        line.held = amount
        self.purse -= amount
        grant = line.grant
        whole, rest = grant.paid, grant.grace
        grant.waiting = [(max(b, now), e) for b, e in whole if e > now]
        grant.waiting_grace = [(max(b, now), e) for b, e in rest if e > now]
        grant.paid = [(b, min(e, now)) for b, e in whole if b < now]
        grant.grace = [(b, min(e, now)) for b, e in rest if b < now]

    def close(self, now: datetime, line: Line, won: bool) -> None:
        """The dispute ends."""
        if not line.held:
            raise Refused
        grant, held = line.grant, line.held
        gone = sum((min(e, now) - b for b, e in grant.waiting if b < now), ZERO)
        resumed = [(max(b, now), e) for b, e in grant.waiting if e > now]
        grant.paid += resumed
        grant.grace += [(max(b, now), e) for b, e in grant.waiting_grace if e > now]
        grant.waiting = grant.waiting_grace = []
        line.held = 0
        if won:
            self.purse += held
            credit = gone + sum((self.lost_to(p, grant) for p in resumed), ZERO)
            if credit:
                self.place(now, credit)
            return
        before = line.kept
        owed, before_it = max(line.decided - line.back, 0), line.gone
        line.back += held
        line.charged += held
        # What had not gone yet goes now: first what was owed.
        line.decided += max(line.gone - before_it - owed, 0)
        self.shorten(now, line, before)
