"""Write who belongs to a school: people, what they are there, and whose guardians they are.

Everything is keyed by ids that the caller made and may be repeated. A school's rows come first;
the directory follows through `actions.directory.follow`, after the transaction.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit_each
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.names import full_name, search_key, sort_key
from kundelik_core.schools.actions.rows import fields_of, upsert
from kundelik_core.schools.tables import Guardianship, Membership, Person

__all__ = [
    "GuardianshipRow",
    "MembershipRow",
    "PersonRow",
    "end_guardianships",
    "end_memberships",
    "set_accounts",
    "write_guardianships",
    "write_memberships",
    "write_people",
]

Role = Literal[
    "pupil", "parent", "teacher", "homeroom", "deputy", "director", "admin", "psychologist"
]


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """A person as a school knows them; what is None leaves what is stored as it is."""

    id: UUID
    surname: str
    given: str
    patronymic: str = ""
    birth_date: date | None = None
    sex: Literal["m", "f"] | None = None
    account_id: UUID | None = None
    phone: str | None = None
    email: str | None = None
    iin_cipher: bytes | None = None
    iin_hash: bytes | None = None
    source: str | None = None
    source_id: str | None = None
    status: Literal["active", "left"] = "active"


class MembershipRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is in the school, from when to when."""

    person_id: UUID
    role: Role
    from_date: date
    to_date: date | None = None


class GuardianshipRow(msgspec.Struct, frozen=True, kw_only=True):
    """A guardian of a pupil, both people of this school."""

    guardian_id: UUID
    pupil_id: UUID
    from_date: date
    to_date: date | None = None
    relation: Literal["mother", "father", "parent", "guardian", "grandparent", "relative"] = (
        "parent"
    )


_PERSON = fields_of(PersonRow)
_KEPT = (
    "birth_date", "sex", "account_id", "phone", "email", "iin_cipher", "iin_hash", "source",
    "source_id",
)  # fmt: skip


async def write_people(tx: Tenant, people: Iterable[PersonRow]) -> int:
    """Create people, or bring those with the same ids up to date; give how many changed."""
    now = clock.now()
    rows = []
    for person in people:
        name = full_name(person.surname, person.given, person.patronymic)
        values = msgspec.structs.astuple(person)
        rows.append((*values, sort_key(name), search_key(name), now, now))
    return await upsert(
        tx,
        Person,
        (*_PERSON, "sort_key", "search_key", "created_at", "changed_at"),
        rows,
        fixed=("created_at",),
        keep=_KEPT,
        stamp="changed_at",
    )


async def set_accounts(tx: Tenant, accounts: Iterable[tuple[UUID, UUID]]) -> None:
    """Tie ``(person, account)`` pairs; a person who has an account keeps it."""
    pairs = list(accounts)
    await tx.execute(
        "update core.person p set account_id = x.account, changed_at = $2 "
        "from unnest($3::uuid[], $4::uuid[]) as x (person, account) "
        "where p.school_id = $1 and p.id = x.person and p.account_id is null",
        tx.school_id,
        clock.now(),
        [person for person, _ in pairs],
        [account for _, account in pairs],
    )


async def write_memberships(tx: Tenant, memberships: Iterable[MembershipRow]) -> int:
    """Create memberships, or change the last day of those that began on the same day."""
    return await upsert(
        tx,
        Membership,
        ("id", *fields_of(MembershipRow)),
        ((new_id(), *msgspec.structs.astuple(row)) for row in memberships),
        key=("person_id", "role", "from_date"),
        fixed=("id",),
    )


async def write_guardianships(tx: Tenant, guardianships: Iterable[GuardianshipRow]) -> int:
    """Create guardianships, or bring those of the same two people up to date."""
    return await upsert(
        tx,
        Guardianship,
        fields_of(GuardianshipRow),
        (msgspec.structs.astuple(row) for row in guardianships),
        key=("pupil_id", "guardian_id"),
        fixed=("from_date",),
    )


async def end_memberships(
    tx: Tenant,
    doer: Doer,
    people: Collection[UUID],
    last_day: date,
    *,
    roles: Sequence[Role] | None = None,
    reason: str | None = None,
) -> int:
    """End what people are (all of it, or some roles) after ``last_day``; nothing is deleted."""
    ended = await tx.fetch(
        "update core.membership m set to_date = greatest($3, m.from_date) "
        "where m.school_id = $1 and m.person_id = any($2::uuid[]) "
        "and ($4::text[] is null or m.role = any($4)) "
        "and (m.to_date is null or m.to_date > $3) returning m.id, m.role, m.to_date",
        tx.school_id,
        list(people),
        last_day,
        None if roles is None else list(roles),
    )
    changes = [(r["id"], None, {"role": r["role"], "to_date": r["to_date"]}) for r in ended]
    await audit_each(tx, doer, "membership.end", "membership", changes, reason=reason)
    return len(ended)


async def end_guardianships(
    tx: Tenant,
    doer: Doer,
    pairs: Collection[tuple[UUID, UUID]],
    last_day: date,
    *,
    reason: str | None = None,
) -> int:
    """End the guardianships of ``(guardian, pupil)`` pairs after ``last_day``."""
    ended = await tx.fetch(
        "update core.guardianship g set to_date = greatest($4, g.from_date) "
        "from unnest($2::uuid[], $3::uuid[]) as x (guardian, pupil) "
        "where g.school_id = $1 and g.guardian_id = x.guardian and g.pupil_id = x.pupil "
        "and (g.to_date is null or g.to_date > $4) returning g.guardian_id, g.pupil_id, g.to_date",
        tx.school_id,
        [guardian for guardian, _ in pairs],
        [pupil for _, pupil in pairs],
        last_day,
    )
    changes = [
        (f"{r['pupil_id']}/{r['guardian_id']}", None, {"to_date": r["to_date"]}) for r in ended
    ]
    await audit_each(tx, doer, "guardianship.end", "guardianship", changes, reason=reason)
    return len(ended)
