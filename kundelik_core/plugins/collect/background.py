"""Collect what a plugin does when nobody looks: events, jobs, commands, its life, demo data."""

import re
from typing import Final

from kundelik_core.plugins.collect.faults import bad_form
from kundelik_core.plugins.collect.handlers import Handlers
from kundelik_core.plugins.declared import (
    LIFECYCLE,
    DeclaredCommand,
    DeclaredJob,
    DeclaredSubscription,
)
from kundelik_core.sdk import Command, Cron, Demo, Every, Job, Lifecycle, Manifest, Subscription

__all__ = ["collect_background"]

SHORTEST: Final = 60
LONGEST: Final = 7 * 24 * 3600

_FIELD = re.compile(r"^(\*|\d{1,2}(-\d{1,2})?)(/[1-9]\d?)?\Z")
# Minute, hour, day of the month, month, weekday from Sunday.
_BOUNDS: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_ARGUMENT = re.compile(r"^[a-z][a-z0-9-]{0,29}\Z")


def collect_background(handlers: Handlers, manifest: Manifest) -> dict[str, object]:
    """Return the fields of ``Declared`` for which this module stands."""
    return {
        "subscriptions": _subscriptions(handlers, manifest),
        "jobs": _jobs(handlers, manifest),
        "commands": _commands(handlers, manifest),
        "lifecycle": _lifecycle(handlers),
        "demo": _demo(handlers),
    }


def _subscriptions(handlers: Handlers, manifest: Manifest) -> list[DeclaredSubscription]:
    found = []
    named, where = manifest.uses.events, "uses.events"
    for one in handlers.named("subscriptions", Subscription, "event", named, where):
        handlers.put("subscriptions", "event", one.event, one.handle)
        found.append(handlers.half("subscriptions", one, DeclaredSubscription))
    return found


def _jobs(handlers: Handlers, manifest: Manifest) -> list[DeclaredJob]:
    found = []
    for job in handlers.named("jobs", Job, "name", manifest.uses.jobs, "uses.jobs"):
        handlers.put("jobs", "job", job.name, job.run)
        half = handlers.half("jobs", job, DeclaredJob)
        if fault := _schedule_fault(half.schedule):
            raise bad_form("jobs", f"the schedule of {job.name}: {fault}")
        found.append(half)
    return found


def _schedule_fault(schedule: object) -> str:
    """Return what is wrong with when a job runs, or nothing."""
    if isinstance(schedule, Every):
        fine = type(schedule.seconds) is int and SHORTEST <= schedule.seconds <= LONGEST
        return "" if fine else f"seconds are not a whole number from {SHORTEST} to {LONGEST}"
    if not isinstance(schedule, Cron) or not isinstance(schedule.spec, str):
        return "it is neither Every nor Cron"
    fields = schedule.spec.split(" ")
    if len(fields) != len(_BOUNDS):
        return f"{schedule.spec!r} has not five fields"
    for field, (low, high) in zip(fields, _BOUNDS, strict=True):
        for part in field.split(","):
            numbers = [int(number) for number in re.findall(r"\d+", part.partition("/")[0])]
            inside = all(low <= number <= high for number in numbers)
            if not _FIELD.match(part) or not inside or numbers != sorted(numbers):
                return f"{part!r} cannot be read"
    return ""


def _commands(handlers: Handlers, manifest: Manifest) -> list[DeclaredCommand]:
    found = []
    named, where = manifest.uses.commands, "uses.commands"
    for command in handlers.named("commands", Command, "name", named, where):
        handlers.put("commands", "command", command.name, command.run)
        half = handlers.half("commands", command, DeclaredCommand)
        names = [str(argument.name) for argument in half.arguments]
        odd = [name for name in names if not _ARGUMENT.match(name) or name == "school"]
        if odd or len({*names}) < len(names):
            raise bad_form("commands", f"{command.name} cannot have the arguments {names}")
        found.append(half)
    return found


def _lifecycle(handlers: Handlers) -> list[str]:
    life = handlers.one("lifecycle", Lifecycle)
    steps = [step for step in LIFECYCLE if life is not None and getattr(life, step) is not None]
    for step in steps:
        handlers.put("lifecycle", "lifecycle", step, getattr(life, step))
    return steps


def _demo(handlers: Handlers) -> bool:
    demo = handlers.one("demo", Demo)
    if demo is not None:
        handlers.put("demo", "demo", "fill", demo.fill)
    return demo is not None
