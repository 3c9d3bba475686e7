"""Say what stands instead of the days of a week in which nothing is taught."""

from datetime import date, timedelta

from kundelik_core.gradebook.diary.model import DiaryWeek
from kundelik_core.kernel.i18n import _, current_locale, day_month
from kundelik_core.schools.calendar import iso_week

__all__ = ["state_of"]


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


def _state(title: str, text: str, href: str = "", label: str = "") -> dict[str, str]:
    return {"title": title, "text": text, "href": href, "label": label}
