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


def plugin_needs() -> list[str]:
    """Third-party requirements of the plugins in this repository."""
    needs: set[str] = set()
    for path in ROOT.glob("plugins/*/pyproject.toml"):
        project = tomllib.loads(path.read_text())["project"]
        needs.update(project.get("dependencies", []))
    return sorted(need for need in needs if not re.match(r"kundelik[-_]", need))


def compile_lock(name: str, extras: list[str], extra: Path, upgrade: bool) -> None:
    """Writes one lock; without `upgrade`, pins that still fit stay as they are."""
    target = ROOT / "requirements" / f"{name}.txt"
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", *OPTIONS]
    command += ["pyproject.toml", str(extra), *(f"--extra={item}" for item in extras)]
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
        extra = Path(folder) / "plugins.in"
        extra.write_text("\n".join(plugin_needs()) + "\n")
        for name, extras in (("run", ["build"]), ("dev", ["build", "dev"])):
            compile_lock(name, extras, extra, "--upgrade" in arguments)
            print(f"requirements/{name}.txt written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
