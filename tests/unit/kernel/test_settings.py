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


def test_secrets_and_hosts_of_plugins_are_kept_by_name(tmp_path: Path) -> None:
    file = tmp_path / "kundelik.env"
    file.write_text("KUNDELIK_SECRET_TILL_KEY=hush=1\nKUNDELIK_ADDRESS=https://diary.example/\n")
    found = load_settings({"KUNDELIK_HOSTS_TILL": "127.0.0.1:8443, pay.example"}, file)
    assert found.secrets == {"TILL_KEY": "hush=1"}
    assert found.plugin_hosts == {"TILL": ("127.0.0.1:8443", "pay.example")}
    assert found.public_address == "https://diary.example"
    assert load_settings({"KUNDELIK_PORT": "81"}).public_address == "http://127.0.0.1:81"
    assert "hush" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KUNDELIK_SECRETS", "{}"),
        ("KUNDELIK_PLUGIN_HOSTS", "{}"),
        ("KUNDELIK_HOSTS_TILL", "https://pay.example"),
        ("KUNDELIK_HOSTS_TILL", "pay.example:0"),
        ("KUNDELIK_HOSTS_TILL", "*.example"),
        ("KUNDELIK_ADDRESS", "diary.example"),
        ("KUNDELIK_ADDRESS", "https://diary.example/kundelik"),
    ],
)
def test_what_does_not_fit_names_the_setting(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        load_settings({name: value}, tmp_path / "none")
