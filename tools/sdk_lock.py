"""Writes sdk.lock and docs/vendors/hooks.md: what plugins may rely on, from the code itself.

`sdk.lock` holds every public signature of the contract and nothing else, so that a break is seen as
a changed line. The page says the same to people, with the words of the docstrings.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SDK = ROOT / "kundelik_core" / "sdk"
LOCK = ROOT / "sdk.lock"
PAGE = ROOT / "docs" / "vendors" / "hooks.md"

LOCK_HEAD = """\
# Every public signature of kundelik_core.sdk, written by `python tools/sdk_lock.py`.
# A removed or changed line breaks plugins: it needs a new version of the contract and a note.
"""
PAGE_HEAD = """\
# Hooks, slots, events, scopes, manifest

Version {version} of the contract, as the code has it; `python tools/sdk_lock.py` writes this page.
To write a plugin, begin with [Write a plugin](plugin.md).

Everything is imported from `kundelik_core.sdk`. All structs are frozen and take their fields by
keyword. Hooks are called once, when the server starts; what runs later are the async functions that
the declarations name. What crosses the border is plain data, so that a plugin runs in the server's
process or in one of its own without a change.
"""
# In the order in which a reader needs them.
MODULES = (
    *(
        "text",
        "context",
        "data",
        "views",
        "ui",
        "pages",
        "search",
        "settings",
        "access",
        "events",
        "jobs",
        "life",
    ),
    *("privacy", "products", "entitlements", "payments", "providers", "services", "webhooks"),
    *("manifest", "hookspecs"),
)


class Name(NamedTuple):
    """One public name: how it is written, and what is said of it."""

    name: str
    lines: list[str]
    doc: str


def public(module: str) -> Iterator[Name]:
    """Yield the public names of one module in the order of its text."""
    code = ast.parse((SDK / f"{module}.py").read_text(encoding="utf-8"))
    names = importlib.import_module(f"kundelik_core.sdk.{module}").__all__
    for place, node in enumerate(code.body):
        after = code.body[place + 1] if place + 1 < len(code.body) else None
        said = ast.get_docstring(ast.Module([after], [])) if isinstance(after, ast.Expr) else ""
        match node:
            case ast.ClassDef(name=name):
                lines = list(class_lines(node, code))
                said = ast.get_docstring(node)
            case ast.FunctionDef(name=name):
                lines = [function_line(node)]
                said = ast.get_docstring(node)
            case ast.AnnAssign(target=ast.Name(id=name)):
                kind = ast.unparse(node.annotation)
                lines = [f"{name}: {kind}{value_text(module, name, node.value)}"]
            case ast.Assign(targets=[ast.Name(id=name)]):
                lines = [f"{name}{value_text(module, name, node.value)}"]
            case _:
                continue
        if name in names:
            yield Name(name, lines, inspect.cleandoc(said or ""))


def class_lines(node: ast.ClassDef, code: ast.Module) -> Iterator[str]:
    """Yield a class with its fields and methods; what it has from a private base counts as its."""
    parts = [ast.unparse(base) for base in node.bases]
    parts += [f"{word.arg}={ast.unparse(word.value)}" for word in node.keywords]
    yield f"class {node.name}({', '.join(parts)})" if parts else f"class {node.name}"
    yield from members(node, code)


def members(node: ast.ClassDef, code: ast.Module) -> Iterator[str]:
    """Yield the fields and methods of a class and of the private ones from which it derives."""
    for base in node.bases:
        for other in code.body:
            if (
                isinstance(other, ast.ClassDef)
                and isinstance(base, ast.Name)
                and other.name == base.id
                and other.name.startswith("_")
            ):
                yield from members(other, code)
    for item in node.body:
        match item:
            case ast.AnnAssign(target=ast.Name(id=name)):
                value = f" = {ast.unparse(item.value)}" if item.value else ""
                yield f"    {name}: {ast.unparse(item.annotation)}{value}"
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name[0] != "_":
                marks = [ast.unparse(mark) for mark in item.decorator_list]
                kind = "@property " if "property" in marks else ""
                yield f"    {kind}{function_line(item)}"


def function_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return the signature of a function."""
    start = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{start} {node.name}({ast.unparse(node.args)}){returns}"


def value_text(module: str, name: str, node: ast.expr | None) -> str:
    """Return what a constant is; of a mapping its keys, with the types for which they stand."""
    value = getattr(importlib.import_module(f"kundelik_core.sdk.{module}"), name)
    if isinstance(value, Mapping):
        return "".join(f"\n    {key}{entry_text(entry)}" for key, entry in value.items())
    return f" = {ast.unparse(node)}" if node is not None else ""


def entry_text(entry: object) -> str:
    """Return what a mapping's key stands for: a type, the columns of a view, or nothing."""
    if isinstance(entry, Mapping):
        return ": " + ", ".join(f"{key} {said.partition(', ')[0]}" for key, said in entry.items())
    return f": {entry.__name__}" if isinstance(entry, type) else ""


def forms(module: str) -> Iterator[Name]:
    """Yield the private aliases of a module: patterns and bounds, of which a change breaks too."""
    for node in ast.parse((SDK / f"{module}.py").read_text(encoding="utf-8")).body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                if name.startswith("_") and node.value is not None:
                    yield Name(name, [f"{name} = {ast.unparse(node.value)}"], "")


def lock_text() -> str:
    """Return what sdk.lock should hold."""
    sdk = importlib.import_module("kundelik_core.sdk")
    every = [name for module in MODULES for name in (*public(module), *forms(module))]
    every.sort(key=lambda name: name.name)
    lines = [f'API_VERSION = "{sdk.API_VERSION}"', *("\n".join(name.lines) for name in every)]
    return LOCK_HEAD + "\n" + "\n\n".join(lines) + "\n"


def markdown(doc: str) -> str:
    """Return a docstring as the page shows it."""
    text = doc.replace("``", "`")
    # An indented block after a double colon is code.
    block = re.compile(r"::\n\n((?: {4}.*\n?|\n)+)")
    text = block.sub(lambda found: f":\n\n```python\n{inspect.cleandoc(found[1])}\n```\n", text)
    text = re.sub(r"\nRaises:\n +(\w+): ", r"\nRaises `\1`: ", text)
    return text.strip()


def cell(doc: str) -> str:
    """Return the first paragraph of a docstring for a table."""
    first = markdown(doc).split("\n\n", 1)[0]
    return " ".join(first.split()).replace("|", "\\|")


def fields_of(name: Name) -> str:
    """Return the names of a struct's fields for a table."""
    found = [line.strip().split(":")[0] for line in name.lines[1:] if "def " not in line]
    return ", ".join(f"`{field}`" for field in found)


def page_text() -> str:
    """Return what the page of hooks should hold."""
    sdk = importlib.import_module("kundelik_core.sdk")
    every = {name.name: name for module in MODULES for name in public(module)}
    parts = [PAGE_HEAD.format(version=sdk.API_VERSION), "## Hooks\n"]
    for hook, function in hooks():
        parts.append(f"### `{hook}`\n\n```python\n{function}\n```\n")
        parts.append(markdown(inspect.getdoc(getattr(sdk.Hooks, hook)) or "") + "\n")
    parts.append("## Slots\n\n| slot | arguments | fields | |\n|---|---|---|---|")
    for slot, kind in sdk.SLOTS.items():
        about = every[kind.__name__]
        parts.append(f"| `{slot}` | `{about.name}` | {fields_of(about)} | {cell(about.doc)} |")
    parts.append("\n## Events\n\n| event | data | ids | |\n|---|---|---|---|")
    for event, kind in sdk.EVENTS.items():
        about = every[kind.__name__]
        parts.append(f"| `{event}` | `{about.name}` | {fields_of(about)} | {cell(about.doc)} |")
    parts.append("\n## Scopes\n\n| scope | view | opens |\n|---|---|---|")
    for scope, opens in sdk.SCOPES.items():
        view = scope.replace(".", "_")
        parts.append(f"| `{scope}` | `core_api.{view}` | {opens} |")
    parts.append("\n" + "\n".join(columns_part(sdk.VIEWS)))
    parts.append("\n" + "\n".join(manifest_part(every)))
    for module in MODULES:
        words = importlib.import_module(f"kundelik_core.sdk.{module}").__doc__ or ""
        parts.append(f"## `{module}`\n\n{markdown(inspect.cleandoc(words))}\n")
        for name in public(module):
            if name.name not in {"Hooks", "SLOTS", "EVENTS", "SCOPES", "VIEWS"}:
                code = "\n".join(name.lines)
                parts.append(f"```python\n{code}\n```\n\n{markdown(name.doc)}\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def columns_part(views: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield the columns of every view, a table for each."""
    for scope, columns in views.items():
        yield f"### `core_api.{scope.replace('.', '_')}`\n\n| column | type | |\n|---|---|---|"
        for column, text in {"school_id": "integer", **columns}.items():
            kind, _, said = text.partition(", ")
            yield f"| `{column}` | `{kind}` | {said} |"
        yield ""


def hooks() -> Iterator[tuple[str, str]]:
    """Yield each hook and its signature."""
    code = ast.parse((SDK / "hookspecs.py").read_text(encoding="utf-8"))
    for node in code.body:
        if isinstance(node, ast.ClassDef) and node.name == "Hooks":
            for item in node.body:
                if isinstance(item, ast.FunctionDef):
                    yield item.name, function_line(item)


def manifest_part(every: Mapping[str, Name]) -> Iterator[str]:
    """Yield the tables of the manifest, one for each of its own."""
    helps: Mapping[str, str] = importlib.import_module("kundelik_core.sdk.manifest")._HELP
    yield "## Manifest\n\nThe file `kundelik.toml` in the package, read before anything is run.\n"
    for table, kind in (("", "Manifest"), ("data", "Data"), ("uses", "Uses"), ("vendor", "Vendor")):
        title = f"`[{table}]`" if table else "At the top"
        yield f"{title}: {cell(every[kind].doc)}\n\n| key | without it | |\n|---|---|---|"
        for line in every[kind].lines[1:]:
            if "def " not in line:
                key, _, rest = line.strip().partition(": ")
                default = rest.partition(" = ")[2]
                said = helps.get(f"{table}.{key}".lstrip("."), helps.get(table, ""))
                shown = f"`{default}`" if default else "refused"
                yield f"| `{key}` | {shown} | {said} |"
        yield ""


def main() -> int:
    """Writes both files."""
    LOCK.write_text(lock_text(), encoding="utf-8")
    PAGE.write_text(page_text(), encoding="utf-8")
    print(f"{LOCK.relative_to(ROOT)} and {PAGE.relative_to(ROOT)} written")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
