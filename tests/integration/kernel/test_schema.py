"""Hold the schema to the rules that let it grow from a laptop to a country."""

from collections.abc import Iterator

import asyncpg
import pytest
from piccolo.table import Table

from kundelik_core.entitlements import tables as entitlement_tables
from kundelik_core.gradebook import tables as gradebook_tables
from kundelik_core.kernel import tables as kernel_tables
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.orm import insert_rows
from kundelik_core.plugins import tables as plugin_tables
from kundelik_core.privacy import tables as privacy_tables
from kundelik_core.schools import tables as school_tables
from kundelik_core.schools.tables import Subject
from tests.factories import Factory
from tests.lints.catalogue import catalogue_violations

MODULES = (
    kernel_tables,
    school_tables,
    gradebook_tables,
    entitlement_tables,
    privacy_tables,
    plugin_tables,
)


def described() -> Iterator[type[Table]]:
    """Yield every Piccolo table of the core."""
    for module in MODULES:
        for name in module.__all__:
            yield getattr(module, name)


async def test_the_catalogue_keeps_every_rule_of_scale(urls: Urls) -> None:
    conn = await asyncpg.connect(urls.migrate_tenant)
    try:
        assert await catalogue_violations(conn, "core") == []
    finally:
        await conn.close()


async def test_piccolo_describes_what_the_migrations_made(urls: Urls) -> None:
    conn = await asyncpg.connect(urls.migrate_tenant)
    try:
        rows = await conn.fetch(
            "select c.relname, a.attname, upper(format_type(a.atttypid, null)) as type, "
            "a.attnotnull from pg_class c join pg_attribute a on a.attrelid = c.oid "
            "where c.relnamespace = 'core'::regnamespace and c.relkind in ('r', 'p') "
            "and not c.relispartition and a.attnum > 0 and not a.attisdropped"
        )
    finally:
        await conn.close()
    made: dict[str, set[tuple[str, str, bool]]] = {}
    for row in rows:
        column = (row["attname"], _type(row["type"]), row["attnotnull"])
        made.setdefault(row["relname"], set()).add(column)
    made.pop("migration")
    told = {
        table._meta.tablename: {
            (c._meta.db_column_name, _type(c.column_type), not c._meta.null)
            for c in table._meta.columns
        }
        for table in described()
    }
    for name, columns in told.items():
        assert columns == made[name], name
    assert told.keys() == made.keys()


def _type(name: str) -> str:
    plain = name.partition("(")[0].strip()
    return {
        "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
        "TIME WITHOUT TIME ZONE": "TIME",
    }.get(plain, plain)


async def test_piccolo_stays_inside_the_scope(factory: Factory, databases: Databases) -> None:
    mine, other = await factory.school(), await factory.school()
    columns = ("id", "code", "title_kk", "title_ru", "title_en", "component", "position")
    for school_id in (mine, other):
        async with tenant(school_id, write=True):
            row = (new_id(), "math", "Математика", "Математика", "Mathematics", "invariant", 1)
            assert await insert_rows(Subject, columns, [row]) == 1
    async with tenant(mine) as tx:
        found = await Subject.select(Subject.school_id).where(Subject.school_id == tx.school_id)
        assert [row["school_id"] for row in found] == [mine]
        other_rows = await Subject.select(Subject.id).where(Subject.school_id == other)
        assert other_rows == []
        subject = await Subject.objects().where(Subject.school_id == tx.school_id).first()
        assert subject is not None
        with pytest.raises(TypeError, match="school_id"):
            await subject.save()
        with pytest.raises(TypeError, match="transaction"):
            Subject._meta.db.transaction()
