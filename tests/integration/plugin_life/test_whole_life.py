"""A plugin from its installation to its erasure, while the core goes on answering."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import directory, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import Locale
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.actions import enable_plugin
from kundelik_core.plugins.context import call_for
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.life.board import reset, trip
from kundelik_core.plugins.life.operate import approve, make_ready, withdraw
from kundelik_core.plugins.life.policy import policy_of
from kundelik_core.plugins.life.queries import approvals, life_events, scope_notices
from kundelik_core.plugins.life.remove import erase, retain
from kundelik_core.plugins.life.running import Running
from kundelik_core.plugins.outcome import Outcome, OutcomeState
from kundelik_core.plugins.states import State
from kundelik_core.sdk import ClassPage, CommandRequest, School
from tests.factories import Factory
from tests.integration.plugin_life.conftest import Bench
from tests.integration.plugin_life.samples import MORE, NOTES, install, remove
from tests.web import browser, running

LOCALE: Locale = "kk"


async def shown(here: Running, school_id: int) -> list[str]:
    """What the place on a class's page holds."""
    call = call_for(School(id=school_id, name="M", zone="Asia/Almaty"), LOCALE)
    on = await here.allowed.active(school_id)
    page = ClassPage(class_id=new_id(), students=())
    found = await here.dispatcher.render_slot("class.page", page, on, call)
    return [str(one.html) for one in found if one.plugin.startswith("notes_")]


async def counted(here: Running, name: str, school_id: int) -> Outcome:
    call = call_for(School(id=school_id, name="M", zone="Asia/Almaty"), LOCALE)
    on = await here.allowed.active(school_id)
    return await here.dispatcher.call(
        HandlerRef(name, "command", "count"), CommandRequest(), on, call
    )


async def until(true: Callable[[], bool]) -> None:
    """Wait for what another process has said."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - it comes through PostgreSQL
            await asyncio.sleep(0.01)


def state_of(here: Running, name: str) -> tuple[State, str]:
    one = next(one for one in here.registry.plugins if one.name == name)
    return one.state, one.reason.code if one.reason else ""


async def core_serves() -> None:
    """The pages of the core answer, whatever the plugins are up to."""
    async with running() as app, browser(app) as client:
        assert (await client.get("/login")).status_code == 200


async def test_from_installation_to_erasure(bench: Bench, factory: Factory, tmp_path: Path) -> None:
    name, school_id, op = bench.name("notes"), await factory.school(), bench.op
    install(bench.site, name)

    # Installed is not approved: nothing of it runs.
    async with bench.process() as here:
        assert state_of(here, name) == (State.FOUND, "")
        assert bench.site.imported() == []

    # Approved, migrated, loaded; on where a school wants it.
    approved = await approve(op, bench.found(name), mode="process")
    assert (approved.state, approved.scopes) == ("migrated", ("student.v1",))
    async with bench.process() as here:
        assert state_of(here, name) == (State.LOADED, "")
        assert await shown(here, school_id) == []
        async with tenant(school_id, write=True) as tx:
            await enable_plugin(tx, here.registry, name, new_id())
            since = await tx.fetchval(
                "select p.on_at from core.school_plugin p where p.school_id = $1", school_id
            )
        assert await shown(here, school_id) == ["<b>1.0: 0</b>"]
        done = await counted(here, name, school_id)
        assert done.value.lines == ("1 notes",)
        assert await shown(here, await factory.school()) == []
        await core_serves()

    # A new version with a migration and one wish more: not loaded until it is approved.
    install(bench.site, name, "1.1", reads='"student.v1", "mark.v1"',
            files={"0001_notes": NOTES, "0002_tone": MORE})  # fmt: skip
    async with bench.process() as here:
        assert state_of(here, name) == (State.FOUND, "changed")
        assert await shown(here, school_id) == []
        await core_serves()
    assert await scope_notices({name: since}) == {}
    approved = await approve(op, bench.found(name), mode="process")
    assert approved.version == "1.1"
    assert await scope_notices({name: since}) == {name: ("mark.v1",)}
    assert await scope_notices({name: since + timedelta(hours=1)}) == {}

    async with bench.process() as here:
        assert await shown(here, school_id) == ["<b>1.1: 1</b>"]
        await _trip_and_reset(here, bench, name, school_id)
        # Disabled for all: at once, in the process that runs.
        await withdraw(op, name, "until spring")
        await until(lambda: name in here.board.halted())
        assert await shown(here, school_id) == []
        assert (await counted(here, name, school_id)).state is OutcomeState.OFF
        await core_serves()
    async with bench.process() as here:
        assert state_of(here, name) == (State.FOUND, "disabled")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(op.keys.logins.url_for(name))

    await _take_away(bench, name, school_id, tmp_path)
    steps = [event.step for event in await life_events(name)]
    assert steps[::-1] == [
        "approve", "migrate", "approve", "migrate", "trip", "reset", "withdraw",
        "withdraw", "retain", "erase",
    ]  # fmt: skip
    await core_serves()


async def _trip_and_reset(here: Running, bench: Bench, name: str, school_id: int) -> None:
    async with bench.process() as other:
        await trip(name, "the operator", "slow")
        for one in (here, other):
            await until(lambda one=one: not one.board.admits(name))  # type: ignore[misc]
            assert await shown(one, school_id) == []
            assert (await counted(one, name, school_id)).state is OutcomeState.TRIPPED
        await core_serves()
        await reset(name, "the operator")
        for one in (here, other):
            await until(lambda one=one: one.board.admits(name))  # type: ignore[misc]
            assert await shown(one, school_id) == ["<b>1.1: 1</b>"]


async def _take_away(bench: Bench, name: str, school_id: int, folder: Path) -> None:
    op = bench.op
    kept, file = await retain(op, name, folder / "exports")
    assert kept.state == "retained"
    assert kept.trash.startswith(f"trash_{name}_")
    assert file is not None
    (line,) = file.read_text().splitlines()
    row = json.loads(line)
    assert (row["table"], row["row"]["school_id"]) == ("note", school_id)
    assert row["row"]["tone"] == "kind"
    assert file.stat().st_mode & 0o077 == 0
    remove(bench.site, name)
    async with bench.process() as here:
        assert state_of(here, name) == (State.RETAINED, "")

    with pytest.raises(Problem) as early:
        await erase(op, name, folder)
    assert early.value.code == "plugin-kept"
    with set_now(datetime.now(UTC) + timedelta(days=401)):
        assert await erase(op, name, folder) is None
    left = await op.tenant.fetchval(
        "select count(*) from pg_namespace where nspname in ($1, $2)", f"plugin_{name}", kept.trash
    )
    assert left == 0
    assert (
        await op.tenant.fetchval(
            "select count(*) from pg_roles where rolname like $1", f"p\\_{name}%"
        )
        == 0
    )
    async with tenant(school_id) as tx:
        assert not await tx.fetchval(
            "select exists (select from core.school_plugin p "
            "where p.school_id = $1 and p.plugin = $2 and p.off_at is null)",
            school_id, name,
        )  # fmt: skip
    async with bench.process() as here:
        assert state_of(here, name) == (State.ERASED, "")


async def test_what_was_put_aside_comes_back_with_an_approval(
    bench: Bench, factory: Factory, tmp_path: Path
) -> None:
    name, school_id, op = bench.name("notes"), await factory.school(), bench.op
    install(bench.site, name)
    await approve(op, bench.found(name), mode="process")
    async with bench.process() as here:
        async with tenant(school_id, write=True) as tx:
            await enable_plugin(tx, here.registry, name, new_id())
        assert (await counted(here, name, school_id)).done
    await retain(op, name, tmp_path)
    await approve(op, bench.found(name), mode="process")
    async with bench.process() as here:
        assert await shown(here, school_id) == ["<b>1.0: 1</b>"]


async def test_a_failed_migration_keeps_the_plugin_aside_until_it_is_mended(bench: Bench) -> None:
    name, op = bench.name("notes"), bench.op
    install(bench.site, name, files={"0001_notes": "create table note (id uuid primary key);\n"})
    with pytest.raises(Problem) as failed:
        await approve(op, bench.found(name), mode="process")
    assert failed.value.code == "plugin-migration"
    approval = (await approvals(name=name))[name]
    assert approval.state == "approved"
    assert "school_id" in approval.reason
    async with bench.process() as here:
        assert state_of(here, name) == (State.APPROVED, "not_migrated")
    install(bench.site, name)
    await approve(op, bench.found(name), mode="process")
    async with bench.process() as here:
        assert state_of(here, name) == (State.LOADED, "")


async def test_the_blocklist_holds_from_the_start_on_and_after_it(
    bench: Bench, tmp_path: Path
) -> None:
    name = bench.name("notes")
    install(bench.site, name)
    await approve(bench.op, bench.found(name), mode="process")
    file = tmp_path / "bans.toml"
    file.write_text(f'[[plugin]]\nname = "{name}"\nversions = "<2"\nreason = "leaks"\n')
    async with bench.process(plugin_blocklist=str(file)) as here:
        assert state_of(here, name) == (State.BLOCKED, "banned")
    # The master of the server writes it down; taking the line away lets nothing in.
    policy = policy_of(Settings(plugin_blocklist=str(file)))
    banned = msgspec.structs.replace(bench.op, policy=policy)
    await make_ready(banned, bench.site.find())
    async with bench.process() as here:
        assert state_of(here, name) == (State.BLOCKED, "blocked")
    with pytest.raises(Problem) as refused:
        await approve(banned, bench.found(name), mode="process")
    assert refused.value.code == "plugin-banned"
    await approve(bench.op, bench.found(name), mode="process")
    async with bench.process() as here:
        assert state_of(here, name) == (State.LOADED, "")


async def test_safe_mode_loads_nothing(bench: Bench) -> None:
    name = bench.name("notes")
    install(bench.site, name)
    await approve(bench.op, bench.found(name), mode="process")
    async with bench.process(safe_mode=True) as here:
        assert state_of(here, name) == (State.MIGRATED, "safe_mode")
        assert dict(here.registry.loaded) == {}
        assert bench.site.imported() == []


async def test_what_is_broken_never_stops_the_start(bench: Bench) -> None:
    good, bad, twice = bench.name("notes"), bench.name("broken"), bench.name("twice")
    needy = bench.name("needy")
    install(bench.site, good)
    bench.site.add(bad, code="raise SystemExit(3)")
    bench.site.add(needy, top='requires = ["missing_one"]')
    for name in (good, bad, needy):
        await approve(bench.op, bench.found(name), mode="process")
    bench.site.add(twice)
    await approve(bench.op, bench.found(twice), mode="process")
    bench.site.add(twice, dist="other-twice", package="other_twice")
    async with bench.process() as here:
        assert state_of(here, good) == (State.LOADED, "")
        assert state_of(here, bad) == (State.QUARANTINED, "crash")
        assert state_of(here, needy) == (State.INCOMPATIBLE, "requires")
        assert state_of(here, twice) == (State.INCOMPATIBLE, "duplicate")
    with pytest.raises(Problem) as refused:
        await approve(bench.op, bench.found(twice))
    assert refused.value.code == "plugin-unusable"


async def test_a_stranger_runs_in_a_process_of_its_own_or_not_at_all(bench: Bench) -> None:
    name = bench.name("notes")
    install(bench.site, name)
    approved = await approve(bench.op, bench.found(name))
    assert approved.mode == "host"
    async with bench.process() as here:
        assert state_of(here, name) == (State.MIGRATED, "no_host")
        assert bench.site.imported() == []


async def test_too_many_failures_trip_it_everywhere(bench: Bench, factory: Factory) -> None:
    name, school_id = bench.name("notes"), await factory.school()
    install(bench.site, name, body="raise ValueError('no')")
    await approve(bench.op, bench.found(name), mode="process")
    async with bench.process() as here, bench.process() as other:
        async with tenant(school_id, write=True) as tx:
            await enable_plugin(tx, here.registry, name, new_id())
        for _ in range(20):
            assert await shown(here, school_id) == []
        assert not here.board.admits(name)
        await until(lambda: not other.board.admits(name))
        await here.board.settle()
    # A process that starts now knows it too.
    async with bench.process() as late:
        assert not late.board.admits(name)
        await reset(name, "the operator")
        await until(lambda: late.board.admits(name))


async def test_a_server_cannot_approve(bench: Bench) -> None:
    name = bench.name("notes")
    install(bench.site, name)
    await approve(bench.op, bench.found(name))
    for sql in (
        "update directory.plugin set mode = 'process' where name = $1",
        "delete from directory.plugin where name = $1",
        "update directory.plugin_event set doer = 'nobody' where plugin = $1",
        "delete from directory.plugin_event where plugin = $1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await directory().execute(sql, name)
