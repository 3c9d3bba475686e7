"""Say about a plugin, in words, what an operator has to know: how it is, where from, what next."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.i18n import N_, _, current_locale, long_date
from kundelik_core.kernel.jobs.queue import FailedJob, QueueOverview
from kundelik_core.plugins.host.place import HostState
from kundelik_core.plugins.life.installed import Provenance
from kundelik_core.plugins.life.model import Approval, LifeEvent, Trip
from kundelik_core.plugins.life.remove import kept_for
from kundelik_core.plugins.states import Found, State
from kundelik_core.sdk import SCOPES
from kundelik_core.web.module_view import state_label, title_of

__all__ = [
    "approved",
    "at",
    "calls",
    "card",
    "failed_job",
    "host",
    "life",
    "next_step",
    "origin",
    "queue",
    "registered",
    "wants",
]

Context = dict[str, Any]
Facts = list[dict[str, object]]

_MODES: Final = {
    "process": N_("inside the server"),
    "host": N_("in a process of its own"),
}
_TIERS: Final = {
    "listed": N_("listed: its package is in order"),
    "verified": N_("verified: it passes all tests of the kit, and its maker is known"),
    "certified": N_("certified: people have read its code"),
}
# Where the reason says more than the state.
_LABELS: Final = {"held": N_("held back"), "disabled": N_("disabled"), "changed": N_("changed")}
_LEVELS: Final = {
    "platform": N_("the approval, for all schools at once"),
    "school": N_("each school for itself"),
    "user": N_("each person, where the school allows it"),
}
_STEPS: Final = {
    "approve": N_("approved"),
    "migrate": N_("made ready to run"),
    "failed": N_("could not be made ready"),
    "withdraw": N_("disabled for all schools"),
    "block": N_("blocked"),
    "trip": N_("held back"),
    "reset": N_("let go"),
    "retain": N_("taken away, its data put aside"),
    "erase": N_("erased"),
}
# Who acted where nobody did: so it stands in the history of a plugin.
_SERVER: Final = N_("the server's start")
_HOSTS: Final = {
    "starting": N_("starting"),
    "running": N_("running"),
    "waiting": N_("ended; tried again soon"),
    "elsewhere": N_("run by another server"),
    "stopped": N_("stopped"),
}


def at(moment: datetime | None) -> str:
    """Return a moment of the operator's clock in words."""
    if moment is None:
        return ""
    local = moment.astimezone(ZoneInfo(SCHOOL_ZONE))
    return f"{long_date(local.date(), current_locale())}, {local:%H:%M}"


def card(one: Found, approval: Approval | None) -> Context:
    """Return a plugin as the list shows it."""
    why = one.reason.code if one.reason else ""
    return {
        "name": one.name,
        "title": title_of(one),
        "version": one.version,
        "state": one.state.value,
        "state_label": _(_LABELS[why]) if why in _LABELS else state_label(one.state),
        "ok": one.state is State.LOADED,
        "new": one.state is State.FOUND and approval is None,
        "reason": one.reason.text(_) if one.reason else "",
        "href": f"/platform/plugins/{one.name}",
    }


def registered(one: Found, approval: Approval | None, known: Provenance) -> Context:
    """Return a line of the registry: what is installed, from where, and how far it is trusted."""
    return {
        "title": title_of(one),
        "href": f"/platform/plugins/{one.name}",
        "package": f"{known.dist} {one.version}".strip(),
        "source": known.source or (_("the installer's usual index") if known.installer else ""),
        "tier": (
            _("belongs to Kundelik")
            if known.first_party
            else _(_TIERS[known.tier]).partition(":")[0]
            if known.tier
            else _("not in the index file")
        ),
        "mode": _(_MODES[approval.mode]) if approval else "",
        "sha256": one.sha256,
        "attestation": known.attestation or _("none"),
    }


def next_step(one: Found, approval: Approval | None) -> str:
    """Return the command that comes next, or nothing."""
    if one.reason is not None and one.reason.code == "banned":
        return ""  # the reason itself says what comes first
    if one.state is State.FOUND or (one.state in _AWAY and one.sha256):
        return f"kundelik plugin approve {one.name}"
    if one.state is State.APPROVED:
        return f"kundelik plugin migrate {one.name}"
    if one.state is State.RETAINED:
        return f"kundelik plugin erase {one.name}"
    if approval is not None and one.state is State.INCOMPATIBLE and not one.dist:
        return f"kundelik plugin retain {one.name}"
    return ""


_AWAY: Final = frozenset({State.RETAINED, State.ERASED, State.BLOCKED})


def wants(one: Found, approval: Approval | None) -> Facts:
    """Return what a plugin asks for; what is new since its approval is marked."""
    manifest = one.manifest
    if manifest is None:
        return []
    known = set(approval.scopes) if approval else set()
    reads: list[str] = []
    for scope in manifest.data.reads:
        text = _(SCOPES[scope]) if scope in SCOPES else scope
        fresh = approval is not None and scope not in known
        reads.append(_("%(scope)s (new)") % {"scope": text} if fresh else text)
    uses = manifest.uses
    return _facts(
        (_("May see"), reads or [_("nothing of the school")]),
        (_("Is told of"), uses.events),
        (_("Shows something on"), uses.slots),
        (_("Finds for staff who search"), uses.search),
        (_("Pages of its own"), f"/x/{one.name}" if uses.pages else ""),
        (_("Jobs"), uses.jobs),
        (_("Commands"), uses.commands),
        (_("Speaks with"), uses.http_out),
        (_("Takes messages at"), [f"/x/{one.name}/hook/{hook}" for hook in uses.webhooks]),
        (_("Wants the secrets"), uses.secrets),
        (_("Asks other plugins for"), uses.services),
        (_("Answers other plugins"), manifest.provides),
        (_("Sells"), uses.products),
        (_("Keeps data about people"), _("yes") if manifest.data.personal else _("no")),
        (_("Needs"), manifest.requires),
        (_("Is switched on by"), _(_LEVELS[manifest.level])),
        (_("Made by"), manifest.vendor.name),
        (_("Questions"), manifest.vendor.support),
        (_("Security"), manifest.vendor.security),
    )


def origin(one: Found, known: Provenance) -> Facts:
    """Return where a plugin came from, as far as that is known."""
    source = known.source or (_("the installer's usual index") if known.installer else "")
    return _facts(
        (_("Package"), f"{known.dist} {one.version}" if known.dist else ""),
        (_("Installed by"), known.installer),
        (_("Source"), source),
        (
            _("For development"),
            _("yes, its files may change at any time") if known.editable else "",
        ),
        (_("Belongs to Kundelik"), _("yes") if known.first_party else _("no")),
        (_("Looked at"), _(_TIERS[known.tier]) if known.tier else _("not in the index file")),
        (_("Files"), one.sha256),
        (_("Archive"), known.archive),
        (_("List of files"), known.record),
        (_("Attestation"), known.attestation or _("none")),
    )


def approved(one: Approval) -> Facts:
    """Return what the operator decided."""
    until = kept_for(one)
    return _facts(
        (_("Version"), one.version),
        (_("By"), _doer(one.approved_by)),
        (_("When"), at(one.approved_at)),
        (_("Runs"), _(_MODES[one.mode])),
        (_("Scopes"), one.scopes),
        (_("Files"), one.sha256),
        (_("Data put aside as"), one.trash),
        (_("Kept until"), long_date(until, current_locale()) if until else ""),
    )


def host(one: HostState | None) -> Facts:
    """Return how the process of a plugin is."""
    if one is None:
        return []
    return _facts(
        (_("State"), _(_HOSTS.get(one.status, one.status))),
        (_("Since"), at(datetime.fromtimestamp(one.since, UTC))),
        (_("Process"), str(one.pid or "")),
        (_("Restarts"), str(one.restarts)),
        (_("How it ended"), one.why),
        (_("Confined by"), one.confined),
    )


def _doer(name: str) -> str:
    """Return who did it: an account's name as it is, the server itself in the reader's words."""
    return _(_SERVER) if name == _SERVER else name


def _facts(*pairs: tuple[str, str | Iterable[str]]) -> Facts:
    return [
        {"label": label, "values": [value] if isinstance(value, str) else list(value)}
        for label, value in pairs
        if value
    ]


def life(events: Iterable[LifeEvent]) -> list[Context]:
    """Return the history of a plugin."""
    return [
        {
            "at": at(one.at),
            "step": _(_STEPS.get(one.step, one.step)),
            "by": _doer(one.doer),
            "version": one.version,
            "note": _(_MODES[one.note]) if one.note in _MODES else one.note,
            "scopes": ", ".join(one.scopes),
        }
        for one in events
    ]


def queue(one: QueueOverview) -> Context:
    """Return how a queue stands."""
    return {
        "name": one.queue,
        "waiting": str(one.waiting),
        "running": str(one.running),
        "failed": str(one.failed),
        "oldest": at(one.oldest),
    }


def failed_job(one: FailedJob) -> Context:
    """Return a job that was given up."""
    return {
        "name": one.name,
        "queue": one.queue,
        "school": str(one.school_id or ""),
        "tries": str(one.tries),
        "at": at(one.failed_at),
    }


def calls(trip: Trip | None) -> Mapping[str, object]:
    """Return whether a plugin is left alone, and what can be done about it."""
    if trip is None or not trip.tripped:
        return {"tripped": False, "held": False, "since": "", "by": ""}
    return {"tripped": True, "held": trip.held, "since": at(trip.since), "by": _doer(trip.doer)}
