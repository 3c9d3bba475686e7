"""Read what an installation was told: KUNDELIK_* variables, or lines of kundelik.env."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from typing_extensions import override

__all__ = ["SettingError", "Settings", "load_settings"]

PREFIX = "KUNDELIK_"
# What the test suite tells its own processes is no setting.
TESTS = "KUNDELIK_TEST_"
# One setting for each secret of a plugin, and one for each plugin that is led to further hosts.
SECRETS = "KUNDELIK_SECRET_"
HOSTS = "KUNDELIK_HOSTS_"
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*(:[1-9][0-9]{0,4})?")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")


_MAPPINGS = ("secrets", "plugin_hosts")


class SettingError(Exception):
    """A setting that cannot be used; its text is the one line that the operator sees."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that may be set; the defaults run the demo on a laptop.

    Each field ``x`` is read from ``KUNDELIK_X``. URLs left empty fall back to ``database_url``,
    and that to the embedded PostgreSQL under ``data_dir``. ``secrets`` and ``plugin_hosts`` hold
    KUNDELIK_SECRET_... and KUNDELIK_HOSTS_... by what comes after that.
    """

    database_url: str = ""
    directory_url: str = ""
    jobs_url: str = ""
    migrate_url: str = ""
    migrate_directory_url: str = ""
    migrate_jobs_url: str = ""
    data_dir: Path = Path("var")
    pg_bin: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 0
    pool_size: int = 8
    statement_cache: int = 200
    secure_cookies: bool = False
    trusted_proxies: str = ""
    log_level: str = "warning"
    theme: str = "default"
    safe_mode: bool = False
    plugin_blocklist: str = ""
    plugin_index: str = ""
    plugin_home: str = ""
    plugin_memory_mb: int = 1024
    address: str = ""
    secrets: dict[str, str] = {}
    plugin_hosts: dict[str, tuple[str, ...]] = {}

    @override
    def __repr__(self) -> str:
        """Show no address of a database and no secret: this may get into a log."""
        return f"<settings of {self.data_dir}>"

    @property
    def public_address(self) -> str:
        """Return where people reach the installation, without a slash at the end."""
        return self.address or f"http://127.0.0.1:{self.port}"


def _read_file(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key, eq, value = text.partition("=")
        if not eq or not key.strip().startswith(PREFIX):
            raise SettingError(
                f"{path}, line {number}: expected KUNDELIK_NAME=value, found {text!r}"
            )
        found[key.strip()] = value.strip().strip("\"'")
    return found


def load_settings(
    environ: Mapping[str, str] | None = None, env_file: Path | None = None
) -> Settings:
    """Return the settings in force; variables win over ``kundelik.env``.

    Raises:
        SettingError: a value that does not fit, or a name that no setting has.
    """
    path = env_file or Path("kundelik.env")
    raw = _read_file(path) if path.is_file() else {}
    raw.update(
        {
            k: v
            for k, v in (os.environ if environ is None else environ).items()
            if k.startswith(PREFIX) and not k.startswith(TESTS)
        }
    )
    known = {PREFIX + f.upper(): f for f in Settings.__struct_fields__ if f not in _MAPPINGS}
    secrets: dict[str, str] = {}
    hosts: dict[str, tuple[str, ...]] = {}
    values: dict[str, object] = {"secrets": secrets, "plugin_hosts": hosts}
    for key, value in raw.items():
        if key.startswith(SECRETS):
            secrets[key.removeprefix(SECRETS).upper()] = value
            continue
        if key.startswith(HOSTS):
            hosts[key.removeprefix(HOSTS).upper()] = _hosts(key, value)
            continue
        if key not in known:
            raise SettingError(f"{key} is not a setting; known: {', '.join(sorted(known))}")
        values[known[key]] = value
    if address := str(values.get("address", "")).rstrip("/"):
        values["address"] = address
        if not _ADDRESS.fullmatch(address):
            raise SettingError(
                f"KUNDELIK_ADDRESS={address!r} does not fit: write it like https://diary.example"
            )
    try:
        return msgspec.convert(values, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        why, _sep, where = str(error).partition(" - at `$.")
        name = PREFIX + where.rstrip("`").upper()
        raise SettingError(f"{name}={raw.get(name, '')!r} does not fit: {why}") from None


def _hosts(key: str, value: str) -> tuple[str, ...]:
    """Return the hosts of a list with spaces or commas between them."""
    found = tuple(value.replace(",", " ").split())
    for one in found:
        if not _HOST.fullmatch(one):
            raise SettingError(f"{key}: {one!r} is no host; write it like pay.example or host:8443")
    return found


def _decode(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise SettingError(f"{value!r} cannot be read as {kind.__name__}")
