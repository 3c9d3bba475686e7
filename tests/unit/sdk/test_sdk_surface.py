"""The contract as a whole: documented, plain, and standing on nothing of the core."""

import ast
import importlib.resources
import sys
from pathlib import Path
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
import pytest

from kundelik_core import sdk
from kundelik_core.sdk import EVENTS, SCOPES, SLOTS, Event, EventData, Slot, SlotArgs, Text
from tests.unit.sdk.samples import VALUES

SOURCES = sorted(Path(str(importlib.resources.files(sdk))).glob("*.py"))


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


def test_every_event_has_data_of_its_own_and_somebody_whose_events_come_in_order() -> None:
    assert len({*EVENTS.values()}) == len(EVENTS)
    for name, kind in EVENTS.items():
        assert name.endswith(".v1")
        ids = {field: UUID(int=n) for n, field in enumerate(kind.__struct_fields__, 1)}
        data = kind(**ids)
        assert isinstance(data, EventData)
        first = "student_id" if "student_id" in ids else "group_id"
        assert data.subject == ids[first]
        # Ids only: neither names nor marks can be in an event.
        hints = get_type_hints(kind)
        assert {hints[field] for field in ids if field != "period"} == {UUID}


def test_an_event_without_a_subject_is_the_cores_own_mistake() -> None:
    with pytest.raises(LookupError):
        _ = EventData().subject


def test_an_event_keeps_its_kind_of_data_on_the_way() -> None:
    event = next(value for value in VALUES if isinstance(value, Event))
    kind: Any = Event
    raw = msgspec.msgpack.encode(event)
    assert msgspec.msgpack.decode(raw, type=kind[EVENTS[event.type]]) == event


def test_every_slot_has_arguments_of_its_own() -> None:
    assert len({*SLOTS.values()}) == len(SLOTS)
    for args in SLOTS.values():
        assert issubclass(args, SlotArgs)
        assert args is not SlotArgs


def test_every_scope_says_what_it_opens() -> None:
    assert all(text.endswith(".") for text in SCOPES.values())


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_crosses_the_border_survives_the_way_and_is_frozen(value: msgspec.Struct) -> None:
    if not isinstance(value, Event):  # whose data has a type of its own, see above
        raw = msgspec.msgpack.encode(value)
        assert msgspec.msgpack.decode(raw, type=type(value)) == value
    for field in value.__struct_fields__[:1]:
        with pytest.raises(AttributeError):
            setattr(value, field, None)


def test_everything_that_crosses_is_tried() -> None:
    carried = {
        kind
        for name in sdk.__all__
        if isinstance(kind := getattr(sdk, name), type)
        and issubclass(kind, msgspec.Struct)
        and not any("Callable" in str(hint) for hint in get_type_hints(kind).values())
    }
    # Bases, and what is read from a manifest, which has tests of its own.
    apart = {"SlotArgs", "EventData", "Settings", "Manifest", "Data", "Uses", "Vendor"}
    apart |= {"Requirement"}
    tried = {type(value) for value in VALUES}
    assert {kind.__name__ for kind in carried - tried} == apart


def test_a_text_speaks_each_language() -> None:
    text = Text(kk="к", ru="р", en="e")
    assert [text.of(locale) for locale in ("kk", "ru", "en", "de")] == ["к", "р", "e", "к"]


def test_slots_default_to_the_middle_and_to_a_share_of_the_page() -> None:
    async def render(_ctx: object, _args: object) -> None:
        return None

    slot = Slot(slot="class.page", render=render)
    assert slot.order == 50
    assert 0 < slot.budget_ms < sdk.MAX_BUDGET_MS
