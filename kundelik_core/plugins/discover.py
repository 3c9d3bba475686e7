"""Find the installed plugins and read what they say of themselves, importing none of them."""

import importlib.util
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from typing import Final

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.states import Found, Reason, State
from kundelik_core.sdk import API_VERSION, SCOPES, SLOTS, Manifest, ManifestError, parse_manifest

__all__ = ["GROUP", "MANIFEST_FILE", "find_plugins"]

GROUP: Final = "kundelik.plugins"
MANIFEST_FILE: Final = "kundelik.toml"

_TARGET = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*\Z")


def find_plugins(dists: Iterable[Distribution] | None = None) -> tuple[Found, ...]:
    """Return every plugin among ``dists`` (all that are installed), by name.

    Two of one name are both refused: the order of folders is not to say which of them wins.
    """
    found = [_look(dist, entry) for dist, entry in _entries(dists)]
    found.sort(key=lambda one: (one.name, one.dist, one.entry_point))
    times = Counter(one.name for one in found)
    return tuple(_refused(one, found) if times[one.name] > 1 else one for one in found)


def _entries(dists: Iterable[Distribution] | None) -> Iterator[tuple[Distribution, EntryPoint]]:
    """Yield each distribution's entry points once: of two copies on the path the first counts."""
    seen: set[str] = set()
    for dist in distributions() if dists is None else dists:
        name = canonicalize_name(dist.metadata["Name"] or "")
        if not name or name in seen:
            continue
        seen.add(name)
        for entry in dist.entry_points.select(group=GROUP):
            yield dist, entry


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


def _look(dist: Distribution, entry: EntryPoint) -> Found:
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
    root = _package_folder(entry.value)
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
    found = msgspec.structs.replace(found, manifest=manifest, root=root)
    mismatch = _mismatch(found, manifest)
    return found if mismatch is None else found.turned(State.INCOMPATIBLE, mismatch)


def _package(entry_point: str) -> str:
    return re.split(r"[.:]", entry_point, maxsplit=1)[0]


def _package_folder(entry_point: str) -> Path | None:
    """Return the folder that importing the plugin's top package would use, if a manifest is there.

    Asking the finders runs nothing of the package, and gives the right answer for editable installs
    too, whose files are not in the distribution's list.
    """
    try:
        spec = importlib.util.find_spec(_package(entry_point))
    except (ImportError, ValueError):  # ValueError: somebody put a module without a spec there
        return None
    folders = (Path(folder) for folder in (spec and spec.submodule_search_locations) or ())
    return next((folder for folder in folders if (folder / MANIFEST_FILE).is_file()), None)


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
    unknown += manifest.uses.events  # none is sent out yet
    if unknown:
        return Reason(
            "unknown_uses",
            N_("It asks for what this version does not have: %(names)s."),
            {"names": ", ".join(unknown)},
            N_("Take it out of the manifest, or narrow the range under api."),
        )
    if manifest.data.personal:
        return Reason(
            "privacy",
            N_("It keeps data about people, which this version cannot export or erase yet."),
            {},
            N_("Install a version of the plugin that fits, or update Kundelik."),
        )
    return None
