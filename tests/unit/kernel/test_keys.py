"""An installation's keys are made once, kept from others, and replaced as a whole."""

import stat
from pathlib import Path

import pytest

from kundelik_core.kernel.keys import installation_key, renew_key


def test_a_key_stays_what_it_is(tmp_path: Path) -> None:
    first = installation_key(tmp_path, "one")
    assert len(first) == 32
    assert installation_key(tmp_path, "one") == first
    assert installation_key(tmp_path, "two") != first
    assert stat.S_IMODE((tmp_path / "keys" / "one").stat().st_mode) == 0o600
    assert {path.name for path in (tmp_path / "keys").iterdir()} == {"one", "two"}


def test_a_new_key_takes_the_place_of_the_old(tmp_path: Path) -> None:
    first = installation_key(tmp_path, "one")
    second = renew_key(tmp_path, "one")
    assert second not in {first, b""}
    assert installation_key(tmp_path, "one") == second
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["one"]


def test_a_damaged_key_is_not_used(tmp_path: Path) -> None:
    installation_key(tmp_path, "one")
    (tmp_path / "keys" / "one").write_bytes(b"short")
    with pytest.raises(ValueError, match="damaged"):
        installation_key(tmp_path, "one")


@pytest.mark.parametrize("name", ["", "../one", "One", "a/b"])
def test_a_key_s_name_is_no_path(tmp_path: Path, name: str) -> None:
    for make in (installation_key, renew_key):
        with pytest.raises(ValueError, match="cannot be the name"):
            make(tmp_path, name)
