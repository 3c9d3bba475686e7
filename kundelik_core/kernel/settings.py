"""Read what an installation was told: KUNDELIK_* variables, or lines of kundelik.env."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

__all__ = ["SettingError", "Settings", "load_settings"]

PREFIX = "KUNDELIK_"
# What the test suite tells its own processes is no setting.
TESTS = "KUNDELIK_TEST_"


class SettingError(Exception):
    """A setting that cannot be used; its text is the one line that the operator sees."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that may be set; the defaults run the demo on a laptop.

    Each field ``x`` is read from ``KUNDELIK_X``. URLs left empty fall back to ``database_url``,
    and that to the embedded PostgreSQL under ``data_dir``.
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
    known = {PREFIX + f.upper(): f for f in Settings.__struct_fields__}
    values: dict[str, object] = {}
    for key, value in raw.items():
        if key not in known:
            raise SettingError(f"{key} is not a setting; known: {', '.join(sorted(known))}")
        values[known[key]] = value
    try:
        return msgspec.convert(values, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        why, _sep, where = str(error).partition(" - at `$.")
        name = PREFIX + where.rstrip("`").upper()
        raise SettingError(f"{name}={raw.get(name, '')!r} does not fit: {why}") from None


def _decode(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise SettingError(f"{value!r} cannot be read as {kind.__name__}")
