"""Hold what the operator's steps need: the owner's connections, the keys, the rules in force."""

import getpass
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import now
from kundelik_core.kernel.hub import publish_once
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.settings import Settings
from kundelik_core.kernel.wire import Connection, Querying
from kundelik_core.plugins.life.keys import Keys, keys_of
from kundelik_core.plugins.life.model import Approval, Step
from kundelik_core.plugins.life.policy import Index, index_of, policy_of
from kundelik_core.plugins.life.queries import approvals
from kundelik_core.plugins.life.rules import Policy

__all__ = ["LIFE", "Operator", "operator", "shell_user"]

LIFE = "plugins.life"
"""The hub's channel on which every step is told of, by the plugin's name."""

_log = logging.getLogger(__name__)
_FAULTS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

_SAVE = """
insert into directory.plugin as p (name, state, reason, version, sha256, scopes, mode, retention,
                                   approved_at, approved_by, changed_at, trash)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (name) do update
   set state = excluded.state, reason = excluded.reason, version = excluded.version,
       sha256 = excluded.sha256, scopes = excluded.scopes, mode = excluded.mode,
       retention = excluded.retention, approved_at = excluded.approved_at,
       approved_by = excluded.approved_by, changed_at = excluded.changed_at, trash = excluded.trash
"""
_NOTE = """
insert into directory.plugin_event (id, plugin, at, step, doer, version, sha256, scopes, note)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever runs the installation, with the rights of the tables' owner; no server has these.

    ``tenant`` is logged in as the migrations are; ``tenant_url`` is that login's address.
    """

    doer: str
    directory: Connection
    tenant: Connection
    tenant_url: str
    jobs_url: str
    keys: Keys
    policy: Policy = Policy()
    index: Index = Index()

    async def record(self, name: str) -> Approval | None:
        """Return what was decided about a plugin up to now."""
        return (await approvals(self.directory, name)).get(name)

    async def remember(
        self, one: Approval, step: Step | str, *, scopes: tuple[str, ...] = (), note: str = ""
    ) -> Approval:
        """Keep a decision with its line in the history, and tell every process of it."""
        one = msgspec.structs.replace(one, changed_at=now())
        async with self.directory.transaction():
            await self.directory.execute(
                _SAVE, one.name, one.state, one.reason, one.version, one.sha256, list(one.scopes),
                one.mode, one.retention, one.approved_at, one.approved_by, one.changed_at,
                one.trash,
            )  # fmt: skip
            await note_step(
                self.directory, one.name, step, self.doer,
                version=one.version, sha256=one.sha256, scopes=scopes, note=note,
            )  # fmt: skip
        try:
            await publish_once(self.jobs_url, f"{LIFE}\n{one.name}")
        except _FAULTS:
            _log.warning("the servers were not told about plugin %s", one.name, exc_info=True)
        return one


async def note_step(
    source: Querying,
    plugin: str,
    step: Step | str,
    doer: str,
    *,
    version: str = "",
    sha256: str = "",
    scopes: tuple[str, ...] = (),
    note: str = "",
) -> None:
    """Add a line to the history of a plugin."""
    await source.execute(
        _NOTE, new_id(), plugin, now(), str(step), doer, version, sha256, list(scopes), note
    )


@asynccontextmanager
async def operator(
    settings: Settings, urls: Urls, *, doer: str = "", keys: Keys | None = None
) -> AsyncIterator[Operator]:
    """Connect as the owner; for commands and for the start of the server."""
    directory: Connection = await asyncpg.connect(urls.migrate_directory)
    try:
        await directory.execute("set role kundelik_owner")
        tenant: Connection = await asyncpg.connect(urls.migrate_tenant)
        try:
            yield Operator(
                doer=doer or shell_user(),
                directory=directory,
                tenant=tenant,
                tenant_url=urls.migrate_tenant,
                jobs_url=urls.jobs,
                keys=keys or keys_of(settings, urls.tenant),
                policy=policy_of(settings),
                index=index_of(settings),
            )
        finally:
            await tenant.close(timeout=5)
    finally:
        await directory.close(timeout=5)


def shell_user() -> str:
    """Return the account of this machine that acts."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        return "operator"
