"""A theme lays out what a plugin lets it, and nothing else; when it fails, nobody sees it."""

from pathlib import Path

from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.plugins.render import JinjaRenderer, Layouts, use_layouts
from kundelik_core.sdk import Fragment, Manifest, Text, Vendor

WORD = Text(kk="A", ru="B", en="C")


def renderer(root: Path) -> JinjaRenderer:
    folder = root / "templates"
    folder.mkdir()
    (folder / "open.html").write_text("<p>{{ word }}</p>")
    (folder / "shut.html").write_text("<p>shut</p>")
    manifest = Manifest(
        manifest=1, name="odd", api=">=0", kind="module", level="school", title=WORD,
        vendor=Vendor(name="X", url="https://x.example", support="x", security="x"),
        themable=("open.html",),
    )  # fmt: skip
    return JinjaRenderer(Registry((), {"odd": Loaded(manifest=manifest, version="1", root=root)}))


def shown(made: JinjaRenderer, template: str) -> str:
    return "".join(made.pieces("odd", Fragment(template=template, context={"word": "<b>"}), "en"))


def test_what_is_themable_is_laid_out_by_the_theme(tmp_path: Path) -> None:
    made, told = renderer(tmp_path), list[str]()
    sources = {
        "odd/open.html": '<div>{% include "odd/open.html" %}{{ word }}</div>',
        "odd/shut.html": "<div>theirs</div>",
    }
    with use_layouts(Layouts(sources, lambda what, _why: told.append(what))):
        assert shown(made, "open.html") == "<div><p>&lt;b&gt;</p>&lt;b&gt;</div>"
        assert shown(made, "shut.html") == "<p>shut</p>"
    assert shown(made, "open.html") == "<p>&lt;b&gt;</p>"
    assert told == []


def test_a_layout_that_fails_gives_way_and_is_told(tmp_path: Path) -> None:
    made, told = renderer(tmp_path), list[str]()
    for source in ("{{ nothing }}", "{% if %}", '{% include "odd/gone.html" %}'):
        with use_layouts(Layouts({"odd/open.html": source}, lambda what, _why: told.append(what))):
            assert shown(made, "open.html") == "<p>&lt;b&gt;</p>"
    assert told == ["templates/x/odd/open.html"] * 3
