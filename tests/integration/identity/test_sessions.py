import asyncio
from collections.abc import AsyncIterator

import pytest

from kundelik_core.identity import accounts, actions, queries
from kundelik_core.identity.sessions import CHANNEL, Sessions
from kundelik_core.kernel import hub as hub_module
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases
from kundelik_core.kernel.hub import RESYNC, Hub, publish, use_hub
from kundelik_core.kernel.ids import new_id
from tests.factories import NOW, Factory
from tests.web import open_session


class Clock:
    """A timer that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Heard:
    """Waits for what a hub hears."""

    def __init__(self, hub: Hub, channel: str) -> None:
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        hub.subscribe(channel, self._queue.put_nowait)

    async def next(self) -> str:
        return await asyncio.wait_for(self._queue.get(), 10)


@pytest.fixture
async def hubs(urls: Urls, databases: Databases) -> AsyncIterator[tuple[Hub, Hub]]:
    """Two worker processes' hubs; what is done here is published through the first."""
    first, second = Hub(urls.jobs, retry=0.01), Hub(urls.jobs, retry=0.01)
    await first.start()
    await second.start()
    with use_hub(first):
        yield first, second
    await first.stop()
    await second.stop()


async def _account() -> tuple[str, "object"]:
    login = f"s.{new_id().hex[-12:]}"
    return login, await accounts.create_account(login, "Сессия")


async def _is_asked(factory: Factory, sessions: Sessions, token: str) -> bool:
    """Tell whether the directory is asked: it no longer knows the session, only a memory does."""
    await factory.directory.execute(
        "delete from directory.session where token_hash = sha256($1)", token.encode()
    )
    return await sessions.actor(token) is None


async def test_a_session_is_remembered_for_its_seconds(
    hubs: tuple[Hub, Hub], factory: Factory
) -> None:
    clock = Clock()
    sessions = Sessions(hubs[1], seconds=30, timer=clock)
    account = await accounts.create_account(f"s.{new_id().hex[-12:]}", "Сессия")
    token = await open_session(account)
    assert await sessions.actor(token)

    assert not await _is_asked(factory, sessions, token)
    clock.now += 29.9
    assert await sessions.actor(token)
    clock.now += 0.2
    assert await sessions.actor(token) is None


async def test_signing_out_everywhere_reaches_the_other_worker_at_once(
    hubs: tuple[Hub, Hub],
) -> None:
    first, second = Sessions(hubs[0], seconds=3600), Sessions(hubs[1], seconds=3600)
    heard = Heard(hubs[1], CHANNEL)
    account = await accounts.create_account(f"s.{new_id().hex[-12:]}", "Сессия")
    phone, desk = await open_session(account), await open_session(account)
    for token in (phone, desk):
        assert await first.actor(token)
        assert await second.actor(token)

    assert await actions.sign_out_everywhere(account) == 2

    assert await heard.next() == f"account:{account}"
    assert await second.actor(phone) is None
    assert await second.actor(desk) is None


async def test_a_new_role_is_seen_by_the_other_worker_at_once(
    hubs: tuple[Hub, Hub], factory: Factory
) -> None:
    second = Sessions(hubs[1], seconds=3600)
    heard = Heard(hubs[1], CHANNEL)
    school = await factory.school()
    account = await accounts.create_account(f"s.{new_id().hex[-12:]}", "Сессия")
    token = await open_session(account)
    actor = await second.actor(token)
    assert actor is not None
    assert actor.schools == ()

    await accounts.link_membership(
        accounts.MembershipLink(
            account_id=account,
            school_id=school,
            person_id=new_id(),
            role="teacher",
            from_date=NOW.date(),
        )
    )
    await heard.next()
    actor = await second.actor(token)
    assert actor is not None
    assert actor.roles(school) == {"teacher"}


async def test_what_is_revoked_while_it_is_read_is_not_remembered(
    hubs: tuple[Hub, Hub], factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kundelik_core.identity import sessions as module

    sessions = Sessions(hubs[1], seconds=3600)
    account = await accounts.create_account(f"s.{new_id().hex[-12:]}", "Сессия")
    token = await open_session(account)
    real = queries.authenticate

    async def slow(hashed: bytes) -> object:
        answer = await real(hashed)
        heard = Heard(hubs[1], CHANNEL)
        await actions.sign_out_everywhere(account)
        await heard.next()
        return answer

    monkeypatch.setattr(module, "authenticate", slow)
    assert await sessions.actor(token)
    monkeypatch.undo()
    assert await sessions.actor(token) is None


async def test_without_the_hub_nothing_is_remembered(
    hubs: tuple[Hub, Hub], factory: Factory
) -> None:
    account = await accounts.create_account(f"s.{new_id().hex[-12:]}", "Сессия")
    for hub in (None, Hub("postgresql://nobody@/nowhere?host=/nonexistent")):
        token = await open_session(account)
        sessions = Sessions(hub, seconds=3600)
        assert await sessions.actor(token)
        assert await _is_asked(factory, sessions, token)


async def test_a_broken_hub_comes_back_and_forgets_everything(
    hubs: tuple[Hub, Hub], factory: Factory
) -> None:
    hub = hubs[1]
    sessions = Sessions(hub, seconds=3600)
    heard, other = Heard(hub, CHANNEL), Heard(hub, "other")
    account = await accounts.create_account(f"s.{new_id().hex[-12:]}", "Сессия")
    token = await open_session(account)
    assert await sessions.actor(token)

    connection = hub._connection
    assert connection is not None
    pid = await connection.fetchval("select pg_backend_pid()")
    await factory.directory.execute("select pg_terminate_backend($1)", pid)

    assert await heard.next() == RESYNC
    assert await other.next() == RESYNC
    assert hub.connected
    assert await _is_asked(factory, sessions, token)
    await publish("other", "two words\nand a line")
    assert await other.next() == "two words\nand a line"


async def test_a_command_without_a_hub_reaches_the_workers(
    hubs: tuple[Hub, Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(hubs[0], "other")
    monkeypatch.setattr(hub_module, "_hubs", [])
    await publish("other", "x")
    assert await heard.next() == "x"


async def test_the_memory_is_bounded(hubs: tuple[Hub, Hub]) -> None:
    sessions = Sessions(hubs[1], size=3, seconds=3600)
    account = await accounts.create_account(f"s.{new_id().hex[-12:]}", "Сессия")
    for _ in range(5):
        assert await sessions.actor(await open_session(account))
    assert len(sessions._known) == 3


@pytest.mark.parametrize("token", ["", "x", "y" * 43, "z" * 100_000])
async def test_what_is_no_token_is_nobody(hubs: tuple[Hub, Hub], token: str) -> None:
    assert await Sessions(hubs[0]).actor(token) is None


async def test_a_used_session_lives_longer_but_is_written_seldom(
    hubs: tuple[Hub, Hub], factory: Factory
) -> None:
    account = await accounts.create_account(f"s.{new_id().hex[-12:]}", "Сессия")
    token = await open_session(account)
    sessions = Sessions(None)

    async def seen() -> tuple[object, object]:
        row = await factory.directory.fetchrow(
            "select seen_at, expires_at from directory.session where account_id = $1", account
        )
        assert row is not None
        return row["seen_at"], row["expires_at"]

    before = await seen()
    await sessions.actor(token)
    assert await seen() == before
    await factory.directory.execute(
        "update directory.session set seen_at = now() - interval '6 minutes' where account_id = $1",
        account,
    )
    await sessions.actor(token)
    after = await seen()
    assert after[0] >= before[0]  # type: ignore[operator]
    assert after[1] > before[1]  # type: ignore[operator]
