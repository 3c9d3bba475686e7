"""Serve style sheets, scripts and icons from memory, compressed beforehand and cached for ever.

All addresses carry one digest of all files (``/static/<digest>/js/app.js``), so that modules may
import each other by relative paths and no build step is needed. The sheets begin with the tokens of
the installation's theme; what a theme has in ``static/`` is served under ``theme/``. Each further
theme has a digest of its own, under which lie its own sheets and files; the rest stays shared. The
sheet of a school's colours is named by the colours, so that every process can make it:
``/static/<digest>/look1/006a7e-8a5b00.css``.
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import brotli
import msgspec

from kundelik_core.kernel.settings import Settings
from kundelik_core.web.themes import Theme, find_themes, load_theme
from kundelik_core.web.themes.colours import Colour, parse_hex
from kundelik_core.web.themes.palette import broken_promise, colour_sheet, palettes, refit
from kundelik_core.web.themes.reports import note_failure

__all__ = [
    "PREFIX",
    "Dress",
    "File",
    "Static",
    "asset",
    "choose_theme",
    "lean",
    "look_name",
    "pack",
    "static_files",
]

FOLDER: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static/"
THEME: Final = "theme/"
# The number is that of the way in which colours become a sheet: change both together.
LOOK: Final = "look1/"
_LOOK: Final = re.compile(r"look1/([0-9a-f]{6})?(?:-([0-9a-f]{6}))?\.css\Z")

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
    return "\n".join(line for line in lines if line and not _is_comment(line)) + "\n"


def _is_comment(line: str) -> bool:
    return line.startswith("//") or (line.startswith("/*") and line.endswith("*/"))


def pack(name: str, data: bytes) -> File:
    """Return a file with its type and its compressed forms."""
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


def look_name(accent: Colour | None, second: Colour | None) -> str:
    """Return the name of the sheet of these colours, to be asked of a theme's files."""
    first, other = (bytes(c).hex() if c else "" for c in (accent, second))
    return f"{LOOK}{first}{'-' if other else ''}{other}.css"


class Dress:
    """The files of one theme among the shared ones; each is compressed when it is first asked for.

    ``pair`` holds the theme's colours by day and by night, where they can be judged.
    """

    def __init__(self, theme: Theme, sheets: dict[str, bytes]) -> None:
        self.theme = theme
        # Of modules' templates, which are told apart from pages by their folder.
        self.layouts = {
            name.removeprefix("x/"): source
            for name, source in theme.templates.items()
            if name.startswith("x/")
        }
        self.pair = palettes(theme.sheet)
        self._raw = sheets | {f"{THEME}{name}": data for name, data in theme.static.items()}
        digest = hashlib.sha256(theme.name.encode())
        for name in sorted(self._raw):
            digest.update(name.encode() + b"\0" + hashlib.sha256(self._raw[name]).digest())
        self.digest = digest.hexdigest()[:10]
        self._packed: dict[str, File] = {}
        self._looks = lru_cache(maxsize=256)(self._look)

    def has(self, name: str) -> bool:
        """Tell whether the theme, not the core, gives a file of this name."""
        return name in self._raw

    def find(self, name: str) -> File | None:
        """Return a file that differs from theme to theme."""
        if name in self._raw:
            if name not in self._packed:
                self._packed[name] = pack(name, self._raw[name])
            return self._packed[name]
        return self._looks(name) if name.startswith(LOOK) else None

    def fits(self, accent: Colour | None, second: Colour | None) -> bool:
        """Tell whether a school's colours can be read in this theme."""
        return bool(self.pair and refit(self.pair, self.theme.contrast, accent, second))

    def _look(self, name: str) -> File | None:
        found = _LOOK.match(name)
        if not found or not self.pair:
            return None
        accent, second = (parse_hex(part) if part else None for part in found.groups())
        own = refit(self.pair, self.theme.contrast, accent, second)
        return pack(name, colour_sheet(own)) if own else None


class Static:
    """All files of one folder tree and of a theme by name, and the digest over them.

    ``others`` are the further themes that schools may choose.
    """

    def __init__(self, theme: Theme, folder: Path = FOLDER, others: Iterable[Theme] = ()) -> None:
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
        self.files = {name: pack(name, data) for name, data in raw.items()}
        self.theme = theme.name
        self.dresses = {
            one.name: Dress(one, dict(_sheets(folder, one.sheet))) for one in (theme, *others)
        }
        self._by_digest = {dress.digest: dress for dress in self.dresses.values()}

    def url(self, name: str, theme: str = "") -> str:
        """Return the address of a file, as one theme has it.

        Raises:
            KeyError: there is no such file; better at the first look at a page than in the field.
        """
        dress = self.dresses.get(theme)
        if dress and (name.startswith(LOOK) or (theme != self.theme and dress.has(name))):
            return f"{PREFIX}{dress.digest}/{name}"
        if name not in self.files:
            raise KeyError(f"no static file {name!r}")
        return f"{PREFIX}{self.digest}/{name}"

    def find(self, path: str) -> tuple[File, bool] | None:
        """Return the file behind a path, and whether it may be kept for ever."""
        digest, _, name = path.removeprefix(PREFIX).partition("/")
        dress = self._by_digest.get(digest)
        own = dress.find(name) if dress else None
        if own:
            return own, True
        found = self.files.get(name)
        # What a sheet of a theme names beside itself is the core's, and lies there for good too.
        if dress and found:
            return found, False
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
    found = find_themes()
    for one in found:
        told = one.problem
        if one.theme:
            told = broken_promise(one.theme.sheet, one.theme.contrast)
        if told:
            note_failure(one.name, "", told)
    others = [one.theme for one in found if one.theme and one.name != _Chosen.name]
    return Static(load_theme(_Chosen.name, found), others=others)


def asset(name: str, theme: str = "") -> str:
    """Return the address of a static file: ``asset("css/family.css")``."""
    return static_files().url(name, theme)
