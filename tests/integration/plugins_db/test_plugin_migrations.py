"""A plugin's migrations run with its own rights alone, and end up by the core's rules or not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.migrate import MigrationError
from kundelik_core.plugins.database import RuleBroken, Signer, login_of, owner_of, schema_of
from kundelik_core.plugins.database.logins import as_user
from tests.factories import Factory
from tests.integration.plugins_db.vendor import NOTES, SIGNER, Vendor, installed
from tests.lints.catalogue import catalogue_violations

FIRST = {"0001_notes": NOTES}
ROW = "school_id integer not null, id uuid not null"
KEY = "primary key (school_id, id)"


@pytest.fixture
async def vendor(urls: Urls) -> AsyncIterator[Vendor]:
    async with installed(urls, "migrating") as made:
        yield made


async def _tables(vendor: Vendor) -> set[str]:
    rows = await vendor.admin.fetch(
        "select relname from pg_class where relnamespace = $1::text::regnamespace "
        "and relkind in ('r', 'p')",
        schema_of(vendor.name),
    )
    return {row["relname"] for row in rows}


async def test_each_file_is_applied_once(vendor: Vendor, tmp_path: Path) -> None:
    assert await vendor.migrate(tmp_path, FIRST) == ["0001_notes"]
    assert await vendor.migrate(tmp_path, FIRST) == []
    more = {"0002_pinned": "alter table note add column pinned boolean not null default false;\n"}
    assert await vendor.migrate(tmp_path, more) == ["0002_pinned"]
    assert await _tables(vendor) == {"note"}


async def test_two_starters_apply_each_file_once(vendor: Vendor, tmp_path: Path) -> None:
    done = await asyncio.gather(vendor.migrate(tmp_path, FIRST), vendor.migrate(tmp_path, FIRST))
    assert sorted(done) == [[], ["0001_notes"]]


async def test_a_changed_gone_or_misnamed_file_is_refused(vendor: Vendor, tmp_path: Path) -> None:
    await vendor.migrate(tmp_path, FIRST)
    with pytest.raises(MigrationError, match="0001_notes was changed"):
        await vendor.migrate(tmp_path, {"0001_notes": NOTES + "comment on table note is 'x';\n"})
    with pytest.raises(MigrationError, match="newer than this release"):
        await vendor.migrate(tmp_path / "empty", {})
    with pytest.raises(MigrationError, match="misnamed"):
        await vendor.migrate(tmp_path, {**FIRST, "two": "drop table note;\n"})


async def test_a_file_that_fails_leaves_nothing_behind(vendor: Vendor, tmp_path: Path) -> None:
    broken = f"create table one ({ROW}, {KEY});\nupdate one set nobody = 1;\n"
    with pytest.raises(MigrationError, match=r"0002_broken, statement 2: .*nobody"):
        await vendor.migrate(tmp_path, {**FIRST, "0002_broken": broken})
    assert await _tables(vendor) == {"note"}
    mended = {"0002_broken": f"create table one ({ROW}, {KEY});\n"}
    assert await vendor.migrate(tmp_path, mended) == ["0002_broken"]


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("create table t (id uuid primary key)", "t has no school_id"),
        (f"create table t (school_id bigint not null, id uuid, {KEY})", "integer not null"),
        ("create table t (school_id integer, id uuid unique)", "t school_id must be integer"),
        (f"create table t (school_id integer not null default 1, id uuid, {KEY})", "no default"),
        (f"create table t ({ROW})", "t has no primary key"),
        (f"create table t ({ROW}, primary key (id, school_id))", "must come first in t_pkey"),
        (f"create table t ({ROW}, {KEY}, unique (id))", "must come first in t_id_key"),
        (f"create table t ({ROW}, {KEY});\ncreate index t_id on t (id)", "come first in t_id"),
        (
            (
                f"create table a ({ROW}, {KEY});\ncreate table t ({ROW}, {KEY}, other integer, "
                "foreign key (other, id) references a (school_id, id))"
            ),
            "t foreign key t_other_id_fkey must pair school_id",
        ),
        (
            f"create table t ({ROW}, {KEY}, n integer generated always as identity)",
            "t_n_seq counts in less than bigint",
        ),
        (
            f"create table t ({ROW}, {KEY});\ncreate view v as select * from t",
            "v is a view without",
        ),
    ],
)
async def test_a_table_that_breaks_a_rule_is_not_kept(
    vendor: Vendor, tmp_path: Path, sql: str, what: str
) -> None:
    with pytest.raises(RuleBroken, match=what) as refused:
        await vendor.migrate(tmp_path, {"0001_bad": f"{sql};\n"})
    assert refused.value.file == "0001_bad"
    assert await _tables(vendor) == set()


@pytest.mark.parametrize(
    "sql",
    [
        "commit",
        "rollback",
        "/* x */ commit",
        "-- x\ncommit",
        "begin",
        "set search_path = core",
        "set role kundelik_owner",
        "reset role",
        "do 'begin end'",
        "create function f() returns int language sql return 1",
        "create trigger t before update on note execute function f()",
        "create rule r as on delete to note do instead nothing",
        "create unlogged table t (a int)",
        "create temporary table t (a int)",
        "create materialized view v as select 1",
        "create schema other",
        "create extension pgcrypto",
        "create policy open on note using (true)",
        "alter default privileges grant select on tables to public",
        "alter role current_user superuser",
        "alter policy school on note using (true)",
        "grant select on note to public",
        "copy note to program 'true'",
        "lock table note",
        "vacuum note",
        "select 1",
        "call f()",
        "prepare transaction 'x'",
    ],
)
async def test_a_migration_only_makes_tables(vendor: Vendor, tmp_path: Path, sql: str) -> None:
    with pytest.raises(MigrationError, match=r"statement 1: .* is not for migrations"):
        await vendor.migrate(tmp_path, {"0001_bad": f"{sql};\n"})


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("with x as (select 1) select 1; commit", "cannot insert multiple commands"),
        ("with x as (select 1) select set_config('role', 'kundelik_owner', true)", "denied"),
        ("with x as (select * from core.person) select 1", "permission denied for schema core"),
        (
            "with x as (select * from core_api.mark_v1) select * from x",
            "permission denied for view",
        ),
        ("create table t as select * from core_api.mark_v1", "permission denied for view"),
        ("create table core.t (a int)", "permission denied for schema core"),
        ("create table public.t (a int)", "permission denied for schema public"),
        ("with x as (select id from core_plugins.migration) select 1", "permission denied"),
        (
            (
                "with x as (select core_api.record_migration('0009_x', 'x', 9999999999, 'k', 'x'))"
                " select * from x"
            ),
            "not signed",
        ),
        (
            "with x as (select 1) insert into core_plugins.migration values ('a', 'b', 'c')",
            "denied",
        ),
    ],
)
async def test_it_reaches_nothing_but_its_schema(
    vendor: Vendor, tmp_path: Path, sql: str, what: str
) -> None:
    with pytest.raises(MigrationError, match=what):
        await vendor.migrate(tmp_path, {"0001_bad": f"{sql};\n"})


async def test_row_security_cannot_be_left_off(vendor: Vendor, tmp_path: Path) -> None:
    await vendor.migrate(tmp_path, FIRST)
    off = ("no force", "disable")
    sql = "".join(f"alter table note {word} row level security;\n" for word in off)
    await vendor.migrate(tmp_path, {"0002_off": sql})
    row = await vendor.admin.fetchrow(
        "select relrowsecurity, relforcerowsecurity, (select count(*) from pg_policy "
        "where polrelid = c.oid) as policies from pg_class c "
        "where oid = ($1 || '.note')::regclass",
        schema_of(vendor.name),
    )
    assert row is not None
    assert tuple(row.values()) == (True, True, 1)


async def test_a_migration_rewrites_the_rows_of_all_schools(
    vendor: Vendor, tmp_path: Path, factory: Factory
) -> None:
    await vendor.migrate(tmp_path, FIRST)
    schools = [await factory.school(), await factory.school()]
    for school in schools:
        async with vendor.pool.transaction(vendor.token(school), write=True) as tx:
            await tx.execute("insert into note values ($1, $2, $2, 'old')", school, new_id())
    await vendor.migrate(tmp_path, {"0002_new": "update note set body = 'new';\n"})
    for school in schools:
        async with vendor.pool.transaction(vendor.token(school)) as tx:
            assert await tx.fetch("select school_id, body from note") == [
                {"school_id": school, "body": "new"}
            ]


async def test_the_owner_s_login_is_shut_again(vendor: Vendor, tmp_path: Path) -> None:
    await vendor.migrate(tmp_path, FIRST)
    row = await vendor.admin.fetchrow(
        "select rolcanlogin, rolpassword from pg_authid where rolname = $1", owner_of(vendor.name)
    )
    assert row is not None
    assert tuple(row.values()) == (False, None)


async def test_a_ledger_line_signed_for_one_file_is_no_good_for_another(vendor: Vendor) -> None:
    expires, key, mac = SIGNER.ledger(vendor.name, "0001_a", b"x")
    forged = Signer(b"f" * 32).ledger(vendor.name, "0002_b", b"x")
    await vendor.admin.execute(f"alter role {owner_of(vendor.name)} login password 'x'")
    url = as_user(vendor.urls.tenant, owner_of(vendor.name), "x")
    conn = await asyncpg.connect(url)
    call = "select core_api.record_migration($1, $2, $3, $4, $5)"
    try:
        for attempt in (
            ("0002_b", b"x", expires, key, mac),
            ("0001_a", b"y", expires, key, mac),
            ("0001_a", b"x", expires + 1, key, mac),
            ("0002_b", b"x", *forged),
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="not signed"):
                await conn.execute(call, *attempt)
        await conn.execute(call, "0001_a", b"x", expires, key, mac)
    finally:
        await conn.close()


async def test_the_core_s_own_rules_still_hold(vendor: Vendor, tmp_path: Path) -> None:
    before = await catalogue_violations(vendor.admin, "core")
    await vendor.migrate(tmp_path, FIRST)
    assert await catalogue_violations(vendor.admin, "core") == before
    found = await catalogue_violations(vendor.admin, schema_of(vendor.name))
    # A plugin's school is the signed one, and its owner is held to it as well.
    assert {line.partition(": ")[2].partition(":")[0] for line in found} == {
        "no policy for the school",
        "policy that says anything but the school",
        "FORCE ROW SECURITY with an owner that has no BYPASSRLS",
    }
    assert login_of(vendor.name) not in str(found)
