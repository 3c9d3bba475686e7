"""Fill the plugin's place on the page of a class."""

from kundelik_birthdays.domain import coming
from kundelik_birthdays.settings import Options
from kundelik_core.sdk import ClassPage, Fragment, PluginContext

__all__ = ["class_page"]


async def class_page(ctx: PluginContext, args: ClassPage) -> Fragment | None:
    """Return the note, or None when no birthday is near."""
    today = ctx.clock.today()
    options: Options = ctx.settings
    near = coming(args.students, today, options.days)
    if not near:
        return None
    birthdays = [
        {"name": name, "day": ctx.i18n.day(day), "today": day == today} for day, name in near
    ]
    return Fragment(template="class_page.html", context={"birthdays": birthdays})
