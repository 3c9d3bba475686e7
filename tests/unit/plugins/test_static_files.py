"""What a plugin gives to browsers: bound to its own pages, no scripts, nothing from elsewhere."""

from pathlib import Path

import pytest

from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.plugins.static import PluginFiles, faults
from kundelik_core.sdk import parse_manifest

MANIFEST = b"""
manifest = 1
name = "odd"
api = ">=0.2,<0.3"
kind = "module"
level = "school"
title = { kk = "A", ru = "B", en = "C" }
vendor = { name = "V", url = "https://v.example/", support = "s", security = "s" }
"""


def files(root: Path) -> PluginFiles:
    manifest = parse_manifest(MANIFEST, "kundelik.toml")
    return PluginFiles(Registry((), {"odd": Loaded(manifest=manifest, version="1", root=root)}))


def put(root: Path, name: str, content: str) -> None:
    path = root / "static" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_a_sheet_is_bound_to_the_pages_body(tmp_path: Path) -> None:
    put(tmp_path, "pages.css", '.a{background:url(img/a.svg)} .b::after{content:"}"}')
    put(tmp_path, "img/a.svg", "<svg/>")
    found = files(tmp_path)
    served = found.find(found.sheet("odd"))
    assert served is not None
    name, data, for_ever = served
    assert (name, for_ever) == ("pages.css", True)
    assert data.startswith(b"@layer pages{@scope(.module){")
    assert found.find(found.url("odd", "img/a.svg")) == ("img/a.svg", b"<svg/>", True)
    assert not list(faults(tmp_path))


def test_another_digest_is_served_but_not_kept(tmp_path: Path) -> None:
    put(tmp_path, "a.svg", "<svg/>")
    found = files(tmp_path)
    before = found.url("odd", "a.svg")
    put(tmp_path, "a.svg", "<svg />")
    again = files(tmp_path)
    assert again.url("odd", "a.svg") != before
    assert again.find(before) == ("a.svg", b"<svg />", False)
    assert again.find("/x-static/even/x/a.svg") is None
    assert again.find("/x-static/odd/x/../plugin.py") is None
    with pytest.raises(LookupError):
        again.url("odd", "b.svg")


@pytest.mark.parametrize(
    "sheet",
    [
        "} } .top{display:none}",
        ".a{}}.b{",
        "@import url(//evil.example/a.css);",
        ".a{background:url(https://evil.example/a.png)}",
        '.a{background:url("../../static/x.svg")}',
        ".a{background:u\\72l(//x)}",
        "/* open",
        '.a{content:"open}',
        "@layer theme{.top{display:none}}",
    ],
)
def test_a_sheet_that_reaches_beyond_is_not_served(tmp_path: Path, sheet: str) -> None:
    put(tmp_path, "pages.css", sheet)
    assert [name for name, _why in faults(tmp_path)] == ["pages.css"]
    assert files(tmp_path).sheet("odd") == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("app.js", "alert(1)"),
        ("a.html", "<p>"),
        ("other.css", ".a{}"),
        ("a.svg", "<svg onload=alert(1)>"),
        ("b.svg", "<svg><script>1</script></svg>"),
        ("Big.png", "x"),
        ("big.png", "x" * (256 * 1024 + 1)),
    ],
)
def test_what_could_run_or_is_too_large_is_not_served(
    tmp_path: Path, name: str, content: str
) -> None:
    put(tmp_path, name, content)
    assert [each for each, _why in faults(tmp_path)] == [name]
    with pytest.raises(LookupError):
        files(tmp_path).url("odd", name)


def test_a_link_out_of_the_package_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.svg").write_text("<svg/>")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.svg").symlink_to(tmp_path / "secret.svg")
    assert [name for name, _why in faults(tmp_path)] == ["a.svg"]
