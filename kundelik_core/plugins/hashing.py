"""Name exactly what is installed of a plugin, so that an approval holds for that and no other."""

import hashlib
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path
from typing import Final

__all__ = ["fingerprint"]

_MADE_HERE: Final = frozenset({".pyc", ".pyo"})


def fingerprint(root: Path, dist: Distribution) -> str:
    """Return a SHA-256 over every file of a plugin, by name and content, in hexadecimal.

    These are the package's folder as it is, whatever the distribution's list says of it, and what
    the distribution put elsewhere. A file that is added, changed or taken away gives another one.
    What Python makes by itself, compiled files, does not count; nor does the installer's own record
    of where the distribution came from.
    """
    total = hashlib.sha256()
    for name, file in sorted({**dict(_elsewhere(root, dist)), **dict(_inside(root))}.items()):
        try:
            digest = hashlib.sha256(file.read_bytes()).digest()
        except OSError:  # a file that is listed and is not there, or cannot be read
            digest = b""
        total.update(name.encode() + b"\0" + digest + b"\n")
    return total.hexdigest()


def _inside(root: Path) -> Iterator[tuple[str, Path]]:
    for file in root.rglob("*"):
        if file.suffix not in _MADE_HERE and "__pycache__" not in file.parts and file.is_file():
            yield file.relative_to(root.parent).as_posix(), file


def _elsewhere(root: Path, dist: Distribution) -> Iterator[tuple[str, Path]]:
    """Yield what the distribution lists outside of the package and of its own metadata."""
    for listed in dist.files or ():
        top = listed.parts[0]
        if top != root.name and not top.endswith(".dist-info") and listed.suffix not in _MADE_HERE:
            yield f"elsewhere/{listed.as_posix()}", Path(str(dist.locate_file(listed)))
