"""Find what the operator has set for one plugin: its secrets, and further hosts to which it leads.

A secret is a setting ``KUNDELIK_SECRET_PLUGIN_NAME`` or a file ``secrets/PLUGIN/NAME`` of the data
folder, which only the server's own user may read. Files are looked at again every few seconds, so a
new key needs no restart.
"""

import logging
import stat
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.registry import Registry

__all__ = ["Secrets", "hosts_for"]

FOLDER: Final = "secrets"
KEEP_SECONDS: Final = 5.0
_LONGEST: Final = 64 * 1024
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_NOTHING: Final[Mapping[str, str]] = {}

_log = logging.getLogger(__name__)


class Secrets:
    """The secrets of the plugins that run in this process, each of which gets its own."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._given = settings.secrets
        self._folder = settings.data_dir / FOLDER
        self._named = {
            name: one.manifest.uses.secrets
            for name, one in registry.loaded.items()
            if one.manifest.uses.secrets
        }
        # PAY with MENTS_KEY and PAY_MENTS with KEY are one variable: then it is neither's.
        keys = Counter(
            _key(name, each) for name, several in self._named.items() for each in several
        )
        self._doubtful = {key for key, n in keys.items() if n > 1}
        self._kept: dict[str, tuple[float, Mapping[str, str]]] = {}

    def of(self, plugin: str) -> Mapping[str, str]:
        """Return what is set of the names that the plugin's manifest lists."""
        names = self._named.get(plugin)
        if names is None:
            return _NOTHING
        kept = self._kept.get(plugin)
        if kept is not None and time.monotonic() - kept[0] < KEEP_SECONDS:
            return kept[1]
        found = {name: value for name in names if (value := self._read(plugin, name))}
        self._kept[plugin] = time.monotonic(), found
        return found

    def forget(self) -> None:
        """Look at all of them anew."""
        self._kept.clear()

    def _read(self, plugin: str, name: str) -> str:
        file = self._folder / plugin / name
        if text := _content(file):
            return text
        key = _key(plugin, name)
        if key in self._doubtful and key in self._given:
            _log.warning("KUNDELIK_SECRET_%s may be meant for two plugins: write %s", key, file)
            return ""
        return self._given.get(key, "")


def hosts_for(settings: Settings, plugin: str) -> tuple[str, ...]:
    """Return the hosts, with a port where one is named, that the operator has added."""
    return settings.plugin_hosts.get(plugin.upper(), ())


def _key(plugin: str, name: str) -> str:
    return f"{plugin}_{name}".upper()


def _content(file: Path) -> str:
    """Return what a file holds, or nothing; one that others may read is no secret any more."""
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            return ""
        if mode & _OTHERS:
            _log.warning("%s is not used: others may read it; chmod 600 it", file)
            return ""
        with file.open("rb") as opened:
            return opened.read(_LONGEST).decode().strip()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        _log.warning("%s cannot be read: %s", file, type(error).__name__)
        return ""
