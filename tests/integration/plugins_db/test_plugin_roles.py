"""A plugin gets its roles, loses them, and its data is kept or erased, on any PostgreSQL."""

import asyncio
import base64
import os
import subprocess
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.migrate import migrate
from kundelik_core.kernel.pg import EmbeddedPostgres, find_binaries
from kundelik_core.plugins.database import (
    Logins,
    PluginPool,
    ProvisionError,
    Signer,
    erase,
    install_key,
    known_scopes,
    login_of,
    migrate_plugin,
    provision,
    restore,
    retain,
    schema_of,
    suspend,
)
from kundelik_core.plugins.database.logins import as_user, scram_verifier
from kundelik_core.sdk import SCOPES
from tests.factories import Factory
from tests.integration.plugins_db.vendor import NOTES, SECRET, SIGNER, Vendor, installed, nothing

DAY = date(2026, 11, 24)


@pytest.fixture
async def vendor(urls: Urls, tmp_path: Path) -> AsyncIterator[Vendor]:
    async with installed(urls, "roles", ["student.v1"]) as made:
        await made.migrate(tmp_path, {"0001_notes": NOTES})
        yield made


async def _granted(vendor: Vendor) -> set[str]:
    rows = await vendor.admin.fetch(
        "select relname from pg_class where relnamespace = 'core_api'::regnamespace "
        "and has_table_privilege($1::text, oid, 'select')",
        login_of(vendor.name),
    )
    return {row["relname"] for row in rows}


async def test_exactly_the_approved_scopes_are_open(vendor: Vendor) -> None:
    assert await _granted(vendor) == {"student_v1"}
    await provision(vendor.admin, vendor.name, ["mark.v1", "student.birth_date.v1"])
    assert await _granted(vendor) == {"mark_v1", "student_birth_date_v1"}
    await provision(vendor.admin, vendor.name, [])
    assert await _granted(vendor) == set()
    with pytest.raises(ValueError, match=r"no view of the core belongs to person\.v1"):
        await provision(vendor.admin, vendor.name, ["person.v1"])


async def test_every_view_has_a_scope_and_the_barrier_and_starts_with_the_school(
    vendor: Vendor,
) -> None:
    rows = await vendor.admin.fetch(
        "select relname, reloptions, pg_get_viewdef(oid) as body, "
        "obj_description(oid) as scope from pg_class "
        "where relnamespace = 'core_api'::regnamespace"
    )
    assert {row["scope"] for row in rows} == await known_scopes(vendor.admin) == set(SCOPES)
    for row in rows:
        assert row["scope"].replace(".", "_") == row["relname"]
        assert row["reloptions"] == ["security_barrier=true"]
        # Once for each branch of a union.
        branches = row["body"].count("SELECT") and row["body"].count("UNION ALL") + 1
        assert row["body"].count("school_id = ( SELECT core_api.current_school()") == branches
        assert "iin" not in row["body"]


async def test_what_a_plugin_changed_about_its_login_is_put_back(vendor: Vendor) -> None:
    conn = await vendor.connect()
    await conn.execute("alter role current_user set statement_timeout = 0")
    await conn.execute("alter role current_user set search_path = 'core_api'")
    await conn.close()
    await provision(vendor.admin, vendor.name, [], logins=vendor.logins)
    conn = await vendor.connect()
    assert await conn.fetchval("show statement_timeout") == "5s"
    assert await conn.fetchval("show search_path") == schema_of(vendor.name)
    await conn.close()


async def test_several_starters_provision_and_migrate_at_once(
    vendor: Vendor, tmp_path: Path
) -> None:
    (tmp_path / "0002_more.sql").write_text("alter table note add column x text;\n")
    admins = [await asyncpg.connect(vendor.urls.migrate_tenant) for _ in range(4)]
    try:
        done = await asyncio.gather(
            *(vendor.migrate(tmp_path, {}) for _ in admins),
            *(provision(a, vendor.name, ["mark.v1"], logins=vendor.logins) for a in admins),
        )
        assert sorted(filter(None, done)) == [["0002_more"]]
    finally:
        for admin in admins:
            await admin.close()
    assert await _granted(vendor) == {"mark_v1"}


async def test_a_schema_that_is_not_ours_is_left_alone(vendor: Vendor) -> None:
    name = f"strange_{os.getpid()}"
    await vendor.admin.execute(f"create schema plugin_{name}")
    with pytest.raises(ProvisionError, match=r"schema .* that Kundelik did not make"):
        await provision(vendor.admin, name, [])
    await vendor.admin.execute(f"drop schema plugin_{name}")
    assert not await vendor.admin.fetch("select from pg_roles where rolname = $1", f"p_{name}")


PARTS = """
create type mood as enum ('good', 'bad');
create type pair as (a integer, b integer);
create sequence loose;
create table part (
  school_id integer not null,
  n         bigint  not null generated always as identity,
  mood      mood,
  primary key (school_id, n)
);
create view parts with (security_invoker) as select * from part;
"""


def _tool(program: str, *arguments: str) -> None:
    command = [str(find_binaries() / program), "--role=kundelik_owner", *arguments]
    subprocess.run(command, check=True, capture_output=True)


async def test_a_restored_schema_goes_back_to_its_owner(
    vendor: Vendor, tmp_path: Path, factory: Factory, postgres: EmbeddedPostgres
) -> None:
    """By way of a dump and another database, as docs/install.md says."""
    school = await factory.school()
    await vendor.migrate(tmp_path, {"0002_parts": PARTS})
    async with vendor.pool.transaction(vendor.token(school), write=True) as tx:
        await tx.execute("insert into part (school_id, mood) values ($1, 'good')", school)
    name = f"k_restored_{os.getpid()}"
    await vendor.admin.execute(f"create database {name} owner kundelik_owner")
    copy = postgres.dsn(name, "postgres")
    dump = str(tmp_path / "all.dump")
    only = ("--schema=core*", "--schema=plugin_*")
    source = vendor.urls.migrate_tenant
    await asyncio.to_thread(_tool, "pg_dump", "--format=custom", *only, f"--file={dump}", source)
    keep = ("--no-owner", "--exit-on-error")
    await asyncio.to_thread(_tool, "pg_restore", *keep, f"--dbname={copy}", dump)
    logins = Logins(postgres.dsn(name, "kundelik_app"), SECRET)
    admin, pool = await asyncpg.connect(copy), PluginPool(logins.url_for(vendor.name))
    try:
        await install_key(admin, SIGNER)
        await provision(admin, vendor.name, ["student.v1"], logins=logins)
        (tmp_path / "0003_more.sql").write_text("alter table part add column x text;\n")
        assert await migrate_plugin(copy, vendor.name, tmp_path, signer=SIGNER) == ["0003_more"]
        async with pool.transaction(vendor.token(school), write=True) as tx:
            assert await tx.fetch("select mood, x from part") == [{"mood": "good", "x": None}]
            await tx.execute("insert into part (school_id) values ($1)", school)
    finally:
        await pool.close()
        await admin.close()
        await vendor.admin.execute(f"drop database {name} with (force)")


async def test_a_role_that_is_not_ours_is_left_alone(vendor: Vendor) -> None:
    name = f"strange_{os.getpid()}"
    await vendor.admin.execute(f"create role p_{name} superuser")
    try:
        with pytest.raises(ProvisionError, match="Kundelik did not make"):
            await provision(vendor.admin, name, [])
    finally:
        await vendor.admin.execute(f"drop role p_{name}")


async def test_a_login_that_was_made_mightier_is_refused(vendor: Vendor) -> None:
    await vendor.admin.execute(f"grant pg_read_all_data to {login_of(vendor.name)}")
    with pytest.raises(ProvisionError, match="may more than a plugin should"):
        await provision(vendor.admin, vendor.name, [])
    await vendor.admin.execute(f"revoke pg_read_all_data from {login_of(vendor.name)}")


async def test_the_verifier_is_the_one_that_postgres_makes(vendor: Vendor) -> None:
    role = f"probe_{os.getpid()}"
    await vendor.admin.execute(f"create role {role} password 'three quiet camels'")
    made: str = await vendor.admin.fetchval(
        "select rolpassword from pg_authid where rolname = $1", role
    )
    await vendor.admin.execute(f"drop role {role}")
    salt = base64.b64decode(made.split("$")[1].partition(":")[2])
    assert scram_verifier("three quiet camels", salt) == made
    kept = await vendor.admin.fetchval(
        "select rolpassword from pg_authid where rolname = $1", login_of(vendor.name)
    )
    assert kept == vendor.logins.verifier(vendor.name)


async def test_a_suspended_plugin_is_out_at_once(vendor: Vendor) -> None:
    conn = await vendor.connect()
    assert await suspend(vendor.admin, vendor.name) == 1
    # The driver may be told of the end before it asks, while it asks, or afterwards.
    broken = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
    with pytest.raises(broken):
        await conn.execute("select 1")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await vendor.connect()
    await provision(vendor.admin, vendor.name, ["student.v1"], logins=vendor.logins)
    await (await vendor.connect()).close()


async def test_data_is_put_aside_brought_back_and_erased(
    vendor: Vendor, tmp_path: Path, factory: Factory
) -> None:
    school = await factory.school()
    async with vendor.pool.transaction(vendor.token(school), write=True) as tx:
        await tx.execute(
            "insert into note values ($1, gen_random_uuid(), gen_random_uuid(), 'x')", school
        )
    exported = []

    async def export(name: str) -> None:
        rows = await vendor.admin.fetch(f"select body from {schema_of(name)}.note")
        exported.append(len(rows))

    trash = await retain(vendor.admin, vendor.name, DAY, export=export)
    assert exported == [1]
    assert trash == f"trash_{vendor.name}_20261124"
    assert await _granted(vendor) == set()
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await vendor.connect()

    # Installed anew, it starts from nothing; put aside again, both are kept.
    await provision(vendor.admin, vendor.name, [], logins=vendor.logins)
    assert await vendor.migrate(tmp_path, {"0001_notes": NOTES}) == ["0001_notes"]
    second = await retain(vendor.admin, vendor.name, DAY, export=nothing)
    assert second == f"{trash}_2"
    await restore(vendor.admin, vendor.name, trash)
    await provision(vendor.admin, vendor.name, [], logins=vendor.logins)
    assert await vendor.migrate(tmp_path, {"0001_notes": NOTES}) == []
    async with vendor.pool.transaction(vendor.token(school)) as tx:
        assert await tx.fetchval("select count(*) from note") == 1

        await tx.execute("commit")
        large = await tx.fetchval("select lo_from_bytea(0, 'x')")
    await erase(vendor.admin, vendor.name, export=nothing)
    assert not await vendor.admin.fetch("select from pg_largeobject_metadata where oid = $1", large)
    left = await vendor.admin.fetchval(
        "select (select count(*) from pg_namespace where nspname in ($1, $2, $3)) "
        "+ (select count(*) from pg_roles where rolname like 'p\\_' || $4 || '%') "
        "+ (select count(*) from core_plugins.migration where schema like '%' || $4 || '%')",
        schema_of(vendor.name), trash, second, vendor.name,
    )  # fmt: skip
    assert left == 0


async def test_an_export_that_fails_stops_the_removal(vendor: Vendor) -> None:
    async def full(_name: str) -> None:
        raise OSError("no space left")

    for remove in (retain(vendor.admin, vendor.name, DAY, export=full),
                   erase(vendor.admin, vendor.name, export=full)):  # fmt: skip
        with pytest.raises(OSError, match="no space"):
            await remove
    await (await vendor.connect()).close()


async def test_keys_overlap_while_they_are_changed(vendor: Vendor, factory: Factory) -> None:
    school, fresh = await factory.school(), Signer(b"n" * 32)
    old_token, new_token = vendor.token(school), fresh.mint(vendor.name, school)
    seen = "select core_api.current_school()"

    async def opens(token: str) -> bool:
        async with vendor.pool.transaction(token) as tx:
            return bool(await tx.fetchval(seen) == school)

    try:
        assert (await opens(old_token), await opens(new_token)) == (True, False)
        await install_key(vendor.admin, fresh)
        assert (await opens(old_token), await opens(new_token)) == (True, True)
        await install_key(vendor.admin, fresh, overlap=-1)
        assert (await opens(old_token), await opens(new_token)) == (False, True)
    finally:
        await install_key(vendor.admin, SIGNER, overlap=-1)


@pytest.fixture
async def plain_admin(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """An empty database as docs/install.md has it: the login of migrations is no superuser."""
    role, name = f"plain_admin_{os.getpid()}", f"k_plain_{os.getpid()}"
    conn = await asyncpg.connect(postgres.superuser_dsn)
    await conn.execute(f"create role {role} login createrole password 'x' in role kundelik_owner")
    await conn.execute(f"create database {name} owner kundelik_owner")
    yield as_user(postgres.dsn(name, role), role, "x")
    await conn.execute(f"drop database {name} with (force)")
    await conn.execute(f"drop owned by {role}")
    await conn.execute(f"drop role {role}")
    await conn.close()


@pytest.mark.xdist_group("empty-database")
async def test_an_ordinary_server_will_do(plain_admin: str, tmp_path: Path) -> None:
    """CREATEROLE and the database's owner are all that it takes."""
    name = f"plain_{os.getpid()}"
    await migrate(plain_admin, "tenant")
    (tmp_path / "0001_notes.sql").write_text(NOTES)
    logins = Logins(plain_admin, SECRET)
    admin = await asyncpg.connect(plain_admin)
    pool = PluginPool(logins.url_for(name))
    try:
        assert not await admin.fetchval("select rolsuper from pg_roles where rolname = user")
        await install_key(admin, SIGNER)
        for _again in range(2):
            await provision(admin, name, ["student.v1"], logins=logins)
        assert await migrate_plugin(plain_admin, name, tmp_path, signer=SIGNER) == ["0001_notes"]
        async with pool.transaction(SIGNER.mint(name, 7), write=True) as tx:
            await tx.execute(
                "insert into note values (7, gen_random_uuid(), gen_random_uuid(), 'x')"
            )
            assert await tx.fetch("select * from core_api.student_v1") == []
        trash = await retain(admin, name, DAY, export=nothing)
        await restore(admin, name, trash)
    finally:
        await pool.close()
        await erase(admin, name, export=nothing)
        await admin.close()
    conn = await asyncpg.connect(plain_admin)
    assert not await conn.fetchval(
        "select count(*) from pg_roles where rolname like $1", f"p_{name}%"
    )
    await conn.close()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://app:x@db.local:5432/k", "postgresql://p_a:s%20t@db.local:5432/k"),
        ("postgresql://app@/k?host=/run/pg", "postgresql://p_a:s%20t@/k?host=/run/pg"),
        ("postgresql:///k?user=app&password=x&host=h", "postgresql://p_a:s%20t@/k?host=h"),
    ],
)
def test_an_address_gets_another_login(url: str, expected: str) -> None:
    assert as_user(url, "p_a", "s t") == expected
