"""Put a worker's part for plugins together: the dispatcher calls, the school's rows decide."""

from typing import Any

from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import reference
from kundelik_core.kernel.i18n import as_locale
from kundelik_core.kernel.jobs.tasks import Later
from kundelik_core.kernel.outbox.deliver import Unwanted
from kundelik_core.plugins.context import CallContext, call_for
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.delivery import Active, PluginWork
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.outcome import Outcome, OutcomeState
from kundelik_core.plugins.registry import Registry
from kundelik_core.sdk import Event, JobRun, School

__all__ = ["plugin_work", "school_call"]

# As long as a breaker stays open: nothing is tried before.
_TRIPPED_SECONDS = 120.0

_SCHOOL = (
    "select s.id, s.title_kk, s.title_ru, s.title_en, s.locale, s.time_zone "
    "from core.school s where s.id = $1"
)


async def school_call(school_id: int | None) -> CallContext:
    """Return the description of a call by the clock: nobody's, in the school's own language.

    Raises:
        Unwanted: the school is gone.
    """
    if school_id is None:
        return call_for(None, "kk")
    row = await reference().fetchrow(_SCHOOL, school_id)
    if row is None:
        raise Unwanted
    locale = as_locale(row["locale"])
    return call_for(
        School(id=school_id, name=row[f"title_{locale}"], zone=row["time_zone"] or SCHOOL_ZONE),
        locale,
    )


def plugin_work(registry: Registry, dispatcher: Dispatcher, on: Active) -> PluginWork:
    """Return what plugins need of a worker, with every call made by the dispatcher."""

    async def deliver(plugin: str, event: Event[Any]) -> None:
        ref = HandlerRef(plugin, "event", event.type)
        call = await school_call(event.school_id)
        _done(await dispatcher.call(ref, event, await on(event.school_id), call))

    async def run_job(plugin: str, job: str, school_id: int | None, run: JobRun) -> None:
        ref = HandlerRef(plugin, "job", job)
        where = {plugin} if school_id is None else await on(school_id)
        _done(await dispatcher.call(ref, run, where, await school_call(school_id)))

    return PluginWork(registry, on, deliver, run_job)


def _done(outcome: Outcome) -> None:
    """Say what came of a call in the words of the queue."""
    if outcome.state is OutcomeState.OFF:
        raise Unwanted
    if outcome.state is OutcomeState.TRIPPED:
        raise Later(_TRIPPED_SECONDS)
    if outcome.failed:
        if isinstance(outcome.error, Exception):
            raise outcome.error
        # A SystemExit would end the worker, which is not the plugin's to do.
        raise RuntimeError(type(outcome.error).__name__)
