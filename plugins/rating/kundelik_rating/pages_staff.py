"""Show teachers the exact places in their own groups, where the school allows it."""

from kundelik_core.sdk import Html, Json, NotFound, PageAnswer, PageRequest, PluginContext
from kundelik_rating.pages_words import period_title
from kundelik_rating.pictures import Speech, Values
from kundelik_rating.staff import Group, Placed, groups_of, placed

__all__ = ["staff"]


async def staff(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Show the places in one of the reader's groups; a plain word where they are not shown."""
    if ctx.actor is None:
        return NotFound()
    if not ctx.settings.staff_places:
        return Html(template="staff.html", context={"allowed": False, "groups": [], "rows": []})
    today, asked = ctx.clock.today(), request.asked("group")
    async with ctx.db.read() as tx:
        groups = await groups_of(tx, ctx.actor, today, ctx.settings)
        chosen = next((one for one in groups if asked in {"", str(one.id)}), None)
        if asked and chosen is None:
            return NotFound()
        rows = await placed(tx, [chosen], today) if chosen else []
    context: Values = {
        "allowed": True,
        "groups": [_group(one, ctx.i18n.locale, chosen) for one in groups],
        "rows": [_row(one, ctx) for one in rows],
        "period": period_title(chosen.period, ctx.i18n.locale) if chosen else "",
    }
    return Html(template="staff.html", context=context)


def _group(one: Group, locale: str, chosen: Group | None) -> Json:
    return {
        "id": str(one.id),
        "title": f"{one.title}, {one.subjects[locale]}",
        "current": one is chosen,
    }


def _row(one: Placed, ctx: PluginContext) -> Json:
    result = Speech(ctx.i18n.locale, ctx.i18n.day, one.scale).exact(one.result)
    return {"place": one.place, "name": one.name, "result": result}
