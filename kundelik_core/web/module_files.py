"""Serve what modules give to browsers, compressed when it is first asked for."""

from functools import lru_cache
from typing import Final

from kundelik_core.plugins.static import PREFIX, files_of
from kundelik_core.web.modules import registry
from kundelik_core.web.static_mount import File, pack

__all__ = ["MODULES", "module_file"]

MODULES: Final = PREFIX


def module_file(path: str) -> tuple[File, bool] | None:
    """Return the file of a module behind a path, and whether it may be kept for ever."""
    found = files_of(registry()).find(path)
    if found is None:
        return None
    name, data, for_ever = found
    return _packed(name, data), for_ever


# By content: two versions of a file are two entries, and the same one is packed once.
_packed = lru_cache(maxsize=256)(pack)
