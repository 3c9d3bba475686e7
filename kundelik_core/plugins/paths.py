"""Read the paths of plugins' pages, and find the page that a request asks for."""

import re
from collections.abc import Iterable
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.plugins.declared import DeclaredPage

__all__ = ["PagePath", "PathError", "Routes", "parse_path"]

MAX_PATH: Final = 200

_FIXED = re.compile(r"^[a-z0-9][a-z0-9._-]*\Z")
_NAMED = re.compile(r"^\{([a-z][a-z0-9_]*)(?::(int|uuid))?\}\Z")


class PathError(ValueError):
    """A path that no page can have; the text says why."""


class PagePath(msgspec.Struct, frozen=True):
    """The parts of a path: (fixed text, "") or (name, type), type being text, int or uuid."""

    parts: tuple[tuple[str, str], ...]

    @property
    def shape(self) -> str:
        """Return the path as requests see it: two pages of one shape cannot be told apart."""
        return "/".join("{}" if kind else text for text, kind in self.parts)

    def match(self, parts: list[str]) -> dict[str, str] | None:
        """Return the named parts of a request's path, or None when it is another path."""
        if len(parts) != len(self.parts):
            return None
        found: dict[str, str] = {}
        for part, (text, kind) in zip(parts, self.parts, strict=True):
            if not kind:
                if part != text:
                    return None
            elif (value := _value(part, kind)) is None:
                return None
            else:
                found[text] = value
        return found


def parse_path(path: str) -> PagePath:
    """Take a page's path apart.

    Raises:
        PathError: it cannot be the path of a page.
    """
    if len(path) > MAX_PATH:
        raise PathError(f"the path {path[:40]!r}... is longer than {MAX_PATH} characters")
    if not path:
        return PagePath(())
    parts: list[tuple[str, str]] = []
    for part in path.split("/"):
        if named := _NAMED.match(part):
            parts.append((named[1], named[2] or "text"))
        elif _FIXED.match(part):
            parts.append((part, ""))
        else:
            raise PathError(f"{part!r} in the path {path!r} cannot be read")
    names = [name for name, kind in parts if kind]
    if len({*names}) < len(names):
        raise PathError(f"the path {path!r} names something twice")
    return PagePath(tuple(parts))


def _value(part: str, kind: str) -> str | None:
    """Return a part of a request's path as its type writes it, or None if it is none."""
    if kind == "int":
        return str(int(part)) if re.fullmatch(r"[0-9]{1,18}", part) else None
    if kind == "uuid":
        try:
            return str(UUID(part))
        except ValueError:
            return None
    return part or None


class Routes:
    """Find a plugin's page by method and path; fixed parts go before named ones."""

    def __init__(self, pages: Iterable[DeclaredPage]) -> None:
        parsed = [(parse_path(page.path), page) for page in pages]
        self._routes = sorted(parsed, key=lambda one: [bool(kind) for _text, kind in one[0].parts])

    def find(self, method: str, path: str) -> tuple[DeclaredPage, dict[str, str]] | None:
        """Return the page and the named parts of the path; HEAD is answered as GET is."""
        wanted = "GET" if method == "HEAD" else method
        parts = path.split("/") if path else []
        for route, page in self._routes:
            if page.method == wanted and (found := route.match(parts)) is not None:
                return page, found
        return None
