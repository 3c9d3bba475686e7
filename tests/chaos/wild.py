"""A plugin that misbehaves in one way; tests copy it into packages, each with a way of its own.

Which way stands in ``deed.txt`` beside it. Whatever is called, a place on a page, a page, an event,
a job, a step of its life, does the same. What it is called for is told in ``calls``, and once
``mended`` is set it behaves.
"""

import asyncio
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from kundelik_core.sdk import (
    Command,
    CommandAnswer,
    Erased,
    Event,
    Fragment,
    Html,
    Lifecycle,
    NavItem,
    Page,
    Permission,
    PersonalField,
    PluginContext,
    PrivacyHandlers,
    Slot,
    Subscription,
    Text,
    hookimpl,
)

__all__ = ["calls", "mended", "plugin"]

HERE: Final = Path(__file__).parent
DEED: Final = (HERE / "deed.txt").read_text()
NAME: Final = HERE.name.removeprefix("vendor_")
LONG: Final = 3600.0

calls: list[str] = []
mended = threading.Event()
_kept: list[Any] = []


class Storm(BaseException):
    """Not an Exception, so that few who catch catch it."""


class Endless(Mapping[str, Any]):
    """Values without an end."""

    @override
    def __getitem__(self, key: str) -> str:
        return "x"

    @override
    def __iter__(self) -> Iterator[str]:
        while True:
            yield "x"

    @override
    def __len__(self) -> int:
        return 1 << 60


class Odd:
    """Raises whatever is asked of it."""

    @override
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


def shown(text: Any = "wild") -> Fragment:
    return Fragment(template="show.html", context={"text": text})


def raises(error: BaseException) -> Callable[[PluginContext], Awaitable[Any]]:
    async def run(_ctx: PluginContext) -> Any:
        raise error

    return run


def returns(make: Callable[[], Any]) -> Callable[[PluginContext], Awaitable[Any]]:
    async def run(_ctx: PluginContext) -> Any:
        return make()

    return run


def deep() -> Fragment:
    value: list[Any] = []
    for _ in range(20_000):
        value = [value]
    return shown(value)


async def hang(_ctx: PluginContext) -> Any:
    await asyncio.sleep(LONG)


async def cling(_ctx: PluginContext) -> Any:
    """Swallow every cancellation, for as long as a test may take."""
    until = time.monotonic() + 20
    while time.monotonic() < until and not mended.is_set():
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            continue


async def block(_ctx: PluginContext) -> Any:
    time.sleep(0.4)  # noqa: ASYNC251 - what a careless plugin does
    return shown()


async def block_long(_ctx: PluginContext) -> Any:
    time.sleep(30)  # noqa: ASYNC251 - see above


async def burn(_ctx: PluginContext) -> Any:
    """Use up a processor, and let the loop turn in between."""
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        sum(range(10_000))
        await asyncio.sleep(0)


async def eat(_ctx: PluginContext) -> Any:
    while True:
        sum(range(10_000))


async def recurse(ctx: PluginContext) -> Any:
    return await recurse(ctx)


async def spawn(_ctx: PluginContext) -> Any:
    """Leave tasks and threads behind that never end."""
    _kept.extend(asyncio.create_task(asyncio.sleep(LONG)) for _ in range(200))
    for _ in range(20):
        threading.Thread(target=mended.wait, args=(LONG,), daemon=True).start()
    return shown()


async def leak(ctx: PluginContext) -> Any:
    """Open a hundred transactions and close none."""
    for _ in range(100):
        tx = ctx.db.write()
        _kept.append(tx)
        await tx.__aenter__()
    return shown()


async def lock(ctx: PluginContext) -> Any:
    """Hold on to everything that a plugin can hold, for as long as it is let."""
    async with ctx.db.write() as tx:
        await tx.execute("set local statement_timeout = 0")
        await tx.fetch("select pg_advisory_xact_lock(n) from generate_series(0, 100) n")
        await tx.fetchval("select count(*) from core_api.mark_v1")
        await tx.execute("lock table note in access exclusive mode")
        await asyncio.sleep(LONG)


async def sleep_in_sql(ctx: PluginContext) -> Any:
    async with ctx.db.write() as tx:
        await tx.execute("set local statement_timeout = 0")
        await tx.fetchval("select pg_sleep(3600)")


async def heavy(ctx: PluginContext) -> Any:
    """Ask for more rows than there is room for."""
    async with ctx.db.read() as tx:
        return shown(await tx.fetchval("select count(*) from generate_series(1, 1e10::bigint) n"))


async def trespass(ctx: PluginContext) -> Any:
    async with ctx.db.write() as tx:
        await tx.execute("update core.mark set points = 10 where school_id > 0")


async def leave(_ctx: PluginContext) -> Any:
    os._exit(9)


async def abort(_ctx: PluginContext) -> Any:
    os.abort()


async def fork(_ctx: PluginContext) -> Any:
    if os.fork() == 0:
        time.sleep(LONG)  # noqa: ASYNC251 - a child that nobody looks after
        os._exit(0)
    return shown()


async def hog(_ctx: PluginContext) -> Any:
    while True:
        _kept.append(bytearray(64 << 20))


async def poison(_ctx: PluginContext) -> Any:
    """Change the ground under everybody's feet."""
    json.loads = json.dumps = lambda *_, **__: "{}"  # type: ignore[assignment]
    asyncio.wait = asyncio.sleep = raises(RuntimeError("poisoned"))  # type: ignore[assignment]
    return shown()


async def flood(_ctx: PluginContext) -> Any:
    for number in range(100_000):
        sys.stderr.write(f"{number} {'x' * 100}\n")
    return shown()


async def babble(_ctx: PluginContext) -> Any:
    """Write nonsense to whatever is open; the way to the core is among it."""
    for number in range(3, 256):
        try:
            with socket.socket(fileno=os.dup(number)) as line:
                line.sendall(b"\xff" * 4096)
        except OSError:
            continue
    return shown()


async def good(_ctx: PluginContext) -> Any:
    return shown()


DEEDS: Final[Mapping[str, Callable[[PluginContext], Awaitable[Any]]]] = {
    "good": good,
    "raise": raises(ValueError("boom")),
    "quit": raises(SystemExit(3)),
    "interrupt": raises(KeyboardInterrupt()),
    "storm": raises(Storm()),
    "generator_exit": raises(GeneratorExit()),
    "cancel": raises(asyncio.CancelledError()),
    "memory_error": raises(MemoryError()),
    "hang": hang,
    "cling": cling,
    "block": block,
    "block_long": block_long,
    "burn": burn,
    "eat": eat,
    "recurse": recurse,
    "spawn": spawn,
    "text": returns(lambda: "<script>alert(1)</script>"),
    "number": returns(lambda: 5),
    "dict": returns(lambda: {"template": "show.html"}),
    "object": returns(lambda: shown(object())),
    "odd": returns(Odd),
    "deep": returns(deep),
    "huge": returns(lambda: shown("x" * (5 << 20))),
    "endless": returns(lambda: Fragment(template="show.html", context=Endless())),
    "nowhere": returns(lambda: Fragment(template="nowhere.html")),
    "outside": returns(lambda: Fragment(template="../plugin.py")),
    "hostile": returns(
        lambda: shown("</p></section></main><script>alert(1)</script>{{ 7*7 }}<!--modules-->\0")
    ),
    "leak": leak,
    "lock": lock,
    "sleep_in_sql": sleep_in_sql,
    "heavy": heavy,
    "trespass": trespass,
    "leave": leave,
    "abort": abort,
    "fork": fork,
    "hog": hog,
    "poison": poison,
    "flood": flood,
    "babble": babble,
}

match DEED:
    case "import_raise":
        raise ValueError(DEED)
    case "import_quit":
        sys.exit(DEED)
    case "import_storm":
        raise Storm(DEED)
    case "import_interrupt":
        raise KeyboardInterrupt(DEED)
    case "import_block":
        time.sleep(5)


async def do(kind: str, ctx: PluginContext) -> Any:
    calls.append(kind)
    return await (good if mended.is_set() else DEEDS.get(DEED, good))(ctx)


async def slot(ctx: PluginContext, _args: Any) -> Any:
    return await do("slot", ctx)


async def page(ctx: PluginContext, _request: Any) -> Any:
    found = await do("page", ctx)
    if isinstance(found, Fragment):
        return Html(template=found.template, context=found.context)
    return found


async def on_event(ctx: PluginContext, _event: Event[Any]) -> None:
    found = await do("event", ctx)
    # Whoever was called for nothing answers nothing.
    return None if isinstance(found, Fragment) else found  # type: ignore[return-value]


async def on_life(ctx: PluginContext) -> None:
    await do("life", ctx)


async def run(ctx: PluginContext, _request: Any) -> CommandAnswer:
    return CommandAnswer(lines=(str(await do("command", ctx)),))


async def export(ctx: PluginContext, _subject: Any) -> Any:
    await do("export", ctx)
    return ()


async def erase(ctx: PluginContext, _erasure: Any) -> Erased:
    await do("erase", ctx)
    return Erased(rows=0)


def text(value: str) -> Text:
    return Text(kk=value, ru=value, en=value)


class Wild:
    """The hooks; some ways of misbehaving are in them already."""

    @hookimpl
    def slots(self) -> Any:
        if DEED == "hooks_raise":
            raise RuntimeError(DEED)
        if DEED == "hooks_type":
            return "slots"
        return [Slot(slot=name, render=slot) for name in ("diary.week", "class.page",
                                                          "student.card")]  # fmt: skip

    @hookimpl
    def permissions(self) -> Any:
        return [
            Permission(code=f"{NAME}.look", title=text("w"), allows=text("w"), roles=("director",))
        ]

    @hookimpl
    def pages(self) -> Any:
        return [
            Page(path="", title=text("w"), handle=page, permission=f"{NAME}.look"),
            Page(path="send", title=text("w"), handle=page, permission=None, method="POST"),
        ]

    @hookimpl
    def navigation(self) -> Any:
        return [NavItem(label=text("wild"), path="")]

    @hookimpl
    def subscriptions(self) -> Any:
        return [
            Subscription(event="mark.recorded.v1", handle=on_event, timeout_s=1),
            Subscription(event="period.closed.v1", handle=on_event, timeout_s=1),
        ]

    @hookimpl
    def commands(self) -> Any:
        return [Command(name="do", help="Does it.", run=run)]

    @hookimpl
    def lifecycle(self) -> Any:
        return Lifecycle(on_disable=on_life)

    @hookimpl
    def personal_data(self) -> Any:
        return [
            PersonalField(
                table="note", column="student_id", subject="student", purpose=text("w"),
                ground="consent",
            )
        ]  # fmt: skip

    @hookimpl
    def privacy(self) -> Any:
        return PrivacyHandlers(export=export, erase=erase)


plugin = Wild()
