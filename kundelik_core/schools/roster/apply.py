"""Bring a roster into a school: look first, then write all of it in one transaction.

plan = await look(school_id, roster, options)                       # writes nothing
done = await apply(school_id, roster, options, Doer(), file)        # writes, makes accounts
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec

from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.actions import classes, people
from kundelik_core.schools.actions.directory import follow
from kundelik_core.schools.actions.structure import open_year
from kundelik_core.schools.calendar import load_national, published_years

from .apply_accounts import ensure_accounts
from .apply_model import Ending, Options, Plan, SchoolState
from .apply_plan import plan_import
from .apply_queries import earlier_run, no_year, school_state
from .model import Roster

__all__ = [
    "KIND",
    "Applied",
    "FileFacts",
    "apply",
    "facts_of",
    "keep_run",
    "look",
    "look_new",
    "write_plan",
]

KIND = "roster"


class FileFacts(NamedTuple):
    """The file as an import remembers it."""

    name: str
    digest: bytes


class Applied(msgspec.Struct, kw_only=True):
    """What an import did. ``repeated``: the very same file had been imported before."""

    plan: Plan
    locale: str
    accounts: int = 0
    repeated: dt.datetime | None = None


def facts_of(source: Path | bytes, name: str = "") -> FileFacts:
    """The name and digest of a file, of an upload, or of a folder's files taken together."""
    digest = hashlib.sha256()
    if isinstance(source, bytes):
        return FileFacts(name, hashlib.sha256(source).digest())
    paths = sorted(p for p in source.iterdir() if p.is_file()) if source.is_dir() else [source]
    for path in paths:
        if len(paths) > 1:
            digest.update(path.name.encode("utf-8", "surrogateescape") + b"\0")
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    return FileFacts(name or source.name, digest.digest())


async def look(school_id: int, roster: Roster, options: Options) -> Plan:
    """Say what an import would write, and write nothing.

    Raises:
        Problem: no such school or year, or the file holds several schools.
    """
    async with tenant(school_id) as tx:
        state = await school_state(tx, options.year)
    # A large file takes a while, and other people's pages should not wait for it.
    return await asyncio.to_thread(plan_import, roster, state, options)


def look_new(roster: Roster, options: Options, title: str, locale: str) -> Plan:
    """Say what an import would write into a school that is still to be made.

    Raises:
        Problem: the year's calendar is not known, or the file holds several schools.
    """
    if options.year not in published_years():
        raise no_year(options.year)
    calendar = load_national(options.year)
    state = SchoolState(
        school_id=0,
        locale=locale,
        titles=(title, title, title),
        begins=calendar.begins,
        ends=calendar.ends,
        has_year=False,
    )
    return plan_import(roster, state, options)


async def apply(
    school_id: int, roster: Roster, options: Options, doer: Doer, file: FileFacts
) -> Applied:
    """Write the good rows of a file in one transaction, then give everybody an account.

    The same file a second time changes nothing; what a crash left undone after the transaction,
    it makes up for.

    Raises:
        Problem: no such school or year, or the file holds several schools.
    """
    async with tenant(school_id, write=True) as tx:
        repeated = await earlier_run(tx, KIND, file.digest)
        state = await school_state(tx, options.year)
        if not state.has_year:
            await open_year(tx, load_national(options.year))
        # One import at a time: a second one waits here, and reads what this one has written.
        await tx.fetchval(
            "select y.year from core.school_year y where y.school_id = $1 and y.year = $2 "
            "for no key update",
            tx.school_id,
            options.year,
        )
        state = await school_state(tx, options.year)
        plan = await asyncio.to_thread(plan_import, roster, state, options)
        if plan.has_changes:
            await write_plan(tx, plan, doer)
            await keep_run(tx, doer, KIND, file, plan.summary())
    made = await ensure_accounts(school_id, plan.account_people, plan.logins, state.locale)
    ended = {person for person, _ in plan.ended_people} | {e.person for e in plan.ended_ties}
    if ended:
        await follow(school_id, ended)
    return Applied(plan=plan, locale=state.locale, accounts=made, repeated=repeated)


async def keep_run(
    tx: Tenant, doer: Doer, kind: str, file: FileFacts, summary: dict[str, dict[str, int]]
) -> None:
    """Remember that a file was imported, by whom and with what result."""
    run = new_id()
    await tx.execute(
        "insert into core.import_run "
        "(school_id, id, at, account_id, kind, file_name, file_hash, summary) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb)",
        tx.school_id,
        run,
        clock.now(),
        doer.account,
        kind,
        file.name[:200].encode("utf-8", "replace").decode(),
        file.digest,
        msgspec.json.encode(summary).decode(),
    )
    await audit(tx, doer, f"{kind}.import", "import_run", run, after={"rows": summary})


async def write_plan(tx: Tenant, plan: Plan, doer: Doer) -> None:
    """Write a plan through the school's own actions."""
    await _end(tx, plan, doer)
    await people.write_people(tx, plan.people)
    await people.write_memberships(tx, plan.memberships)
    await classes.write_classes(tx, plan.classes)
    await classes.write_class_pupils(tx, plan.class_pupils)
    await _groups(tx, plan)
    await people.write_guardianships(tx, plan.guardianships)


async def _groups(tx: Tenant, plan: Plan) -> None:
    if plan.national_subjects:
        await classes.ensure_subjects(tx, plan.national_subjects)
    codes = await classes.write_subjects(tx, plan.own_subjects)
    await classes.write_groups(
        tx,
        [
            classes.GroupRow(
                id=group.id,
                year=plan.year,
                subject_id=codes[group.subject],
                title=group.title,
                grade=group.grade,
                scheme_code=group.scheme.code,
                scheme_version=group.scheme.version,
                period_kind=group.scheme.period_kind,
                room=group.room,
                source=group.source,
                source_id=group.source_id,
            )
            for group in plan.groups
        ],
    )
    await classes.write_group_classes(tx, plan.group_classes)
    await classes.write_group_teachers(tx, plan.group_teachers)
    await classes.write_group_pupils(tx, plan.group_pupils)


async def _end(tx: Tenant, plan: Plan, doer: Doer) -> None:
    by_day: dict[dt.date, list[UUID]] = defaultdict(list)
    for person, day in plan.ended_people:
        by_day[day].append(person)
    for day, several in by_day.items():
        await people.end_memberships(tx, doer, several, day)
    for person, role, day in plan.ended_roles:
        await people.end_memberships(tx, doer, [person], day, roles=[role])  # type: ignore[list-item]
    for day, pairs in _days(plan.ended_class_pupils):
        await classes.end_class_pupils(tx, doer, pairs, day)
    for day, pairs in _days(plan.ended_group_pupils):
        await classes.end_group_pupils(tx, doer, pairs, day)
    for day, pairs in _days(plan.ended_group_teachers):
        await classes.end_group_teachers(tx, doer, pairs, day)
    for day, pairs in _days(plan.ended_ties):
        guardians = [(guardian, pupil) for pupil, guardian in pairs]
        await people.end_guardianships(tx, doer, guardians, day)


def _days(endings: Iterable[Ending]) -> list[tuple[dt.date, list[tuple[UUID, UUID]]]]:
    found: dict[dt.date, list[tuple[UUID, UUID]]] = defaultdict(list)
    for ending in endings:
        found[ending.last_day].append((ending.holder, ending.person))
    return list(found.items())
