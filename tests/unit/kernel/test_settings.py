"""A setting that does not fit stops the start with one line that names it."""

from pathlib import Path

import pytest

from kundelik_core.kernel.settings import SettingError, load_settings


def test_variables_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "kundelik.env"
    file.write_text("# comment\nKUNDELIK_PORT=8001\nKUNDELIK_HOST='0.0.0.0'\n")
    found = load_settings({"KUNDELIK_PORT": "8002", "HOME": "/"}, file)
    assert (found.port, found.host) == (8002, "0.0.0.0")
    assert load_settings({"KUNDELIK_DATA_DIR": "x/y"}, tmp_path / "none").data_dir == Path("x/y")


@pytest.mark.parametrize(
    ("environ", "text", "names"),
    [
        ({"KUNDELIK_PORT": "eighty"}, "", "KUNDELIK_PORT='eighty'"),
        ({"KUNDELIK_PROT": "80"}, "", "KUNDELIK_PROT"),
        ({}, "PORT=80\n", "line 1"),
    ],
)
def test_what_does_not_fit_is_named(
    environ: dict[str, str], text: str, names: str, tmp_path: Path
) -> None:
    file = tmp_path / "kundelik.env"
    file.write_text(text)
    with pytest.raises(SettingError, match=names):
        load_settings(environ, file)
