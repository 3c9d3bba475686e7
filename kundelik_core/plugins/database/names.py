"""Name what a plugin has in PostgreSQL, so that every statement made of names is safe."""

import hashlib
import re
from datetime import date
from typing import Final

__all__ = ["lock_of", "login_of", "owner_of", "schema_of", "trash_of", "view_of"]

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,29}")
_SCOPE: Final = re.compile(r"[a-z_]+(\.[a-z_]+)*\.v[1-9][0-9]*")


def login_of(name: str) -> str:
    """Return the role that the plugin's code logs in as.

    Raises:
        ValueError: no name of a plugin, or one whose login would be another plugin's owner.
    """
    if not _NAME.fullmatch(name) or name.endswith("_owner"):
        raise ValueError(f"{name!r} cannot be the name of a plugin with a database")
    return f"p_{name}"


def owner_of(name: str) -> str:
    """Return the role that owns the plugin's tables and logs in only to migrate them."""
    return f"{login_of(name)}_owner"


def schema_of(name: str) -> str:
    """Return the schema of the plugin's tables."""
    return f"plugin_{login_of(name).removeprefix('p_')}"


def trash_of(name: str, day: date, number: int = 1) -> str:
    """Return what the schema is called after the plugin was put aside."""
    tail = "" if number == 1 else f"_{number}"
    return f"trash_{login_of(name).removeprefix('p_')}_{day:%Y%m%d}{tail}"


def lock_of(name: str) -> int:
    """Return the advisory lock under which the plugin's roles and tables are changed."""
    digest = hashlib.sha256(f"kundelik plugin {login_of(name)}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def view_of(scope: str) -> str:
    """Return the view that a scope opens: ``mark.v1`` is ``mark_v1`` in ``core_api``.

    Raises:
        ValueError: not of the form of a scope.
    """
    if not _SCOPE.fullmatch(scope):
        raise ValueError(f"{scope!r} cannot be a scope")
    return scope.replace(".", "_")
