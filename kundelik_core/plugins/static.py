"""Read the files that a plugin gives to browsers: one sheet for its own pages, pictures, fonts.

No scripts: what runs on our pages could do whatever the reader may. The sheet is bound to the body
of the plugin's own pages, so that it can neither hide nor imitate anything of ours.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from kundelik_core.plugins.registry import Registry

__all__ = ["PREFIX", "SHEET", "PluginFiles", "faults", "files_of"]

FOLDER: Final = "static"
PREFIX: Final = "/x-static/"
SHEET: Final = "pages.css"
MAX_FILE: Final = 256 * 1024
MAX_ALL: Final = 2 * 1024 * 1024

_PICTURE: Final = r"[a-z0-9][a-z0-9_/-]*\.(?:svg|png|webp|jpg|woff2)"
_NAME: Final = re.compile(rf"^{_PICTURE}\Z")
# A sheet may name its own files and nothing else, and not end the scope that is put around it.
_BEYOND: Final = re.compile(
    r"@(?:import|charset|layer|namespace|scope)|\\|"
    rf"url\((?!\s*(?:\"{_PICTURE}\"|'{_PICTURE}'|{_PICTURE})\s*\))",
    re.IGNORECASE,
)
_ACTIVE: Final = re.compile(
    rb"<script|<foreignobject|[\s\"']on[a-z]+\s*=|javascript:|<!entity", re.IGNORECASE
)
_ASIDE: Final = re.compile(r"/\*.*?\*/|\"[^\"\n]*\"|'[^'\n]*'", re.DOTALL)


def faults(root: Path) -> Iterator[tuple[str, str]]:
    """Yield each file of a package that is not served, and why: (path, what is wrong)."""
    for name, fault, _data in _read(root):
        if fault:
            yield name, fault


class PluginFiles:
    """The files of all plugins that are loaded; each plugin's lie under a digest of its own."""

    def __init__(self, registry: Registry) -> None:
        self._files: dict[str, Mapping[str, bytes]] = {}
        self._digests: dict[str, str] = {}
        for plugin, one in registry.loaded.items():
            files = {name: data for name, fault, data in _read(one.root) if not fault}
            digest = hashlib.sha256()
            for name, data in files.items():
                digest.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
            self._files[plugin] = files
            self._digests[plugin] = digest.hexdigest()[:10]

    def url(self, plugin: str, name: str) -> str:
        """Return the address of a file, which changes with what any of the plugin's files hold.

        Raises:
            LookupError: there is no such file.
        """
        if name not in self._files[plugin]:
            raise LookupError(f"no static file {name!r}")
        return f"{PREFIX}{plugin}/{self._digests[plugin]}/{name}"

    def sheet(self, plugin: str) -> str:
        """Return the address of the sheet of the plugin's pages; empty when there is none."""
        return self.url(plugin, SHEET) if SHEET in self._files.get(plugin, ()) else ""

    def find(self, path: str) -> tuple[str, bytes, bool] | None:
        """Return the name and content behind a path, and whether it may be kept for ever."""
        plugin, _, rest = path.removeprefix(PREFIX).partition("/")
        digest, _, name = rest.partition("/")
        data = self._files.get(plugin, {}).get(name)
        if data is None:
            return None
        # Another digest is another version, as in the minutes of a rolling restart.
        return name, data, digest == self._digests[plugin]


@lru_cache(maxsize=8)
def files_of(registry: Registry) -> PluginFiles:
    """Return the files of what a registry has loaded; read once."""
    return PluginFiles(registry)


def _read(root: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield (name, what is wrong with it, content) of every file below ``static/``."""
    folder, total = root / FOLDER, 0
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            continue
        name = path.relative_to(folder).as_posix()
        fault = _name_fault(path, name)
        data = b"" if fault else path.read_bytes()
        total += len(data)
        if total > MAX_ALL:
            fault = f"all files together are larger than {MAX_ALL // 1024} KB"
        fault = fault or _content_fault(name, data)
        yield name, fault, _bound(data) if name == SHEET and not fault else data


def _name_fault(path: Path, name: str) -> str:
    if path.is_symlink() or not path.is_file():
        return "is no file of its own"
    if name != SHEET and not _NAME.match(name):
        return f"is neither {SHEET} nor a svg, png, webp, jpg or woff2 with a plain name"
    return f"is larger than {MAX_FILE // 1024} KB" if path.stat().st_size > MAX_FILE else ""


def _content_fault(name: str, data: bytes) -> str:
    if name.endswith(".svg"):
        return "holds a script" if _ACTIVE.search(data) else ""
    if name != SHEET:
        return ""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    if found := _BEYOND.search(text):
        return f"holds {found[0]!r}, which reaches beyond its page"
    return "" if _balanced(_ASIDE.sub("", text)) else "has brackets or quotes that do not match"


def _balanced(sheet: str) -> bool:
    """Say whether no bracket closes what it did not open: the scope around the sheet would end."""
    opened = 0
    for sign in sheet:
        opened += (sign == "{") - (sign == "}")
        if opened < 0 or sign in "\"'":
            return False
    return opened == 0 and "/*" not in sheet


def _bound(sheet: bytes) -> bytes:
    """Return the sheet as it reaches the body of the plugin's own pages and nothing around it."""
    return b"@layer pages{@scope(.module){\n" + sheet.strip() + b"\n}}\n"
