"""The lint of the schema finds each planted fault, and nothing in a good table."""

import os
from collections.abc import AsyncIterator

import asyncpg
import pytest

from kundelik_core.kernel.pg import EmbeddedPostgres
from kundelik_core.kernel.wire import Connection
from tests.lints.catalogue import catalogue_violations, tenant_tables

SCHEMA = f"lint_{os.getpid()}"
POLICY = "school_id = nullif(current_setting('app.school_id', true), '')::int"
GOOD = f"""
create table school (id integer primary key);
create table pupil (school_id integer not null, id uuid, primary key (school_id, id));
alter table pupil enable row level security;
create policy tenant on pupil using ({POLICY}) with check ({POLICY});
create table mark (
  school_id integer not null, id uuid, pupil_id uuid, n smallint,
  primary key (school_id, id),
  foreign key (school_id, pupil_id) references pupil (school_id, id) on delete cascade
);
alter table mark enable row level security;
create policy tenant on mark using ({POLICY}) with check ({POLICY});
create view seen with (security_invoker = true) as select * from mark;
"""
FAULTS = [
    ("create table loose (id uuid primary key)", "loose: no school_id"),
    ("alter table school add school_id integer", "school: a reference table with a school_id"),
    ("alter table mark alter school_id set default 1", "mark: school_id has a default"),
    ("alter table mark drop constraint mark_pkey", "mark: no primary key"),
    ("create unique index on mark (id)", "mark: unique index without school_id"),
    ("create index on mark (id, school_id)", "mark: index does not start with school_id"),
    (
        "alter table mark add exclude using btree (n with =)",
        "mark: exclusion constraint without school_id",
    ),
    (
        (
            "alter table pupil add unique (id);"
            " alter table mark add foreign key (pupil_id) references pupil (id)"
        ),
        "mark: foreign key to a school's table without the pair",
    ),
    (
        (
            "alter table school add pupil_id uuid; alter table school add s integer;"
            " alter table school add foreign key (s, pupil_id) references pupil (school_id, id)"
        ),
        "school: foreign key from a reference table",
    ),
    (
        "alter table mark add foreign key (school_id, id) references pupil on delete set null",
        "mark: foreign key action SET NULL",
    ),
    (
        (
            "create function f() returns trigger language plpgsql as 'begin return new; end';"
            " create trigger t before update on mark for each row execute function f()"
        ),
        "mark: trigger: t",
    ),
    ("create rule r as on delete to mark do instead nothing", "mark: rule: r"),
    (
        "alter table mark add no integer generated always as identity",
        "mark: counter smaller than bigint: no",
    ),
    ("alter table mark disable row level security", "mark: row security is off"),
    ("drop policy tenant on mark", "mark: no policy for the school"),
    ("create policy all_see on mark using (true)", "mark: policy that says anything but"),
    (
        "create policy w on mark for insert with check (true)",
        "mark: policy that says anything but the school: w",
    ),
    (
        f"drop policy tenant on mark; create policy tenant on mark as restrictive using ({POLICY})",
        "mark: no policy for the school",
    ),
    ("create view open_view as select * from mark", "open_view: view without security_invoker"),
    (
        "create table big (school_id bigint not null primary key)",
        "big: school_id is not integer not null",
    ),
]


@pytest.fixture
async def schema(postgres: EmbeddedPostgres) -> AsyncIterator[Connection]:
    """A small good schema inside a transaction that never ends well."""
    conn: Connection = await asyncpg.connect(postgres.superuser_dsn)
    transaction = conn.transaction()
    await transaction.start()
    await conn.execute(f"create schema {SCHEMA}; set local search_path = {SCHEMA}; {GOOD}")
    yield conn
    await transaction.rollback()
    await conn.close()


async def test_a_good_schema_passes(schema: Connection) -> None:
    assert await catalogue_violations(schema, SCHEMA) == []
    assert await tenant_tables(schema, SCHEMA) == {f"{SCHEMA}.pupil", f"{SCHEMA}.mark"}


@pytest.mark.parametrize(("fault", "expected"), FAULTS)
async def test_a_fault_is_named(schema: Connection, fault: str, expected: str) -> None:
    await schema.execute(fault)
    found = await catalogue_violations(schema, SCHEMA)
    assert any(line.startswith(f"{SCHEMA}.{expected}") for line in found), found
