"""Give the suite a real PostgreSQL, real pools, and a log of every statement for the lint."""

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from kundelik_core.kernel import db
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.pg import EmbeddedPostgres
from kundelik_core.plugins.database import roles
from kundelik_core.plugins.life.running import use_keys
from tests.factories import Factory
from tests.lints import collect
from tests.lints.catalogue import tenant_tables
from tests.plugins import approve_own
from tests.postgres import cluster, fresh_databases

# Each has a server of its own, or kills one: several at once would only wait for each other.
KEPT_TOGETHER = ("tests/e2e/", "tests/durability/")
# Each test of these brings all that it needs and takes its time.
SINGLY = (
    "tests/vendor/",
    "tests/chaos/test_in_host.py",
    "tests/integration/vendor_kit/test_scaffold.py",
    "tests/integration/plugin_host/test_host_venv.py",
)
# What takes longest begins first, so that the workers end together.
FIRST = (
    "tests/vendor/test_a_vendor_s_plugin.py::test_from_the_wheel_to_the_end[process]",
    "tests/e2e/",
    "tests/gallery/test_looks.py",
    "tests/vendor/",
    "tests/durability/",
    "tests/integration/vendor_kit/test_scaffold.py",
    "tests/gallery/",
    "tests/chaos/test_in_process.py",
    "tests/integration/vendor_kit/",
    "tests/integration/cli/",
    "tests/chaos/",
    "plugins/",
)


def pytest_configure(config: pytest.Config) -> None:
    """Log every statement of the run; the lint judges them at its end."""
    config.pluginmanager.register(collect.SqlCollector(config), collect.NAME)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put ``FIRST`` first; the rest stays in its order."""
    items.sort(
        key=lambda item: next(
            (number for number, path in enumerate(FIRST) if item.nodeid.startswith(path)),
            len(FIRST),
        )
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Give a worker a file at a time, whose tests share what is costly to set up.

    xdist tells the groups of ``--dist loadgroup`` by a suffix of the tests' names, which pytest no
    longer lets it add.
    """
    if config.getoption("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    config.option.loadscopereorder = False  # by duration, not by number
    return Groups(config, log)


def unit(nodeid: str) -> str:
    """Return what one worker does in one go."""
    if nodeid.startswith(SINGLY):
        return nodeid
    file = nodeid.partition("::")[0]
    if file.startswith("plugins/"):
        return "/".join(file.split("/")[:2])
    return next((folder for folder in KEPT_TOGETHER if file.startswith(folder)), file)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """Run the suite's PostgreSQL; the last worker to leave stops it."""
    server = cluster()
    yield server
    server.stop()


@pytest.fixture(scope="session")
async def urls(postgres: EmbeddedPostgres) -> AsyncIterator[Urls]:
    """Give this worker migrated databases of its own."""
    async with fresh_databases(postgres, os.environ.get("PYTEST_XDIST_WORKER", "main")) as found:
        yield found


@pytest.fixture(scope="session")
async def databases(urls: Urls, postgres: EmbeddedPostgres) -> AsyncIterator[db.Databases]:
    """Open the pools, as a worker of the server does."""
    owner = await asyncpg.connect(urls.migrate_tenant)
    collect.know(await tenant_tables(owner, "core"))
    await owner.close()
    db.on_connect.append(collect.watch)
    opened = await db.Databases.open(urls.tenant, urls.directory, urls.jobs, size=6)
    db.use_databases(opened)
    with pytest.MonkeyPatch.context() as patch:
        # A plugin's login is the whole server's, and every worker here is an installation.
        patch.setattr(roles, "CONNECTIONS", 100)
        use_keys(await approve_own(urls, postgres.superuser_dsn))
        yield opened
    use_keys(None)
    db.use_databases(None)
    await opened.close()


@pytest.fixture(scope="session")
async def factory(urls: Urls, databases: db.Databases) -> AsyncIterator[Factory]:
    """Make schools, people and journals; every school has an id of its own, so tests never meet."""
    made = await Factory.open(urls)
    yield made
    await made.close()
