"""Know the plugin that somebody is writing in a folder, and notice when its files change."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.discover import GROUP, find_plugins
from kundelik_core.plugins.states import Found

__all__ = ["Seen", "changed", "look", "plugin_of"]

Seen: TypeAlias = Mapping[Path, tuple[int, int]]
"""When each file was changed, and its length."""

_MADE_HERE: Final = frozenset({"__pycache__", ".pytest_cache"})


def plugin_of(project: Path) -> Found:
    """Return the installed plugin that is built from a folder.

    Raises:
        Problem: there is no plugin's project in it, or it is not installed as editable.
    """
    table: dict[str, Any] = {}
    try:
        table = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
        (name,) = table["project"]["entry-points"][GROUP]
    except (OSError, ValueError, KeyError, TypeError):
        raise Problem(
            "no-plugin",
            N_("%(path)s holds no plugin: its pyproject.toml names none under %(group)s."),
            params={"path": project, "group": GROUP},
            help=N_("Begin one: kundelik plugin new NAME"),
        ) from None
    for one in find_plugins():
        if one.name == name and (one.root is None or _inside(one.root, project)):
            return one
    raise Problem(
        "not-installed",
        N_("The plugin %(plugin)s is not installed from this folder."),
        params={"plugin": name},
        help=N_("Run there: pip install --no-build-isolation --editable ."),
    )


def _inside(root: Path, project: Path) -> bool:
    return root.resolve().is_relative_to(project.resolve())


def look(folder: Path) -> Seen:
    """Return what there is in a package's folder at the moment."""
    found: dict[Path, tuple[int, int]] = {}
    for path in folder.rglob("*"):
        if _MADE_HERE.isdisjoint(path.parts) and path.is_file():
            try:
                there = path.stat()
            except FileNotFoundError:  # an editor's own file, gone again
                continue
            found[path] = there.st_mtime_ns, there.st_size
    return MappingProxyType(found)


def changed(before: Seen, after: Seen) -> list[Path]:
    """Return the files that came, went or changed."""
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
