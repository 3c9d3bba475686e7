"""The tables of the payments plugin keep the rules of plugins' databases."""

from importlib import resources
from pathlib import Path

from kundelik_core.kernel.boot import Urls
from tests.integration.plugins_db.vendor import installed


async def test_the_migrations_are_taken(urls: Urls, tmp_path: Path) -> None:
    folder = resources.files("kundelik_payments") / "migrations"
    files = {
        one.name.removesuffix(".sql"): one.read_text("utf-8")
        for one in folder.iterdir()
        if one.name.endswith(".sql")
    }
    async with installed(urls, "payments") as vendor:
        assert await vendor.migrate(tmp_path, files) == sorted(files)
        async with vendor.pool.transaction(vendor.token(1)) as tx:
            assert await tx.fetchval("select count(*) from purchase") == 0
