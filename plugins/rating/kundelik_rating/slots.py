"""Show a quiet line below the diary, and places to staff where the school allows it."""

from collections.abc import Sequence
from datetime import timedelta

from kundelik_core.sdk import (
    ClassPage,
    DiaryWeek,
    Fragment,
    Json,
    PluginContext,
    StudentCard,
)
from kundelik_rating.domain.measure import Band
from kundelik_rating.domain.story import Look, Missing
from kundelik_rating.offer import offer_values, on_sale
from kundelik_rating.pages_sight import WHOLE, open_scopes, sees_as
from kundelik_rating.pages_words import period_title
from kundelik_rating.staff import groups_of_student, placed
from kundelik_rating.store import Family, Seen, strip, year_of

__all__ = ["class_page", "diary_week", "student_card"]


async def diary_week(ctx: PluginContext, args: DiaryWeek) -> Fragment | None:
    """Return the latest publication to a family that has it, one line of offer to one that has not.

    Nothing in weeks that are over, nothing to the staff, nothing to a child whom it is not for.
    """
    today = ctx.clock.today()
    viewer = sees_as(ctx.actor, args.student_id)
    if not viewer or args.monday + timedelta(days=6) < today:
        return None
    own = viewer == "student"
    if own and not ctx.settings.pupils_see:
        return None
    async with ctx.db.read() as tx:
        home, rated = await strip(
            tx,
            args.student_id,
            year_of(today),
            ctx.clock.now(),
            viewer=ctx.actor.person_id if ctx.actor else None,
            left_out=ctx.settings.left_out,
        )
    if home.choices.opted_out or (own and home.choices.hidden):
        return None
    opened = open_scopes(home.stretches, ctx.clock.now())
    if opened:
        return _latest(ctx, args, [o for o in rated if {WHOLE, o.subject_code} & opened])
    return None if own else await _offer(ctx, args, home, rated)


def _latest(ctx: PluginContext, args: DiaryWeek, rated: Sequence[Seen]) -> Fragment | None:
    """Return the subjects by the part in which the child lies; they are never added up."""
    found = [(one, one.now) for one in rated]
    looks = [(one, now) for one, now in found if isinstance(now, Look)]
    if not looks:
        return None
    locale = ctx.i18n.locale
    bands: list[Json] = [
        {
            "band": band.value,
            "subjects": ", ".join(one.subject[locale] for one, now in looks if now.band is band),
        }
        for band in reversed(Band)
    ]
    return Fragment(
        template="diary_week.html",
        context={
            "student": str(args.student_id),
            "day": ctx.i18n.day(max(now.day for _one, now in looks)),
            "bands": bands,
        },
    )


async def _offer(
    ctx: PluginContext, args: DiaryWeek, home: Family, rated: Sequence[Seen]
) -> Fragment | None:
    """Return the line of offer, until somebody says no; only where there is something to see."""
    small = bool(rated) and all(one.now is Missing.SMALL_GROUP for one in rated)
    if home.choices.dismissed or small or not on_sale(ctx):
        return None
    found = await offer_values(ctx, args.student_id)
    if found is None or not found["lines"]:
        return None
    return Fragment(
        template="diary_offer.html",
        context={"student": str(args.student_id), "line": found["lines"][0]},
    )


async def student_card(ctx: PluginContext, args: StudentCard) -> Fragment | None:
    """Return the pupil's places in the groups that the reader may see."""
    if ctx.actor is None or not ctx.settings.staff_places:
        return None
    today, locale, student = ctx.clock.today(), ctx.i18n.locale, args.student_id
    async with ctx.db.read() as tx:
        groups = await groups_of_student(tx, ctx.actor, student, today, ctx.settings)
        found = await placed(tx, groups, today) if groups else []
    where = {one.group: one for one in found if one.student == student}
    rows: list[Json] = [
        {
            "subject": one.subjects[locale],
            "period": period_title(one.period, locale),
            "place": where[one.id].place,
            "of": where[one.id].of,
        }
        for one in groups
        if one.id in where
    ]
    return Fragment(template="student_card.html", context={"rows": rows}) if rows else None


async def class_page(ctx: PluginContext, _args: ClassPage) -> Fragment | None:
    """Return the way to the page of places; there is no entry in the menu."""
    if not ctx.settings.staff_places:
        return None
    return Fragment(template="class_page.html")
