"""Decide which step may follow which, and where a plugin stands; no step leads back by itself."""

import calendar
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

import msgspec
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.life.model import Approval, Kept, Step, Trip
from kundelik_core.plugins.states import Found, Reason, State

__all__ = [
    "Ban",
    "Policy",
    "after_step",
    "banned",
    "decide",
    "kept_until",
    "observed",
    "wanted",
    "without_process",
]

_ANY: Final[tuple[Kept | None, ...]] = (
    None, "approved", "migrated", "withdrawn", "blocked", "retained", "erased"
)  # fmt: skip
_STEPS: Final[Mapping[Step, tuple[tuple[Kept | None, ...], Kept]]] = MappingProxyType(
    {
        # The one way back to running, from wherever.
        Step.APPROVE: (_ANY, "approved"),
        Step.MIGRATE: (("approved", "migrated"), "migrated"),
        Step.WITHDRAW: (("approved", "migrated"), "withdrawn"),
        Step.BLOCK: ((None, "approved", "migrated", "withdrawn", "blocked"), "blocked"),
        Step.RETAIN: (("approved", "migrated", "withdrawn", "blocked"), "retained"),
        Step.ERASE: (("retained",), "erased"),
    }
)
_REFUSED: Final[Mapping[Step, str]] = MappingProxyType(
    {
        Step.APPROVE: N_("The plugin %(plugin)s cannot be approved."),
        Step.MIGRATE: N_("The plugin %(plugin)s is not approved, so its tables are left alone."),
        Step.WITHDRAW: N_("The plugin %(plugin)s is not approved, so there is nothing to disable."),
        Step.BLOCK: N_("The plugin %(plugin)s was taken away already."),
        Step.RETAIN: N_("The plugin %(plugin)s has no data that could be put aside."),
        Step.ERASE: N_("The data of the plugin %(plugin)s has to be put aside first."),
    }
)


def after_step(plugin: str, state: Kept | None, step: Step) -> Kept:
    """Return the state after a step; Problem when it may not be taken from there."""
    allowed, result = _STEPS[step]
    if state not in allowed:
        raise Problem(f"plugin-{step}", _REFUSED[step], status=409, params={"plugin": plugin})
    return result


class Ban(msgspec.Struct, frozen=True):
    """A line of the blocklist: these versions of a plugin do not run here."""

    name: str
    versions: str = ""
    reason: str = ""


class Policy(msgspec.Struct, frozen=True):
    """What holds for all plugins of the installation, whatever was approved.

    ``fault`` says why the blocklist cannot be read; then nothing loads, since something on it
    might.
    """

    bans: tuple[Ban, ...] = ()
    safe_mode: bool = False
    fault: str = ""


def banned(bans: Iterable[Ban], name: str, version: str) -> Ban | None:
    """Return the line of the blocklist that shuts out this version, or None."""
    for ban in bans:
        if ban.name != name:
            continue
        try:
            if not ban.versions or SpecifierSet(ban.versions).contains(
                Version(version), prereleases=True
            ):
                return ban
        except InvalidVersion:  # what cannot be compared is not given the benefit of the doubt
            return ban
    return None


def decide(
    found: Sequence[Found], approvals: Mapping[str, Approval], policy: Policy
) -> tuple[Found, ...]:
    """Return where every plugin stands before anything is loaded, by name.

    MIGRATED without a reason are those that may load. What was decided about a plugin that is not
    installed any more is told as well.
    """
    there = tuple(_decided(one, approvals.get(one.name), policy) for one in found)
    names = {one.name for one in found}
    gone = (_gone(one) for name, one in approvals.items() if name not in names)
    return tuple(sorted((*there, *gone), key=lambda one: one.name))


def wanted(decided: Iterable[Found]) -> frozenset[str]:
    """Return the names of those that may load."""
    return frozenset(
        one.name for one in decided if one.state is State.MIGRATED and one.reason is None
    )


def _decided(one: Found, approval: Approval | None, policy: Policy) -> Found:
    ban = banned(policy.bans, one.name, one.version)
    if ban is not None:
        return one.turned(State.BLOCKED, _ban_reason(ban.reason))
    if one.state is not State.FOUND or approval is None:
        return one
    match approval.state:
        case "blocked":
            return one.turned(State.BLOCKED, _block_reason(approval.reason))
        case "retained":
            return one.turned(State.RETAINED, _AGAIN)
        case "erased":
            return one.turned(State.ERASED, _AGAIN)
        case "withdrawn":
            return one.turned(State.FOUND, _withdrawn(approval))
    if one.sha256 != approval.sha256 or one.version != approval.version:
        return one.turned(State.FOUND, _changed(one, approval))
    if approval.state == "approved":
        reason = Reason(
            "not_migrated",
            N_("Its tables are not ready: %(error)s"),
            {"error": approval.reason or "-"},
            N_("Mend it and run: kundelik plugin migrate"),
        )
        return one.turned(State.APPROVED, reason)
    ready = msgspec.structs.replace(one, state=State.MIGRATED)
    return _held_back(ready, policy)


def _held_back(one: Found, policy: Policy) -> Found:
    if policy.fault:
        reason = Reason(
            "blocklist",
            N_("The blocklist cannot be read (%(fault)s), so no plugin is loaded."),
            {"fault": policy.fault},
        )
        return one.turned(State.MIGRATED, reason)
    if policy.safe_mode:
        reason = Reason(
            "safe_mode",
            N_("The server runs in safe mode, without any plugin."),
            {},
            N_("Take KUNDELIK_SAFE_MODE away and restart it."),
        )
        return one.turned(State.MIGRATED, reason)
    return one


def _gone(approval: Approval) -> Found:
    """Return a plugin that something was decided about and that is not installed."""
    one = Found(name=approval.name, version=approval.version, dist="", entry_point="")
    match approval.state:
        case "retained":
            return msgspec.structs.replace(one, state=State.RETAINED)
        case "erased":
            return msgspec.structs.replace(one, state=State.ERASED)
        case "blocked":
            return one.turned(State.BLOCKED, _block_reason(approval.reason))
    reason = Reason(
        "gone",
        N_("It is not installed any more; its data is still there."),
        {},
        N_("Install it again, or run: kundelik plugin retain"),
    )
    return one.turned(State.INCOMPATIBLE, reason)


def observed(
    decided: Iterable[Found], running: Mapping[str, Found], trips: Mapping[str, Trip]
) -> tuple[Found, ...]:
    """Return where plugins stand, with what a running process made of those that may load."""
    return tuple(_observed(one, running.get(one.name), trips.get(one.name)) for one in decided)


def without_process(decided: Iterable[Found], trips: Mapping[str, Trip]) -> tuple[Found, ...]:
    """Return where plugins stand for who asks no process; what is held back is told as well."""
    return tuple(
        one.turned(State.TRIPPED, _trip_reason(trip))
        if one.state is State.MIGRATED
        and one.reason is None
        and (trip := trips.get(one.name)) is not None
        and trip.tripped
        else one
        for one in decided
    )


def _observed(one: Found, here: Found | None, trip: Trip | None) -> Found:
    if one.state is not State.MIGRATED or one.reason is not None:
        return one
    if here is None or here.sha256 != one.sha256 or here.state in _UNDECIDED:
        return one.turned(State.MIGRATED, _RESTART)
    if here.state is State.LOADED and trip is not None and trip.tripped:
        return one.turned(State.TRIPPED, _trip_reason(trip))
    return msgspec.structs.replace(one, state=here.state, reason=here.reason)


# What a process says of a plugin that was not yet approved when it started.
_UNDECIDED: Final = frozenset({State.FOUND, State.APPROVED, State.MIGRATED, State.BLOCKED,
                               State.RETAINED, State.ERASED})  # fmt: skip
_RESTART: Final = Reason("restart", N_("It is ready and starts with the next start of the server."))
_AGAIN: Final = Reason(
    "taken_away", N_("It was taken away. Approve it again to use what is installed.")
)


def _block_reason(why: str) -> Reason:
    if not why:
        return Reason("blocked", N_("The operator shut it out."))
    return Reason("blocked", N_("The operator shut it out: %(why)s"), {"why": why})


def _ban_reason(why: str) -> Reason:
    help_ = N_("Take its line out of the blocklist, restart the server, and approve it again.")
    if not why:
        return Reason("banned", N_("It stands on the blocklist."), {}, help_)
    return Reason("banned", N_("It stands on the blocklist: %(why)s"), {"why": why}, help_)


def _withdrawn(approval: Approval) -> Reason:
    text = N_("The operator disabled it for all schools.")
    if not approval.reason:
        return Reason("disabled", text)
    return Reason(
        "disabled",
        N_("The operator disabled it for all schools: %(why)s"),
        {"why": approval.reason},
    )


def _changed(one: Found, approval: Approval) -> Reason:
    help_ = N_("Look at what changed and approve it again.")
    if one.version != approval.version:
        return Reason(
            "changed",
            N_("Version %(here)s is installed, and version %(approved)s was approved."),
            {"here": one.version, "approved": approval.version},
            help_,
        )
    return Reason("changed", N_("Its files are not those that were approved."), {}, help_)


def _trip_reason(trip: Trip) -> Reason:
    if not trip.held:
        return Reason(
            "tripped", N_("Too many of its calls failed. It is tried again every two minutes.")
        )
    if not trip.reason:
        return Reason("held", N_("The operator holds it back until it is let go."))
    return Reason(
        "held",
        N_("The operator holds it back until it is let go: %(why)s"),
        {"why": trip.reason},
    )


_RETENTION: Final = re.compile(r"P([1-9][0-9]{0,4})([DWMY])")


def kept_until(retained: date, retention: str) -> date:
    """Return the first day on which data put aside on ``retained`` may be erased."""
    match = _RETENTION.fullmatch(retention)
    if match is None:
        return retained
    count, unit = int(match[1]), match[2]
    if unit in "DW":
        return retained + timedelta(days=count * (7 if unit == "W" else 1))
    months = retained.year * 12 + retained.month - 1 + count * (12 if unit == "Y" else 1)
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(retained.day, calendar.monthrange(year, month)[1]))
