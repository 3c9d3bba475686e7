"""Prepares .venv so that `make` works on a machine with nothing but Python and pip.

Idempotent: a stamp in .venv remembers which lock and which packages were installed, and the next
call returns at once when nothing changed. Standard library only, since it runs before all else.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "kundelik-setup.json"
LOCKS = {name: ROOT / "requirements" / f"{name}.txt" for name in ("run", "dev")}
TARGET_PIP = (22, 3)  # the first pip that installs into another environment (--python)


class SetupError(Exception):
    """A reason to stop that one line can tell."""


def say(text: str) -> None:
    """Tells what is going on; standard output stays free for the command that follows."""
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def digest(paths: list[Path]) -> str:
    """Names the state of some files, and of where they are (an editable install holds paths)."""
    total = hashlib.sha256(str(ROOT).encode())
    for path in paths:
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def workspace() -> list[Path]:
    """The packages of this repository: the core first, then each plugin and each theme."""
    others = [
        path for kind in ("plugins", "themes") for path in ROOT.glob(f"{kind}/*/pyproject.toml")
    ]
    return [ROOT / "pyproject.toml", *sorted(others)]


def name(project: Path) -> str:
    """What to call a package of this repository."""
    folder = project.parent
    if folder == ROOT:
        return "core"
    return f"theme {folder.name}" if folder.parent.name == "themes" else folder.name


def run(command: list[str], failed: str) -> None:
    """Runs one step quietly; on failure shows its output and stops with a clear line."""
    environment = os.environ | {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
        raise SetupError(failed)


def works(command: list[str]) -> bool:
    """Whether a command ends well; used to feel out what this Python can do."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, cwd=ROOT
        )
    except OSError:
        return False
    return done.returncode == 0


def make_venv() -> None:
    """Makes .venv, also with a Python whose `venv` came without ensurepip (Debian, Ubuntu)."""
    if works([str(PYTHON), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]):
        return
    if VENV.exists():
        say("the environment in .venv is broken or too old; making it anew")
        shutil.rmtree(VENV)
    say(f"making .venv with Python {sys.version.split()[0]}")
    if works([sys.executable, "-m", "venv", str(VENV)]):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if not works([sys.executable, "-m", "venv", "--without-pip", str(VENV)]):
        shutil.rmtree(VENV, ignore_errors=True)
        raise SetupError(
            "this Python cannot make a virtual environment. On Debian or Ubuntu: "
            "apt install python3-venv. Elsewhere install a complete Python >= 3.11."
        )
    say("this Python has no ensurepip (package python3-venv); using its own pip instead")


def pip() -> list[str]:
    """The command that installs into .venv: its own pip, or that of the Python around it."""
    if works([str(PYTHON), "-c", "import pip"]):
        return [str(PYTHON), "-m", "pip"]
    code = "import pip; print(pip.__version__)"
    asked = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    version = tuple(int(part) for part in asked.stdout.split(".")[:2] if part.strip().isdigit())
    if version < TARGET_PIP:
        found = f"has pip {asked.stdout.strip()}" if version else "has no pip"
        raise SetupError(
            f"{sys.executable} {found} and no ensurepip. On Debian or Ubuntu: "
            "apt install python3-venv. Elsewhere: python3 -m ensurepip, or pip 22.3 or newer."
        )
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def read_stamp() -> dict[str, Any]:
    """What the last set-up left, or nothing if it never came to its end."""
    try:
        stamp: dict[str, Any] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp


def write_stamp(stamp: dict[str, Any]) -> None:
    """Notes what is installed, whole or not at all."""
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(json.dumps(stamp, indent=1) + "\n")
    fresh.replace(STAMP)


def install_lock(kind: str) -> None:
    """Installs the pinned third-party packages; a wrong hash or a missing wheel stops it."""
    say(f"installing requirements/{kind}.txt (once; some minutes on a slow line)")
    options = ["--quiet", "--require-hashes", "--only-binary", ":all:"]
    run(
        [*pip(), "install", *options, "-r", str(LOCKS[kind])],
        f"could not install requirements/{kind}.txt; see above. The network is needed this once.",
    )


def install_workspace(projects: list[Path]) -> None:
    """Installs core, plugins and themes from where they lie, so that edits count at once."""
    say("installing " + ", ".join(name(path) for path in projects))
    editable = [part for path in projects for part in ("--editable", str(path.parent))]
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    run([*pip(), "install", *options, *editable], "could not install the packages of this folder")


def prepare(kind: str) -> None:
    """Brings .venv to the state that `run` or `dev` asks for, doing only what is missing."""
    stamp = read_stamp() if PYTHON.exists() else {}
    projects = workspace()
    packages = digest(projects)
    # Both locks are compiled together, so what `dev` installed holds everything of `run`.
    enough = {kind, "dev"}
    locks: dict[str, str] = stamp.get("locks", {})
    locked = any(locks.get(lock) == digest([LOCKS[lock]]) for lock in enough)
    if locked and stamp.get("packages") == packages:
        return
    make_venv()
    if not locked:
        install_lock(kind)
        locks = {kind: digest([LOCKS[kind]])}
        write_stamp({"locks": locks})
    install_workspace(projects)
    write_stamp({"locks": locks, "packages": packages})
    say("done")


def main(arguments: list[str]) -> int:
    """Reads the command line and turns a failure into one line and exit code 1."""
    if len(arguments) != 1 or arguments[0] not in LOCKS:
        print("usage: tools/setup run|dev", file=sys.stderr)
        return 2
    try:
        prepare(arguments[0])
    except (SetupError, OSError) as error:
        say(f"FAILED: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
