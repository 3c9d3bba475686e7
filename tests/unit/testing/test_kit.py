"""The kit as a vendor meets it: pytest in a project of its own, and the documents' own example."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from kundelik_core.testing.conformance import CHECKS
from tests.unit.plugins.dists import Site
from tools.lint import ROOT

PAGE = ROOT / "docs" / "vendors" / "plugin.md"
FILE = re.compile(
    r"^\*\*`([^`]+)`\*\*[^\n]*(?:\n[^`\n][^\n]*)*\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
QUIET = ("-p", "no:cacheprovider", "-rfs")
# All other plugins stay away, which is quick; the kit is named, since nothing brings it in then.
BARE = ("-p", "kundelik_core.testing.plugin")
INI = "[pytest]\nkundelik_plugin = {}\n"
TEST = "def test_loaded(plugin):\n    assert plugin.manifest.name == '{}'\n"


def run(folder: Path, *arguments: str, installed: Path | None = None) -> tuple[int, str]:
    """Run pytest in a folder: bare, or as it is where things are installed in another one."""
    places = os.pathsep.join(str(one) for one in (installed or folder, ROOT))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "KUNDELIK_"))}
    if not installed:
        kept["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        arguments = (*BARE, *arguments)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *QUIET, *arguments],
        cwd=folder,
        env=kept | {"PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_kit_costs_a_run_without_plugins_nothing() -> None:
    code = "import sys, kundelik_core.testing.plugin; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("kundelik_core")}
    assert loaded == {"kundelik_core", "kundelik_core.testing", "kundelik_core.testing.plugin"}
    assert not {"msgspec", "jinja2", "babel", "asyncio"} & {*done.stdout.split()}


def test_without_the_option_there_are_no_fixtures_and_no_items(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(plugin):\n    pass\n")
    (tmp_path / "kundelik.toml").write_text("")
    code, told = run(tmp_path, str(tmp_path))
    assert code == 1
    assert "fixture 'plugin' not found" in told
    assert "1 error" in told


def test_a_bad_plugin_turns_the_run_red_with_the_reason(site: Site) -> None:
    package = site.add("alpha", template="<b>{{ text }}")
    (site.folder / "pytest.ini").write_text(INI.format("alpha"))
    (site.folder / "tests").mkdir()
    (site.folder / "tests" / "test_it.py").write_text(TEST.format("alpha"))
    code, told = run(site.folder, "tests")
    assert code == 1
    assert "alpha: In a school with nothing in it, every slot shows a whole fragment" in told
    assert "  - class.page: <b> is not closed" in told
    assert f"FAILED {package}/kundelik.toml::slots_empty_school" in told
    # A run of one file is about that file; the manifest's own path runs the items alone.
    assert "1 passed" in run(site.folder, "tests/test_it.py")[1]
    code, told = run(site.folder, f"{package}/kundelik.toml::imports")
    assert (code, "1 passed" in told) == (0, True)
    assert (
        f"1 passed, {len(CHECKS)} deselected" in run(site.folder, "-k", "kundelik and imports")[1]
    )


def test_a_plugin_that_does_not_load_is_red_once_and_skipped_visibly(site: Site) -> None:
    site.add("alpha", code="raise OSError('no disk')")
    (site.folder / "pytest.ini").write_text(INI.format("alpha nobody"))
    code, told = run(site.folder)
    assert code == 1
    assert "  - It failed while it was loaded: OSError: no disk." in told
    assert "No installed distribution has nobody under the entry points kundelik.plugins" in told
    assert "the plugin is not loaded; the item manifest says why" in told


def test_of_several_plugins_a_test_is_about_the_one_in_whose_project_it_lies(site: Site) -> None:
    (site.folder / "pytest.ini").write_text(
        INI.format("alpha beta") + "addopts = --import-mode=importlib\npythonpath = a b\n"
    )
    for name, folder in (("alpha", "a"), ("beta", "b")):
        package = site.add(name)
        (site.folder / folder / "tests").mkdir(parents=True)
        (site.folder / package).rename(site.folder / folder / package)
        (site.folder / folder / "pyproject.toml").write_text("")
        (site.folder / folder / "tests" / "test_it.py").write_text(TEST.format(name))
    only = ("-k", "test_it or hooks")
    assert "4 passed" in run(site.folder, *only)[1]
    _, told = run(site.folder, "b/tests", *only, "-v")
    assert "2 passed" in told
    assert "b/vendor_beta/kundelik.toml::hooks PASSED" in told
    (site.folder / "test_it.py").write_text(TEST.format("alpha"))
    assert "which of alpha, beta is this test about?" in run(site.folder, "test_it.py")[1]


def test_the_documented_plugin_is_whole_and_green(tmp_path: Path) -> None:
    project, place = tmp_path / "project", tmp_path / "place"
    files = FILE.findall(PAGE.read_text("utf-8"))
    for name, text in files:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert len(files) == PAGE.read_text("utf-8").count("\n**`")
    build = "import hatchling.build, sys; hatchling.build.build_wheel(sys.argv[1])"
    place.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", build, str(place)], cwd=project, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    code, told = run(project, "-W", "error", "-p", "no:asyncio", installed=place)
    assert code == 0, told
    assert f"{len(CHECKS) + 1} passed" in told


def test_the_documents_tell_every_item_and_fixture() -> None:
    from kundelik_core.testing import fixtures

    text = PAGE.read_text("utf-8")
    missing = [name for name in (*CHECKS, *fixtures.__all__[1:]) if f"`{name}" not in text]
    assert missing == []


def test_the_documents_tell_the_contract_of_today() -> None:
    from kundelik_core import sdk
    from kundelik_core.plugins.dispatch import MAX_FRAGMENT_BYTES

    text = PAGE.read_text("utf-8")
    wanted = [f"version {sdk.API_VERSION} of", f"{MAX_FRAGMENT_BYTES // 1024} KB"]
    # hooks.md, which the code itself writes, tells each of them in full.
    wanted += [f"`{name}`" for name in vars(sdk.Hooks) if name[0] != "_"]
    wanted += [f"at most {sdk.MAX_BUDGET_MS}", "](hooks.md)"]
    assert [part for part in wanted if part not in text] == []
