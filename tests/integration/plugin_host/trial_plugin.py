"""A plugin that does whatever its caller asks for; tests copy it into a folder of packages."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from typing_extensions import override

from kundelik_core.sdk import (
    Argument,
    ClassPage,
    Command,
    CommandAnswer,
    CommandRequest,
    File,
    Fragment,
    Html,
    JsonAnswer,
    NotFound,
    Page,
    PageRequest,
    PluginContext,
    Redirect,
    Slot,
    Text,
    hookimpl,
)


class Odd(Exception):
    @override
    def __str__(self) -> str:
        raise ValueError("no words")


async def fail(ctx: PluginContext, what: str = "") -> str:
    raise RuntimeError(what or "boom")


async def odd(ctx: PluginContext) -> str:
    raise Odd


async def quits(ctx: PluginContext) -> str:
    raise SystemExit(3)


async def interrupts(ctx: PluginContext) -> str:
    raise KeyboardInterrupt


async def cancels(ctx: PluginContext) -> str:
    raise asyncio.CancelledError


async def recurse(ctx: PluginContext) -> str:
    return await recurse(ctx)


async def slow(ctx: PluginContext) -> str:
    await asyncio.sleep(60)
    return "late"


async def cling(ctx: PluginContext) -> str:
    while True:
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            continue


async def block(ctx: PluginContext, seconds: str) -> str:
    time.sleep(float(seconds))  # noqa: ASYNC251 - what a careless plugin does
    return "woke"


async def leave(ctx: PluginContext) -> str:
    os._exit(9)


async def hog(ctx: PluginContext) -> str:
    return str(len(bytearray(8 << 30)))


async def creep(ctx: PluginContext) -> str:
    kept = []
    while True:
        kept.append(bytearray(16 << 20))


async def flood(ctx: PluginContext) -> str:
    for number in range(20_000):
        print("line", number, "\x1b[31m", file=sys.stderr)
    return "flooded"


async def env(ctx: PluginContext) -> str:
    return json.dumps(dict(os.environ))


async def read(ctx: PluginContext, path: str) -> str:
    return Path(path).read_text(errors="replace")[:20]  # noqa: ASYNC240 - see above


async def write(ctx: PluginContext, path: str) -> str:
    return str(Path(path).write_text("x"))  # noqa: ASYNC240 - see above


async def kill(ctx: PluginContext, pid: str) -> str:
    os.kill(int(pid), 0)
    return "could"


async def program(ctx: PluginContext) -> str:
    done = subprocess.run(["/bin/true"], check=False)  # noqa: ASYNC221 - see above
    return str(done.returncode)


async def tcp(ctx: PluginContext, port: str) -> str:
    with socket.create_connection(("127.0.0.1", int(port)), 2):
        return "connected"


async def fetch(ctx: PluginContext, url: str) -> str:
    """With the standard library, in a thread."""

    def read() -> str:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())

    return await asyncio.to_thread(read)


async def stream(ctx: PluginContext, host: str, port: str) -> str:
    """With the loop's own connections."""
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.decode().rpartition("\n")[2]


async def fork(ctx: PluginContext) -> str:
    child = os.fork()
    while not child:
        time.sleep(1)  # noqa: ASYNC251 - a child that nobody looks after
    return str(child)


async def now(ctx: PluginContext) -> str:
    today = ctx.clock.today()
    return f"{today} {ctx.clock.now().isoformat()} {ctx.i18n.day(today)}"


async def who(ctx: PluginContext) -> str:
    return repr((ctx.school, ctx.actor, ctx.request_id, ctx.settings))


async def count(ctx: PluginContext) -> str:
    async with ctx.db.read() as tx:
        return str(await tx.fetchval("select count(*) from note"))


async def note(ctx: PluginContext, key: str) -> str:
    async with ctx.db.write() as tx:
        sql = "insert into note values ($1, $2, $2, 'x')"
        return await tx.execute(sql, ctx.school.id, UUID(key))


async def ok(ctx: PluginContext) -> str:
    return "fine"


async def pid(ctx: PluginContext) -> str:
    return str(os.getpid())


DEEDS: dict[str, Callable[..., Awaitable[str]]] = {
    "raise": fail, "odd": odd, "quit": quits, "interrupt": interrupts, "cancel": cancels,
    "recurse": recurse, "slow": slow, "cling": cling, "block": block, "exit": leave, "hog": hog,
    "creep": creep, "flood": flood, "env": env, "read": read, "write": write, "kill": kill,
    "run": program, "tcp": tcp, "fetch": fetch, "stream": stream, "fork": fork,
    "now": now, "who": who, "count": count, "note": note, "ok": ok, "pid": pid,
}  # fmt: skip


def shown(text: Any) -> Fragment:
    return Fragment(template="show.html", context={"text": text})


async def slot(ctx: PluginContext, args: ClassPage) -> Any:
    what, *rest = ctx.school.name.split()
    if what == "deep":
        value: list[Any] = []
        for _ in range(5000):
            value = [value]
        return shown(value)
    made: dict[str, Callable[[], Any]] = {
        "none": lambda: None,
        "text": lambda: "text",
        "dict": lambda: {"template": "show.html"},
        "object": lambda: shown(object()),
        "number": lambda: Fragment(template=5),  # type: ignore[arg-type]
        "nowhere": lambda: Fragment(template="nowhere.html"),
        "huge": lambda: shown("x" * (1 << 20)),
        "gigantic": lambda: shown("x" * (100 << 20)),
        "names": lambda: shown(", ".join(one.name for one in args.students)),
    }
    return made[what]() if what in made else shown(await DEEDS[what](ctx, *rest))


async def command(ctx: PluginContext, request: CommandRequest) -> CommandAnswer:
    what, *rest = request.arguments["what"].split()
    return CommandAnswer(lines=(await DEEDS[what](ctx, *rest),))


async def page(ctx: PluginContext, request: PageRequest) -> Any:
    match request.asked("what"):
        case "html":
            return Html(template="show.html", context={"text": request.params["number"]})
        case "to":
            return Redirect(to="else")
        case "file":
            content = b"\0" * int(request.asked("size"))
            return File(name="a.bin", media_type="application/x", content=content)
        case "json":
            return JsonAnswer(value={"a": [1, None, 2.5, "x"]})
        case "upload":
            return JsonAnswer(value={k: len(file.content) for k, file in request.files.items()})
        case "none":
            return None
    return NotFound()


class Plugin:
    @hookimpl
    def slots(self) -> Sequence[Slot]:
        return [Slot(slot="class.page", render=slot, budget_ms=250)]

    @hookimpl
    def commands(self) -> Sequence[Command]:
        what = Argument(name="what", help="what to do")
        return [Command(name="do", help="Do it", run=command, arguments=(what,))]

    @hookimpl
    def pages(self) -> Sequence[Page]:
        title = Text(kk="a", ru="a", en="a")
        return [Page(path="a/{number:int}", title=title, handle=page, permission=None)]


plugin = Plugin()
