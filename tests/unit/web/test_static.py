from pathlib import Path

import brotli
import msgspec
import pytest

from kundelik_core.web import static_mount
from kundelik_core.web.static_mount import LAYERS, Static
from kundelik_core.web.themes import Theme, Title

LOOK = Theme(
    name="look", version="1", dist="look", title=Title(kk="К", ru="Л", en="L"),
    sheet=b"/* tokens */", static={"img/sky.svg": b"<svg/>"},
)  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "css").mkdir()
    (tmp_path / "js").mkdir()
    for name in ("print", "base", "components", "diary", "journal", "zoo"):
        (tmp_path / "css" / f"{name}.css").write_text(f"/* {name} */")
    (tmp_path / "js" / "app.js").write_text('import "./other.js"')
    return tmp_path


def test_bundles_keep_the_order_of_the_layers(tree: Path) -> None:
    static = Static(LOOK, tree)
    layers = LAYERS.decode() + "\n"
    family, staff = (
        static.files[f"css/{n}.css"].plain.decode().removeprefix(layers)
        for n in ("family", "staff")
    )
    assert family.replace("/* ", "").split(" */")[:-1] == [
        "tokens", "\nbase", "\ncomponents", "\ndiary", "\nprint",
    ]  # fmt: skip
    assert (
        staff.index("components")
        < staff.index("diary")
        < staff.index("journal")
        < staff.index("zoo")
    )
    assert staff.endswith("/* print */")


def test_a_theme_brings_its_tokens_and_files_and_changes_every_address(tree: Path) -> None:
    static = Static(LOOK, tree)
    assert static.files["theme/img/sky.svg"].plain == b"<svg/>"
    for name in ("css/family.css", "css/staff.css"):
        assert static.files[name].plain.startswith(LAYERS + b"\n/* tokens */\n/* base */")
    other = Static(msgspec.structs.replace(LOOK, sheet=b"/* others */"), tree)
    assert other.url("js/app.js") != static.url("js/app.js")


def test_any_change_changes_every_address(tree: Path) -> None:
    before = Static(LOOK, tree)
    (tree / "css" / "zoo.css").write_text("/* other */")
    after = Static(LOOK, tree)
    assert before.url("js/app.js") != after.url("js/app.js")
    found = after.find(before.url("js/app.js"))
    assert found is not None
    assert found[1] is False
    assert Static(LOOK, tree).url("js/app.js") == after.url("js/app.js")


def test_what_is_packed_is_what_is_there(tree: Path) -> None:
    for file in Static(LOOK, tree).files.values():
        assert brotli.decompress(file.brotli) == file.plain


def test_an_unknown_file_is_noticed_by_the_page_and_not_found_by_the_browser(tree: Path) -> None:
    static = Static(LOOK, tree)
    with pytest.raises(KeyError, match=r"no static file 'js/none\.js'"):
        static.url("js/none.js")
    for path in (
        "/static/",
        "/static/x",
        "/static/x/",
        "/static/x/../app.js",
        "/static/x/css/tokens.css",
    ):
        assert static.find(path) is None


def test_the_journals_page_names_all_its_modules_beforehand() -> None:
    """One that is missing is fetched only after another has been read: a turn more each time."""
    web = Path(static_mount.__file__).parent
    page = (web / "templates" / "journal.html").read_text()
    named = page.partition("{% block head %}{% for name in (")[2].partition(")")[0]
    scripts = web / "static" / "js"
    files = [scripts / "journal.js", *(scripts / "journal").glob("*.js")]
    assert sorted(named.replace('"', "").split(", ")) == sorted(
        str(file.relative_to(scripts).with_suffix("")) for file in files
    )
