"""Answer the pages and fill the place on the page of a class."""

from kundelik_lost_found.things import add, waiting

from kundelik_core.sdk import (
    ClassPage,
    Fragment,
    Html,
    PageAnswer,
    PageRequest,
    PluginContext,
    Redirect,
)

__all__ = ["board", "class_page", "take"]

LONGEST = 100


async def board(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Show what waits, and the form for those who may write."""
    return await _board(ctx, fault="", sent="")


async def _board(ctx: PluginContext, fault: str, sent: str) -> PageAnswer:
    async with ctx.db.read() as tx:
        rows = await waiting(tx, ctx.clock.today(), ctx.settings.days)
    things = [
        {
            "what": row["what"],
            "place": row["place"],
            "day": ctx.i18n.day(row["found_on"]),
            "finder": row["finder"] or "",
        }
        for row in rows
    ]
    return Html(
        template="board.html",
        status=422 if fault else 200,
        context={
            "things": things,
            "writes": ctx.actor is not None and ctx.actor.may("lost_found.add"),
            "fault": fault,
            "sent": sent,
            "longest": LONGEST,
        },
    )


async def take(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Write a thing down."""
    what, place = request.field("what").strip(), request.field("place").strip()
    if not what or len(what) > LONGEST or len(place) > LONGEST:
        return await _board(ctx, fault="length", sent=what[:LONGEST])
    # Of the staff nobody needs to know who it was.
    finder = ctx.actor.person_id if ctx.actor and "pupil" in ctx.actor.roles else None
    async with ctx.db.write() as tx:
        await add(tx, ctx.school.id, what, place, ctx.clock.today(), finder)
    return Redirect(to="")


async def class_page(ctx: PluginContext, args: ClassPage) -> Fragment | None:
    """Say how much waits; nothing when the board is empty."""
    async with ctx.db.read() as tx:
        rows = await waiting(tx, ctx.clock.today(), ctx.settings.days)
    return Fragment(template="class_page.html", context={"count": len(rows)}) if rows else None
