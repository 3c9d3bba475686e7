"""Data that lie outside a closed home are found again, and only by the home that they belong to."""

import os
import pwd
import shutil
from pathlib import Path

import pytest

from kundelik_core.kernel.pg_places import base_of, reachable


@pytest.fixture
def stranger() -> pwd.struct_passwd:
    """An account that is neither ours nor in our group."""
    return next(a for a in pwd.getpwall() if a.pw_uid != os.getuid() and a.pw_gid != os.getgid())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "closed" / "var"
    place.mkdir(parents=True)
    place.parent.chmod(0o700)
    return place


def data(home: Path, stranger: pwd.struct_passwd, root: Path) -> Path:
    """Where the data are, made as by a first start."""
    place = base_of(home, stranger, root=root) / "pg"
    place.mkdir(exist_ok=True)
    return place


def open_up(place: Path) -> None:
    for folder in (place, *place.parents):
        if folder.owner() == Path.home().owner() and not folder.samefile("/"):
            folder.chmod(folder.stat().st_mode | 0o055)


def test_a_home_that_was_opened_keeps_its_data(
    home: Path, stranger: pwd.struct_passwd, tmp_path: Path
) -> None:
    root = tmp_path / "outside"
    first = data(home, stranger, root)
    assert first.is_relative_to(root)
    open_up(home)
    assert reachable(home, stranger)
    assert data(home, stranger, root) == first


def test_a_home_that_was_moved_keeps_its_data(
    home: Path, stranger: pwd.struct_passwd, tmp_path: Path
) -> None:
    root = tmp_path / "outside"
    first = data(home, stranger, root)
    moved = home.parent / "elsewhere"
    home.rename(moved)
    assert data(moved, stranger, root) == first
    assert data(moved, stranger, root) == first


def test_a_copy_of_a_home_has_data_of_its_own(
    home: Path, stranger: pwd.struct_passwd, tmp_path: Path
) -> None:
    root = tmp_path / "outside"
    first = data(home, stranger, root)
    copy = home.parent / "copy"
    shutil.copytree(home, copy)
    assert data(copy, stranger, root) != first
    assert data(home, stranger, root) == first


def test_an_open_home_keeps_data_at_home(tmp_path: Path, stranger: pwd.struct_passwd) -> None:
    home = tmp_path / "var"
    home.mkdir()
    open_up(home)
    assert data(home, stranger, tmp_path / "outside") == home / "pg"
