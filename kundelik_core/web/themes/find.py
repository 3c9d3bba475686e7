"""Find the installed themes and read the chosen one; a theme is data, nothing of it is ever run.

A theme is a distribution with an entry point in the group ``kundelik.themes`` that names a package.
Its folder holds ``theme.toml``, a sheet that gives every token a value, and perhaps ``static/`` and
``templates/``.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from kundelik_core.kernel.settings import SettingError
from kundelik_core.plugins.entries import entries_of, package_folder
from kundelik_core.web.themes.templates import template_problem

__all__ = [
    "API_VERSION",
    "GROUP",
    "TOKENS",
    "Found",
    "Theme",
    "ThemeError",
    "Title",
    "find_themes",
    "load_theme",
]

GROUP: Final = "kundelik.themes"
FILE: Final = "theme.toml"
STATIC: Final = "static"
TEMPLATES: Final = "templates"

API_VERSION: Final = "0.1.0"
"""The version of the list of tokens (semver); a theme's ``api`` range is held against it."""

TOKENS: Final = (
    *("page", "paper", "sunk", "ink", "soft", "line", "edge"),
    *("accent", "on-accent", "tint", "bright", "gold", "gold-tint", "alert", "alert-tint"),
    *("shadow", "t1", "t2", "t3", "t4", "r", "font"),
)
"""Every name that the pages' sheets use, and so every name that a theme has to give."""

_PACKAGE = re.compile(r"^[A-Za-z_]\w*\Z")
_DEFINED = re.compile(r"(?<![\w-])--([a-z0-9-]+)\s*:")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_OUTSIDE = re.compile(r"@import\b|url\(\s*[\"']?\s*(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)

_Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{2,29}\Z")]
_Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]
_Sheet: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][\w.-]*\.css\Z")]


class ThemeError(SettingError):
    """A theme that cannot be used; its text is the one line that the operator sees."""


class Title(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people read as the theme's name, in each language of the platform."""

    kk: _Text
    ru: _Text
    en: _Text


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``theme.toml`` says."""

    theme: Literal[1]
    name: _Name
    api: str
    tokens: _Sheet
    title: Title
    contrast: Literal["AA", "AAA"] = "AA"
    """What the theme promises of its own colours, and asks of a school's."""


class Theme(msgspec.Struct, frozen=True, kw_only=True):
    """A theme that fits this release: what it says of itself and its files, read."""

    name: str
    version: str
    dist: str
    title: Title
    sheet: bytes
    static: dict[str, bytes]
    contrast: str = "AA"
    templates: dict[str, str] = {}
    """Pages that the theme lays out anew, by the core's name of the template."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One installed theme; ``problem`` says in one line why it cannot be used, or nothing."""

    name: str
    version: str
    dist: str
    theme: Theme | None = None
    problem: str = ""


def find_themes(dists: Iterable[Distribution] | None = None) -> tuple[Found, ...]:
    """Return every theme among ``dists`` (all that are installed), by name, usable or not."""
    entries = sorted(entries_of(GROUP, dists), key=lambda pair: (pair[1].name, pair[0].name))
    times = Counter(entry.name for _dist, entry in entries)
    found = []
    for dist, entry in entries:
        one = Found(name=entry.name, version=dist.version, dist=dist.name)
        try:
            if times[entry.name] > 1:
                names = ", ".join(d.name for d, e in entries if e.name == entry.name)
                raise ThemeError(f"more than one theme has this name, in: {names}. Uninstall one.")
            found.append(msgspec.structs.replace(one, theme=_read(dist, entry)))
        except ThemeError as error:
            found.append(msgspec.structs.replace(one, problem=str(error)))
    return tuple(found)


def load_theme(name: str, found: Iterable[Found] | None = None) -> Theme:
    """Return the theme of this name.

    Raises:
        ThemeError: it is not installed, or cannot be used; one line says what to do.
    """
    there = find_themes() if found is None else tuple(found)
    named = [one for one in there if one.name == name]
    usable = [one.theme for one in named if one.theme]
    if usable:
        return usable[0]
    if named:
        raise ThemeError(f"the theme {name} ({named[0].dist}) cannot be used: {named[0].problem}")
    if not there:
        raise ThemeError("no theme is installed. Run: pip install kundelik-theme-default")
    names = ", ".join(sorted({one.name for one in there}))
    raise ThemeError(f"KUNDELIK_THEME={name!r}: no such theme is installed; there are: {names}")


def _read(dist: Distribution, entry: EntryPoint) -> Theme:
    """Read one theme's files; ThemeError names the file and what is wrong in it."""
    if not _PACKAGE.match(entry.value):
        raise ThemeError(f"its entry point is {entry.value!r}; write the name of its package.")
    root = package_folder(entry.value, FILE)
    if root is None:
        raise ThemeError(f"there is no {FILE} in the package {entry.value}.")
    about = _about(_bytes(root, FILE))
    if about.name != entry.name:
        raise ThemeError(f"{FILE}, name: {about.name!r}, but the entry point is {entry.name!r}.")
    sheet = _bytes(root, about.tokens)
    _check_sheet(about.tokens, sheet)
    return Theme(
        name=about.name,
        version=dist.version,
        dist=dist.name,
        title=about.title,
        sheet=sheet,
        static=_folder(root / STATIC),
        contrast=about.contrast,
        templates=_templates(root / TEMPLATES),
    )


def _folder(folder: Path) -> dict[str, bytes]:
    names = [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file()]
    return {name: _bytes(folder, name) for name in names}


def _templates(folder: Path) -> dict[str, str]:
    """Read the pages that the theme lays out; one that could do more than lay out is refused."""
    found: dict[str, str] = {}
    for name, content in _folder(folder).items():
        try:
            found[name] = content.decode()
        except UnicodeDecodeError:
            raise ThemeError(f"{TEMPLATES}/{name} is not UTF-8.") from None
        if problem := template_problem(name, found[name]):
            raise ThemeError(f"{TEMPLATES}/{name}: {problem}")
    return found


def _bytes(root: Path, name: str) -> bytes:
    """Read a file of a theme; a link must not lead out of its folder."""
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise ThemeError(f"{name} lies outside of the theme's folder.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ThemeError(f"{name} cannot be read: {error.strerror}.") from None


def _about(content: bytes) -> About:
    try:
        about = msgspec.convert(tomllib.loads(content.decode()), About)
        fits = SpecifierSet(about.api).contains(API_VERSION, prereleases=True)
    except UnicodeDecodeError:
        raise ThemeError(f"{FILE} is not UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ThemeError(f"{FILE} is no TOML: {error}.") from None
    except msgspec.ValidationError as error:
        raise ThemeError(f"{FILE}: {error}.") from None
    except InvalidSpecifier:
        raise ThemeError(f'{FILE}, api: write a range of versions, like ">=0.1,<0.2".') from None
    if not about.api.strip() or not fits:
        raise ThemeError(
            f"{FILE}, api: made for {about.api!r} of the tokens; here is {API_VERSION}."
        )
    return about


def _check_sheet(name: str, sheet: bytes) -> None:
    """Refuse a sheet that leaves pages without a colour, or that loads from elsewhere."""
    try:
        text = _COMMENT.sub(" ", sheet.decode())
    except UnicodeDecodeError:
        raise ThemeError(f"{name} is not UTF-8.") from None
    given = set(_DEFINED.findall(text))
    lacking = [f"--{token}" for token in TOKENS if token not in given]
    if lacking:
        raise ThemeError(f"{name} does not give {', '.join(lacking)}.")
    if _OUTSIDE.search(text):
        raise ThemeError(f"{name} loads something from elsewhere; put it into {STATIC}/.")
