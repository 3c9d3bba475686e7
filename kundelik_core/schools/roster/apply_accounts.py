"""Give imported people accounts without passwords, and print the slips that open them.

A person's row names its account before the account is there. Whoever imports the same file again
after a crash therefore finishes what is missing, and nobody gets two.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.identity.accounts import NewAccount, create_accounts
from kundelik_core.identity.actions import issue_activation
from kundelik_core.identity.rules import check_login, normal_login, show_code
from kundelik_core.kernel.db import directory, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, _, as_locale, use_locale
from kundelik_core.kernel.names import full_name
from kundelik_core.schools.actions.directory import follow
from kundelik_core.schools.generate.names import latinised

from .sheet import write_csv

__all__ = ["Slip", "ensure_accounts", "login_base", "slips_csv", "slips_for"]

_TRIES: Final = 3
_LONGEST: Final = 40


class _Person(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    account_id: UUID
    surname: str
    given: str
    patronymic: str


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """What one person needs to sign in for the first time; the code is nowhere else."""

    name: str
    login: str
    code: str
    role: str


async def ensure_accounts(
    school_id: int, wanted: Collection[UUID], logins: Mapping[UUID, str], locale: str
) -> int:
    """Make the accounts that are missing and tell the directory what everybody is; give how many.

    ``logins`` are those that a file proposes by person; one that is taken or cannot be typed gives
    way to one made of the name.
    """
    if not wanted:
        return 0
    people = await _people(school_id, wanted)
    there = await _existing(person.account_id for person in people)
    missing = [person for person in people if person.account_id not in there]
    for attempt in range(_TRIES):
        chosen = await _choose_logins(missing, logins if attempt == 0 else {})
        try:
            await create_accounts(
                [
                    NewAccount(
                        id=person.account_id,
                        login=chosen[person.id],
                        display_name=full_name(person.surname, person.given),
                        locale=locale,
                    )
                    for person in missing
                ]
            )
            break
        except Problem as problem:
            # Somebody else took one of the names between the question and the answer.
            if problem.code != "login-taken" or attempt == _TRIES - 1:
                raise
    await follow(school_id, wanted)
    return len(missing)


async def _people(school_id: int, wanted: Collection[UUID]) -> list[_Person]:
    async with tenant(school_id) as tx:
        rows = await tx.fetch(
            "select p.id, p.account_id, p.surname, p.given, p.patronymic from core.person p "
            "where p.school_id = $1 and p.id = any($2::uuid[]) and p.account_id is not null "
            "order by p.sort_key, p.id",
            school_id,
            list(wanted),
        )
    return [msgspec.convert(dict(row), _Person, strict=False) for row in rows]


async def _existing(accounts: Iterable[UUID]) -> set[UUID]:
    rows = await directory().fetch(
        "select a.id from directory.account a where a.id = any($1::uuid[])",
        list(accounts),
    )
    return {row["id"] for row in rows}


def login_base(surname: str, given: str) -> str:
    """A login such as aizere.akhmetova, before it is made unlike all others."""
    parts = [_latin(part) for part in (given, surname)]
    base = ".".join(part for part in parts if part)[:_LONGEST].strip(".-")
    return base if len(base) >= 3 else f"user.{base}".strip(".")


def _latin(text: str) -> str:
    plain = "".join(
        sign if latinised(sign) else unicodedata.normalize("NFKD", sign)[0] for sign in text
    )
    return "".join(sign for sign in latinised(plain) if sign.isalnum() or sign == "-").strip("-")


async def _choose_logins(
    people: Sequence[_Person], proposed: Mapping[UUID, str]
) -> dict[UUID, str]:
    given = {person.id: _usable(proposed.get(person.id, "")) for person in people}
    bases = {person.id: login_base(person.surname, person.given) for person in people}
    rows = await directory().fetch(
        "select l.login from directory.login l where l.login = any($1::text[]) "
        "or regexp_replace(l.login, '[0-9]+$', '') = any($2::text[])",
        [login for login in given.values() if login],
        sorted(set(bases.values())),
    )
    taken = {row["login"] for row in rows}
    chosen: dict[UUID, str] = {}
    for person in people:
        login = given[person.id]
        if not login or login in taken:
            base, count = bases[person.id], 1
            login = base
            while login in taken:
                count += 1
                login = f"{base}{count}"
        taken.add(login)
        chosen[person.id] = login
    return chosen


def _usable(text: str) -> str:
    try:
        return check_login(normal_login(text)) if text else ""
    except Problem:
        return ""


async def slips_for(school_id: int, people: Collection[UUID]) -> list[Slip]:
    """Issue one-time codes for people who have not chosen a password yet."""
    async with tenant(school_id) as tx:
        rows = await tx.fetch(
            "select p.account_id, p.surname, p.given, p.patronymic, "
            "(select string_agg(distinct m.role, ', ' order by m.role) from core.membership m "
            "where m.school_id = $1 and m.person_id = p.id) as roles "
            "from core.person p where p.school_id = $1 and p.id = any($2::uuid[]) "
            "and p.account_id is not null order by p.sort_key, p.id",
            school_id,
            list(people),
        )
    logins = await directory().fetch(
        "select a.id, min(l.login) as login from directory.account a "
        "join directory.login l on l.account_id = a.id "
        "where a.id = any($1::uuid[]) and a.password_hash is null group by a.id",
        [row["account_id"] for row in rows],
    )
    by_account = {row["id"]: row["login"] for row in logins}
    return [
        Slip(
            name=full_name(row["surname"], row["given"], row["patronymic"]),
            login=by_account[row["account_id"]],
            code=await issue_activation(row["account_id"]),
            role=row["roles"] or "",
        )
        for row in rows
        if row["account_id"] in by_account
    ]


def slips_csv(slips: Sequence[Slip], locale: str) -> bytes:
    """The slips in the school's language, as a file that spreadsheets run nothing of."""
    with use_locale(as_locale(locale)):
        heading = [_(text) for text in (N_("Name"), N_("Login"), N_("One-time code"), N_("Role"))]
    rows = ([s.name, s.login, show_code(s.code), s.role] for s in slips)
    return write_csv([heading, *rows])
