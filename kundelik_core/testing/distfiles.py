"""List what a plugin's distribution puts onto a server, building the wheel where there is none."""

import json
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlparse
from urllib.request import url2pathname

__all__ = ["CannotBuildError", "foreign", "lacking", "shipped"]

_BUILD: Final = """
import importlib, sys
name, _, attribute = sys.argv[1].partition(":")
backend = importlib.import_module(name)
for part in filter(None, attribute.split(".")):
    backend = getattr(backend, part)
print(backend.build_wheel(sys.argv[2]))
"""


class CannotBuildError(Exception):
    """The wheel cannot be made here; the text says why."""


def shipped(dist: Distribution) -> list[str]:
    """Return the files of a distribution as its wheel holds them.

    Of an editable install the wheel is built, with the build backend that is installed here and
    without the network.

    Raises:
        CannotBuildError: the backend is missing or refuses.
    """
    project = _editable(dist)
    if project is not None:
        return _build(project)
    # What the installer itself adds: compiled files, and the notes of the installation.
    files = [PurePosixPath(str(file)) for file in dist.files or ()]
    return [str(file) for file in files if "__pycache__" not in file.parts]


def _editable(dist: Distribution) -> Path | None:
    """Return the folder that an editable install points to, or None for an ordinary one."""
    try:
        said = json.loads(dist.read_text("direct_url.json") or "{}")
    except ValueError:
        return None
    if not said.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(urlparse(said["url"]).path))


def _build(project: Path) -> list[str]:
    try:
        table = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
        backend = table["build-system"]["build-backend"]
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise CannotBuildError(f"pyproject.toml names no build backend ({error})") from error
    with tempfile.TemporaryDirectory() as folder:
        # The project's own backend, as pip would call it, in a process of its own.
        command = [sys.executable, "-c", _BUILD, backend, folder]
        done = subprocess.run(
            command, cwd=project, capture_output=True, text=True, check=False, timeout=120
        )
        wheels = [*Path(folder).glob("*.whl")]
        if done.returncode or not wheels:
            last = (done.stderr.strip().splitlines() or ["it made no wheel"])[-1]
            raise CannotBuildError(f"{backend} cannot build the wheel: {last}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            return [name for name in wheel.namelist() if not name.endswith("/")]


def foreign(files: Iterable[str], package: str) -> Iterator[str]:
    """Yield each file that is neither the package's nor metadata, with what it would do."""
    for name in files:
        path = PurePosixPath(name)
        if path.suffix == ".pth":
            yield f"{name} would run whenever Python starts on the server"
        elif path.parts[0] != package and not path.parts[0].endswith(".dist-info"):
            yield f"{name} lies outside of the package {package}"


def lacking(files: Iterable[str], root: Path) -> Iterator[str]:
    """Yield each file of the package's folder that the wheel leaves behind."""
    there = set(files)
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if not path.is_file() or any(part == "__pycache__" or part[0] == "." for part in parts):
            continue
        name = "/".join((root.name, *parts))
        if name not in there:
            yield f"{name} is in the folder, but not in the wheel"
