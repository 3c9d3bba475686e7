"""Say about a module, in words, what a head teacher has to know before switching it on."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.i18n import N_, _, current_locale, moment, ngettext
from kundelik_core.plugins.declared import Declared, SettingField
from kundelik_core.plugins.life.model import Trip
from kundelik_core.plugins.queries import SettingsTurn, Turn
from kundelik_core.plugins.settings import SettingValue, effective
from kundelik_core.plugins.states import Found, Reason, State
from kundelik_core.sdk import SCOPES, Manifest, Permission, PersonalField
from kundelik_core.web.frame import role_title

__all__ = [
    "about",
    "card",
    "history",
    "newly_seen",
    "paused",
    "reads_of",
    "settings_form",
    "state_label",
    "summary_of",
    "title_of",
]

Context = dict[str, Any]

_SLOTS: Final = {
    "class.page": N_("the page of a class"),
    "diary.week": N_("a week of the diary"),
    "student.card": N_("the page of a pupil"),
}
_EVENTS: Final = {
    "mark.recorded.v1": N_("a mark was set"),
    "mark.changed.v1": N_("a mark was changed"),
    "mark.removed.v1": N_("a mark was taken back"),
    "attendance.recorded.v1": N_("an absence was noted"),
    "homework.assigned.v1": N_("homework was set"),
    "student.enrolled.v1": N_("a pupil came into a class"),
    "student.left.v1": N_("a pupil left a class"),
    "period.closed.v1": N_("a period was closed"),
}
_STATES: Final = {
    State.FOUND: N_("found"),
    State.APPROVED: N_("approved"),
    State.MIGRATED: N_("ready to run"),
    State.LOADED: N_("running"),
    State.RETAINED: N_("taken away, its data is kept"),
    State.ERASED: N_("taken away with its data"),
    State.INCOMPATIBLE: N_("does not fit"),
    State.QUARANTINED: N_("stopped"),
    State.TRIPPED: N_("failed too often"),
    State.BLOCKED: N_("shut out"),
}
# Reasons that are the operator's decision.
_SHUT: Final = frozenset({"disabled", "blocked", "banned", "blocklist", "safe_mode"})
_RISKS: Final = {
    "personal": N_("data about people"),
    "money": N_("money"),
    "minors": N_("what children see"),
    "bulk": N_("many people at once"),
}
_GROUNDS: Final = {
    "consent": N_("with consent"),
    "contract": N_("as agreed by contract"),
    "law": N_("as the law prescribes"),
    "public_task": N_("for the school's own task"),
}
_WHOM: Final = {
    "student": N_("about pupils"),
    "guardian": N_("about parents and guardians"),
    "staff": N_("about staff"),
}
_SPAN: Final = re.compile(r"^P([1-9][0-9]*)([DWMY])\Z")


def state_label(state: State) -> str:
    """Return the state of a module in words."""
    return _(_STATES[state])


def title_of(one: Found) -> str:
    """Return a module's title for the reader; its name when its manifest cannot be read."""
    if one.manifest is None:
        return one.name
    return str(getattr(one.manifest.title, current_locale()))


def summary_of(manifest: Manifest | None) -> str:
    """Return what a module does, in a sentence or two of its maker's; "" where it does not say."""
    if manifest is None or manifest.summary is None:
        return ""
    return manifest.summary.of(current_locale())


def card(
    one: Found,
    *,
    on: bool,
    enabled: bool,
    school_id: int,
    prices: Sequence[Mapping[str, str]] = (),
    halted: bool = False,
) -> Context:
    """Return a module as the list shows it, with its switch.

    ``halted``: the operator has shut it out since the process started.
    """
    manifest = one.manifest
    ok = one.state is State.LOADED and not halted
    on = on and not halted
    action = label = ""
    why_not = one.reason.code if one.reason else ""
    # An earlier version of one that is the platform's may have been the school's to switch.
    theirs = manifest is None or manifest.level != "platform"
    if enabled and theirs:
        action, label = f"/office/modules/{one.name}/off", _("Switch off for the school")
    elif ok and theirs:
        action, label = f"/office/modules/{one.name}/on", _("Switch on for the school")
    return {
        "name": one.name,
        "title": title_of(one),
        "version": one.version,
        "vendor": manifest.vendor.name if manifest else "",
        "support": manifest.vendor.support if manifest else "",
        "summary": summary_of(manifest),
        "state": _state(one, on=on, shut=halted or why_not in _SHUT),
        "enabled": enabled,
        "ok": ok,
        "on": on,
        "reads": reads_of(manifest),
        "slots": [_(_SLOTS.get(slot, slot)) for slot in manifest.uses.slots] if manifest else [],
        "cost": _cost(manifest),
        "prices": prices,
        "why": _("Whoever runs the installation has switched it off for all schools.")
        if halted
        else one.reason.words(_)
        if one.reason
        else _why(manifest, enabled=enabled, on=on),
        "action": f"{action}?school={school_id}" if action else "",
        "label": label,
        "href": f"/office/modules/{one.name}?school={school_id}",
    }


def _state(one: Found, *, on: bool, shut: bool) -> str:
    """Return in a word how a module stands in a school."""
    if shut:
        return _("off for all schools")
    if on:
        return _("on")
    return _("off") if one.state is State.LOADED else state_label(one.state)


def reads_of(manifest: Manifest | None) -> list[str]:
    """Return what a module may see of the school, in words."""
    if manifest is None:
        return []
    return [_(SCOPES[scope]) for scope in manifest.data.reads if scope in SCOPES]


def newly_seen(scopes: Iterable[str]) -> str:
    """Say what a module may see now that it might not when the school switched it on."""
    words = " ".join(_(SCOPES[scope]) for scope in scopes if scope in SCOPES)
    if not words:
        return ""
    return _("Since you switched it on it may see more: %(what)s") % {"what": words}


def paused(trip: Trip | None, *, on: bool) -> Context:
    """Return what to say of a module that is on and that nobody calls for now."""
    if not on or trip is None or not trip.tripped:
        return {"paused": False}
    since = moment(trip.since.astimezone(ZoneInfo(SCHOOL_ZONE)), current_locale())
    if trip.held:
        why = _("Whoever runs the installation holds it back since %(time)s.")
    else:
        why = _("It failed too often and is left alone since %(time)s. It comes back by itself.")
    return {"paused": True, "state": _("temporarily off"), "why": why % {"time": since}}


def _cost(manifest: Manifest | None) -> str:
    if manifest is None or not manifest.uses.products:
        return _("nothing")
    return _("It has something to sell, and no price is set yet.")


def _why(manifest: Manifest | None, *, enabled: bool, on: bool) -> str:
    if manifest is not None and manifest.level == "platform":
        return _("Whoever runs the installation switches this module for all schools.")
    if enabled and not on:
        return _("It is switched on, but another module that it needs is not.")
    if manifest is not None and manifest.level == "user" and on:
        return _("Everybody takes it for themselves, in their account.")
    return ""


def about(one: Found, declared: Declared | None) -> Context:
    """Return all that a module declares about itself, in words."""
    manifest = one.manifest
    found: Context = {
        "permissions": [_permission(each) for each in (declared.permissions if declared else ())],
        "events": [],
        "keeps": [_kept(each, manifest) for each in (declared.personal_data if declared else ())],
        "retention": "",
        "finds": [one.title.of(current_locale()) for one in (declared.search if declared else ())],
        "jobs": len(declared.jobs) if declared else 0,
        "http_out": [],
        "url": "",
        "security": "",
    }
    if manifest is not None:
        found |= {
            "events": [_(_EVENTS.get(event, event)) for event in manifest.uses.events],
            "retention": _span(manifest.data.retention or ""),
            "http_out": list(manifest.uses.http_out),
            "url": manifest.vendor.url.partition("://")[2].rstrip("/"),
            "security": manifest.vendor.security,
        }
    return found


def _permission(one: Permission) -> Context:
    locale = current_locale()
    return {
        "title": one.title.of(locale),
        "allows": one.allows.of(locale),
        "roles": [role_title(frozenset({role})) for role in one.roles],
        "risks": [_(_RISKS[risk]) for risk in one.risks],
    }


def _kept(one: PersonalField, manifest: Manifest | None) -> Context:
    keep = one.keep or (manifest.data.retention if manifest else None) or ""
    return {
        "purpose": one.purpose.of(current_locale()),
        "whom": _(_WHOM[one.subject]),
        "ground": _(_GROUNDS[one.ground]),
        "keep": _span(keep),
    }


def _span(text: str) -> str:
    """Return a duration like P400D in words."""
    match = _SPAN.match(text)
    if match is None:
        return ""
    n = int(match[1])
    if match[2] == "D":
        return ngettext("%(n)s day", "%(n)s days", n) % {"n": n}
    if match[2] == "W":
        return ngettext("%(n)s week", "%(n)s weeks", n) % {"n": n}
    if match[2] == "M":
        return ngettext("%(n)s month", "%(n)s months", n) % {"n": n}
    return ngettext("%(n)s year", "%(n)s years", n) % {"n": n}


def settings_form(
    fields: Iterable[SettingField],
    stored: Mapping[str, object],
    faults: Mapping[str, Reason],
    sent: Mapping[str, str] | None = None,
) -> list[Context]:
    """Return the fields of a settings form; after a refusal with what was sent."""
    locale = current_locale()
    several = tuple(fields)
    values = effective(several, stored)
    return [
        {
            "name": field.name,
            "kind": field.kind,
            "title": field.title.of(locale),
            "hint": _hint(field, locale),
            "value": _value(field, values[field.name], sent),
            "choices": [
                {
                    "value": value,
                    "label": words.of(locale),
                    "current": value == _value(field, values[field.name], sent),
                }
                for value, words in field.choices
            ],
            "minimum": field.minimum,
            "maximum": field.maximum,
            "error": faults[field.name].text(_) if field.name in faults else "",
        }
        for field in several
    ]


def _hint(field: SettingField, locale: str) -> str:
    parts = [field.help.of(locale)] if field.help else []
    if field.kind == "int" and field.minimum is not None and field.maximum is not None:
        parts.append(
            _("From %(least)s to %(most)s.") % {"least": field.minimum, "most": field.maximum}
        )
    return " ".join(parts)


def _value(field: SettingField, value: SettingValue, sent: Mapping[str, str] | None) -> object:
    if sent is not None:
        return field.name in sent if field.kind == "bool" else sent.get(field.name, "")
    return value if field.kind == "bool" else str(value)


def history(
    turns: Iterable[Turn],
    changes: Iterable[SettingsTurn],
    titles: Mapping[str, str],
    names: Mapping[UUID, str],
) -> list[Context]:
    """Return who did what to modules, the latest first."""
    lines: list[tuple[datetime, str, UUID | None, str]] = []
    for turn in turns:
        if turn.off_at is not None:
            lines.append((turn.off_at, turn.plugin, turn.off_by, _("switched off")))
        lines.append((turn.on_at, turn.plugin, turn.on_by, _("switched on")))
    lines += [(one.set_at, one.plugin, one.set_by, _("set up anew")) for one in changes]
    lines.sort(key=lambda line: line[0], reverse=True)
    return [
        {
            "at": moment(at.astimezone(ZoneInfo(SCHOOL_ZONE)), current_locale()),
            "title": titles.get(plugin, plugin),
            "what": what,
            "by": names.get(by, "") if by else "",
        }
        for at, plugin, by, what in lines
    ]
