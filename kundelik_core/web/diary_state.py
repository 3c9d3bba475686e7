"""Choose the week a diary opens at, and say what stands instead of days without lessons."""

from datetime import date, timedelta

import msgspec

from kundelik_core.gradebook.diary.model import DiaryWeek
from kundelik_core.kernel.i18n import _, current_locale, day_month
from kundelik_core.schools.calendar import iso_week

__all__ = ["coming", "receipt_of", "state_of"]


def state_of(week: DiaryWeek, monday: date, base: str) -> dict[str, str] | None:
    """Return why there are no lessons in a week; None when there are some, or marks."""
    if week.lessons or week.marks:
        return None
    sunday = monday + timedelta(days=6)
    if week.year is None:
        return _state(_("No lessons"), _("The school has not opened this school year yet."))
    begins, ends = week.year
    if sunday < begins:
        text = _("Lessons begin on %(day)s.") % {"day": day_month(begins, current_locale())}
        link = f"{base}/{iso_week(begins)}"
        return _state(_("School has not begun yet"), text, link, _("To the first week"))
    if monday > ends:
        return _state(_("The school year is over"), _("Its marks stay here."),
                      f"{base}/marks", _("Marks of the whole year"))  # fmt: skip
    for item in week.exceptions:
        if item.kind in {"break", "holiday", "cancelled"} and item.ends - item.begins > timedelta(
            3
        ):
            after = item.ends + timedelta(days=1)
            text = _("Lessons go on after %(day)s.") % {
                "day": day_month(item.ends, current_locale())
            }
            link = f"{base}/{iso_week(after)}"
            return _state(item.title.of(current_locale()), text, link, _("To the week after"))
    if not week.groups:
        text = _("The school has not put this child into any group yet.")
        return _state(_("No lessons yet"), text)
    period = next((p for p in week.periods if p.begins <= sunday and p.ends >= monday), None)
    if period is None:
        return _state(_("Holidays"), _("There are no lessons this week."))
    return _state(_("No lessons this week"), _("The timetable of this week is not there yet."))


def receipt_of(week: DiaryWeek, action: str) -> dict[str, str]:
    """Return how a family says that it has read a week."""
    # Who has never pressed it cannot know what it is good for.
    first = _("From then on the diary begins with what is new since you looked.")
    return {"text": first if week.since is None else "", "action": action}


def coming(week: DiaryWeek, monday: date) -> DiaryWeek | None:
    """Return the week from ``monday`` out of what was read from a day of the weekend on.

    None while the old week still has lessons, and where the new one has none: a family then
    looks at the old one.
    """
    taught = [lesson.date for lesson in week.lessons if lesson.status != "cancelled"]
    if not taught or min(taught) < monday:
        return None
    marks = [mark for mark in week.marks if mark.date >= monday]
    return msgspec.structs.replace(week, marks=marks)


def _state(title: str, text: str, href: str = "", label: str = "") -> dict[str, str]:
    return {"title": title, "text": text, "href": href, "label": label}
