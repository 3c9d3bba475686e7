"""Serve style sheets, scripts and icons from memory, compressed beforehand and cached for ever.

All addresses carry one digest of all files (``/static/<digest>/js/app.js``), so that modules may
import each other by relative paths and no build step is needed. The sheets begin with the tokens of
the theme that was chosen; what a theme has in ``static/`` is served under ``theme/``.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import brotli
import msgspec

from kundelik_core.kernel.settings import Settings
from kundelik_core.web.themes import Theme, load_theme

__all__ = ["PREFIX", "File", "Static", "asset", "choose_theme", "lean", "static_files"]

FOLDER: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static/"
THEME: Final = "theme/"

# Said by the core, before a theme says anything: the order decides whose rule wins.
LAYERS: Final = b"@layer tokens, base, components, pages, theme;"
# Sheets in the order of their layers. What is not named here joins the staff's bundle.
FAMILY: Final = ("base", "components", "diary", "print")
FIRST: Final = ("base", "components")
LAST: Final = ("print",)

TEXT: Final = frozenset({".css", ".js", ".svg", ".json", ".webmanifest", ".txt", ".map"})
TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
# Beyond this size the last percent of compression costs more than it gives.
BEST_BELOW: Final = 60_000


class File(msgspec.Struct, frozen=True):
    """One file, ready to be sent."""

    type: str
    plain: bytes
    brotli: bytes
    gzip: bytes
    etag: bytes


def _sheets(folder: Path, tokens: bytes) -> Iterator[tuple[str, bytes]]:
    css = folder / "css"
    names = sorted(p.stem for p in css.glob("*.css"))
    others = [n for n in names if n not in {*FIRST, *LAST}]
    for bundle, wanted in (("family", FAMILY), ("staff", (*FIRST, *others, *LAST))):
        parts = [(css / f"{n}.css").read_bytes() for n in wanted if n in names]
        yield f"css/{bundle}.css", b"\n".join([LAYERS, tokens, *parts])


def lean(script: str) -> str:
    """Leave out of our own scripts what only their authors read: comment lines and indents.

    Line breaks stay, so nothing changes its meaning; a template literal stays on one line (a test
    holds that).
    """
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


def _pack(name: str, data: bytes) -> File:
    suffix = Path(name).suffix
    kind = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    small = len(data) < BEST_BELOW
    text = suffix in TEXT
    return File(
        kind,
        data,
        brotli.compress(data, quality=11 if small else 9) if text else b"",
        gzip.compress(data, 9, mtime=0) if text else b"",
        b'"' + hashlib.sha256(data).hexdigest()[:16].encode() + b'"',
    )


class Static:
    """All files of one folder tree and of a theme by name, and the digest over them."""

    def __init__(self, theme: Theme, folder: Path = FOLDER) -> None:
        raw = dict(_sheets(folder, theme.sheet))
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.suffix == ".js":
                raw[name] = lean(path.read_text("utf-8")).encode()
            elif path.is_file() and not name.startswith("css/"):
                raw[name] = path.read_bytes()
        raw |= {f"{THEME}{name}": data for name, data in theme.static.items()}
        digest = hashlib.sha256()
        for name in sorted(raw):
            digest.update(name.encode() + b"\0" + hashlib.sha256(raw[name]).digest())
        self.digest = digest.hexdigest()[:10]
        self.files = {name: _pack(name, data) for name, data in raw.items()}

    def url(self, name: str) -> str:
        """Return the address of a file.

        Raises:
            KeyError: there is no such file; better at the first look at a page than in the field.
        """
        if name not in self.files:
            raise KeyError(f"no static file {name!r}")
        return f"{PREFIX}{self.digest}/{name}"

    def find(self, path: str) -> tuple[File, bool] | None:
        """Return the file behind a path, and whether it may be kept for ever."""
        digest, _, name = path.removeprefix(PREFIX).partition("/")
        found = self.files.get(name)
        # Another digest is another release, as in the minutes of a rolling restart: serve, do not
        # keep.
        return (found, digest == self.digest) if found else None


class _Chosen:
    """The theme of this process, by name."""

    name = Settings().theme


def choose_theme(name: str) -> None:
    """Dress all pages of this process in a theme.

    Raises:
        ThemeError: it cannot be used; better at the start than at the first page.
    """
    if name != _Chosen.name:
        load_theme(name)
        _Chosen.name = name
        static_files.cache_clear()
    static_files()


@cache
def static_files() -> Static:
    """Return the files that pages need; read and compressed once per process."""
    return Static(load_theme(_Chosen.name))


def asset(name: str) -> str:
    """Return the address of a static file: ``asset("css/family.css")``."""
    return static_files().url(name)
