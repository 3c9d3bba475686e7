"""Lay one person's record out for its page."""

from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from kundelik_core.identity.standing import AccountState
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.i18n import N_, _, current_locale, day_month, long_date
from kundelik_core.kernel.names import full_name
from kundelik_core.schools.queries.directory_of_people import Kin, PersonCard, SchoolClassOf
from kundelik_core.web.frame import ROLE_TITLES

__all__ = ["card_context"]

Context = dict[str, Any]
_RELATIONS: Final = {
    "mother": N_("mother"), "father": N_("father"), "parent": N_("parent"),
    "guardian": N_("guardian"), "grandparent": N_("grandparent"), "relative": N_("relative"),
}  # fmt: skip


def card_context(card: PersonCard, state: AccountState | None, today: date) -> Context:
    """Return what ``person.html`` shows of a record."""
    facts = []
    if card.birth_date is not None:
        facts.append((_("Born"), long_date(card.birth_date, current_locale())))
    if card.phone:
        facts.append((_("Telephone"), card.phone))
    if card.email:
        facts.append((_("E-mail"), card.email))
    roles = card.roles(today)
    return {
        "person": {
            "name": full_name(card.surname, card.given, card.patronymic),
            "role": ", ".join(_(t) for role, t in ROLE_TITLES.items() if role in roles),
        },
        "facts": [{"label": label, "value": value} for label, value in facts],
        "roles": [_role(*row) for row in card.memberships],
        "classes": [*_classes(card.classes), *_classes(card.leads, leads=True)],
        "guardians": [_kin(kin) for kin in card.guardians],
        "children": [_kin(kin, diary=True) for kin in card.children],
        "groups": [
            {
                "href": f"/journal/{group}",
                "name": f"{title} · {subject.of(current_locale())}",
            }
            for group, title, subject in card.groups
        ],
        "account": _account(state),
        "diary": f"/diary/{card.id}" if "pupil" in roles else "",
    }


def _span(begins: date, ends: date | None) -> str:
    if ends is None:
        return _("since %(day)s") % {"day": long_date(begins, current_locale())}
    return f"{long_date(begins, current_locale())} – {long_date(ends, current_locale())}"


def _role(role: str, begins: date, ends: date | None) -> dict[str, str]:
    return {"role": _(ROLE_TITLES[role]), "since": _span(begins, ends)}


def _classes(found: list[SchoolClassOf], *, leads: bool = False) -> list[dict[str, str]]:
    rows = []
    for item in found:
        note = _("leads it") if leads else ""
        if item.begins is not None:
            note = _span(item.begins, item.ends)
        year = f"{item.year}–{item.year + 1}"
        rows.append({"href": f"/classes/{item.id}", "name": item.title, "note": f"{year}, {note}"})
    return rows


def _kin(kin: Kin, *, diary: bool = False) -> dict[str, str]:
    relation = _("child") if diary else _(_RELATIONS[kin.relation])
    contact = "" if diary else kin.phone or ""
    return {
        "href": f"/office/people/{kin.id}",
        "name": full_name(kin.surname, kin.given, kin.patronymic),
        "note": ", ".join(part for part in (relation, contact) if part),
        "tag": "" if kin.has_account else _("no account yet"),
    }


def _account(state: AccountState | None) -> dict[str, str]:
    if state is None:
        text = _("There is no account yet. The first code makes one.")
        return {"login": "", "text": text, "code": ""}
    if not state.active:
        text = _("The account is blocked: nobody can sign in with it.")
    elif state.has_password:
        text = _("A password is chosen. A new code lets its owner choose another.")
    else:
        text = _("No password is chosen yet. The code on the slip lets its owner choose one.")
    code = ""
    if state.code_until is not None:
        day = state.code_until.astimezone(ZoneInfo(SCHOOL_ZONE)).date()
        code = _("A code was given out; it is valid until %(day)s.") % {
            "day": day_month(day, current_locale())
        }
    return {"login": state.login, "text": text, "code": code}
