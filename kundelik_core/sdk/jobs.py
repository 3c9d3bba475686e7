"""Let a plugin do things when nobody waits: on a schedule, in a queue of its own, or by command."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import msgspec

from kundelik_core.sdk.context import PluginContext

__all__ = [
    "Argument",
    "Command",
    "CommandAnswer",
    "CommandRequest",
    "Cron",
    "Every",
    "Job",
    "JobRun",
]


class Every(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Again and again, ``seconds`` apart: from 60 to a week."""

    seconds: int


class Cron(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """At times of the school's own clock, as five fields: minute, hour, day, month, weekday.

    Each field is ``*``, a number, a range ``1-5``, a step ``*/15``, or several of these with
    commas; weekdays go from 0, Sunday, to 6. ``"0 18 * * 5"`` is
    every Friday at six in the evening.
    """

    spec: str


class JobRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a job: when it was due, and which try this is, from 1."""

    due_at: datetime
    attempt: int = 1


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Something that runs on a schedule; ``name`` stands in the manifest under ``uses.jobs``.

    ``run`` is given up after ``timeout_s`` seconds, and tried ``max_tries`` times in all. At most
    ``concurrency`` runs of the job go on at once. With ``per_school`` it runs for each school where
    the plugin is on; without, once for the installation, and then without data of any school.
    """

    name: str
    run: Callable[[PluginContext, JobRun], Awaitable[None]]
    schedule: Every | Cron
    timeout_s: int = 60
    max_tries: int = 3
    concurrency: int = 1
    per_school: bool = True


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """One word that a command takes; without a default it has to be given."""

    name: str
    help: str
    default: str | None = None


class CommandRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator typed: every argument of the command, by name."""

    arguments: Mapping[str, str] = msgspec.field(default_factory=dict)


class CommandAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a command prints, line by line, and its exit code."""

    lines: tuple[str, ...] = ()
    exit_code: int = 0


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command of the operator: ``kundelik x PLUGIN NAME --school 1 ...``.

    ``help`` is its first line of help, in English like all commands. With ``per_school`` the
    operator has to name the school, and the plugin has to be on there.
    """

    name: str
    help: str
    run: Callable[[PluginContext, CommandRequest], Awaitable[CommandAnswer]]
    arguments: tuple[Argument, ...] = ()
    per_school: bool = True
