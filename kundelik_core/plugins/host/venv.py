"""Give a plugin an environment of its own, when the operator approves it; never while it runs.

``HOME/NAME/venv`` holds the plugin's wheel and what it needs, in the versions of its own lock. The
core is not in it: a host finds the core where the server does, behind the plugin's own packages.
"""

import re
import shutil
import subprocess
import venv
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.states import Found

__all__ = ["find_in_venvs", "make_venv", "python_of", "site_of"]

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,29}")
_PIP_SECONDS: Final = 300


def make_venv(
    home: Path, name: str, wheel: Path, lock: Path | None = None, wheels: Path | None = None
) -> Path:
    """Make the environment of a plugin anew and return its folder.

    ``lock`` lists all other packages with their hashes; pip then takes nothing else. They come from
    the folder ``wheels``; without it from wherever the operator's pip is set to look. Only wheels
    are taken: building one would run what it brings along. The old environment stays in use until
    the new one is whole.

    Raises:
        Problem: pip cannot do it, or the wheel is not the plugin's.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of a plugin")
    folder = home / name / "venv"
    fresh, old = folder.with_name("venv.new"), folder.with_name("venv.old")
    for rest in (fresh, old):
        shutil.rmtree(rest, ignore_errors=True)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    venv.EnvBuilder(with_pip=True).create(fresh)
    if lock is not None:
        _pip(fresh, name, "--require-hashes", "-r", str(lock), wheels=wheels)
    _pip(fresh, name, str(wheel), wheels=wheels)
    _check(fresh, name, wheel)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder


def python_of(home: Path, name: str) -> str:
    """Return the interpreter of a plugin's environment."""
    return str(home / name / "venv" / "bin" / "python")


def site_of(home: Path, name: str) -> Path | None:
    """Return the folder of packages of a plugin's environment; None when it has none."""
    return _site(home / name / "venv")


def find_in_venvs(home: Path) -> Iterator[Found]:
    """Yield the plugins that have environments of their own, as they are there."""
    for folder in sorted(home.glob("*/venv")):
        site = _site(folder)
        if site is None:
            continue
        for found in _found(site):
            if found.name == folder.parent.name:
                yield found


def _site(folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob("lib/python3*/site-packages"))), None)


def _found(site: Path) -> tuple[Found, ...]:
    return find_plugins(distributions(path=[str(site)]), [str(site)])


def _pip(folder: Path, name: str, *what: str, wheels: Path | None) -> None:
    """Install, without building anything and without looking for what was not listed."""
    where = () if wheels is None else ("--no-index", "-f", str(wheels))
    command = [str(folder / "bin" / "python"), "-I", "-m", "pip", "install", "--no-input"]
    command += ["--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", *where, *what]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=_PIP_SECONDS
    )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise Problem(
            "plugin-venv",
            N_("The environment of the plugin %(name)s could not be made: %(why)s"),
            params={"name": name, "why": " ".join(lines[-2:])[:400]},
            help=N_("List all that it needs in its lock, with hashes, and give the wheels."),
        )


def _check(folder: Path, name: str, wheel: Path) -> None:
    """Refuse what is not this plugin, and a copy of the core, which would be another version."""
    site = _site(folder)
    assert site is not None
    if (site / "kundelik_core").exists():
        why = N_("The lock of the plugin %(name)s has the core in it. Take kundelik-core out.")
    elif name not in {
        one.name for one in find_plugins(distributions(path=[str(site)]), [str(site)])
    }:
        why = N_("There is no plugin called %(name)s in %(wheel)s.")
    else:
        return
    raise Problem("plugin-venv", why, params={"name": name, "wheel": wheel.name})
