"""Say how a plugin has to keep its data: tables, rights, people in them, and losing them again."""

import re
from collections.abc import Iterator
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.plugins.database import RuleBroken, asking_of, login_of, schema_of
from kundelik_core.plugins.database.names import view_of
from kundelik_core.sdk import SCOPES, EraseMode, SubjectKind
from kundelik_core.testing.core import Core
from kundelik_core.testing.ground import GroundError
from kundelik_core.testing.subject import Subject
from kundelik_core.testing.town import School

__all__ = ["DATA_CHECKS", "CannotTellError", "columns", "demo_school", "snapshot"]

# How columns are called that hold somebody's id.
_PERSON: Final = re.compile(
    r"(^|_)(student|pupil|guardian|parent|staff|teacher|person|author|actor|user|homeroom)_id$"
)
_COLUMNS: Final = """
select c.relname::text as name, a.attname::text as label, format_type(a.atttypid, null) as kind
  from pg_class c join pg_attribute a on a.attrelid = c.oid
 where c.relnamespace = $1::text::regnamespace and c.relkind in ('r', 'p')
   and not c.relispartition and a.attnum > 0 and not a.attisdropped
 order by c.relname, a.attnum
"""
_GUARDED: Final = """
select c.relname::text as name from pg_class c
 where c.relnamespace = $1::text::regnamespace and c.relkind in ('r', 'p')
   and not (c.relrowsecurity and c.relforcerowsecurity)
"""


class CannotTellError(Exception):
    """A check that cannot be made here; the text says what it lacks."""


def migrations(subject: Subject) -> list[str]:
    """Its migrations run on an empty database, and keep the rules of schools."""
    subject.loaded()
    if not subject.migrations:
        return []
    try:
        subject.ground.start()
    except GroundError as error:
        return [str(error)]
    return []


def migrations_upgrade(subject: Subject) -> list[str]:
    """The latest migration runs on the tables of the version before it."""
    subject.loaded()
    if len(subject.migrations) < 2:
        return []
    try:
        subject.ground.upgrade(subject.migrations)
    except (GroundError, RuleBroken) as error:
        return [str(error)]
    return []


def row_security(subject: Subject) -> list[str]:
    """No school sees a row of another one in its tables."""
    if not _has_tables(subject):
        return []
    ground, core = subject.ground, Core(subject.ground)
    core.ground.start()
    schema = schema_of(subject.name)
    rows = ground.run(ground.factory.tenant.fetch(_GUARDED, schema))
    found = [f"{row['name']} has no row security" for row in rows]
    if subject.loaded().declared.demo:
        demo_school(subject, core)
        other = core.school()
        for table in columns(subject):
            count = core.rows(other, f'select count(*) as n from "{table}"')[0]["n"]
            if count:
                found.append(f"{table} shows {count} rows to another school")
    return found


def scopes(subject: Subject) -> list[str]:
    """It may read the views of its scopes in data.reads, and no others."""
    if not _has_tables(subject):
        return []
    ground = subject.ground
    ground.start()
    manifest = subject.loaded().manifest
    # Whoever may ask the core for something may look what came of it.
    due = {*manifest.data.reads, *(["wish.v1"] if asking_of(manifest) else [])}
    found = []
    for scope in SCOPES:
        asked = "select has_table_privilege($1, $2, 'select')"
        view = f"core_api.{view_of(scope)}"
        granted = ground.run(ground.factory.tenant.fetchval(asked, login_of(subject.name), view))
        if granted is not (scope in due):
            found.append(f"{scope} is {'' if granted else 'not '}granted")
    return found


def personal_columns(subject: Subject) -> list[str]:
    """Every column that leads to a person stands in personal_data, with a purpose."""
    if not _has_tables(subject):
        return []
    there = columns(subject)
    declared = {(one.table, one.column) for one in subject.loaded().declared.personal_data}
    found = [
        f"personal_data names {table}.{column}, which is no column"
        for table, column in sorted(declared)
        if column not in there.get(table, {})
    ]
    found += [
        f"{table}.{column} looks like somebody's id: name it in personal_data, with "
        "data.personal = true in the manifest"
        for table, labels in there.items()
        for column in labels
        if _PERSON.search(column) and (table, column) not in declared
    ]
    return found


def export(subject: Subject) -> list[str]:
    """What it holds about somebody is given out, as plain values."""
    if not _has_people(subject):
        return []
    core = Core(subject.ground)
    school = demo_school(subject, core)
    found: list[str] = []
    for kind, person in _people(subject, core, school):
        records = core.export(school, person, kind)
        if not records:
            found.append(f"nothing is exported for a {kind} who is in its tables")
        for record in records:
            try:
                msgspec.json.encode(record)
            except TypeError as error:
                found.append(f"a record cannot be written out: {error}")
    return [*dict.fromkeys(found)]


def erase(subject: Subject) -> list[str]:
    """After erasure no row leads to the person any more; asked again, it finds nothing."""
    if not _has_people(subject):
        return []
    core = Core(subject.ground)
    found: list[str] = []
    modes: tuple[EraseMode, ...] = ("erase", "anonymise")
    for mode in modes:
        school = demo_school(subject, core)
        for kind, person in _people(subject, core, school):
            core.erase(school, person, kind, mode=mode)
            found += [
                f"after {mode} a {kind} is still in {table}"
                for table in columns(subject)
                if _mentions(core, school, table, person)
            ]
            again = core.erase(school, person, kind, mode=mode)
            if again:
                found.append(f"asked to {mode} a {kind} again it says that {again} rows went")
    return [*dict.fromkeys(found)]


def demo_fills(subject: Subject) -> list[str]:
    """Its demo fills the tables, and the same seed makes the same number of rows."""
    if not subject.loaded().declared.demo:
        return []
    core = Core(subject.ground)
    counts = []
    for _ in range(2):
        school = core.school(students=6)
        core.demo(school)
        counts.append({table: len(rows) for table, rows in snapshot(subject, core, school).items()})
    if counts[0] != counts[1]:
        return [f"the same seed made {counts[0]} rows in one school and {counts[1]} in another"]
    if columns(subject) and not any(counts[0].values()):
        return ["it fills nothing in a school with six students"]
    return []


def lifecycle(subject: Subject) -> list[str]:
    """Switched off and on again it has all its rows; its health is good."""
    declared = subject.loaded().declared
    if not (declared.lifecycle or subject.migrations):
        return []
    core = Core(subject.ground)
    school = demo_school(subject, core) if declared.demo else core.school()
    before = snapshot(subject, core, school)
    core.disable(school)
    core.enable(school)
    found = []
    if snapshot(subject, core, school) != before:
        found.append("rows are not as they were after switching off and on")
    if "health" in declared.lifecycle:
        health = core.call(None, "lifecycle", "health", None)
        if not health.ok:
            found.append(f"health says: {health.note}")
    return found


def columns(subject: Subject) -> dict[str, dict[str, str]]:
    """Return the types of the columns of each own table."""
    ground = subject.ground
    ground.start()
    found: dict[str, dict[str, str]] = {}
    if subject.migrations:
        rows = ground.run(ground.factory.tenant.fetch(_COLUMNS, schema_of(subject.name)))
        for row in rows:
            found.setdefault(row["name"], {})[row["label"]] = row["kind"]
    return found


def snapshot(subject: Subject, core: Core, school: School) -> dict[str, list[str]]:
    """Return all rows of a school, as text, table by table."""
    sql = 'select t::text as r from "{}" t order by 1'
    return {
        table: [str(row["r"]) for row in core.rows(school, sql.format(table))]
        for table in columns(subject)
    }


def demo_school(subject: Subject, core: Core) -> School:
    """Return a fresh school that the plugin has filled."""
    if not subject.loaded().declared.demo:
        raise CannotTellError("there is no demo data to try it with; write the hook demo")
    school = core.school(students=6)
    core.demo(school)
    return school


def _has_tables(subject: Subject) -> bool:
    subject.loaded()
    return bool(subject.migrations)


def _has_people(subject: Subject) -> bool:
    return bool(subject.loaded().declared.personal_data) and bool(subject.migrations)


def _people(subject: Subject, core: Core, school: School) -> Iterator[tuple[SubjectKind, UUID]]:
    """Yield somebody of each kind who is in the tables of a school."""
    there = columns(subject)
    told: set[tuple[str, str]] = set()
    for field in subject.loaded().declared.personal_data:
        if there.get(field.table, {}).get(field.column) != "uuid":
            continue
        rows = core.rows(
            school,
            f'select distinct "{field.column}" as id from "{field.table}" '
            f'where "{field.column}" is not null order by 1 limit 2',
        )
        for row in rows:
            if (field.subject, str(row["id"])) not in told:
                told.add((field.subject, str(row["id"])))
                yield field.subject, row["id"]
    if not told:
        raise CannotTellError("the demo data are about nobody; let the hook demo write some")


def _mentions(core: Core, school: School, table: str, person: UUID) -> bool:
    sql = f'select 1 as x from "{table}" t where position($1::text in t::text) > 0 limit 1'
    return bool(core.rows(school, sql, str(person)))


DATA_CHECKS: Final = (
    *(migrations, migrations_upgrade, row_security, scopes),
    *(personal_columns, export, erase, demo_fills, lifecycle),
)
