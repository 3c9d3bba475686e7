"""Open a wheel with care, and hold what it says of itself against what it holds."""

import base64
import hashlib
import re
import stat
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as IniError
from csv import reader
from email import message_from_bytes
from email.message import Message
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.check.model import Finding, Level
from kundelik_core.plugins.discover import GROUP

__all__ = ["Wheel", "about_metadata", "about_record", "open_wheel"]

MAX_WHEEL: Final = 20 * 1024 * 1024
MAX_OPEN: Final = 60 * 1024 * 1024
MAX_FILE: Final = 5 * 1024 * 1024
MAX_FILES: Final = 2000
COMPILED: Final = frozenset({".so", ".pyd", ".dll", ".dylib", ".pyc", ".pyo", ".exe"})
_TARGET: Final = re.compile(r"^([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*):[A-Za-z_]\w*\Z")
_UNREADABLE: Final = N_("%(file)s cannot be checked: %(why)s.")


class Wheel(msgspec.Struct, frozen=True, kw_only=True):
    """A wheel that was unpacked into ``folder``, which holds nothing else."""

    file: Path
    sha256: str
    folder: Path
    names: tuple[str, ...]
    info: str
    metadata: Message
    entries: dict[str, str]
    scripts: tuple[str, ...]

    @property
    def requires(self) -> list[str]:
        """Return what the distribution requires."""
        return [str(one) for one in self.metadata.get_all("Requires-Dist") or []]

    @property
    def package(self) -> str:
        """Return the package of the plugin's entry point, or nothing."""
        target = _TARGET.match(next(iter(self.entries.values()), ""))
        return target[1] if target else ""


def open_wheel(file: Path, folder: Path) -> Wheel:
    """Unpack a wheel into an empty folder.

    Raises:
        Problem: there is no such file, it is no wheel, or it is larger than any plugin is.
    """
    if file.suffix != ".whl":
        raise _unreadable(file, "it is no wheel; make one: python -m build --wheel")
    try:
        content = file.read_bytes() if file.stat().st_size <= MAX_WHEEL else b""
    except OSError as error:
        raise _unreadable(file, error.strerror or "no such file") from None
    if not content:
        raise _unreadable(file, f"it is empty, or larger than {MAX_WHEEL // 2**20} MB")
    try:
        with zipfile.ZipFile(file) as archive:
            names = _unpack(archive, folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise _unreadable(file, f"{error}") from None
    infos = {name.split("/")[0] for name in names if name.split("/")[0].endswith(".dist-info")}
    if len(infos) != 1:
        raise _unreadable(file, f"it has {len(infos)} folders .dist-info, not one")
    (info,) = infos
    try:
        metadata = message_from_bytes((folder / info / "METADATA").read_bytes())
    except OSError:
        raise _unreadable(file, "there is no METADATA in it") from None
    entries, scripts = _entries(file, folder / info / "entry_points.txt")
    return Wheel(
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
        folder=folder,
        names=tuple(names),
        info=info,
        metadata=metadata,
        entries=entries,
        scripts=scripts,
    )


def _unreadable(file: Path, why: str) -> Problem:
    return Problem("wheel", _UNREADABLE, params={"file": file.name, "why": why})


def _unpack(archive: zipfile.ZipFile, folder: Path) -> list[str]:
    """Write the files out, none outside of the folder, and return their names."""
    there = [one for one in archive.infolist() if not one.is_dir()]
    if len(there) > MAX_FILES or sum(one.file_size for one in there) > MAX_OPEN:
        raise ValueError("it holds more than any plugin needs")
    seen: set[str] = set()
    for one in there:
        path = PurePosixPath(one.filename)
        odd = path.is_absolute() or ".." in path.parts or "\\" in one.filename
        if odd or stat.S_ISLNK(one.external_attr >> 16) or one.filename.lower() in seen:
            raise ValueError(f"{one.filename!r} has no place in a wheel")
        seen.add(one.filename.lower())
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(one) as source:
            # The size in the list is only what the archive says.
            content = source.read(one.file_size + 1)
        if len(content) != one.file_size:
            raise ValueError(f"{one.filename!r} is not as long as it says")
        target.write_bytes(content)
    return [one.filename for one in there]


def _entries(file: Path, path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    ini = ConfigParser(delimiters=("=",), interpolation=None)
    ini.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        ini.read_string(path.read_text("utf-8") if path.is_file() else "")
    except (IniError, UnicodeDecodeError) as error:
        raise _unreadable(file, f"entry_points.txt: {error}") from None
    own = dict(ini[GROUP]) if GROUP in ini else {}
    others = (
        f"{group}: {name}" for group in ini.sections() if group != GROUP for name in ini[group]
    )
    return own, tuple(others)


def about_record(wheel: Wheel) -> Iterator[Finding]:
    """Yield what lies where it should not, and what differs from the wheel's own list."""
    tops = {wheel.package, wheel.info}
    for name in wheel.names:
        path = PurePosixPath(name)
        if path.suffix == ".pth":
            yield _error("pth", name, "would run whenever Python starts", "Leave it out.")
        elif path.parts[0] not in tops and wheel.package:
            text = f"lies outside of the package {wheel.package}"
            yield _error("foreign", name, text, "A wheel of a plugin holds its package alone.")
        if path.suffix in COMPILED:
            yield _error("compiled", name, "is compiled, so nobody can read it", "Ship source.")
        if (wheel.folder / name).stat().st_size > MAX_FILE:
            yield _error(
                "large", name, f"is larger than {MAX_FILE // 2**20} MB", "Make it smaller."
            )
    yield from _hashes(wheel)


def _hashes(wheel: Wheel) -> Iterator[Finding]:
    path = wheel.folder / wheel.info / "RECORD"
    if not path.is_file():
        yield _error("record", "RECORD", "is missing", "Build the wheel with a build backend.")
        return
    rows = {row[0]: row[1] for row in reader(path.read_text("utf-8").splitlines()) if len(row) > 1}
    for name in wheel.names:
        if name == f"{wheel.info}/RECORD" or name.endswith((".jws", ".p7s")):
            continue
        kind, _, value = rows.get(name, "").partition("=")
        digest = hashlib.sha256((wheel.folder / name).read_bytes()).digest()
        mine = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (kind, value) != ("sha256", mine):
            yield _error("record", name, "is not as RECORD lists it", "Build the wheel anew.")


def about_metadata(wheel: Wheel) -> Iterator[Finding]:
    """Yield what is wrong with name, version, licence, requirements and entry points."""
    meta = wheel.metadata
    name, version = str(meta["Name"] or ""), str(meta["Version"] or "")
    try:
        file_name, file_version, _build, _tags = parse_wheel_filename(wheel.file.name)
        same = (file_name, file_version) == (canonicalize_name(name), Version(version))
    except (InvalidWheelFilename, InvalidVersion):
        same = False
    if not same:
        text = f"the file's name and METADATA ({name} {version}) say different things"
        yield _error("metadata", wheel.file.name, text, "Do not rename wheels.")
    licence = meta["License-Expression"] or meta["License"] or meta.get_all("License-File")
    if not licence and "License ::" not in str(meta.get_all("Classifier")):
        text = "names no licence"
        yield _error("licence", "METADATA", text, 'Write license = "..." into pyproject.toml.')
    if not meta["Requires-Python"]:
        text = "does not say for which Python it is"
        yield _error("python", "METADATA", text, 'Write requires-python = ">=3.11".', "warning")
    yield from _requirements(wheel)
    if len(wheel.entries) != 1:
        text = f"{len(wheel.entries)} entries under {GROUP}, not one"
        yield _error("entry", "entry_points.txt", text, "One distribution holds one plugin.")
    elif not wheel.package:
        text = f"{next(iter(wheel.entries.values()))!r} names no object of a module"
        yield _error("entry", "entry_points.txt", text, "Write it as package.module:object.")
    for script in wheel.scripts:
        text = f"offers {script} to the server's environment"
        yield _error("entry", "entry_points.txt", text, "Commands go through the hook commands.")


def _requirements(wheel: Wheel) -> Iterator[Finding]:
    names = set()
    for text in wheel.requires:
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            yield _error("requires", "METADATA", f"{text!r} cannot be read", "Mend it.")
            continue
        if not wanted.marker or "extra" not in str(wanted.marker):
            names.add(canonicalize_name(wanted.name))
        if wanted.url:
            what = f"{wanted.name} is fetched from an address of its own"
            yield _error("requires", "METADATA", what, "Require it by name and version.")
    if "kundelik-core" not in names:
        help_ = 'Write dependencies = ["kundelik-core"].'
        yield _error("requires", "METADATA", "does not require kundelik-core", help_)
    for other in sorted(names - {"kundelik-core"}):
        what = f"brings {other} into the server's environment"
        yield Finding("review", "requires", "METADATA", what)


def _error(code: str, where: str, text: str, help_: str, level: Level = "error") -> Finding:
    return Finding(level, code, where, text, help_)
