"""Compiles requirements/run.txt and dev.txt: every package pinned, every wheel by its hash.

What plugins need beside the core goes into the same locks, because `make` installs all of them
into one environment. No address of a registry gets into the files.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Made by `make lock` from pyproject.toml; not to be edited by hand.\n"
OPTIONS = [
    "--no-config",
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-header",
    "--no-annotate",
    "--only-binary=:all:",
    "--quiet",
]


def needs(extras: list[str]) -> list[str]:
    """Third-party requirements of the core and of the plugins in this repository.

    What lies in this repository is installed from it, and so is in no lock.
    """
    core = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found: set[str] = {*core["dependencies"]}
    for extra in extras:
        found.update(core["optional-dependencies"][extra])
    for path in ROOT.glob("plugins/*/pyproject.toml"):
        project = tomllib.loads(path.read_text())["project"]
        found.update(project.get("dependencies", []))
    return sorted(need for need in found if not re.match(r"kundelik[-_]", need))


def compile_lock(name: str, wanted: Path, upgrade: bool) -> None:
    """Writes one lock; without `upgrade`, pins that still fit stay as they are."""
    target = ROOT / "requirements" / f"{name}.txt"
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", *OPTIONS]
    command.append(str(wanted))
    if name != "run":
        command += ["--constraints", "requirements/run.txt"]
    if upgrade:
        command.append("--upgrade")
    # Wheels that happen to lie on this machine must not lend their hashes to the lock.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))}
    subprocess.run([*command, "--output-file", str(target)], cwd=ROOT, env=kept, check=True)
    target.write_text(HEADER + target.read_text().removeprefix(HEADER))


def main(arguments: list[str]) -> int:
    """Compiles both locks; `--upgrade` takes the newest versions that fit."""
    with tempfile.TemporaryDirectory() as folder:
        for name, extras in (("run", ["build"]), ("dev", ["build", "dev"])):
            wanted = Path(folder) / f"{name}.in"
            wanted.write_text("\n".join(needs(extras)) + "\n")
            compile_lock(name, wanted, "--upgrade" in arguments)
            print(f"requirements/{name}.txt written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
