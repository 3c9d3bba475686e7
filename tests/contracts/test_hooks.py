"""Each hook is documented, tried by a test of its name, and used by a plugin of our own."""

import ast
import inspect
from pathlib import Path

import pytest

from kundelik_core.sdk import EVENTS, SLOTS, Hooks, parse_manifest
from tools.sdk_lock import ROOT

HOOKS = [name for name in vars(Hooks) if name[0] != "_"]
TESTS = sorted((ROOT / "tests" / "unit" / "plugins").glob("test_hook*.py"))


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
    trees = [ast.parse(file.read_text("utf-8")) for file in TESTS]
    tests = {n.name for tree in trees for n in tree.body if isinstance(n, ast.FunctionDef)}
    assert any(name.startswith(f"test_{hook}_") for name in tests), f"no test is named after {hook}"
    assert hook in implemented(), f"no plugin of ours implements {hook}: leave the hook out"


@pytest.mark.parametrize("slot", SLOTS)
def test_a_slot_is_filled_by_a_plugin_of_our_own(slot: str) -> None:
    filled = {
        name
        for file in manifests()
        for name in parse_manifest(file.read_bytes(), file.name).uses.slots
    }
    assert slot in filled


@pytest.mark.parametrize("level", ["platform", "school", "user"])
def test_a_level_has_a_plugin_of_our_own(level: str) -> None:
    levels = {parse_manifest(file.read_bytes(), file.name).level for file in manifests()}
    assert level in levels


def test_a_plugin_of_our_own_has_files_for_browsers() -> None:
    assert [file for file in manifests() if (file.parent / "static" / "pages.css").is_file()]


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
