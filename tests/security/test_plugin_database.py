"""What a plugin may try in PostgreSQL, one attempt after another, as its own login.

The attempts go past our engine, on a connection of their own: what holds here holds for hostile
code too. Those that succeed are asserted as well; docs/vendors/security-model.md says so openly.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.database import Signer, end_old_sessions, login_of, owner_of, schema_of
from kundelik_core.plugins.database.logins import as_user
from kundelik_core.plugins.database.roles import CONNECTIONS, make_roles
from tests.factories import NOW, Factory
from tests.integration.plugins_db.vendor import NOTES, SIGNER, Vendor, installed

COUNT = "select count(*) from core_api.mark_v1"


class Scene:
    """Two schools with marks, and the plugin that serves both."""

    def __init__(self, vendor: Vendor, schools: tuple[int, int], pupil: UUID) -> None:
        self.vendor = vendor
        self.mine, self.other = schools
        self.pupil = pupil


@pytest.fixture(scope="module")
async def scene(
    urls: Urls, factory: Factory, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    schools = []
    pupil = new_id()
    for marks in (3, 2):
        school = await factory.school()
        journal = await factory.journal(school, pupils=marks)
        pupil = journal.pupils[0]
        work = new_id()
        await factory.tenant.execute(
            "insert into core.work (school_id, id, group_id, kind, date) "
            "values ($1, $2, $3, 'fo', $4)", school, work, journal.group, journal.dates[0],
        )  # fmt: skip
        for child in journal.pupils:
            await factory.tenant.execute(
                "insert into core.mark (school_id, work_id, pupil_id, date, points, changed_at) "
                "values ($1, $2, $3, $4, 8, $5)", school, work, child, journal.dates[0], NOW,
            )  # fmt: skip
        schools.append(school)
    async with installed(urls, "rating", ["mark.v1", "student.v1", "attendance.v1"]) as vendor:
        await vendor.migrate(tmp_path_factory.mktemp("rating"), {"0001_notes": NOTES})
        yield Scene(vendor, (schools[0], schools[1]), pupil)


@pytest.fixture
async def conn(scene: Scene) -> AsyncIterator[Connection]:
    """A session of the plugin, in a transaction without any context."""
    made = await scene.vendor.connect()
    transaction = made.transaction()
    await transaction.start()
    yield made
    if not made.is_closed():
        await made.close()


async def enter(conn: Connection, token: str) -> None:
    await conn.execute(f"set local kundelik.ctx = '{token}'")


async def test_no_context_no_marks(conn: Connection) -> None:
    assert await conn.fetchval(COUNT) == 0
    assert await conn.fetchval("select core_api.current_school()") is None


async def test_a_context_opens_its_school_and_no_other(scene: Scene, conn: Connection) -> None:
    await enter(conn, scene.vendor.token(scene.mine))
    assert await conn.fetchval(COUNT) == 3
    assert await conn.fetchval(f"{COUNT} where school_id = $1", scene.other) == 0
    assert {r["school_id"] for r in await conn.fetch("select * from core_api.student_v1")} == {
        scene.mine
    }


@pytest.mark.parametrize(
    "attempt",
    [
        "select * from core.mark",
        "select * from core.person",
        "select iin_cipher from core.person",
        "select * from directory.account",
        "select * from core_api.staff_v1",
        "select * from core_api.student_birth_date_v1",
        "select * from core_plugins.context_key",
        "select * from core_plugins.migration",
        "insert into core_plugins.migration values ('plugin_rating', '0009_x', 'x')",
        "update core_api.attendance_v1 set code = 'late'",
        "delete from core_api.attendance_v1",
        "create table mine (a int)",
        "create table public.mine (a int)",
        "create temp table mine (a int)",
        "create schema mine",
        "create function f() returns int language sql return 1",
        "create view v as select 1",
        "alter table note no force row level security",
        "alter table note disable row level security",
        "drop policy school on note",
        "drop table note",
        "truncate note",
        "create index on note (body)",
        "select core_plugins.signed('a', 'b', 'c')",
        "select core_plugins.end_sessions(0, 0)",
        "select core_api.record_migration('0009_x', 'x', 9999999999, 'aaaaaaaa', 'x')",
        "alter role kundelik_app nologin",
        "alter role current_user bypassrls",
        "create role friend",
        "set session authorization postgres",
        "select pg_read_file('/etc/passwd')",
        "copy (select 1) to program 'true'",
        "copy note to '/tmp/note'",
        "select * from pg_authid",
        "set session_replication_role = replica",
    ],
)
async def test_it_is_refused(conn: Connection, attempt: str) -> None:
    # A schema that may not be used, a right that is not there, or a table nobody shows it.
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedTableError)):
        await conn.execute(attempt)


async def test_it_cannot_share_its_tables(scene: Scene, conn: Connection) -> None:
    """PostgreSQL only warns; nothing is granted."""
    await conn.execute("grant select on note to public")
    assert not await conn.fetchval(
        "select has_table_privilege('kundelik_app', $1::text, 'select')",
        f"{schema_of(scene.vendor.name)}.note",
    )


async def test_no_row_goes_to_another_school(scene: Scene, conn: Connection) -> None:
    insert = "insert into note values ($1, $2, $3, 'x')"
    await enter(conn, scene.vendor.token(scene.mine))
    await conn.execute(insert, scene.mine, new_id(), scene.pupil)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await conn.execute(insert, scene.other, new_id(), scene.pupil)


async def test_no_row_without_a_context(scene: Scene, conn: Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await conn.execute("insert into note values ($1, $2, $2, 'x')", scene.mine, new_id())


async def test_a_forged_tampered_expired_or_foreign_token_shows_nothing(
    scene: Scene, conn: Connection
) -> None:
    good = scene.vendor.token(scene.mine)
    parts = good.split(":")
    forged = Signer(b"f" * 32).mint(scene.vendor.name, scene.mine)
    wrong = [
        forged,
        ":".join([*forged.split(":")[:3], SIGNER.key_id, forged.split(":")[4]]),
        ":".join([parts[0], str(scene.other), *parts[2:]]),
        ":".join([*parts[:2], str(int(parts[2]) + 1), *parts[3:]]),
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        scene.vendor.token(scene.mine, ttl=-1),
        SIGNER.mint("other", scene.mine),
        good + ":",
        ":::::",
        "::::",
        "",
        f"p_{scene.vendor.name}",
        f"{parts[0]}:x:y:{SIGNER.key_id}:z",
        good.upper(),
    ]
    for token in wrong:
        await enter(conn, token)
        assert await conn.fetchval(COUNT) == 0, token
    await enter(conn, good)
    assert await conn.fetchval(COUNT) == 3


async def test_the_core_s_own_setting_is_worth_nothing(scene: Scene, conn: Connection) -> None:
    await conn.execute(f"set local app.school_id = '{scene.mine}'")
    assert await conn.fetchval(COUNT) == 0
    assert await conn.fetchval("select count(*) from note") == 0


@pytest.mark.parametrize("role", ["kundelik_app", "kundelik_owner", "postgres", "owner"])
async def test_there_is_no_role_to_switch_to(scene: Scene, conn: Connection, role: str) -> None:
    wanted = owner_of(scene.vendor.name) if role == "owner" else role
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError)):
        await conn.execute("select set_config('role', $1, true)", wanted)


async def test_none_is_itself(scene: Scene, conn: Connection) -> None:
    """The escape from ``set local role`` on a shared login leads nowhere from one's own."""
    await conn.execute("select set_config('role', 'none', true)")
    assert await conn.fetchval("select current_user") == login_of(scene.vendor.name)


async def test_the_owner_cannot_log_in(scene: Scene) -> None:
    owner = owner_of(scene.vendor.name)
    await scene.vendor.admin.execute(f"alter role {owner} password 'x'")
    url = as_user(scene.vendor.urls.tenant, owner, "x")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="not permitted"):
        await asyncpg.connect(url)


async def test_connections_are_counted(scene: Scene) -> None:
    vendor = scene.vendor
    # Whoever tests on one server has more of them than an installation.
    await make_roles(vendor.admin, vendor.name, vendor.logins, connections=CONNECTIONS)
    held = [await vendor.connect() for _ in range(CONNECTIONS)]
    try:
        with pytest.raises(asyncpg.TooManyConnectionsError):
            held.append(await vendor.connect())
    finally:
        for one in held:
            await one.close()
        await make_roles(vendor.admin, vendor.name, vendor.logins)


async def test_its_own_timeouts_can_be_raised_so_the_watchdog_ends_it(
    scene: Scene, conn: Connection, databases: Databases
) -> None:
    """Known limit: a role's timeouts are defaults."""
    assert await conn.fetchval("show statement_timeout") == "5s"
    await conn.execute("set statement_timeout = 0")
    assert await conn.fetchval("show statement_timeout") == "0"
    pid = await conn.fetchval("select pg_backend_pid()")
    ended = await end_old_sessions(databases.tenant_pool(scene.mine), transaction_seconds=-1)
    assert (login_of(scene.vendor.name), pid) in {(e.login, e.pid) for e in ended}
    assert not await scene.vendor.admin.fetch("select from pg_stat_activity where pid = $1", pid)
    with pytest.raises(
        (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
    ):
        await conn.fetchval("select 1")


async def test_a_kept_token_of_another_school_opens_that_school(
    scene: Scene, conn: Connection
) -> None:
    """Known limit: code that serves two schools can mix them up on purpose while a token lives."""
    kept = scene.vendor.token(scene.other)
    await enter(conn, scene.vendor.token(scene.mine))
    assert await conn.fetchval(COUNT) == 3
    await enter(conn, kept)
    assert await conn.fetchval(COUNT) == 2


async def test_a_session_of_the_same_plugin_shows_its_token(scene: Scene, conn: Connection) -> None:
    """Known limit, the same as above: one login is one plugin, whatever school it serves."""
    async with scene.vendor.pool.transaction(scene.vendor.token(scene.other)):
        queries = await conn.fetch("select query from pg_stat_activity where usename = user")
    assert any(f":{scene.other}:" in row["query"] for row in queries)


async def test_what_postgres_lets_everybody_do(scene: Scene, conn: Connection) -> None:
    """Known limits: none reads or changes a row of the core, and the watchdog ends the session."""
    await conn.execute("notify kundelik_hub, 'x'")
    await conn.execute("select lo_from_bytea(0, 'x')")
    await conn.execute("select pg_advisory_xact_lock(8)")
    assert await conn.fetchval("select count(*) from pg_class where relname = 'person'") == 1
    await conn.execute("rollback")


async def test_an_advisory_lock_is_not_held_for_ever(
    scene: Scene, conn: Connection, databases: Databases
) -> None:
    await conn.execute("select pg_advisory_lock(8)")
    await conn.execute("commit")
    pid = conn.get_server_pid()  # type: ignore[attr-defined]  # asyncpg has it
    app = databases.tenant_pool(scene.mine)
    assert pid not in {e.pid for e in await end_old_sessions(app)}
    ended = await end_old_sessions(app, transaction_seconds=-1)
    assert ("transaction", pid) in {(e.reason, e.pid) for e in ended}


async def test_no_foreign_key_holds_a_row_of_the_core(
    scene: Scene, tmp_path: Path, factory: Factory
) -> None:
    sql = (
        "create table held (school_id integer not null, id uuid not null, primary key "
        "(school_id, id), foreign key (school_id, id) references core.person (school_id, id));\n"
    )
    with pytest.raises(Exception, match="permission denied for schema core"):
        await scene.vendor.migrate(tmp_path, {"0001_notes": NOTES, "0002_held": sql})
    person = await factory.person(scene.mine)
    await factory.tenant.execute(
        "delete from core.person where school_id = $1 and id = $2", scene.mine, person
    )


async def test_what_a_failing_operator_would_leak_stays_below_the_barrier(
    scene: Scene, conn: Connection
) -> None:
    """A condition of the plugin is not shown rows of other schools, not even to fail on them."""
    await enter(conn, scene.vendor.token(scene.mine))
    found = await conn.fetch(
        "select school_id from core_api.mark_v1 where 1 / (school_id - $1::int) is not null",
        scene.other,
    )
    assert len(found) == 3


async def test_two_plugins_do_not_see_each_other(scene: Scene, urls: Urls, tmp_path: Path) -> None:
    async with installed(urls, "social") as other:
        await other.migrate(tmp_path, {"0001_notes": NOTES})
        theirs = await other.connect()
        try:
            for attempt in (
                f"select * from {schema_of(scene.vendor.name)}.note",
                COUNT,
                f"set role {login_of(scene.vendor.name)}",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await theirs.execute(attempt)
            pid = await theirs.fetchval("select pg_backend_pid()")
            mine = await scene.vendor.connect()
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await mine.fetchval("select pg_terminate_backend($1)", pid)
            seen = await mine.fetchval("select query from pg_stat_activity where pid = $1", pid)
            await mine.close()
        finally:
            await theirs.close()
    assert seen == "<insufficient privilege>"


@pytest.mark.parametrize("kind", ["key", "note"])
async def test_the_application_gains_nothing_by_the_plugins(
    scene: Scene, databases: Databases, kind: str
) -> None:
    sql = {
        "key": "select id from core_plugins.context_key",
        "note": f"select body from {schema_of(scene.vendor.name)}.note where school_id = $1",
    }[kind]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await databases.reference.fetch(sql, *([scene.mine] if kind == "note" else []))
