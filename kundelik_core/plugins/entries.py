"""Find what installed distributions offer under an entry point group, importing none of it."""

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path

from packaging.utils import canonicalize_name

__all__ = ["entries_of", "package_folder"]


def entries_of(
    group: str, dists: Iterable[Distribution] | None = None
) -> Iterator[tuple[Distribution, EntryPoint]]:
    """Yield the entry points of ``group`` among ``dists`` (all that are installed), each once.

    Of two copies of a distribution on the path the first counts, as it does for imports.
    """
    seen: set[str] = set()
    for dist in distributions() if dists is None else dists:
        name = canonicalize_name(dist.metadata["Name"] or "")
        if not name or name in seen:
            continue
        seen.add(name)
        for entry in dist.entry_points.select(group=group):
            yield dist, entry


def package_folder(package: str, file: str, path: Sequence[str] | None = None) -> Path | None:
    """Return the folder that importing the top package would use, if ``file`` is there.

    With ``path`` as another environment would, whose folders these are.

    Asking the finders runs nothing of the package, and gives the right answer for editable installs
    too, whose files are not in the distribution's list.
    """
    try:
        spec = (
            importlib.util.find_spec(package)
            if path is None
            else PathFinder.find_spec(package, path)
        )
    except (ImportError, ValueError):  # ValueError: somebody put a module without a spec there
        return None
    folders = (Path(folder) for folder in (spec and spec.submodule_search_locations) or ())
    return next((folder for folder in folders if (folder / file).is_file()), None)
