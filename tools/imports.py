"""Holds the floors: runs import-linter with .importlinter and with contracts for each plugin.

Plugins come and go, so their contracts are made from the folders that are there: a plugin imports
nothing of the core but its SDK (and the test kit), the core imports no plugin, plugins do not
import each other.
"""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = "kundelik_core"
PUBLIC = {"sdk", "testing"}


def is_package(folder: Path) -> bool:
    """Whether a folder holds Python code of ours."""
    return folder.is_dir() and any(folder.glob("*.py"))


def plugin_packages(root: Path) -> dict[str, Path]:
    """Name and folder of each plugin's package."""
    found = sorted(root.glob("plugins/*/kundelik_*"))
    return {folder.name: folder.parent for folder in found if is_package(folder)}


def floors(root: Path) -> list[str]:
    """The packages of the core that are there."""
    return sorted(folder.name for folder in (root / CORE).iterdir() if is_package(folder))


def lines(names: list[str]) -> str:
    """A list in the notation of the configuration file."""
    return "\n" + "\n".join(names)


def configuration(root: Path) -> configparser.ConfigParser:
    """The contracts of .importlinter, and those about the plugins that are there."""
    config = configparser.ConfigParser()
    config.read(root / ".importlinter", encoding="utf-8")
    have = floors(root)
    paid = config["importlinter:contract:free"]
    if "entitlements" not in have:
        config.remove_section(paid.name)
    else:
        below = [name for name in paid["source_modules"].split() if name.split(".")[1] in have]
        paid["source_modules"] = lines(below)
    plugins = list(plugin_packages(root))
    if not plugins:
        return config
    config["importlinter"].pop("root_package")
    config["importlinter"]["root_packages"] = lines([CORE, *plugins])
    config["importlinter:contract:public"] = {
        "name": "Plugins see only kundelik_core.sdk",
        "type": "protected",
        "protected_modules": lines([f"{CORE}.{name}" for name in have if name not in PUBLIC]),
        "allowed_importers": lines([CORE]),
    }
    config["importlinter:contract:blind"] = {
        "name": "The core never imports a plugin",
        "type": "forbidden",
        "source_modules": lines([CORE]),
        "forbidden_modules": lines(plugins),
    }
    if len(plugins) > 1:
        config["importlinter:contract:apart"] = {
            "name": "Plugins do not import each other",
            "type": "independence",
            "modules": lines(plugins),
        }
    return config


def run(root: Path) -> int:
    """Runs all contracts over one checkout, in a process of its own that imports from there only.

    Gives 0 when all contracts are kept.
    """
    places = [str(root), *map(str, plugin_packages(root).values())]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "importlinter.ini"
        with path.open("w", encoding="utf-8") as out:
            configuration(root).write(out)
        linter = str(Path(sys.executable).with_name("lint-imports"))
        return subprocess.run(
            [linter, "--no-logo", "--no-cache", "--config", str(path)],
            cwd=root,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(places)},
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(run(ROOT))
