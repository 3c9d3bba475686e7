"""What a plugin may import besides the contract: what its own distribution requires, no more."""

from pathlib import Path

import pytest

from kundelik_core.plugins.check.imports import declared_packages, strange_imports


@pytest.mark.parametrize(
    ("requires", "package"),
    [
        ("Not-Here.Yet>=1", "not_here_yet"),
        ("zz-940>=5,<6; python_version >= '3.11'", "zz940"),
        ("python-zzutil", "zzutil"),
        ("zz-python[fast]", "zz"),
        # Installed here, and called otherwise than its distribution.
        ("PyYAML", "yaml"),
        ("mt_940", "mt940"),
    ],
)
def test_what_is_required_may_be_imported(requires: str, package: str) -> None:
    assert package in declared_packages([requires])


@pytest.mark.parametrize(
    "requires", ["kundelik-core>=0.1", "zzutil; extra == 'dev'", "not a requirement", "zz !!"]
)
def test_what_is_not_may_not(requires: str) -> None:
    assert not declared_packages([requires]) & {"kundelik_core", "zzutil", "zz", "not"}


def test_an_import_of_something_else_is_named(tmp_path: Path) -> None:
    root = tmp_path / "kundelik_till"
    root.mkdir()
    (root / "__init__.py").write_text(
        "import json\nimport zz940.models\nfrom kundelik_till import a\n"
        "from kundelik_core.sdk import Page\nimport zzother\nfrom kundelik_core import web\n"
    )
    assert [*strange_imports(root, declared_packages(["zz-940"]))] == [
        "kundelik_till/__init__.py, line 5: zzother",
        "kundelik_till/__init__.py, line 6: kundelik_core.web",
    ]
