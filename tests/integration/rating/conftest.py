"""Run the rating as the server does, in schools whose results the test writes itself."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from kundelik_rating.domain.measure import FEWEST
from kundelik_rating.store import Family, Seen, family, looks, set_choice

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.actions import enable_plugin, store_settings
from kundelik_core.plugins.context import call_for
from kundelik_core.plugins.database import PluginPools
from kundelik_core.plugins.declared import HandlerKind, HandlerRef
from kundelik_core.plugins.life.running import Running
from kundelik_core.plugins.life.running import running as plugins
from kundelik_core.plugins.queries import stored_settings
from kundelik_core.sdk import JobRun, PluginTx, School
from kundelik_core.web.middleware import Shell
from tests.factories import Factory, Journal
from tests.plugins import SIGNER, keys_for
from tests.web import running

Results = Mapping[UUID, int | str | None]
"""By pupil: a percentage, exactly if need be ("193/3")."""

MONDAY = date(2026, 11, 9)
"""The second week of the second quarter: its first day of publication."""


@asynccontextmanager
async def at(day: date) -> AsyncIterator[None]:
    """Make it the small hours of a day at the school."""
    with set_now(datetime.combine(day, time(2, 30), ZoneInfo(SCHOOL_ZONE))):
        yield


class Rated:
    """One school with the rating on, called as the worker and the pages call it."""

    def __init__(self, host: Running, pools: PluginPools, factory: Factory, school: int) -> None:
        self.host, self.pools, self.factory, self.school = host, pools, factory, school

    async def group(self, pupils: int = FEWEST, **more: Any) -> Journal:
        """Make one more class with its journal."""
        return await self.factory.journal(self.school, pupils=pupils, lessons=0, **more)

    async def results(
        self, group: UUID, results: Results, *, marks: int = 3, period: str = "q2"
    ) -> None:
        """Let pupils have results, each with so many works behind it; None takes one back."""
        for pupil, raw in results.items():
            text = None if raw is None else str(raw)
            await self.factory.tenant.execute(
                "insert into core.period_result as r (school_id, pupil_id, group_id, period, raw, "
                "terms, percent, mark, computed_at) values ($1, $2, $3, $4, $5, "
                "json_build_array(json_build_array('fo', 1, 1, 1, 1, 100, $6::integer, '1', '1')), "
                "$7, '4', $8) on conflict (school_id, pupil_id, group_id, period) do update "
                "set raw = excluded.raw, terms = excluded.terms, percent = excluded.percent",
                self.school, pupil, group, period, text, marks,
                None if text is None else round(Fraction(text)), datetime.now(UTC),
            )  # fmt: skip

    async def night(self, day: date) -> None:
        """Let the job of a night run."""
        async with at(day):
            await self.call("job", "rating.publish", JobRun(due_at=datetime.now(UTC)))

    async def call(self, kind: HandlerKind, name: str, payload: object) -> Any:
        """Call a handler as the server does."""
        on = await self.host.allowed.active(self.school)
        call = call_for(School(id=self.school, name="", zone=SCHOOL_ZONE), "kk")
        outcome = await self.host.dispatcher.call(
            HandlerRef("rating", kind, name), payload, on, call
        )
        if outcome.error is not None:
            raise outcome.error
        assert outcome.done, outcome
        return outcome.value

    @asynccontextmanager
    async def tx(self, *, write: bool = False) -> AsyncIterator[PluginTx]:
        """Open a transaction of the plugin's own login."""
        token = SIGNER.mint("rating", self.school, 60)
        async with self.pools.of("rating").transaction(token, write=write) as tx:
            yield tx

    async def looks(self, pupil: UUID, period: str | None = None, **more: Any) -> Sequence[Seen]:
        """Return what the pupil's family sees."""
        async with self.tx() as tx:
            return await looks(tx, pupil, 2026, period, **more)

    async def family(self, pupil: UUID, day: date = MONDAY) -> Family:
        """Return what stands between a family and the rating."""
        async with self.tx() as tx:
            return await family(tx, pupil, datetime.combine(day, time(9), ZoneInfo(SCHOOL_ZONE)))

    async def choose(self, pupil: UUID, day: date = MONDAY, **choices: bool) -> None:
        """Let a family choose."""
        async with self.tx(write=True) as tx:
            await set_choice(tx, self.school, pupil, today=day, **choices)

    async def leave(self, journal: Journal, pupil: UUID, day: date | None) -> None:
        """Take a pupil out of class and group."""
        for table in ("class_pupil", "group_pupil"):
            await self.factory.tenant.execute(
                f"update core.{table} set to_date = $3 where school_id = $1 and pupil_id = $2",
                self.school, pupil, day,
            )  # fmt: skip

    async def come(self, journal: Journal, day: date) -> UUID:
        """Let a new pupil come into class and group."""
        pupil = await self.factory.person(self.school, "Жаңа", "Айша", role="pupil")
        for table, column, place in (
            ("class_pupil", "class_id", journal.school_class),
            ("group_pupil", "group_id", journal.group),
        ):
            await self.factory.tenant.execute(
                f"insert into core.{table} (school_id, {column}, pupil_id, from_date) "
                "values ($1, $2, $3, $4)",
                self.school, place, pupil, day,
            )  # fmt: skip
        return pupil

    async def configure(self, **options: object) -> None:
        """Set the plugin up."""
        async with tenant(self.school, write=True) as tx:
            seen, _values = await stored_settings(tx, "rating")
            await store_settings(tx, "rating", options, seen, new_id())

    async def rows(self, sql: str, *args: object) -> list[dict[str, Any]]:
        """Run a statement as the plugin does."""
        async with self.tx(write=True) as tx:
            return [dict(row) for row in await tx.fetch(sql, *args)]

    async def entitle(
        self,
        pupil: UUID,
        begins: date,
        ends: date | None,
        *,
        feature: str = "rating.view",
        scope: str = "*",
    ) -> UUID:
        """Let the core have granted something."""
        made, zone = new_id(), ZoneInfo(SCHOOL_ZONE)
        await self.factory.tenant.execute(
            "insert into core.entitlement (school_id, id, pupil_id, feature, scope, valid_from, "
            "valid_until, source, source_ref, granted_at) "
            "values ($1, $2, $3, $4, $5, $6, $7, 'grant', $8, $6)",
            self.school, made, pupil, feature, scope, datetime.combine(begins, time(), zone),
            None if ends is None else datetime.combine(ends, time(), zone), str(made),
        )  # fmt: skip
        return made


@pytest.fixture(scope="package")
async def app(databases: Databases) -> AsyncIterator[Shell]:
    assert databases.jobs_url
    async with running() as made:
        yield made


@pytest.fixture(scope="package")
async def host(app: Shell) -> Running:
    assert app.litestar.routes
    found = plugins()
    assert "rating" in found.registry.loaded, found.registry.plugins
    return found


@pytest.fixture(scope="package")
async def pools(urls: Urls, databases: Databases) -> AsyncIterator[PluginPools]:
    opened = PluginPools(keys_for(urls).logins.url_for)
    yield opened
    await opened.close()


@pytest.fixture(scope="package")
async def owner(urls: Urls) -> AsyncIterator[Connection]:
    conn = await asyncpg.connect(urls.migrate_tenant)
    await conn.execute("set row_security = off")
    yield conn
    await conn.close()


@pytest.fixture
async def rated(host: Running, pools: PluginPools, factory: Factory) -> Rated:
    """A school with the rating on, and no class yet."""
    school = await factory.school()
    head = await factory.person(school, role="director")
    async with tenant(school, write=True) as tx:
        await enable_plugin(tx, host.registry, "rating", head)
    return Rated(host, pools, factory, school)
