import sys
import tomllib
from importlib.metadata import distribution, distributions
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kundelik_core.cli import main
from kundelik_core.kernel.settings import Settings
from kundelik_core.testing.distfiles import shipped
from kundelik_core.web import static_mount
from kundelik_core.web.themes import TOKENS, Found, ThemeError, find_themes, load_theme
from tools.lint import ROOT
from tools.setup import workspace

ABOUT = """
theme = 1
name = "{name}"
api = ">=0.1,<1"
tokens = "look.css"
[title]
kk = "К"
ru = "Л"
en = "L"
"""
SHEET = "@layer tokens { :root { " + " ".join(f"--{name}: 0;" for name in TOKENS) + " } }"


class Shelf:
    """A folder of installed themes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(
        self, name: str, *, about: str = ABOUT, sheet: str = SHEET, dist: str = "",
        entry: str = "", code: str = "raise RuntimeError('imported')",
    ) -> Path:  # fmt: skip
        dist = dist or f"vendor-{name}"
        package = dist.replace("-", "_")
        root = self.folder / package
        root.mkdir()
        # A theme has no business with Python; if it has some, it must not run.
        (root / "__init__.py").write_text(code)
        (root / "theme.toml").write_text(about.replace("{name}", name))
        (root / "look.css").write_text(sheet)
        info = self.folder / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[kundelik.themes]\n{name} = {entry or package}\n")
        return root

    def find(self) -> tuple[Found, ...]:
        return find_themes(distributions(path=[str(self.folder)]))


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.syspath_prepend(tmp_path)
    return Shelf(tmp_path)


def test_a_theme_is_read_and_none_of_its_code_runs(shelf: Shelf) -> None:
    root = shelf.add("night")
    (root / "static" / "img").mkdir(parents=True)
    (root / "static" / "img" / "sky.svg").write_text("<svg/>")
    theme = load_theme("night", shelf.find())
    assert (theme.name, theme.version, theme.dist) == ("night", "1.0", "vendor-night")
    assert theme.title.ru == "Л"
    assert theme.sheet.decode() == SHEET
    assert theme.static == {"img/sky.svg": b"<svg/>"}
    assert "vendor_night" not in sys.modules


def test_whoever_installs_the_core_alone_has_the_theme_that_it_wears() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    dist = f"kundelik-theme-{Settings().theme}"
    assert dist in project["dependencies"]
    theme = tomllib.loads((ROOT / "themes/default/pyproject.toml").read_text("utf-8"))["project"]
    assert theme["name"] == dist


def test_an_unknown_theme_is_one_line_that_names_those_there_are(shelf: Shelf) -> None:
    with pytest.raises(ThemeError, match=r"^no theme is installed\. Run: pip install"):
        load_theme("night", shelf.find())
    shelf.add("night")
    shelf.add("day")
    line = r"^KUNDELIK_THEME='dawn': no such theme is installed; there are: day, night$"
    with pytest.raises(ThemeError, match=line):
        load_theme("dawn", shelf.find())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"about": "theme ="}, "theme.toml is no TOML"),
        ({"about": ABOUT.replace("theme = 1", "theme = 2")}, "theme.toml: Invalid enum value 2"),
        ({"about": ABOUT.replace('en = "L"', "")}, "missing required field `en`"),
        ({"about": ABOUT + 'colour = "blue"'}, "unknown field `colour`"),
        ({"about": ABOUT.replace("{name}", "dawn")}, "name: 'dawn', but the entry point is"),
        ({"about": ABOUT.replace(">=0.1,<1", ">=2")}, "made for '>=2' of the tokens; here is 0.1"),
        ({"about": 'contrast = "A"\n' + ABOUT}, "Invalid enum value 'A'"),
        ({"about": ABOUT.replace(">=0.1,<1", "new")}, "api: write a range of versions"),
        ({"about": ABOUT.replace(">=0.1,<1", "")}, "made for '' of the tokens"),
        ({"about": ABOUT.replace("look.css", "../look.css")}, "`$.tokens`"),
        ({"about": ABOUT.replace("look.css", "none.css")}, "none.css cannot be read: No such"),
        ({"sheet": SHEET.replace("--gold: 0;", "")}, "look.css does not give --gold."),
        ({"sheet": SHEET.replace("--gold: 0;", "/* --gold: 0; */")}, "does not give --gold."),
        ({"sheet": SHEET + "a { background: url(//cdn.example/x) }"}, "loads something from"),
        ({"sheet": SHEET + "@import 'x.css';"}, "loads something from elsewhere"),
        ({"entry": "vendor_night.look:theme"}, "write the name of its package"),
        ({"entry": "vendor_none"}, "there is no theme.toml in the package vendor_none"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(shelf: Shelf, change: dict[str, str], said: str) -> None:
    shelf.add("night", **change)
    (found,) = shelf.find()
    assert found.theme is None
    assert said in found.problem
    with pytest.raises(ThemeError) as caught:
        load_theme("night", (found,))
    assert str(caught.value).startswith("the theme night (vendor-night) cannot be used: ")
    assert "\n" not in str(caught.value)


def test_two_of_one_name_are_both_refused(shelf: Shelf) -> None:
    shelf.add("night")
    shelf.add("night", dist="other-night")
    assert [one.theme for one in shelf.find()] == [None, None]
    assert "in: other-night, vendor-night" in shelf.find()[0].problem


def test_a_link_out_of_the_theme_is_not_followed(shelf: Shelf) -> None:
    root = shelf.add("night")
    (root / "static").mkdir()
    (shelf.folder / "secret.txt").write_text("secret")
    (root / "static" / "a.txt").symlink_to(shelf.folder / "secret.txt")
    assert "a.txt lies outside of the theme's folder" in shelf.find()[0].problem


def test_the_process_changes_its_theme_only_to_one_that_works(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Restored at the end, with the files of the default theme.
    monkeypatch.setattr(static_mount._Chosen, "name", "default")
    static_mount.static_files.cache_clear()
    default = static_mount.static_files().digest
    shelf.add("night")
    static_mount.choose_theme("night")
    assert static_mount.static_files().digest != default
    with pytest.raises(ThemeError):
        static_mount.choose_theme("dawn")
    assert SHEET.encode() in static_mount.static_files().files["css/family.css"].plain
    static_mount.choose_theme("default")
    assert static_mount.static_files().digest == default


@pytest.mark.parametrize("name", ["default", "nauryz", "contrast"])
def test_our_themes_are_installed_and_hold_no_code(name: str) -> None:
    folder = ROOT / "themes" / name / f"kundelik_theme_{name}"
    assert load_theme(name).sheet in {path.read_bytes() for path in folder.glob("*.css")}
    wheel = shipped(distribution(f"kundelik-theme-{name}"))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.relative_to(folder.parent).as_posix() for path in files} <= {*wheel}
    assert not [path for path in wheel if path.endswith((".py", ".pth"))]
    assert sum(path.stat().st_size for path in files) < 24 * 1024
    assert Settings().theme == "default"


@pytest.mark.parametrize("name", ["default", "nauryz", "contrast"])
def test_the_set_up_installs_them(name: str) -> None:
    assert ROOT / "themes" / name / "pyproject.toml" in workspace()


def test_a_theme_s_pages_are_read_and_checked(shelf: Shelf) -> None:
    root = shelf.add("night")
    (root / "templates").mkdir()
    (root / "templates" / "error.html").write_text("<p>{{ title }}</p>")
    assert load_theme("night", shelf.find()).templates == {"error.html": "<p>{{ title }}</p>"}
    (root / "templates" / "error.html").write_text("{{ title.__class__ }}")
    said = "templates/error.html: line 1: .__class__ is not for a theme."
    assert shelf.find()[0].problem == said


def test_the_sheets_use_no_name_that_a_theme_need_not_give() -> None:
    sheets = "".join(path.read_text() for path in (static_mount.FOLDER / "css").glob("*.css"))
    # A name with a value to fall back on need not be given.
    used = {part.split(")")[0].strip() for part in sheets.split("var(--")[1:]}
    assert {name for name in used if "," not in name} <= set(TOKENS)


def test_the_documents_tell_the_names() -> None:
    for page in ("design.md", "vendors/theme.md"):
        text = (ROOT / "docs" / page).read_text("utf-8")
        assert [name for name in TOKENS if f"`--{name}`" not in text] == [], page


def test_the_command_stops_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(main, click.Command)
    for command in ("serve", "demo"):
        arguments = [command, "--port", "1", "--data-dir", str(tmp_path / "var")]
        arguments = arguments if command == "serve" else [command, "--port", "18765"]
        told = CliRunner().invoke(main, arguments, env={"KUNDELIK_THEME": "dawn"})
        assert told.exit_code == 2
        assert told.output == (
            "Setting: KUNDELIK_THEME='dawn': no such theme is installed; there are: contrast, "
            "default, nauryz\n"
        )
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_tells_the_themes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(main, ["doctor"], env={"KUNDELIK_THEME": "default"})
    assert "default 0.1.0 (kundelik-theme-default), in use" in told.output
    told = CliRunner().invoke(main, ["doctor"], env={"KUNDELIK_THEME": "dawn"})
    assert told.exit_code == 1
    assert "there are: contrast, default, nauryz" in told.output
