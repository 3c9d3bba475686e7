"""Find what a plugin imports beyond its contract, without running any of it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["strange_imports"]

_CONTRACT: Final = "kundelik_core.sdk"
_BY_NAME: Final = frozenset({"__import__", "import_module"})


def strange_imports(root: Path) -> Iterator[str]:
    """Yield each import of neither the contract, nor the standard library, nor the plugin."""
    for path in sorted(root.rglob("*.py")):
        file = path.relative_to(root.parent).as_posix()
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError) as error:
            yield f"{file} cannot be read: {error}"
            continue
        for node in ast.walk(tree):
            for name in _imported(node):
                if not _allowed(name, root.name):
                    yield f"{file}, line {getattr(node, 'lineno', 1)}: {name}"


def _imported(node: ast.AST) -> list[str]:
    """Return the modules that a statement or a call imports."""
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom(level=0, module=str(module)):
            # ``from kundelik_core import sdk`` is the contract, said in another way.
            if module == _CONTRACT.split(".", maxsplit=1)[0]:
                return [f"{module}.{alias.name}" for alias in node.names]
            return [module]
        case ast.Call(args=[ast.Constant(value=str(name)), *_]):
            function = node.func
            called = getattr(function, "attr", getattr(function, "id", ""))
            return [name] if called in _BY_NAME and not name.startswith(".") else []
    return []


def _allowed(name: str, package: str) -> bool:
    top = name.split(".", maxsplit=1)[0]
    return name == _CONTRACT or top == package or top in sys.stdlib_module_names
