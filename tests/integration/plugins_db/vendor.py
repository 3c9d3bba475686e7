"""Install a made-up plugin's half of the database, and query as its code would."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.database import (
    Logins,
    PluginPool,
    Signer,
    erase,
    install_key,
    migrate_plugin,
    provision,
)

SIGNER: Final = Signer(b"k" * 32)
SECRET: Final = b"s" * 32
NOTES: Final = """
create table note (
  school_id  integer not null,
  id         uuid    not null,
  student_id uuid    not null,
  body       text    not null,
  primary key (school_id, id)
);
create index note_student on note (school_id, student_id);
"""


class Vendor(msgspec.Struct, kw_only=True):
    """One plugin with its database."""

    name: str
    urls: Urls
    admin: Connection
    logins: Logins
    pool: PluginPool

    def token(self, school_id: int, ttl: int = 60) -> str:
        """Return what the core would hand to a call in that school."""
        return SIGNER.mint(self.name, school_id, ttl)

    async def connect(self) -> Connection:
        """Log in as the plugin, past the engine: what hostile code would do."""
        conn: Connection = await asyncpg.connect(self.logins.url_for(self.name))
        return conn

    async def migrate(self, folder: Path, files: Mapping[str, str]) -> list[str]:
        """Run files as the wheel's migrations."""
        for name, sql in files.items():
            (folder / f"{name}.sql").write_text(sql)
        return await migrate_plugin(self.urls.migrate_tenant, self.name, folder, signer=SIGNER)


async def nothing(_name: str) -> None:
    """Export nothing: there is nobody to give it to."""


@asynccontextmanager
async def installed(urls: Urls, stem: str, scopes: Sequence[str] = ()) -> AsyncIterator[Vendor]:
    """Provision a plugin, and erase it at the end: its roles belong to the whole server."""
    # Workers share the server, and so the roles.
    name = f"{stem}_{os.getpid()}"
    admin: Connection = await asyncpg.connect(urls.migrate_tenant)
    logins = Logins(urls.tenant, SECRET)
    await install_key(admin, SIGNER)
    await provision(admin, name, scopes, logins=logins)
    pool = PluginPool(logins.url_for(name))
    try:
        yield Vendor(name=name, urls=urls, admin=admin, logins=logins, pool=pool)
    finally:
        await pool.close()
        if await admin.fetchval("select 1 from pg_roles where rolname = $1", f"p_{name}"):
            await erase(admin, name, export=nothing)
        await admin.close()
