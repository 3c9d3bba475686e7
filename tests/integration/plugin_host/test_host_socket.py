"""Nobody but the core gets a word out of a host, and no host gets the core off its feet."""

import asyncio
import contextlib
import os
import stat
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kundelik_core.plugins.collect import RefusedError
from kundelik_core.plugins.declared import Declared, DeclaredSlot, HandlerRef
from kundelik_core.plugins.host import protocol
from kundelik_core.plugins.host.client import IN_FLIGHT, HostBusy, HostDown, WrongAnswer
from kundelik_core.plugins.host.load import host_loader
from kundelik_core.plugins.host.place import Place, place_of
from kundelik_core.plugins.host.runner import HostRunner
from kundelik_core.plugins.states import Found
from kundelik_core.sdk import API_VERSION, CommandAnswer, CommandRequest
from tests.integration.plugin_host.hosting import (
    NAME,
    Hosting,
    call_of,
    hosting,
    recovered,
    said,
    trial,
)
from tests.unit.plugins.dists import Site

DO = HandlerRef(NAME, "command", "do")
REQUEST = CommandRequest(arguments={"what": "ok"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def found(site: Site) -> Found:
    return trial(site)


@pytest.fixture(scope="module")
async def host(
    site: Site, found: Found, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Hosting]:
    with hosting(tmp_path_factory.mktemp("data"), site, found) as hosted:
        assert hosted.load(found).loaded
        yield hosted
        await hosted.hosted.close()


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Return the next frame, whoever it is from."""
    head = await reader.readexactly(protocol.HEAD.size)
    return await reader.readexactly(protocol.length(head, protocol.MAX_FRAME_BYTES))


# -- strangers at the door of a real host


async def test_only_the_servers_account_may_knock(host: Hosting) -> None:
    path = host.place.socket(NAME)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.stat().st_uid == os.getuid()


CALL = protocol.Call(1, "command", "do", call_of("s"), msgspec.Raw(msgspec.msgpack.encode(REQUEST)))


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\0" * 1000,
        b"\xff" * 1000,
        struct.pack(">I", 3) + b"\xc1\xc1\xc1",
        struct.pack(">I", 5000) + b"x" * 5000,
        protocol.frame(CALL),
        protocol.frame(protocol.Cancel(1)),
        protocol.frame(protocol.Proof(b"")),
        b"",
    ],
)
async def test_garbage_gets_no_answer(host: Hosting, garbage: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(str(host.place.socket(NAME)))
    writer.write(garbage)
    if not garbage:
        writer.write_eof()
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    assert await said(host.dispatcher(), "ok") == "fine"


async def test_without_the_key_nobody_calls(host: Hosting) -> None:
    reader, writer = await asyncio.open_unix_connection(str(host.place.socket(NAME)))
    hello = protocol.Hello(protocol.PROTOCOL, API_VERSION, protocol.nonce())
    writer.write(protocol.frame(hello))
    welcome = protocol.from_host(await read_frame(reader))
    assert isinstance(welcome, protocol.Welcome)
    wrong = protocol.proof(b"another plugin's key", "core", welcome.nonce)
    writer.write(protocol.frame(protocol.Proof(wrong)) + protocol.frame(CALL))
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_who_says_nothing_is_sent_away(host: Hosting) -> None:
    reader, writer = await asyncio.open_unix_connection(str(host.place.socket(NAME)))
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await recovered(host)


# -- hosts that are anything but ours

Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


@asynccontextmanager
async def impostor(place: Place, sha: str, behave: Behave, **welcome: Any) -> AsyncIterator[None]:
    """Run a host that greets as it should, and then does something else with each call."""
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, EOFError), contextlib.closing(writer):
            hello = protocol.from_core(await read_frame(reader))
            assert isinstance(hello, protocol.Hello)
            proof = protocol.proof(place.key(NAME), "host", hello.nonce)
            writer.write(protocol.frame(_welcome(sha, proof, **welcome)))
            await read_frame(reader)
            while True:
                call = protocol.from_core(await read_frame(reader))
                if isinstance(call, protocol.Call):
                    await behave(reader, writer, call.id)

    place.make()
    path = place.socket(NAME)
    server = await asyncio.start_unix_server(serve, str(path))
    try:
        yield
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        path.unlink(missing_ok=True)


def _welcome(sha: str, proof: bytes, **other: Any) -> protocol.Welcome:
    fields: dict[str, Any] = {
        "protocol": protocol.PROTOCOL,
        "api": API_VERSION,
        "sha256": sha,
        "pid": 1,
        "confined": (),
        "nonce": protocol.nonce(),
        "proof": proof,
        "declared": Declared(),
    }
    return protocol.Welcome(**fields | other)


def sent(*frames: Callable[[int], bytes]) -> Behave:
    async def behave(
        _reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        for one in frames:
            writer.write(one(number))

    return behave


def value(body: object) -> Callable[[int], bytes]:
    raw = msgspec.Raw(msgspec.msgpack.encode(body))
    return lambda number: protocol.frame(protocol.Done(number, raw))


async def _called(place: Place, found: Found, ref: HandlerRef = DO) -> object:
    runner = HostRunner(place)
    runner.add(found)
    try:
        return await asyncio.wait_for(runner.call(ref, call_of("s"), REQUEST), 5)
    finally:
        await runner.close()


@pytest.mark.parametrize(
    "body",
    [
        None,
        "text",
        5,
        {"lines": "text"},
        {"lines": [5]},
        {"lines": ["x" * 300_000]},
        {"exit_code": 1 << 40, "lines": [None]},
    ],
)
async def test_a_wrong_value_is_no_answer(tmp_path: Path, found: Found, body: object) -> None:
    place = place_of(tmp_path)
    async with impostor(place, found.sha256, sent(value(body))):
        assert isinstance(await _called(place, found), WrongAnswer)


@pytest.mark.parametrize(
    "reply",
    [
        lambda _n: b"garbage" * 10,
        lambda _n: struct.pack(">I", 1 << 31),
        lambda _n: struct.pack(">I", 3) + b"\xc1\xc1\xc1",
        lambda n: value({})(n + 1),
        lambda n: protocol.frame(protocol.Failed(n + 7, "raised", "E", "x")),
        lambda n: protocol.frame(protocol.Cancel(n)),
        lambda n: b"\x00\x00\x00\x02\x91\x91",
    ],
)
async def test_nonsense_cuts_the_line(
    tmp_path: Path, found: Found, reply: Callable[[int], bytes]
) -> None:
    place = place_of(tmp_path)
    async with impostor(place, found.sha256, sent(reply)):
        with pytest.raises(HostDown):
            await _called(place, found)


async def test_an_answer_twice_cuts_the_line(tmp_path: Path, found: Found) -> None:
    place = place_of(tmp_path)
    runner = HostRunner(place)
    runner.add(found)
    ok = value({"lines": ["a"]})
    async with impostor(place, found.sha256, sent(ok, ok)):
        for _ in range(5):
            with contextlib.suppress(HostDown):
                answer = await runner.call(DO, call_of("s"), REQUEST)
                assert answer == CommandAnswer(lines=("a",))
            await asyncio.sleep(0.02)
        await runner.close()


async def test_silence_is_bounded(tmp_path: Path, found: Found) -> None:
    place = place_of(tmp_path)
    runner = HostRunner(place)
    runner.add(found)
    async with impostor(place, found.sha256, sent()):
        for _ in range(IN_FLIGHT):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(runner.call(DO, call_of("s"), REQUEST), 0.01)
        with pytest.raises(HostBusy):
            await asyncio.wait_for(runner.call(DO, call_of("s"), REQUEST), 5)
        await runner.close()


@pytest.mark.parametrize(
    "welcome",
    [
        {"proof": b"x" * 32},
        {"protocol": protocol.PROTOCOL + 1},
        {"api": "0.1.0"},
        {"sha256": "another"},
        {"refused": "x" * 1000},
        {"nonce": b"short"},
    ],
)
async def test_a_host_that_is_not_the_one_gets_no_call(
    tmp_path: Path, found: Found, welcome: dict[str, Any]
) -> None:
    place = place_of(tmp_path)
    async with impostor(place, found.sha256, sent(value({})), **welcome):
        with pytest.raises(HostDown):
            await _called(place, found)
        with pytest.raises(RefusedError):
            await asyncio.to_thread(host_loader, place, found, 0.1)


async def test_a_process_of_the_version_before_is_waited_out(tmp_path: Path, found: Found) -> None:
    """Right after an upgrade the old process still answers, until its own successor is there."""
    place = place_of(tmp_path)
    declared = Declared(slots=SLOTS)
    async with impostor(place, "the version before", sent()):
        loading = asyncio.create_task(asyncio.to_thread(host_loader, place, found, 20))
        await asyncio.sleep(0.3)
        assert not loading.done()
    async with impostor(place, found.sha256, sent(), declared=declared):
        assert (await loading).declared == declared


async def test_a_process_that_cannot_run_the_version_is_not_waited_for(
    tmp_path: Path, found: Found
) -> None:
    place = place_of(tmp_path)
    async with impostor(place, "", sent(), refused="it is not installed"):
        with pytest.raises(RefusedError, match="it is not installed"):
            await asyncio.wait_for(asyncio.to_thread(host_loader, place, found, 20), 5)


SLOTS = (DeclaredSlot(slot="class.page", order=50, budget_ms=100, permission=None),)


@pytest.mark.parametrize(
    "declared",
    [
        Declared(slots=(msgspec.structs.replace(SLOTS[0], slot="student.card"),)),
        Declared(slots=SLOTS + SLOTS),
        Declared(slots=(msgspec.structs.replace(SLOTS[0], budget_ms=100_000),)),
        Declared(slots=(msgspec.structs.replace(SLOTS[0], permission="trial.see"),)),
        Declared(privacy=True),
    ],
)
async def test_a_host_cannot_declare_more_than_the_manifest(
    tmp_path: Path, found: Found, declared: Declared
) -> None:
    place = place_of(tmp_path)
    async with impostor(place, found.sha256, sent(), declared=declared):
        with pytest.raises(RefusedError):
            await asyncio.to_thread(host_loader, place, found, 0.1)
    async with impostor(place, found.sha256, sent(), declared=Declared(slots=SLOTS)):
        loaded = await asyncio.to_thread(host_loader, place, found, 0.1)
        assert loaded.declared.slots == SLOTS


async def test_without_a_host_the_plugin_is_put_aside_and_said_why(
    tmp_path: Path, found: Found
) -> None:
    host = Hosting(place_of(tmp_path))
    host.hosted = type(host.hosted)(host.place, wait=0.1)
    registry = host.load(found)
    assert not registry.loaded
    (one,) = registry.plugins
    assert one.reason is not None
    assert "Its own process does not run it" in one.reason.text()


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import nothing_like_it", "ModuleNotFoundError"),
        ("raise SystemExit(5)", "SystemExit"),
        ("import os; os._exit(7)", "exit code 7"),
        ("plugin = object()\nprint('words of the vendor')\nraise KeyError('x')", "KeyError"),
        ("1/0", "ZeroDivisionError"),
    ],
)
async def test_a_plugin_that_cannot_start_is_put_aside_and_said_why(
    tmp_path: Path, code: str, why: str
) -> None:
    site = Site(tmp_path / "site")
    site.folder.mkdir()
    found = trial(site, code=code)
    with hosting(tmp_path / "data", site, found) as host:
        registry = await asyncio.to_thread(host.load, found)
    assert not registry.loaded
    (one,) = registry.plugins
    assert one.reason is not None
    assert why in one.reason.text()
