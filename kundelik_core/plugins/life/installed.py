"""Tell where an installed plugin came from, as far as its installer wrote it down."""

import hashlib
import json
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

import kundelik_core
from kundelik_core.plugins.life.policy import Index
from kundelik_core.plugins.states import Found

__all__ = ["Provenance", "is_first_party", "provenance"]


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where a plugin came from.

    ``source`` is the address it was installed from, empty for the installer's usual index;
    ``archive`` the hash of the wheel where the installer knew it, ``record`` that of its list of
    files. ``attestation`` names a PEP 740 file that lies beside it; it is not checked here.
    """

    dist: str = ""
    installer: str = ""
    source: str = ""
    editable: bool = False
    archive: str = ""
    record: str = ""
    attestation: str = ""
    tier: str = ""
    first_party: bool = False


def provenance(found: Found, index: Index | None = None) -> Provenance:
    """Return what is known of a plugin's origin; empty where nothing is."""
    listed = index.find(found.name, found.sha256) if index else None
    try:
        dist = distribution(found.dist)
    except (PackageNotFoundError, ValueError):
        return Provenance(dist=found.dist)
    direct = _direct_url(dist)
    archive = direct.get("archive_info") or {}
    hashes = archive.get("hashes") or {}
    record = dist.read_text("RECORD")
    return Provenance(
        dist=found.dist,
        installer=(dist.read_text("INSTALLER") or "").strip()[:40],
        source=_without_login(str(direct.get("url") or "")),
        editable=bool((direct.get("dir_info") or {}).get("editable")),
        archive=str(hashes.get("sha256") or ""),
        record=hashlib.sha256(record.encode()).hexdigest() if record else "",
        attestation=(listed.provenance if listed else "") or _attestation(dist),
        tier=listed.tier if listed else "",
        first_party=is_first_party(found, index),
    )


def is_first_party(found: Found, index: Index | None = None) -> bool:
    """Say whether it belongs to the core: it lies in plugins/ beside it, or the index says so."""
    listed = index.find(found.name, found.sha256) if index else None
    if listed is not None and listed.first_party:
        return True
    own = Path(kundelik_core.__file__).resolve().parent.parent / "plugins"
    return found.root is not None and own in found.root.resolve().parents


def _direct_url(dist: Distribution) -> dict[str, Any]:
    text = dist.read_text("direct_url.json")
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _without_login(url: str) -> str:
    """Return an address without the name and password that may stand in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))


def _attestation(dist: Distribution) -> str:
    for file in dist.files or ():
        if file.name == "provenance.json" or file.name.endswith(".attestation"):
            return str(file)
    return ""
