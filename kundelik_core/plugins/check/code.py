"""Read a plugin's Python without running it: what it imports, and what a reviewer looks at."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kundelik_core import sdk
from kundelik_core.plugins.check.imports import (
    declared_packages,
    imported,
    python_files,
    strange_imports,
)
from kundelik_core.plugins.check.model import Finding

__all__ = ["about_code"]

_CONTRACT: Final = "kundelik_core.sdk"
# Modules that reach out of the plugin, or around what the core sees of it.
_MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ctypes": "calls machine code",
        "cffi": "calls machine code",
        "ftplib": "talks to the network",
        "gc": "looks at the objects of the process",
        "http": "talks to the network",
        "importlib": "imports by name",
        "inspect": "looks at the code around it",
        "marshal": "reads code as data",
        "mmap": "reaches into memory",
        "multiprocessing": "starts processes",
        "pickle": "makes objects from data",
        "runpy": "runs code by name",
        "shelve": "makes objects from data",
        "shutil": "changes files",
        "signal": "changes how the process takes signals",
        "smtplib": "talks to the network",
        "socket": "talks to the network",
        "ssl": "talks to the network",
        "subprocess": "starts processes",
        "threading": "starts threads",
        "telnetlib": "talks to the network",
        "tempfile": "writes files",
        "urllib": "talks to the network",
        "webbrowser": "starts processes",
        "xmlrpc": "talks to the network",
    }
)
# These only take addresses apart.
_HARMLESS: Final = frozenset({"urllib.parse", "http.HTTPStatus", "importlib.resources"})
_CALLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "__import__": "imports by name",
        "breakpoint": "stops the process",
        "compile": "makes code from text",
        "eval": "runs text as code",
        "exec": "runs text as code",
        "globals": "reaches into modules",
        "input": "waits for a terminal",
        "open": "opens a file",
        "setattr": "changes objects by name",
        "vars": "reaches into objects",
    }
)
_OS: Final = frozenset({
    *("_exit", "abort", "chmod", "chown", "environ", "execv", "execve", "fork", "getenv", "kill"),
    *("popen", "putenv", "remove", "rmdir", "setuid", "spawnl", "spawnv", "system", "unlink"),
})  # fmt: skip


def about_code(root: Path, requires: list[str]) -> Iterator[Finding]:
    """Yield what a plugin's modules import, call and use of the contract."""
    for line in strange_imports(root, declared_packages(requires)):
        where, _, what = line.partition(": ")
        help_ = f"Import from {_CONTRACT}, or require what it belongs to in pyproject.toml."
        yield Finding("error", "import", where, f"imports {what}", help_)
    for file, tree in python_files(root):
        if isinstance(tree, ast.AST):
            for node in ast.walk(tree):
                where = f"{file}, line {getattr(node, 'lineno', 1)}"
                yield from _of_contract(node, where)
                yield from (Finding("review", "reach", where, what) for what in _reach(node))


def _of_contract(node: ast.AST, where: str) -> Iterator[Finding]:
    """Yield names of the contract that are not there, or not for long."""
    if not (isinstance(node, ast.ImportFrom) and node.module == _CONTRACT):
        return
    for alias in node.names:
        if alias.name == "*":
            text = "imports everything of the contract"
            yield Finding("error", "contract", where, text, "Name what is used.")
        elif alias.name not in sdk.__all__:
            text = f"{alias.name} is not in version {sdk.API_VERSION} of the contract"
            yield Finding("error", "contract", where, text, "See the reference of hooks.")
        elif why := getattr(getattr(sdk, alias.name), "__deprecated__", None):
            yield Finding("warning", "deprecated", where, f"{alias.name} will go away: {why}")


def _reach(node: ast.AST) -> Iterator[str]:
    """Yield what a node does that reaches out of the plugin."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        for name in _full_names(node):
            why = _MODULES.get(name.split(".", maxsplit=1)[0])
            if why and not any(name.startswith(harmless) for harmless in _HARMLESS):
                yield f"imports {name}, which {why}"
            if name.startswith("os.") and name.removeprefix("os.") in _OS:
                yield f"imports {name}"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if why := _CALLS.get(node.func.id):
            yield f"{node.func.id}() {why}"
    elif isinstance(node, ast.Attribute):
        if isinstance(node.value, ast.Name) and (node.value.id, node.attr) == ("time", "sleep"):
            yield "time.sleep makes everybody wait; use asyncio.sleep"
        elif isinstance(node.value, ast.Name) and node.value.id == "os" and node.attr in _OS:
            yield f"uses os.{node.attr}"
        elif node.attr in {"__globals__", "__subclasses__", "__builtins__", "__code__"}:
            yield f"reaches for {node.attr}"


def _full_names(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return imported(node)
