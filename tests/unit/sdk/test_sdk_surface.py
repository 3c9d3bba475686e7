"""The contract as a whole: documented, plain, and standing on nothing of the core."""

import ast
import importlib.resources
import inspect
import sys
from datetime import date
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from kundelik_core import sdk
from kundelik_core.sdk import SCOPES, SLOTS, ClassPage, Fragment, Hooks, Pupil, Slot, SlotArgs

SOURCES = sorted(Path(str(importlib.resources.files(sdk))).glob("*.py"))
HOOKS = [name for name, _ in inspect.getmembers(Hooks, inspect.isfunction) if name[0] != "_"]


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_the_contract_stands_on_nothing_of_the_core(file: Path) -> None:
    allowed = {"msgspec", "packaging", "pluggy", *sys.stdlib_module_names}
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.ImportFrom(module=str(module)):
                names = [module]
            case ast.Import(names=aliases):
                names = [alias.name for alias in aliases]
            case _:
                continue
        for name in names:
            assert name.startswith("kundelik_core.sdk") or name.split(".")[0] in allowed, name


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_every_public_name_is_documented(file: Path) -> None:
    module = sys.modules[f"kundelik_core.sdk.{file.stem}".removesuffix(".__init__")]
    assert module.__doc__
    body = ast.parse(file.read_text("utf-8")).body
    for place, node in enumerate(body):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                documented = bool(ast.get_docstring(node))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                after = body[place + 1] if place + 1 < len(body) else None
                documented = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            case _:
                continue
        assert documented or name not in module.__all__, f"{name} has no docstring"


def test_the_surface_is_what_all_says() -> None:
    assert sdk.__all__ == sorted(
        sdk.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name)
    )
    for name in sdk.__all__:
        assert hasattr(sdk, name)


def test_hooks_are_the_known_ones() -> None:
    assert HOOKS == ["slots"]  # each further hook comes with a first-party user and a test


def test_every_slot_has_arguments_of_its_own() -> None:
    assert set(SLOTS) == {"class.page"}
    for args in SLOTS.values():
        assert issubclass(args, SlotArgs)
        assert args is not SlotArgs


def test_every_scope_says_what_it_opens() -> None:
    assert all(text.endswith(".") for text in SCOPES.values())


@pytest.mark.parametrize(
    "value",
    [
        Pupil(id=UUID(int=1), name="Әсел", birth_date=date(2016, 2, 29)),
        Pupil(id=UUID(int=1), name="Әсел"),
        ClassPage(school_id=1, class_id=UUID(int=2), pupils=(Pupil(id=UUID(int=1), name="Ә"),)),
        Fragment(template="a.html", context={"n": 1, "list": [{"x": None}], "on": True}),
        Fragment(template="a.html"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_crosses_the_border_survives_json_and_is_frozen(value: msgspec.Struct) -> None:
    assert msgspec.json.decode(msgspec.json.encode(value), type=type(value)) == value
    with pytest.raises(AttributeError):
        setattr(value, value.__struct_fields__[0], None)


def test_slots_default_to_the_middle_and_to_a_share_of_the_page() -> None:
    async def render(_ctx: object, _args: object) -> None:
        return None

    slot = Slot(slot="class.page", render=render)
    assert slot.order == 50
    assert 0 < slot.budget_ms < sdk.MAX_BUDGET_MS
