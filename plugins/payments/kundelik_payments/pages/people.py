"""Say who stands before a page: who may buy for whom, and what the place and the hour are."""

from datetime import datetime, timedelta
from uuid import UUID

from kundelik_core.sdk import Actor, PluginContext

__all__ = ["actor_of", "buyer", "day", "last_day", "moment", "uuid_of"]


def actor_of(ctx: PluginContext) -> Actor:
    """Return who asks; pages are always asked for by somebody."""
    assert ctx.actor is not None
    return ctx.actor


def buyer(actor: Actor) -> UUID | None:
    """Return the person if it may buy here: a guardian of pupils of this school."""
    if actor.person_id is None or "parent" not in actor.roles or not actor.students:
        return None
    return actor.person_id


def uuid_of(text: str) -> UUID | None:
    """Return the id in a text, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None


def day(ctx: PluginContext, at: datetime | None) -> str:
    """Return a day at the school as it is written everywhere here."""
    return "" if at is None else f"{at.astimezone(ctx.clock.now().tzinfo):%d.%m.%Y}"


def moment(ctx: PluginContext, at: datetime | None) -> str:
    """Return a day with its hour."""
    return "" if at is None else f"{at.astimezone(ctx.clock.now().tzinfo):%d.%m.%Y %H:%M}"


def last_day(ctx: PluginContext, ends: datetime | None) -> str:
    """Return the last day before something ends."""
    return "" if ends is None else day(ctx, ends - timedelta(microseconds=1))
