from importlib.metadata import distributions

import pytest

from tests.unit.plugins.dists import Site


def sha(site: Site) -> str:
    (found,) = site.find()
    assert len(found.sha256) == 64
    return found.sha256


@pytest.mark.parametrize(
    "change",
    [
        ("vendor_alpha/plugin.py", "# changed"),
        ("vendor_alpha/new.py", ""),
        ("vendor_alpha/templates/show.html", "<i></i>"),
        ("vendor_alpha/kundelik.toml", None),
    ],
)
def test_another_file_is_another_sum(site: Site, change: tuple[str, str | None]) -> None:
    site.add("alpha")
    before = sha(site)
    assert sha(site) == before
    file = site.folder / change[0]
    if change[1] is None:
        file.write_bytes(file.read_bytes() + b"\n# one more line\n")
    else:
        file.write_text(change[1])
    assert sha(site) != before


def test_a_file_that_moved_is_another_sum(site: Site) -> None:
    site.add("alpha")
    before = sha(site)
    (site.folder / "vendor_alpha/plugin.py").rename(site.folder / "vendor_alpha/other.py")
    assert sha(site) != before


def test_what_python_compiles_does_not_count(site: Site) -> None:
    site.add("alpha")
    before = sha(site)
    folder = site.folder / "vendor_alpha" / "__pycache__"
    folder.mkdir(exist_ok=True)
    (folder / "plugin.cpython-311.pyc").write_bytes(b"x")
    assert sha(site) == before


def test_what_lies_beside_the_package_counts(site: Site) -> None:
    site.add("alpha")
    (dist,) = distributions(path=[str(site.folder)])
    (site.folder / "vendor_alpha.pth").write_text("import os")
    record = site.folder / "vendor_alpha-1.0.dist-info" / "RECORD"
    record.write_text("vendor_alpha/plugin.py,,\n")
    before = sha(site)
    record.write_text("vendor_alpha/plugin.py,,\nvendor_alpha.pth,,\ngone.py,,\n")
    assert dist.files is not None
    listed = sha(site)
    assert listed != before
    (site.folder / "vendor_alpha.pth").write_text("import sys")
    assert sha(site) not in {before, listed}
