"""Writes docs/map.md: every module in one line, floor by floor, from the docstrings themselves."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAP = Path("docs") / "map.md"
# From the top down: who reads wants the pages first, and imports go down only.
FLOORS = {
    "cli": "Commands of `kundelik`.",
    "testing": "The pytest plugin for people who write plugins.",
    "web": "Pages, forms and the JSON API; nothing here touches a table.",
    "plugins": "Finding, loading and asking plugins.",
    "privacy": "What is held about a person: a copy of it, and who looked.",
    "entitlements": "What was granted beyond the free core, never how it was paid for.",
    "gradebook": "Grading schemes, journals, marks, results, diaries. Free, for ever.",
    "schools": "Schools, calendar, classes, groups, people, timetable, lists to import.",
    "identity": "Accounts, sign-in, sessions, roles and permissions.",
    "kernel": "Settings, database and school scope, ids, clock, languages, audit.",
    "sdk": "The only thing that plugins import.",
}
HEAD = """\
# Map

Every module in one line. Imports go down only: what stands further up may use what stands below it,
never the other way round. Within a floor the same names recur: `tables` describes tables, `rules`
decides without touching anything outside, `actions` alone writes, `queries` alone reads, `access`
says who may. The words are those of the modules; `python tools/map.py` writes this file anew.

A request goes `web` page, then `access`, then `queries` or `actions`, then tables. See
[the decisions](decisions/) for why.
"""


def modules(folder: Path) -> list[Path]:
    """Gives the Python files below a folder; an empty package file says nothing and is left out."""
    found = (path for path in folder.rglob("*.py") if "tests" not in path.parts)
    return sorted(path for path in found if path.name != "__init__.py" or path.stat().st_size)


def name_of(path: Path, root: Path) -> str:
    """Gives the dotted name of a module."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sentence(path: Path) -> str:
    """Gives the first sentence of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(text.split("\n\n", 1)[0].split())
    return re.split(r"(?<=[.!?])\s", paragraph.replace("``", "`"), maxsplit=1)[0]


def lines(folder: Path, root: Path, prefix: str = "") -> list[str]:
    """Gives one line per module of a folder."""
    return [
        f"- `{name_of(path, root).removeprefix(prefix)}`: {sentence(path)}"
        for path in modules(folder)
    ]


def text(root: Path) -> str:
    """Gives the whole page."""
    core = root / "kundelik_core"
    parts = [HEAD]
    for floor, what in FLOORS.items():
        if (core / floor).is_dir():
            parts.append(f"## {floor}\n\n{what}\n")
            parts.append("\n".join(lines(core / floor, root, "kundelik_core.")) + "\n")
    for folder in sorted((root / "plugins").glob("*/kundelik_*")):
        parts.append(f"## plugins/{folder.parent.name}\n\nA distribution of its own.\n")
        parts.append("\n".join(lines(folder, folder.parent)) + "\n")
    parts.append("## tools\n\nFor developers; schools do not run them.\n")
    parts.append("\n".join(lines(root / "tools", root)) + "\n")
    return "\n".join(parts)


def main() -> int:
    """Writes the file."""
    (ROOT / MAP).write_text(text(ROOT), encoding="utf-8")
    print(f"{MAP}: {len(re.findall('^- ', text(ROOT), re.MULTILINE))} modules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
