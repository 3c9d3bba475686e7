"""Show the notes of a week below the diary, and their numbers to the staff."""

from datetime import date, timedelta

from kundelik_core.sdk import DiaryWeek, Fragment, PluginContext, StudentCard
from kundelik_praise.domain import school_year
from kundelik_praise.notes import described, of_student

__all__ = ["diary_week", "student_card"]


async def diary_week(ctx: PluginContext, args: DiaryWeek) -> Fragment | None:
    """Return the notes of the week, or None in a week without any."""
    async with ctx.db.read() as tx:
        rows = await of_student(tx, args.student_id, args.monday, args.monday + timedelta(days=6))
        if not rows:
            return None
        notes = await described(ctx, tx, rows)
    return Fragment(
        template="diary_week.html", context={"notes": notes, "student": str(args.student_id)}
    )


async def student_card(ctx: PluginContext, args: StudentCard) -> Fragment | None:
    """Return how many notes of each kind the pupil got in this school year."""
    today = ctx.clock.today()
    first = date(school_year(today), 8, 1)
    async with ctx.db.read() as tx:
        row = await tx.fetchrow(
            "select count(*) filter (where kind = 'praise') as praise, "
            "count(*) filter (where kind = 'remark') as remarks, max(day) as last "
            "from note where student_id = $1 and day >= $2",
            args.student_id,
            first,
        )
    found = row or {"praise": 0, "remarks": 0, "last": None}
    return Fragment(
        template="student_card.html",
        context={
            "praise": found["praise"],
            "remarks": found["remarks"],
            "last": ctx.i18n.day(found["last"]) if found["last"] else "",
            "student": str(args.student_id),
            "writes": ctx.actor is not None and ctx.actor.may("praise.write"),
        },
    )
