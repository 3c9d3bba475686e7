"""Join pytest: one option, three fixtures, and the conformance items of the plugins it names.

Loaded wherever kundelik-core is installed, so it imports nothing of Kundelik before the option asks
for it: other people's test runs and their coverage go on as if it were not there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kundelik_core.testing.items import Conformance

OPTION = "kundelik_plugin"
MANIFEST = "kundelik.toml"
RUNNER = "kundelik_runner"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option of the configuration file, and that of the command line."""
    words = "names of the Kundelik plugins under test; each gets its conformance items"
    parser.addini(OPTION, words, type="args", default=[])
    parser.getgroup("kundelik").addoption(
        "--kundelik-runner",
        dest=RUNNER,
        choices=("process", "host"),
        default="process",
        help="where the plugin's handlers run: in this process, or in one of their own",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Bring the fixtures in, if a plugin is named."""
    if config.getini(OPTION):
        from kundelik_core.testing import fixtures

        config.pluginmanager.register(fixtures, "kundelik-fixtures")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Conformance | None:
    """Take a manifest on the way for the conformance items of its plugin."""
    if file_path.name != MANIFEST or not parent.config.getini(OPTION):
        return None
    from kundelik_core.testing import items

    return items.at(file_path, parent)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add the items of plugins whose manifest lies off the way; ``-k`` and the like come after."""
    if session.config.getini(OPTION):
        from kundelik_core.testing import items as kit

        items += kit.missing(session, items)
