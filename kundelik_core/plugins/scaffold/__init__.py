"""Begin a plugin: write a project that is whole, and green, before anybody has changed it."""

import re
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from packaging.version import Version

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.sdk import API_VERSION

__all__ = ["create"]

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,29}")
_ENDING: Final = ".tmpl"


def create(name: str, into: Path, *, minimal: bool = False) -> list[Path]:
    """Write the files of a new plugin into a folder and return their paths, in order.

    ``minimal`` leaves a manifest and one slot, without tables, pages and people's data.

    Raises:
        Problem: the name cannot be a plugin's, or the folder holds something already.
    """
    if not _NAME.fullmatch(name) or name.endswith("_owner"):
        raise Problem(
            "plugin-name",
            N_("No plugin can be called %(plugin)s."),
            params={"plugin": name},
            help=N_("Use 3 to 30 of a-z, 0-9 and _, a letter first."),
        )
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise Problem(
            "folder-taken",
            N_("%(path)s holds something already."),
            status=409,
            params={"path": into},
            help=N_("Name a new folder."),
        )
    words = _words(name)
    template = resources.files(__package__) / "template"
    written: list[Path] = []
    for part in ("common", "minimal" if minimal else "full"):
        for parts, file in _files(template / part):
            path = into.joinpath(*(_named(part, name) for part in parts))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_filled(file.read_text("utf-8"), words), "utf-8")
            written.append(path)
    return sorted(written)


def _words(name: str) -> dict[str, str]:
    api = Version(API_VERSION)
    # Before 1.0 a minor version may break; from then on a major one.
    most = f"{api.major}.{api.minor + 1}" if api.major == 0 else f"{api.major + 1}"
    return {
        "name": name,
        "dist": name.replace("_", "-"),
        "class": "".join(part.title() for part in name.split("_")),
        "title": name.replace("_", " ").capitalize(),
        "api": f">={api.major}.{api.minor},<{most}",
    }


def _files(
    folder: Traversable, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Traversable]]:
    """Yield every file of a template with the names of its path."""
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        if one.is_dir():
            yield from _files(one, (*above, one.name))
        elif one.name.endswith(_ENDING):
            yield (*above, one.name.removesuffix(_ENDING)), one


def _named(part: str, name: str) -> str:
    part = part.replace("NAME", name)
    return f".{part.removeprefix('dot-')}" if part.startswith("dot-") else part


def _filled(text: str, words: dict[str, str]) -> str:
    return re.sub(r"@@(\w+)@@", lambda found: words[found[1]], text)
