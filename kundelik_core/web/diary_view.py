"""Lay a diary out for its pages: days with lessons, news, results that explain themselves."""

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kundelik_core.gradebook.diary.model import (
    ChildClass,
    DiaryGroup,
    DiaryLesson,
    DiaryMark,
    DiaryWeek,
    NewsItem,
    kept_of,
)
from kundelik_core.gradebook.journal.model import Period, Titles
from kundelik_core.gradebook.schemes.exact import fixed
from kundelik_core.identity.model import Actor
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.i18n import (
    Locale,
    _,
    current_locale,
    date_range,
    day_month,
    ngettext,
    weekday,
)
from kundelik_core.schools.calendar import iso_week, monday_of
from kundelik_core.schools.titles import class_title
from kundelik_core.web.diary_parts import mark_context, result_row, value_text, worth
from kundelik_core.web.diary_state import receipt_of, state_of
from kundelik_core.web.journal_titles import ABSENCES, day_title, number, period_title

__all__ = [
    "Reader",
    "child_context",
    "mean_of",
    "news_context",
    "result_plan",
    "shared_context",
    "week_context",
]

Context = dict[str, Any]
_WEEK: Final = 7
_ZONE: Final = ZoneInfo(SCHOOL_ZONE)


def child_context(
    actor: Actor,
    pupil: UUID,
    name: tuple[str, str],
    school_class: ChildClass | None,
    schools: list[tuple[int, Titles]],
    tail: str = "",
) -> Context:
    """Return the child and the tabs of all children of the account."""
    locale = current_locale()
    titles = {school: title.of(locale) for school, title in schools}
    several = len({child.school_id for child in actor.children}) > 1
    return {
        "child": {
            "id": str(pupil),
            "name": " ".join(name),
            "class_name": _class_name(school_class),
        },
        "children": [
            {
                "href": f"/diary/{child.pupil_id}{tail}",
                "name": child.given_name,
                "school": titles.get(child.school_id, "") if several else "",
                "current": child.pupil_id == pupil,
            }
            for child in actor.children
        ],
    }


def _class_name(school_class: ChildClass | None) -> str:
    if school_class is None:
        return ""
    return class_title(school_class.grade, school_class.letter)


class Reader(msgspec.Struct, frozen=True):
    """For whom and when a week is shown."""

    monday: date
    today: date
    own: bool
    """Whether it is for the family itself."""
    ahead: bool
    """Whether it is the weekend, and the next week is shown of itself."""
    theme: str
    """The theme of the school, for the addresses of pictures."""

    @property
    def sunday(self) -> date:
        """Return the last day of the week."""
        return self.monday + timedelta(days=6)


def week_context(week: DiaryWeek, reader: Reader, base: str) -> Context:
    """Return what ``diary.html`` shows of a week, all of it laid out."""
    groups = {group.id: group for group in week.groups}
    state = state_of(week, reader.monday, base)
    days = [] if state else _days(week, groups, reader)
    shown = shared_context(week, reader, base, days)
    return {
        **shown,
        "since": news_context(week, groups, reader.today, base) if reader.own else None,
        "state": state,
        "period": _period(week, reader.sunday, base),
    }


def shared_context(
    week: DiaryWeek, reader: Reader, base: str, days: list[Context] | None = None
) -> Context:
    """Return what everybody of a class sees alike; without ``days`` those of the timetable."""
    if days is None:
        days = _laid_out(week, reader, {})[0]
    receipt = receipt_of(week, f"{base}/{iso_week(reader.monday)}/seen") if reader.own else None
    return {
        "week": _week_head(week, reader, base)
        # On the first day of a week today is in view anyway.
        | {"jump": any(day["now"] for day in days[1:]), "ahead": reader.ahead},
        "days": days,
        "receipt": receipt,
    }


def _week_head(week: DiaryWeek, reader: Reader, base: str) -> dict[str, str]:
    monday, sunday, today = reader.monday, reader.sunday, reader.today
    begins, ends = week.year or (date.min, date.max)
    period = _main_period(week, [p for p in week.periods if p.begins <= sunday])
    sub = ""
    if period is not None and period.ends >= monday:
        count = (monday - monday_of(period.begins)).days // _WEEK + 1
        sub = _("%(period)s, week %(n)s") % {"period": period_title(period.code), "n": count}
    last = monday + timedelta(days=4 if not _weekend(week, monday) else 5)
    return {
        "title": date_range(monday, last, current_locale()),
        "sub": sub,
        "prev": f"{base}/{iso_week(monday - timedelta(days=7))}" if monday > begins else "",
        "next": f"{base}/{iso_week(monday + timedelta(days=7))}" if sunday < ends else "",
        # At the end of a week the diary itself opens at the next one.
        "current": "" if reader.ahead or monday <= today <= sunday else f"{base}/{iso_week(today)}",
    }


def _weekend(week: DiaryWeek, monday: date) -> bool:
    return any(lesson.date > monday + timedelta(days=4) for lesson in week.lessons)


def news_context(
    week: DiaryWeek, groups: dict[str, DiaryGroup], today: date, base: str
) -> Context | None:
    """Return what is new since the family last looked."""
    if week.since is None or not week.news:
        return None
    marks = sum(1 for item in week.news if item.points is not None or item.code is not None)
    remarks = sum(1 for item in week.news if item.remark)
    parts = []
    if marks:
        parts.append(ngettext("%(n)s mark", "%(n)s marks", marks) % {"n": marks})
    if remarks:
        parts.append(ngettext("%(n)s remark", "%(n)s remarks", remarks) % {"n": remarks})
    day, locale = week.since.astimezone(_ZONE).date(), current_locale()
    near = (today - day).days < _WEEK
    since = weekday(day, locale, long=True) if near else day_month(day, locale)
    return {
        "text": _("New since %(day)s: %(what)s") % {"day": since, "what": ", ".join(parts)},
        "open": False,
        "entries": [
            {"href": f"{base}/{_day(item.date, locale)[0]}", "text": _news_line(item, groups)}
            for item in week.news
        ],
    }


def _news_line(item: NewsItem, groups: dict[str, DiaryGroup]) -> str:
    group = groups.get(item.group)
    subject = group.subject.of(current_locale()) if group else ""
    shown = value_text(item.points, item.code) or _("a remark")
    return f"{subject}: {shown}, {_day(item.date, current_locale())[1]}"


@lru_cache(maxsize=512)
def _day(day: date, locale: Locale) -> tuple[str, str]:
    """Return where a day is found below a diary's address, and its name."""
    return f"{iso_week(day)}#d{day}", day_month(day, locale)


def _laid_out(
    week: DiaryWeek, reader: Reader, extra: dict[date, list[Context]]
) -> tuple[list[Context], dict[str, Context]]:
    """Return the days, with ``extra`` rows at their ends, and the row of every lesson."""
    monday, today = reader.monday, reader.today
    subjects = {group.id: group.subject.of(current_locale()) for group in week.groups}
    rows: dict[date, list[Context]] = {monday + timedelta(days=n): [] for n in range(5)}
    by_id: dict[str, Context] = {}
    for lesson in week.lessons:
        row = by_id[lesson.id] = _lesson(lesson, subjects.get(lesson.group, ""))
        rows.setdefault(lesson.date, []).append(row)
    for day, more in extra.items():
        rows.setdefault(day, []).extend(more)
    notes = _notes(week)
    near = {today: _("today"), today + timedelta(days=1): _("tomorrow")}
    days = [
        {
            "id": day.isoformat(),
            "title": day_title(day),
            "now": day == today,
            "side": near.get(day, ""),
            "note": notes(day) or ("" if rows[day] else _("No lessons")),
            "lessons": rows[day],
        }
        for day in sorted(rows)
    ]
    return days, by_id


def _days(week: DiaryWeek, groups: dict[str, DiaryGroup], reader: Reader) -> list[Context]:
    """Return the days with everything in them."""
    first: dict[tuple[str, date], str] = {}
    known = {lesson.id for lesson in week.lessons}
    for lesson in week.lessons:
        first.setdefault((lesson.group, lesson.date), lesson.id)
    alone: dict[tuple[str, date], Context] = {}
    extra: dict[date, list[Context]] = {}
    placed: list[tuple[str, Context | None, DiaryMark]] = []
    for mark in week.marks:
        group = groups.get(mark.group)
        if group is None:
            continue
        where = (mark.group, mark.date)
        key = mark.lesson if mark.lesson in known else first.get(where)
        if not key and where not in alone:
            # A work on a day without a lesson of its group still has its row.
            alone[where] = _row(mark.work, group.subject.of(current_locale()))
            extra.setdefault(mark.date, []).append(alone[where])
        placed.append((key or "", alone.get(where), mark))
    days, by_id = _laid_out(week, reader, extra)
    for key, row, mark in placed:
        place = by_id[key] if key else row
        assert place is not None
        if mark.points is not None or mark.code is not None:
            place["marks"].append(mark_context(mark, groups[mark.group]))
        if mark.comment:
            place["remarks"].append({"text": mark.comment, "tone": ""})
    for key, absence in week.absences:
        if key in by_id:
            by_id[key]["absence"] = _(ABSENCES[absence])
    return days


def _row(key: str, subject: str, lesson: DiaryLesson | None = None) -> Context:
    return {
        "id": key,
        "n": str(lesson.slot) if lesson else "",
        "time": lesson.begins if lesson else "",
        "subject": subject,
        "subject_href": "",
        "topic": lesson.topic if lesson else "",
        "homework": lesson.homework if lesson else "",
        "off": False,
        "change": "",
        "absence": "",
        "files": [],
        "marks": [],
        "remarks": [],
    }


def _lesson(lesson: DiaryLesson, subject: str) -> Context:
    row = _row(lesson.id, subject, lesson)
    if lesson.status == "cancelled":
        row["off"], row["change"] = True, _("Cancelled")
    return row


def _notes(week: DiaryWeek) -> Callable[[date], str]:
    """Return what the calendar says of a day."""
    grade = "" if week.grade is None else str(week.grade)
    said: list[tuple[date, date, str]] = []
    for item in week.exceptions:
        if item.grades and grade not in item.grades.replace(",", " ").split():
            continue
        title = item.title.of(current_locale())
        if item.kind == "distance":
            title = _("Lessons from home: %(reason)s") % {"reason": title}
        said.append((item.begins, item.ends, title))

    def note(day: date) -> str:
        return "; ".join(text for begins, ends, text in said if begins <= day <= ends)

    return note


def result_plan(week: DiaryWeek, sunday: date) -> tuple[str, list[tuple[DiaryGroup, str, bool]]]:
    """Return the title of the period that the week lies in, and whose results are shown.

    Of each subject the period, and whether that is a longer one.
    """
    begun = [p for p in week.periods if p.begins <= sunday]
    current = {p.code[0]: p for p in begun}
    main = _main_period(week, begun)
    if main is None:
        return "", []
    title = period_title(main.code)
    if main.state == "open":
        title = _("%(period)s so far") % {"period": title}
    return title, [
        (group, period.code, period.code[0] != main.code[0])
        for group in week.groups
        if (period := current.get(group.period_kind[0])) is not None
    ]


def mean_of(title: str, worths: list[Fraction | int]) -> str:
    """Return the title of a period's results, with the mean of the marks where there are any."""
    if not worths:
        return title
    mean = number(_mean(sum(worths), len(worths)))
    return _("%(title)s · mean %(mean)s") % {"title": title, "mean": mean}


@lru_cache(maxsize=2048)
def _mean(total: Fraction | int, count: int) -> str:
    return fixed(Fraction(total) / count, 2)


def _period(week: DiaryWeek, sunday: date, base: str) -> Context | None:
    """Return the results of the period that the week lies in, with the mean of the marks."""
    title, plan = result_plan(week, sunday)
    kept = {(group, period): row for group, period, row in week.results}
    rows, worths = [], []
    for group, period, late in plan:
        found = kept.get((group.id, period))
        result = None if found is None else kept_of(bytes(found))
        row = result_row(group, period, result, f"{base}/marks/{group.id}/{period}", late=late)
        if row is not None:
            rows.append(row)
            counts = worth(group, result)
            if counts is not None:
                worths.append(counts)
    if not plan:
        return None
    return {"title": mean_of(title, worths), "href": f"{base}/marks", "rows": rows}


def _main_period(week: DiaryWeek, begun: list[Period]) -> Period | None:
    """Return the latest begun period of the shortest kind that the child's groups have."""
    kinds = {group.period_kind[0] for group in week.groups}
    latest = {p.code[0]: p for p in begun}
    return next((latest[k] for k in "qtshy" if k in latest and k in kinds), None)
