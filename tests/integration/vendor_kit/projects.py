"""Build a vendor's project and run its tests with what the wheel holds, as on another machine."""

import os
import subprocess
import sys
from pathlib import Path

from tools.lint import ROOT

BUILD = "import hatchling.build, sys; hatchling.build.build_wheel(sys.argv[1])"
COMMAND = "from kundelik_core.cli import main; main(prog_name='kundelik')"


def environment(*places: Path) -> dict[str, str]:
    """Return an environment in which nothing is set but where packages are."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "KUNDELIK_"))}
    kept |= {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    return kept | {"PYTHONPATH": os.pathsep.join(map(str, (*places, ROOT)))}


def run(folder: Path, *command: str, places: tuple[Path, ...] = ()) -> tuple[int, str]:
    """Run Python with some arguments in a folder."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment(*places),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    return done.returncode, done.stdout + done.stderr


def build(project: Path, into: Path) -> Path:
    """Return the wheel of a project, made by its own backend."""
    into.mkdir(exist_ok=True)
    code, told = run(project, "-c", BUILD, str(into))
    assert code == 0, told
    (wheel,) = into.glob("*.whl")
    return wheel


def install(wheel: Path, place: Path) -> None:
    """Install a wheel into an empty folder, without the network and without what it requires."""
    options = ["--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check", "--quiet"]
    target = ["--target", str(place), str(wheel)]
    code, told = run(wheel.parent, "-m", "pip", "install", *options, *target)
    assert code == 0, told


def pytest_in(folder: Path, place: Path, *arguments: str) -> tuple[int, str]:
    """Run a project's tests against what is installed in ``place``."""
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)
    return run(folder, *command, places=(place,))
