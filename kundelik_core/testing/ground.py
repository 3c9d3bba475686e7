"""Stand the core up for tests: a database of its own, the application, one plugin in it.

The loop runs only while a test asks for something, and what the process holds (pools, modules, hub)
is put in its place for that long. So a suite may stand beside it in the same process.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypeVar

import asyncpg
import msgspec

from kundelik_core.kernel import db, hub
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.migrate import MigrationError
from kundelik_core.kernel.pg import PostgresError
from kundelik_core.kernel.settings import Settings
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.allowed import Allowed
from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.database import (
    LOGIN_KEY_NAME,
    PluginPools,
    asking_of,
    install_key,
    migrate_plugin,
    provision,
)
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.life import running as life
from kundelik_core.plugins.life.keys import keys_of
from kundelik_core.plugins.life.operate import approve
from kundelik_core.plugins.life.operator import operator
from kundelik_core.plugins.outcome import Outcome
from kundelik_core.plugins.registry import Registry
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner, Runner
from kundelik_core.plugins.secrets import FOLDER as SECRETS
from kundelik_core.plugins.services import Broker
from kundelik_core.plugins.states import Found
from kundelik_core.plugins.wishes import settle_after_call
from kundelik_core.testing.factory import Factory
from kundelik_core.testing.postgres import LOGIN_SECRET, cluster, fresh_databases
from kundelik_core.web import modules
from kundelik_core.web.app import create_app
from kundelik_core.web.middleware import Shell

__all__ = ["AsyncTestError", "Ground", "GroundError", "RunnerMode"]

RunnerMode: TypeAlias = Literal["process", "host"]
"""Where the plugin's handlers run in these tests: here, or in a process of their own."""

TOKEN_SECONDS: Final = 3600
_TURNS: Final = 8
_Answer = TypeVar("_Answer")


class GroundError(Exception):
    """The plugin could not be approved on a fresh database; the text says why."""


class AsyncTestError(Exception):
    """The core has a loop of its own, and one loop cannot run within another."""

    def __init__(self) -> None:
        super().__init__("the core is for tests that are not async: write def, not async def")


class _Patient:
    """A breaker that never opens: a test wants to see every failure."""

    def admits(self, _plugin: str) -> bool:
        return True

    def record(self, _plugin: str, good: bool) -> None:
        """Take no note."""


class Ground:
    """The core under test; started when it is first needed.

    ``found`` is the plugin with those that it requires, these first.
    """

    def __init__(self, name: str, found: Sequence[Found], mode: RunnerMode = "process") -> None:
        self.name = name
        self.mode = mode
        self._found = tuple(found)
        self._label = f"{os.environ.get('PYTEST_XDIST_WORKER', 'kit')}_{name}_{mode[0]}"
        self._runner: asyncio.Runner | None = None
        self._stack = contextlib.AsyncExitStack()
        self._fault: str | None = None
        self.started = False
        self._errors: list[BaseException] = []
        self._host: modules.Host | None = None
        self._kept = _Held(None, [], [])
        self.registry = Registry()

    # -- life
    # ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the database, approve the plugin as an operator does, start the application.

        Raises:
            GroundError: it could not be approved, or there is no PostgreSQL.
        """
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            raise AsyncTestError
        if self._fault is not None:
            raise GroundError(self._fault)
        if self.started:
            return
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.started = True
        try:
            with self._in_place():
                self._runner.run(self._open())
        except Exception as error:
            told = isinstance(error, (Problem, PostgresError, GroundError))
            self._fault = str(error) if told else f"{type(error).__name__}: {error}"
            self.close()
            raise GroundError(self._fault) from error

    def close(self) -> None:
        """Take everything down again."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        with self._in_place(), runner:
            runner.run(self._stack.aclose())
        self.started = False

    def run(self, work: Coroutine[Any, Any, _Answer]) -> _Answer:
        """Do something in the core's loop and return its answer."""
        try:
            self.start()
        except BaseException:
            work.close()
            raise
        assert self._runner is not None
        self._errors.clear()
        with self._in_place():
            return self._runner.run(work)

    def set_secrets(self, values: Mapping[str, str]) -> None:
        """Let the plugin have these secrets and no others, from its next call on."""
        self.start()
        folder = self.settings.data_dir / SECRETS / self.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, value in values.items():
            (folder / name).write_text(value)
            (folder / name).chmod(0o600)
        self._equipment.forget_secrets()

    def raise_failures(self) -> None:
        """Raise what the plugin raised in the last ``run``, which a page only hints at."""
        if self._errors:
            errors, self._errors = self._errors, []
            raise errors[0]

    async def _open(self) -> None:
        home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="kundelik-kit-")))
        server = await asyncio.to_thread(cluster)
        self._stack.callback(server.stop)
        self.server = server
        urls = await self._stack.enter_async_context(fresh_databases(server, self._label))
        self.settings = Settings(data_dir=home, pool_size=3)
        (home / "keys").mkdir(mode=0o700)
        (home / "keys" / LOGIN_KEY_NAME).write_bytes(LOGIN_SECRET)
        self.keys = keys_of(self.settings, urls.tenant)
        await self._approve(urls)
        self.factory = await Factory.open(urls)
        self._stack.push_async_callback(self.factory.close)
        self.app = create_app(self.settings, urls)
        await self._stack.enter_async_context(_lived(self.app))
        await self._take_over()

    async def _approve(self, urls: Urls) -> None:
        async with (
            self._turn(),
            operator(self.settings, urls, doer="the kit", keys=self.keys) as op,
        ):
            for one in self._found:
                await approve(op, one, mode="process")

    def upgrade(self, files: Sequence[Path]) -> None:
        """Apply a plugin's migrations but the last to another database, then the last.

        Raises:
            GroundError: one of them failed.
        """
        try:
            self.run(self._upgrade(files))
        except MigrationError as error:
            raise GroundError(str(error)) from error

    async def _upgrade(self, files: Sequence[Path]) -> None:
        label = f"{self._label}_up"
        async with (
            fresh_databases(self.server, label) as urls,
            self._turn(),
            operator(self.settings, urls, doer="the kit", keys=self.keys) as op,
        ):
            manifest = next(one.manifest for one in self._found if one.name == self.name)
            assert manifest is not None
            await install_key(op.tenant, self.keys.signer)
            await provision(
                op.tenant, self.name, manifest.data.reads, asking=asking_of(manifest),
                logins=self.keys.logins,
            )  # fmt: skip
            with tempfile.TemporaryDirectory() as folder:
                for several in (files[:-1], files[-1:]):
                    for file in several:
                        shutil.copy(file, folder)
                    await migrate_plugin(
                        op.tenant_url, self.name, Path(folder), signer=self.keys.signer
                    )

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Hold the lock of those who make roles, which belong to the whole server."""
        conn: Connection = await asyncpg.connect(self.server.superuser_dsn)
        try:
            await conn.execute(f"select pg_advisory_lock({_TURNS})")
            yield
        finally:
            await conn.close()

    async def _take_over(self) -> None:
        """Stand between the application and the plugin, to see what it raises."""
        one = life.running()
        if self.name not in one.registry.loaded:
            why = next((f.reason for f in one.registry.plugins if f.name == self.name), None)
            raise GroundError(why.text() if why else "it was not loaded")
        self.registry = one.registry
        self.allowed: Allowed = one.allowed
        self._equipment = life.Equipment(
            one.allowed, self.keys, TOKEN_SECONDS, self.settings, one.registry, one.shelf
        )
        self.dispatcher = Dispatcher(
            one.registry,
            await self._runner_of(one.registry),
            JinjaRenderer(one.registry),
            board=_Patient(),
            report=self._note,
            equip=self._equipment,
            settle=settle_after_call,
        )
        self._broker.use(self.dispatcher)
        self._host = modules.Host(self.registry, self.dispatcher, self.allowed)

    async def _runner_of(self, registry: Registry) -> Runner:
        """Return who calls the plugin: here, or in a process of its own as the server starts it."""
        pools = PluginPools(self.keys.logins.url_for)
        self._stack.push_async_callback(pools.close)
        self._broker = Broker(registry, self.allowed.active)
        here = LocalRunner(registry, pools.of, self._broker.ask)
        if self.mode == "process":
            return here
        from kundelik_core.plugins.host.load import HostedPlugins
        from kundelik_core.plugins.host.place import HostPlan, place_of
        from kundelik_core.plugins.host.runner import RunnerSwitch
        from kundelik_core.plugins.host.supervisor import PluginHosts

        one = next(one for one in self._found if one.name == self.name)
        assert one.root is not None
        plan = HostPlan(
            name=one.name,
            sha256=one.sha256,
            root=one.root,
            url=self.keys.logins.url_for(one.name),
            paths=(one.root.parent, Path(str(distribution(one.dist).locate_file("")))),
        )
        place = place_of(self.settings.data_dir)
        self._stack.enter_context(PluginHosts(place, lambda: [plan]))
        hosted = HostedPlugins(place)
        hosted.answer_with(self._broker.ask)
        self._stack.push_async_callback(hosted.close)
        # Asked as the server asks: nothing that it says of itself is taken from this process.
        await asyncio.to_thread(hosted.load, one)
        return RunnerSwitch(here, hosted.runner, {one.name})

    def _note(self, outcome: Outcome, _call: CallContext) -> None:
        if outcome.error is not None:
            self._errors.append(outcome.error)

    # -- what the process holds
    # ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _in_place(self) -> Iterator[None]:
        """Put this core's things in the place of whatever the process has, for a moment."""
        before = _Held(db._databases, [*hub._hubs], [*life._running])
        forget = modules.use_host(self._host) if self._host else None
        self._kept.put()
        modules.tell_modules()
        try:
            yield
        finally:
            self._kept = _Held(db._databases, [*hub._hubs], [*life._running])
            before.put()
            if forget:
                forget()
            modules.tell_modules()


class _Held(msgspec.Struct, frozen=True):
    """The things of which a process has one."""

    databases: db.Databases | None
    hubs: list[hub.Hub]
    running: list[life.Running]

    def put(self) -> None:
        db.use_databases(self.databases)
        hub._hubs[:] = self.hubs
        life._running[:] = self.running


@contextlib.asynccontextmanager
async def _lived(app: Shell) -> AsyncIterator[None]:
    """Let the application live; begun and ended in one task, whichever task asks for it."""
    started, stopping = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await stopping.wait()

    life_of_app = asyncio.create_task(live())
    life_of_app.add_done_callback(lambda _task: started.set())
    await started.wait()
    if life_of_app.done():
        await life_of_app
    try:
        yield
    finally:
        stopping.set()
        await life_of_app
