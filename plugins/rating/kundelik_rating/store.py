"""Read what pages show of one child, and write what its family chooses; no other child's line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import msgspec

from kundelik_core.sdk import PluginTx
from kundelik_rating import store_sql as sql
from kundelik_rating.domain.measure import Band, Scale, Spread
from kundelik_rating.domain.publish import Outcome
from kundelik_rating.domain.schedule import Rhythm, publication_days
from kundelik_rating.domain.story import Look, Missing, look
from kundelik_rating.exact import fraction, scale_of
from kundelik_rating.rounds import take_gate, take_out

__all__ = [
    "FEATURE",
    "Choices",
    "Credit",
    "Family",
    "Seen",
    "Stretch",
    "codes_of",
    "family",
    "family_of",
    "looks",
    "next_day",
    "offered",
    "set_choice",
    "strip",
    "year_of",
]

FEATURE: Final = "rating.view"
_AUGUST: Final = 8
_EVERYTHING: Final = "*"

Row = Mapping[str, Any]


def codes_of(left_out: str) -> frozenset[str]:
    """Return the codes of the subjects that a school leaves out, in small letters."""
    return frozenset(code.strip().casefold() for code in left_out.split(","))


def year_of(today: date) -> int:
    """Return the school year of a day; it begins with August."""
    return today.year if today.month >= _AUGUST else today.year - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a family has chosen for its child."""

    hidden: bool = False
    opted_out: bool = False
    dismissed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of time for which the rating is open: a subject's, or all of it."""

    scope: str
    begins: datetime
    ends: datetime | None
    grace: datetime | None

    def holds(self, at: datetime) -> bool:
        """Say whether a moment lies in it."""
        return self.begins <= at and (self.ends is None or at < self.ends)

    def covers(self, subject: str) -> bool:
        """Say whether a subject is meant."""
        return self.scope in {_EVERYTHING, subject}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Days that were given back because there was nothing to show."""

    scope: str
    school_year: int
    period: str
    days: int
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What there is between a family and the rating."""

    choices: Choices
    stretches: tuple[Stretch, ...]
    credited: tuple[Credit, ...]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One group in one period, as far as the child's own family sees it.

    ``on_list``: the child was counted; ``published``: there is a snapshot, of which the families of
    those on the list see something.
    """

    group_id: UUID
    school_year: int
    subject_code: str
    subject: Mapping[str, str]
    period_kind: str
    period: str
    period_begins: date
    period_ends: date
    scale: Scale
    outcome: Outcome
    looks: tuple[Look, ...]
    on_list: bool
    published: bool

    @property
    def now(self) -> Look | Missing:
        """Return the latest of it, or why there is nothing."""
        if self.looks:
            return self.looks[-1]
        return Missing.NOT_COUNTED if self.published else _nothing(self.outcome)


def _nothing(outcome: Outcome) -> Missing:
    found = look(None, UUID(int=0), outcome)
    return found if isinstance(found, Missing) else Missing.NOT_ENOUGH_DATA


async def family(
    tx: PluginTx, student_id: UUID, now: datetime, viewer: UUID | None = None
) -> Family:
    """Return a family's choices, what is open or was within a year, what was given back.

    What is open is so to ``viewer``: where a school has it so, each guardian buys for itself.
    """
    rows = await tx.fetch(sql.FAMILY, student_id, now, FEATURE, viewer)
    return family_of(rows[0])


async def looks(
    tx: PluginTx,
    student_id: UUID,
    school_year: int,
    period: str | None = None,
    *,
    left_out: str = "",
) -> tuple[Seen, ...]:
    """Return all that a child's family may see of a school year, by subject and period."""
    rows = await tx.fetch(sql.LOOKS, student_id, school_year, period)
    return offered(rows[0]["rated"], left_out)


async def strip(
    tx: PluginTx,
    student_id: UUID,
    school_year: int,
    now: datetime,
    *,
    viewer: UUID | None = None,
    left_out: str = "",
) -> tuple[Family, tuple[Seen, ...]]:
    """Return the same for a line in the diary: of each group the last two looks, if any."""
    rows = await tx.fetch(sql.STRIP, student_id, school_year, now, FEATURE, viewer)
    return family_of(rows[0]), _latest(offered(rows[0]["rated"], left_out))


def _latest(seen: Sequence[Seen]) -> tuple[Seen, ...]:
    by_group = groupby(seen, key=lambda one: (one.subject_code, one.group_id))
    return tuple([*of_group][-1] for _key, of_group in by_group)


async def next_day(tx: PluginTx, school_year: int, today: date, rhythm: Rhythm) -> date | None:
    """Return the next day on which something may be published, by the calendar alone."""
    rows = await tx.fetch(sql.PERIODS, school_year)
    days = (
        day
        for row in rows
        for day in publication_days(row["begin_date"], row["end_date"], rhythm)
        if day > today
    )
    return min(days, default=None)


async def set_choice(
    tx: PluginTx,
    school_id: int,
    student_id: UUID,
    *,
    today: date,
    hidden: bool | None = None,
    opted_out: bool | None = None,
    dismissed: bool | None = None,
) -> None:
    """Keep what a family chooses; None leaves it as it is.

    An opted-out child leaves all open lists in this transaction, and comes onto those that are
    drawn after its family has taken that back.
    """
    if hidden is not None or dismissed is not None:
        await tx.execute(sql.CHOOSE, school_id, student_id, hidden, dismissed)
    if opted_out is None:
        return
    await take_gate(tx, school_id)
    if opted_out:
        await tx.execute(sql.OPT_OUT, school_id, student_id, today)
        await take_out(tx, school_id, student_id)
    else:
        await tx.execute(sql.OPT_IN, student_id, today)


def family_of(row: Row) -> Family:
    """Return what a row of ``FAMILY`` says."""
    stretches = zip(
        *(row[key] or () for key in ("scopes", "begins", "ends", "graces")), strict=True
    )
    credited = (row[key] or () for key in ("c_scopes", "c_years", "c_periods", "c_days", "c_on"))
    return Family(
        choices=Choices(
            hidden=row["hidden"], opted_out=row["opted_out"], dismissed=row["dismissed"]
        ),
        stretches=tuple(
            Stretch(scope=scope, begins=begins, ends=ends, grace=grace)
            for scope, begins, ends, grace in stretches
        ),
        credited=tuple(
            Credit(scope=scope, school_year=year, period=period, days=days, day=day)
            for scope, year, period, days, day in zip(*credited, strict=True)
        ),
    )


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    """One publication beside the child's own entry in it."""

    day: date
    result: str
    band: Band
    middle: str
    spread: Spread | None


class Told(msgspec.Struct, frozen=True, array_like=True):
    """One group in one period as ``LOOKS`` tells it."""

    group_id: UUID
    school_year: int
    subject_code: str
    subject_kk: str
    subject_ru: str
    subject_en: str
    period_kind: str
    period: str
    begins: date
    ends: date
    metric: str
    low: int
    high: int
    outcome: Outcome
    entries: tuple[_Entry, ...]
    on_list: bool
    published: bool


_told: Final = msgspec.json.Decoder(tuple[Told, ...]).decode


def offered(rated: str, left_out: str) -> tuple[Seen, ...]:
    """Return what ``LOOKS`` told, without the subjects that a school leaves out."""
    codes = codes_of(left_out)
    return tuple(_seen(one) for one in _told(rated) if one.subject_code.casefold() not in codes)


def _seen(told: Told) -> Seen:
    return Seen(
        group_id=told.group_id,
        school_year=told.school_year,
        subject_code=told.subject_code,
        subject={"kk": told.subject_kk, "ru": told.subject_ru, "en": told.subject_en},
        period_kind=told.period_kind,
        period=told.period,
        period_begins=told.begins,
        period_ends=told.ends,
        scale=scale_of(told.metric, told.low, told.high),
        outcome=told.outcome,
        looks=tuple(
            Look(
                day=one.day,
                result=fraction(one.result),
                band=one.band,
                middle=fraction(one.middle),
                spread=one.spread,
            )
            for one in told.entries
        ),
        on_list=told.on_list,
        published=told.published,
    )
