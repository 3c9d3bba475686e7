"""Follow children who leave a group, and say whether the package is whole."""

from importlib import resources

from kundelik_core.sdk import Event, Health, PluginContext, StudentEnrolled, StudentLeft
from kundelik_rating.rounds import take_gate, take_out

__all__ = ["enrolled", "health", "left"]


async def left(ctx: PluginContext, event: Event[StudentLeft]) -> None:
    """Take a child off the lists of the groups in which it is no more, before another mark."""
    await _settle(ctx, event)


async def enrolled(ctx: PluginContext, event: Event[StudentEnrolled]) -> None:
    """Do the same after a change of class; whoever comes waits for the next list."""
    await _settle(ctx, event)


async def _settle(ctx: PluginContext, event: Event[StudentLeft] | Event[StudentEnrolled]) -> None:
    """Look at how things are now, so that it may run twice, or late."""
    async with ctx.db.write() as tx:
        await take_gate(tx, ctx.school.id)
        await take_out(tx, ctx.school.id, event.data.student_id, ctx.clock.today())


async def health(ctx: PluginContext) -> Health:  # noqa: ARG001 - the signature of a handler
    """Say whether the package is whole: catalogues and templates are there."""
    root = resources.files("kundelik_rating")
    parts = [
        *(f"templates/{name}.html" for name in ("method", "strip", "trend", "profile")),
        *(f"locale/{lang}/LC_MESSAGES/rating.po" for lang in ("kk", "ru")),
    ]
    gone = [part for part in parts if not root.joinpath(part).is_file()]
    return Health(ok=not gone, note=f"missing: {', '.join(gone)}" if gone else "")
