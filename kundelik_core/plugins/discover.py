"""Find the installed plugins and read what they say of themselves, importing none of them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Final

import msgspec
from packaging.version import InvalidVersion, Version

from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.entries import entries_of, package_folder
from kundelik_core.plugins.hashing import fingerprint
from kundelik_core.plugins.states import Found, Reason, State
from kundelik_core.sdk import (
    API_VERSION,
    EVENTS,
    SCOPES,
    SLOTS,
    Manifest,
    ManifestError,
    parse_manifest,
)

__all__ = ["GROUP", "MANIFEST_FILE", "find_plugins"]

GROUP: Final = "kundelik.plugins"
MANIFEST_FILE: Final = "kundelik.toml"

_TARGET = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*\Z")


def find_plugins(
    dists: Iterable[Distribution] | None = None, path: Sequence[str] | None = None
) -> tuple[Found, ...]:
    """Return every plugin among ``dists`` (all that are installed), by name.

    ``path`` are the folders of the environment where they are, if that is not this one.

    Two of one name are both refused: the order of folders is not to say which of them wins.
    """
    found = [_look(dist, entry, path) for dist, entry in entries_of(GROUP, dists)]
    found.sort(key=lambda one: (one.name, one.dist, one.entry_point))
    times = Counter(one.name for one in found)
    return tuple(_refused(one, found) if times[one.name] > 1 else one for one in found)


def _refused(one: Found, found: Iterable[Found]) -> Found:
    dists = ", ".join(sorted({other.dist for other in found if other.name == one.name}))
    return one.turned(
        State.INCOMPATIBLE,
        Reason(
            "duplicate",
            N_("More than one plugin is called %(name)s, in: %(dists)s."),
            {"name": one.name, "dists": dists},
            N_("Uninstall all but one."),
        ),
    )


def _look(dist: Distribution, entry: EntryPoint, path: Sequence[str] | None) -> Found:
    """Return what one entry point leads to, usable or with the reason why not."""
    found = Found(
        name=entry.name, version=dist.version, dist=dist.metadata["Name"], entry_point=entry.value
    )
    if not _TARGET.match(entry.value):
        return found.turned(
            State.INCOMPATIBLE,
            Reason(
                "entry_point",
                N_("The entry point %(name)s = %(value)s names no object of a module."),
                {"name": entry.name, "value": entry.value},
                N_("Write it as package.module:object."),
            ),
        )
    root = package_folder(_package(entry.value), MANIFEST_FILE, path)
    if root is None:
        return found.turned(
            State.INCOMPATIBLE,
            Reason(
                "no_manifest",
                N_("There is no kundelik.toml in the package %(package)s."),
                {"package": _package(entry.value)},
                N_("Put it beside the package's __init__.py and into the wheel."),
            ),
        )
    try:
        manifest = _manifest(entry.name, root)
    except ManifestError as error:
        reason = Reason(error.code, error.message, error.params, error.help)
        return found.turned(State.INCOMPATIBLE, reason)
    found = msgspec.structs.replace(
        found, manifest=manifest, root=root, sha256=fingerprint(root, dist)
    )
    mismatch = _mismatch(found, manifest)
    return found if mismatch is None else found.turned(State.INCOMPATIBLE, mismatch)


def _package(entry_point: str) -> str:
    return re.split(r"[.:]", entry_point, maxsplit=1)[0]


def _manifest(name: str, root: Path) -> Manifest:
    """Read the manifest and hold its name against the entry point's."""
    file = f"{root.name}/{MANIFEST_FILE}"
    try:
        content = (root / MANIFEST_FILE).read_bytes()
    except OSError as error:
        detail = error.strerror or "cannot be read"
        raise ManifestError(file, "TOML", detail, N_("Let the server read the file.")) from error
    manifest = parse_manifest(content, file)
    if manifest.name != name:
        detail = f"{manifest.name!r}, but the entry point is {name!r}"
        raise ManifestError(file, "name", detail, N_("Give both the same name."))
    return manifest


def _mismatch(found: Found, manifest: Manifest) -> Reason | None:
    """Return why a well-formed plugin does not fit this core, or None."""
    if not manifest.accepts_api(API_VERSION):
        return Reason(
            "api",
            N_("It is made for version %(wanted)s of the plugin contract; this is %(here)s."),
            {"wanted": manifest.api, "here": API_VERSION},
            N_("Install a version of the plugin that fits, or update Kundelik."),
        )
    try:
        Version(found.version)
    except InvalidVersion:
        return Reason(
            "version",
            N_("Its distribution has no version that can be read: %(version)s."),
            {"version": found.version},
        )
    unknown = [slot for slot in manifest.uses.slots if slot not in SLOTS]
    unknown += [scope for scope in manifest.data.reads if scope not in SCOPES]
    unknown += [event for event in manifest.uses.events if event not in EVENTS]
    if unknown:
        return Reason(
            "unknown_uses",
            N_("It asks for what this version does not have: %(names)s."),
            {"names": ", ".join(unknown)},
            N_("Take it out of the manifest, or narrow the range under api."),
        )
    return None
