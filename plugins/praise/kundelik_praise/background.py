"""Do what nobody waits for: follow pupils who leave or come back, clear at night, count."""

from datetime import timedelta
from importlib import resources

from kundelik_core.sdk import (
    CommandAnswer,
    CommandRequest,
    Event,
    Health,
    JobRun,
    PluginContext,
    StudentEnrolled,
    StudentLeft,
)
from kundelik_praise.domain import RECENT_DAYS
from kundelik_praise.notes import archive_left, clear

__all__ = ["clear_old", "count", "enrolled", "health", "left", "on_enable"]


async def left(ctx: PluginContext, event: Event[StudentLeft]) -> None:
    """Archive the notes to a pupil who is in no class any more."""
    async with ctx.db.write() as tx:
        await archive_left(tx, ctx.clock.today(), event.data.student_id)


async def enrolled(ctx: PluginContext, event: Event[StudentEnrolled]) -> None:
    """Bring back the notes to a pupil who has come back."""
    async with ctx.db.write() as tx:
        await archive_left(tx, ctx.clock.today(), event.data.student_id)


async def on_enable(ctx: PluginContext) -> None:
    """Catch up with who left and who came while the plugin was off in this school."""
    async with ctx.db.write() as tx:
        await archive_left(tx, ctx.clock.today())


async def health(ctx: PluginContext) -> Health:  # noqa: ARG001 - the signature of a handler
    """Say whether the package is whole: pages and both catalogues are there."""
    root = resources.files("kundelik_praise")
    parts = [
        *(f"templates/{name}.html" for name in ("front", "form", "notes", "diary_week")),
        *(f"locale/{lang}/LC_MESSAGES/praise.po" for lang in ("kk", "ru")),
    ]
    gone = [part for part in parts if not root.joinpath(part).is_file()]
    return Health(ok=not gone, note=f"missing: {', '.join(gone)}" if gone else "")


async def clear_old(ctx: PluginContext, run: JobRun) -> None:  # noqa: ARG001 - as above
    """Delete notes that are older than the school keeps them."""
    async with ctx.db.write() as tx:
        done = await clear(tx, ctx.clock.today(), ctx.settings.keep_months)
    ctx.log.info("cleared old notes: %s", done)


async def count(ctx: PluginContext, request: CommandRequest) -> CommandAnswer:  # noqa: ARG001
    """Count the notes of a school, without naming anybody."""
    since = ctx.clock.today() - timedelta(days=RECENT_DAYS)
    async with ctx.db.read() as tx:
        rows = await tx.fetch(
            "select kind, count(*) as total, count(*) filter (where day > $1) as lately, "
            "count(distinct author_id) as authors from note group by kind order by kind",
            since,
        )
    lines = [
        f"{row['kind']}: {row['total']} in all, {row['lately']} in {RECENT_DAYS} days, "
        f"by {row['authors']} people"
        for row in rows
    ]
    return CommandAnswer(lines=tuple(lines) or ("no notes",))
