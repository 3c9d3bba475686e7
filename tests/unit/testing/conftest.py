import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.plugins.dists import Site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    site = Site(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield site
    for name in site.imported():
        del sys.modules[name]
