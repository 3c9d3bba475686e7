"""Read the operator's files about plugins: the blocklist, and the index of what is known."""

import tomllib
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.life.rules import Ban, Policy

__all__ = ["Index", "Listed", "Tier", "index_of", "policy_of"]

Tier: TypeAlias = Literal["listed", "verified", "certified"]
"""What was looked at: its package, all of the kit's tests and a contact, or its code by people."""


class Listed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plugin of the operator's index; with ``sha256`` the words hold for these packages only."""

    name: str
    tier: Tier = "listed"
    first_party: bool = False
    sha256: tuple[str, ...] = ()
    provenance: str = ""


class Index(msgspec.Struct, frozen=True):
    """The operator's index file; it lists nothing when ``fault`` says why it cannot be read."""

    plugins: tuple[Listed, ...] = ()
    path: str = ""
    fault: str = ""

    def find(self, name: str, sha256: str) -> Listed | None:
        """Return what the index says of exactly this plugin."""
        for one in self.plugins:
            if one.name == name and (not one.sha256 or sha256 in one.sha256):
                return one
        return None


class _BanLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    versions: str = ""
    reason: str = ""


class _Bans(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    plugin: tuple[_BanLine, ...] = ()


class _Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    plugin: tuple[Listed, ...] = ()


_FAULTS: Final = (OSError, ValueError, InvalidSpecifier, msgspec.ValidationError)


def policy_of(settings: Settings) -> Policy:
    """Return what holds for all plugins; a blocklist that cannot be read is a fault, not empty."""
    try:
        bans = _bans(settings.plugin_blocklist)
    except _FAULTS as error:
        return Policy((), settings.safe_mode, f"{settings.plugin_blocklist}: {error}")
    return Policy(bans, settings.safe_mode)


def index_of(settings: Settings) -> Index:
    """Return the operator's index; empty without one."""
    path = settings.plugin_index
    if not path:
        return Index()
    try:
        return Index(msgspec.convert(_toml(path), _Listing).plugin, path)
    except _FAULTS as error:
        return Index((), path, f"{path}: {error}")


def _bans(path: str) -> tuple[Ban, ...]:
    if not path:
        return ()
    lines = msgspec.convert(_toml(path), _Bans).plugin
    for line in lines:
        SpecifierSet(line.versions)
    return tuple(Ban(line.name, line.versions, line.reason) for line in lines)


def _toml(path: str) -> dict[str, Any]:
    return tomllib.loads(Path(path).read_text("utf-8"))
