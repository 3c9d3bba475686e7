"""House rules that no general linter knows, checked over every file that git would take.

Each finding is one line `file:line: what is wrong`. Exit code 1 when there is any.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MODULE_LINES = 400
FUNCTION_LINES = 50
SKIPPED_FOLDERS = {".git", ".venv", "node_modules", "var", "__pycache__", "build", "dist"}
# Row methods of the query library that find their row by `id` alone, without the school.
ROW_METHODS = {"save", "remove", "refresh", "update_self", "get_related"}
RUNNERS = {"run", "run_sync"}
ROUTES = {"get", "post", "put", "patch", "delete", "head", "route"}


class Finding(NamedTuple):
    """One breach of a rule, and where."""

    path: str
    line: int
    text: str


# The brackets keep the patterns from finding themselves.
ANYWHERE = (
    (re.compile(r"/(?:wor[k]|far[m]|roo[t])/|/bash_job[s]"), "a path of one machine"),
    (
        re.compile(
            r"pypi\.or[g]|pythonhosted\.or[g]|registry\.npmj[s]|deb\.debian\.or[g]"
            r"|--(?:extra-)?index-ur[l]|--find-link[s]|https?://[^ \"]+\.(?:whl|tar\.gz|tgz|deb)\b"
        ),
        "the address of a package registry",
    ),
)
PRODUCT = (
    (
        re.compile(r"\bset_confi[g]\s*\("),
        "set_config() does not reach all nodes of a cluster: the kernel alone sets the school",
    ),
    (
        re.compile(r"tenant-lin[t]:\s*off"),
        "only tests may hide a statement from the SQL lint",
    ),
    (re.compile(r"\braise NotImplementedErro[r]\b"), "a stub"),
)
PAGE = (
    (
        re.compile(
            r"(?:src|href|url|import|fetch)[^a-z\n]{1,3}"
            r"https?://(?!127\.0\.0\.1|localhost|www\.w3\.org)"
        ),
        "a page must load nothing from outside",
    ),
)
PAGE_ENDINGS = {".html", ".jinja", ".css", ".js", ".svg", ".webmanifest"}
TEXT_ENDINGS = PAGE_ENDINGS | {
    *("", ".py", ".sql", ".md", ".toml", ".txt", ".json", ".csv", ".po", ".cfg", ".ini"),
    *(".yml", ".yaml", ".sh", ".xml", ".example"),
}


def tracked_files(root: Path) -> list[Path]:
    """What git has or would take; a plain walk where there is no repository (an unpacked copy)."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if done.returncode == 0:
        paths = [root / os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    else:
        paths = list(_walk(root))
    return sorted(path for path in set(paths) if path.is_file())


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        yield from (Path(folder) / name for name in names)


def is_product(path: str) -> bool:
    """Whether a file belongs to what schools run, as against tests and tools."""
    parts = path.split("/")
    return parts[0] in {"kundelik_core", "plugins", "themes"} and "tests" not in parts


def check_text(path: str, text: str) -> Iterator[Finding]:
    """Rules that hold for lines of any text file."""
    rules = list(ANYWHERE)
    if is_product(path):
        rules += PRODUCT
        if Path(path).suffix in PAGE_ENDINGS:
            rules += PAGE
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in rules:
            if pattern.search(line):
                yield Finding(path, number, what)


def check_python(path: str, text: str) -> Iterator[Finding]:
    """Rules about the shape of modules, functions and calls."""
    rows = text.splitlines()
    if len(rows) > MODULE_LINES:
        yield Finding(path, len(rows), f"{len(rows)} lines, at most {MODULE_LINES}: find its seam")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield Finding(path, error.lineno or 1, f"cannot be read: {error.msg}")
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            # A test may tell a long story; what the product does is cut into steps.
            if path.startswith("tests/") or "/tests/" in path:
                continue
            yield from _check_function(path, node)
        elif isinstance(node, ast.Call) and is_product(path):
            yield from _check_call(path, node)
        elif isinstance(node, ast.Await) and _row_method(node.value) and is_product(path):
            yield Finding(path, node.lineno, _row_text(_row_method(node.value)))


def _check_function(path: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Finding]:
    first = node.body[0]
    documented = ast.get_docstring(node, clean=False) is not None
    text_lines = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    length = (node.end_lineno or node.lineno) - node.lineno + 1 - text_lines
    if length > FUNCTION_LINES:
        what = f"{node.name} has {length} lines without its docstring, at most {FUNCTION_LINES}"
        yield Finding(path, node.lineno, what)


def _check_call(path: str, node: ast.Call) -> Iterator[Finding]:
    function = node.func
    name = getattr(function, "attr", getattr(function, "id", ""))
    if name in ROUTES | {"Router", "Controller"}:
        for keyword in node.keywords:
            value = keyword.value
            if keyword.arg == "cache" and not (
                isinstance(value, ast.Constant) and value.value in {False, None}
            ):
                what = "cache= answers one person with another's page: use the page cache"
                yield Finding(path, node.lineno, what)
    if name in RUNNERS and isinstance(function, ast.Attribute):
        method = _row_method(function.value)
        if method:
            yield Finding(path, node.lineno, _row_text(method))


def _row_method(node: ast.expr) -> str:
    """The name of a forbidden row method if that is what is called, else nothing."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        names_columns = all(keyword.arg == "columns" for keyword in node.keywords)
        if node.func.attr in ROW_METHODS and names_columns:
            return node.func.attr
    return ""


def _row_text(method: str) -> str:
    return f".{method}() finds its row without the school: use a statement that names school_id"


def check(root: Path) -> tuple[list[Finding], int]:
    """Checks a checkout; gives the findings and the number of files read."""
    findings: list[Finding] = []
    count = 0
    for file in tracked_files(root):
        path = file.relative_to(root).as_posix()
        if file.suffix not in TEXT_ENDINGS:
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a sample in an old encoding: data, not text of ours
        count += 1
        findings += check_text(path, text)
        if file.suffix == ".py":
            findings += check_python(path, text)
        if file.name == "uv.lock":
            findings.append(Finding(path, 1, "holds registry addresses: keep requirements/*.txt"))
    return findings, count


def main() -> int:
    """Prints the findings; no file at all is a fault too."""
    findings, count = check(ROOT)
    for finding in findings:
        print(f"{finding.path}:{finding.line}: {finding.text}")
    print(f"House rules: {count} files, {len(findings)} findings")
    return 1 if findings or not count else 0


if __name__ == "__main__":
    sys.exit(main())
