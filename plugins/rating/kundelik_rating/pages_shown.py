"""Turn what a family may see into plain values for its page: periods, subjects, one in full."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from uuid import UUID

from kundelik_core.sdk import Json
from kundelik_rating.domain.measure import Scale
from kundelik_rating.domain.story import Look, Missing
from kundelik_rating.pages_sight import WHOLE, Term
from kundelik_rating.pages_words import long_day, period_title
from kundelik_rating.pictures import (
    Speech,
    Values,
    missing_values,
    row_values,
    strip_values,
    trend_values,
)
from kundelik_rating.sample import invented_looks
from kundelik_rating.store import Seen

__all__ = ["Shown", "preview_values", "rated_values", "term_values"]


@dataclass(frozen=True)
class Shown:
    """What is read, what of it is open, and what of that was asked for."""

    rated: Sequence[Seen]
    opened: frozenset[str]
    period: str
    group: UUID | None
    locale: str
    day: Callable[[date], str]

    @property
    def asked_for(self) -> tuple[object, ...]:
        """Return all on which the values of ``rated_values`` depend, besides what is read."""
        return self.opened, self.period, self.group, self.locale

    @cached_property
    def periods(self) -> list[str]:
        """Return the codes of the periods there are, in their order."""
        begins = {one.period: (one.period_begins, one.period) for one in self.rated}
        return sorted(begins, key=lambda code: begins[code])

    @cached_property
    def asked(self) -> list[Seen]:
        """Return the groups of the period that was asked for, else each in its latest one."""
        if self.period in self.periods:
            return [one for one in self.rated if one.period == self.period]
        latest: dict[UUID, Seen] = {}
        for one in self.rated:
            before = latest.get(one.group_id)
            if before is None or before.period_begins <= one.period_begins:
                latest[one.group_id] = one
        return list(latest.values())

    def opens(self, one: Seen) -> bool:
        """Say whether a subject is open."""
        return WHOLE in self.opened or one.subject_code in self.opened

    @cached_property
    def small(self) -> bool:
        """Say whether all groups are too small, so that nothing could be opened."""
        return bool(self.asked) and all(one.now is Missing.SMALL_GROUP for one in self.asked)

    @cached_property
    def closed(self) -> bool:
        """Say whether something could be opened, and is not."""
        shut = not self.opened or not all(self.opens(one) for one in self.asked)
        return shut and not self.small

    def speech(self, scale: Scale) -> Speech:
        """Return the words for numbers on a scale."""
        return Speech(self.locale, self.day, scale)


def rated_values(shown: Shown, address: str) -> Values:
    """Return the values of everything that is open; ``address`` is the page's query so far."""
    asked, detail = shown.asked, _chosen(shown)
    period = shown.period if shown.period in shown.periods else ""
    base = f"{address}&period={period}" if period else address
    rows = [_row(shown, one, base, detail) for one in asked] if shown.opened else []
    seen = [one.now for one in asked if shown.opens(one)]
    reasons = sorted({now.value for now in seen if isinstance(now, Missing)})
    return {
        "open": bool(shown.opened),
        "closed": shown.closed,
        "small": shown.small,
        "periods": _periods(shown, address, period),
        "profile": list[Json](rows),
        "reasons": list[Json](reasons),
        "detail": _detail(shown, detail) if detail else None,
    }


def term_values(term: Term, titles: Mapping[str, str], locale: str) -> Values:
    """Return until when something is open; a subject that is not rated yet stands by its code."""

    def said(day: date | None) -> str:
        return long_day(day, locale) if day else ""

    return {
        "subject": "" if term.scope == WHOLE else titles.get(term.scope) or term.scope,
        "state": term.state,
        "last": said(term.span.last),
        "grace": said(term.span.grace),
        "first": said(term.first),
    }


def preview_values(today: date, locale: str, day: Callable[[date], str]) -> Values:
    """Return the picture of an invented group."""
    return strip_values(invented_looks(today)[-1], Speech(locale, day, Scale.percent()))


def _chosen(shown: Shown) -> Seen | None:
    """Return the subject to be shown in full: the one asked for, else the first with a result."""
    able = [one for one in shown.asked if shown.opens(one) and isinstance(one.now, Look)]
    named = (one for one in able if one.group_id == shown.group)
    return next(named, able[0] if able and shown.group is None else None)


def _periods(shown: Shown, address: str, current: str) -> list[Json]:
    if len(shown.periods) < 2 or not shown.opened:
        return []
    last: Values = {"title": "", "query": address, "current": not current}
    return [
        last,
        *(
            {
                "title": period_title(code, shown.locale),
                "query": f"{address}&period={code}",
                "current": code == current,
            }
            for code in shown.periods
        ),
    ]


def _row(shown: Shown, one: Seen, base: str, detail: Seen | None) -> Values:
    title = one.subject.get(shown.locale, one.subject_code)
    if not shown.opens(one):
        return {"subject": title, "missing": "closed", "query": "", "current": False}
    now = one.now
    there = isinstance(now, Look)
    return {
        **row_values(title, now, shown.speech(one.scale)),
        "query": f"{base}&group={one.group_id}#one" if there else "",
        "current": one is detail,
    }


def _detail(shown: Shown, one: Seen) -> Values:
    speech = shown.speech(one.scale)
    now = one.now
    return {
        "subject": one.subject.get(shown.locale, one.subject_code),
        "period": period_title(one.period, shown.locale),
        "strip": strip_values(now, speech) if isinstance(now, Look) else missing_values(now),
        "trend": trend_values(one.looks, speech),
    }
