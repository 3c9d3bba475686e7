"""Vendors' plugins for tests: made by the scaffold, broken as a test wants them, installed."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kundelik_core.kernel.db import Databases
from kundelik_core.plugins.scaffold import create
from kundelik_core.testing.subject import Subject, subject

Make = Callable[..., Subject]
Change = tuple[str, str, str]


@pytest.fixture(autouse=True)
async def _beside_the_suite(databases: Databases) -> None:
    """Let the kit stand beside the suite's own pools, as it does where plugins are tested here."""
    await databases.directory.fetchval("select 1")


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Install a plugin of the scaffold after some changes: (file, old text, new text)."""
    made: list[Subject] = []
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(name: str, *changes: Change, mode: str = "process", **more: str) -> Subject:
        create(name, tmp_path / name)
        package = f"kundelik_{name}"
        (tmp_path / name / package).rename(tmp_path / package)
        for file, old, new in changes:
            path = tmp_path / package / file
            text = path.read_text("utf-8")
            assert old in text, (file, old)
            path.write_text(text.replace(old, new), "utf-8")
        for file, text in more.items():
            (tmp_path / package / file.replace("__", "/").replace("_DOT_", ".")).write_text(text)
        info = tmp_path / f"kundelik_{name}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: kundelik-{name}\nVersion: 0.1.0\n"
        )
        target = f"{package}.plugin:plugin"
        (info / "entry_points.txt").write_text(f"[kundelik.plugins]\n{name} = {target}\n")
        importlib.invalidate_caches()
        made.append(subject(name, "host" if mode == "host" else "process"))
        return made[-1]

    yield install
    for one in made:
        one.ground.close()
        for module in [m for m in sys.modules if m.split(".")[0] == f"kundelik_{one.name}"]:
            del sys.modules[module]
