"""Each hook is documented, tried by a test of its name, and used by a plugin of our own."""

import ast
import inspect
from pathlib import Path

import pytest

from kundelik_core.sdk import EVENTS, SLOTS, Hooks, parse_manifest
from tools.sdk_lock import ROOT

HOOKS = [name for name in vars(Hooks) if name[0] != "_"]
TESTS = ROOT / "tests" / "unit" / "plugins" / "test_hooks.py"

COMES_WITH_PRAISE = frozenset(
    {
        *("navigation", "pages", "lifecycle", "permissions", "subscriptions", "jobs", "commands"),
        *("personal_data", "privacy", "demo"),
    }
)
SLOTS_WITH_PRAISE = frozenset({"diary.week", "student.card"})
PRAISE = (ROOT / "plugins" / "praise").is_dir()


def manifests() -> list[Path]:
    return sorted(ROOT.glob("plugins/*/kundelik_*/kundelik.toml"))


def implemented() -> set[str]:
    """Return the hooks that some plugin of ours marks as its own."""
    found = set()
    for manifest in manifests():
        for file in manifest.parent.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef) and any(
                    ast.unparse(mark) == "hookimpl" for mark in node.decorator_list
                ):
                    found.add(node.name)
    return found


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_documented_tried_and_used(hook: str) -> None:
    assert inspect.getdoc(getattr(Hooks, hook)), f"{hook} has no docstring"
    tree = ast.parse(TESTS.read_text("utf-8"))
    tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert any(name.startswith(f"test_{hook}_") for name in tests), f"no test is named after {hook}"
    if hook in COMES_WITH_PRAISE and not PRAISE:
        return
    assert hook in implemented(), f"no plugin of ours implements {hook}: leave the hook out"


@pytest.mark.parametrize("slot", SLOTS)
def test_a_slot_is_filled_by_a_plugin_of_our_own(slot: str) -> None:
    filled = {
        name
        for file in manifests()
        for name in parse_manifest(file.read_bytes(), file.name).uses.slots
    }
    if slot in SLOTS_WITH_PRAISE and not PRAISE:
        return
    assert slot in filled


def test_an_event_is_emitted_by_the_core() -> None:
    """Looks for the data's name where it is made; that it comes is tried with the outbox."""
    made = {
        node.id
        for file in (ROOT / "kundelik_core").rglob("*.py")
        if "sdk" not in file.parts
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Name)
    }
    assert {kind.__name__ for kind in EVENTS.values()} - made == set()
