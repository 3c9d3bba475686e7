"""Find what a plugin imports beyond its contract, without running any of it."""

import ast
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

__all__ = ["declared_packages", "imported", "python_files", "strange_imports"]

_CONTRACT: Final = "kundelik_core.sdk"
_CORE: Final = "kundelik-core"
_EXTRA: Final = re.compile(r"\bextra\b")
_BY_NAME: Final = frozenset({"__import__", "import_module"})


def python_files(root: Path) -> Iterator[tuple[str, ast.AST | str]]:
    """Yield every module of a package with its tree, or with why it cannot be read."""
    for path in sorted(root.rglob("*.py")):
        file = path.relative_to(root.parent).as_posix()
        try:
            yield file, ast.parse(path.read_bytes())
        except (SyntaxError, ValueError) as error:
            yield file, f"cannot be read: {error}"


def strange_imports(root: Path, declared: Collection[str] = ()) -> Iterator[str]:
    """Yield each import of neither the contract, the standard library, the plugin nor ``declared``.

    ``declared`` are the import names of what its distribution requires.
    """
    for file, tree in python_files(root):
        if isinstance(tree, str):
            yield f"{file} {tree}"
            continue
        for node in ast.walk(tree):
            for name in imported(node):
                top = name.split(".", maxsplit=1)[0]
                if not _allowed(name, root.name) and top not in declared:
                    yield f"{file}, line {getattr(node, 'lineno', 1)}: {name}"


def imported(node: ast.AST) -> list[str]:
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


def declared_packages(requires: Iterable[str]) -> frozenset[str]:
    """Return the names under which what a distribution requires is imported, as far as they tell.

    A distribution may call its package otherwise: then what is installed here says so. What only an
    extra requires is not there for those who install the plugin, and does not count.
    """
    from importlib.metadata import packages_distributions

    wanted = set()
    for text in requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if not _EXTRA.search(str(requirement.marker or "")):
            wanted.add(canonicalize_name(requirement.name))
    wanted.discard(canonicalize_name(_CORE))
    found = {spelt for name in wanted for spelt in _spellings(name)}
    if wanted:
        for package, dists in packages_distributions().items():
            if wanted & {canonicalize_name(dist) for dist in dists}:
                found.add(package)
    return frozenset(found)


def _spellings(name: str) -> Iterator[str]:
    """Yield how a package is called whose distribution is called so, by the customs that there are.

    ``mt-940`` is imported as ``mt940``, ``python-dateutil`` as ``dateutil``.
    """
    for one in (name, name.removeprefix("python-"), name.removesuffix("-python")):
        yield one.replace("-", "_")
        yield one.replace("-", "")


def _allowed(name: str, package: str) -> bool:
    top = name.split(".", maxsplit=1)[0]
    return name == _CONTRACT or top == package or top in sys.stdlib_module_names
