"""Knowing the plugin of a folder, and noticing its changes."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from kundelik_core.cli import main
from kundelik_core.kernel.errors import Problem
from kundelik_core.plugins.dev import changed, look, plugin_of
from kundelik_core.plugins.scaffold import create
from tests.unit.plugins.dists import Site

PROJECT = '[project]\nname = "x"\n[project.entry-points."kundelik.plugins"]\n{} = "a:b"\n'


def test_files_that_come_go_and_change(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "b.py").write_text("1")
    before = look(tmp_path)
    assert changed(before, look(tmp_path)) == []
    (tmp_path / "a.py").write_text("12")
    (tmp_path / "b.py").unlink()
    (tmp_path / "c.py").write_text("1")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("1")
    assert [path.name for path in changed(before, look(tmp_path))] == ["a.py", "b.py", "c.py"]


def test_the_plugin_of_a_folder(site: Site) -> None:
    site.add("alpha")
    (site.folder / "pyproject.toml").write_text(PROJECT.format("alpha"))
    assert plugin_of(site.folder).name == "alpha"


@pytest.mark.parametrize("text", [None, "", "[project]", "x = ["])
def test_a_folder_without_a_plugin(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(Problem) as caught:
        plugin_of(tmp_path)
    assert caught.value.code == "no-plugin"


def test_a_plugin_that_is_not_installed_from_there(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT.format("birthdays"))
    with pytest.raises(Problem) as caught:
        plugin_of(tmp_path)
    assert caught.value.code == "not-installed"


@pytest.mark.parametrize("name", ["ab", "Rating", "a-b-c", "x_owner", "1abc", "a" * 31])
def test_no_plugin_can_be_called_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(Problem) as caught:
        create(name, tmp_path / "new")
    assert caught.value.code == "plugin-name"


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    with pytest.raises(Problem) as caught:
        create("rating", tmp_path)
    assert caught.value.code == "folder-taken"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_command_says_what_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    done = runner.invoke(main, ["plugin", "new", "book_club", "--minimal"])
    assert done.exit_code == 0, done.output
    assert "cd kundelik-book-club" in done.output
    assert Path("kundelik-book-club/kundelik_book_club/plugin.py").is_file()
    assert runner.invoke(main, ["plugin", "new", "book_club"]).exit_code == 1
