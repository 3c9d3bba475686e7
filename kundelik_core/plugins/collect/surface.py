"""Collect what people meet of a plugin: places on pages, own pages, menu, search, settings."""

from collections.abc import Collection
from typing import Any, Final

import msgspec
from msgspec import inspect

from kundelik_core.plugins.collect.faults import bad_form, undeclared
from kundelik_core.plugins.collect.handlers import Handlers
from kundelik_core.plugins.declared import (
    DeclaredPage,
    DeclaredSearch,
    DeclaredSlot,
    SettingField,
    page_name,
)
from kundelik_core.plugins.paths import PathError, parse_path
from kundelik_core.plugins.settings import setting_fault
from kundelik_core.sdk import Manifest, NavItem, Page, Permission, Search, Settings, Slot

__all__ = ["collect_surface"]

DOORS: Final = "hook"
"""The first part of the path below which webhooks stand; no page begins so."""

MAX_TEXT: Final = 200
"""The longest text of a setting that names no other bound."""


def collect_surface(
    handlers: Handlers, manifest: Manifest
) -> tuple[dict[str, object], type[Settings] | None]:
    """Return the fields of ``Declared`` for which this module stands, and the settings class."""
    permissions = _permissions(handlers, manifest)
    codes = {one.code for one in permissions}
    pages = _pages(handlers, manifest, codes)
    model = handlers.model("settings_model", Settings)
    found = {
        "permissions": permissions,
        "slots": _slots(handlers, manifest, codes),
        "search": _search(handlers, manifest, codes),
        "pages": pages,
        "navigation": _navigation(handlers, pages),
        "settings": [] if model is None else _settings(model),
    }
    return found, model


def _permissions(handlers: Handlers, manifest: Manifest) -> list[Permission]:
    found = handlers.several("permissions", Permission)
    seen: set[object] = set()
    for one in found:
        if one.code not in manifest.uses.permissions:
            raise undeclared("uses.permissions", str(one.code))
        if one.code in seen:
            raise bad_form("permissions", f"{one.code} stands there twice")
        seen.add(one.code)
    return found


def _known(hook: str, permission: object, codes: Collection[str]) -> None:
    if permission is not None and permission not in codes:
        raise bad_form(hook, f"{permission} is none of its own permissions")


def _slots(handlers: Handlers, manifest: Manifest, codes: Collection[str]) -> list[DeclaredSlot]:
    found = []
    for slot in handlers.named("slots", Slot, "slot", manifest.uses.slots, "uses.slots"):
        _known("slots", slot.permission, codes)
        handlers.put("slots", "slot", slot.slot, slot.render)
        found.append(handlers.half("slots", slot, DeclaredSlot))
    return found


def _search(handlers: Handlers, manifest: Manifest, codes: Collection[str]) -> list[DeclaredSearch]:
    found = []
    for one in handlers.named("search", Search, "name", manifest.uses.search, "uses.search"):
        _known("search", one.permission, codes)
        handlers.put("search", "search", one.name, one.find)
        found.append(handlers.half("search", one, DeclaredSearch))
    return found


def _pages(handlers: Handlers, manifest: Manifest, codes: Collection[str]) -> list[DeclaredPage]:
    found: list[DeclaredPage] = []
    shapes: set[tuple[str, str]] = set()
    for page in handlers.several("pages", Page):
        if not manifest.uses.pages:
            raise undeclared("uses.pages", f"a page {page.path!r}")
        half = handlers.half("pages", page, DeclaredPage)
        try:
            shape = half.method, parse_path(half.path).shape
        except PathError as error:
            raise bad_form("pages", str(error)) from error
        if half.path.partition("/")[0] == DOORS:
            raise bad_form("pages", f"{half.path!r}: under {DOORS}/ messages from outside come in")
        if shape in shapes:
            raise bad_form("pages", f"{half.method} {half.path!r} cannot be told from another")
        shapes.add(shape)
        _known("pages", page.permission, codes)
        handlers.put("pages", "page", page_name(half.method, half.path), page.handle)
        found.append(half)
    return found


def _navigation(handlers: Handlers, pages: list[DeclaredPage]) -> list[NavItem]:
    found = handlers.several("navigation", NavItem)
    there = {page.path for page in pages if page.method == "GET" and "{" not in page.path}
    for one in found:
        if one.path not in there:
            raise bad_form("navigation", f"{one.path!r} is no page without named parts")
    return found


def _settings(model: type[Settings]) -> list[SettingField]:
    """Return the fields of the form; the class itself has to accept their defaults."""
    try:
        info = inspect.type_info(model)
        model()
    except Exception as error:
        raise bad_form("settings_model", str(error)) from error
    assert isinstance(info, inspect.StructType)
    return [_setting(field) for field in info.fields]


def _setting(field: inspect.Field) -> SettingField:
    words: dict[str, Any] = {}
    kind = field.type
    while isinstance(kind, inspect.Metadata):
        words = (kind.extra or {}).get("setting", words)
        kind = kind.type
    if not words:
        raise bad_form("settings_model", f"the field {field.name} has no words of setting()")
    form: dict[str, object] = {"name": field.name, "title": words["title"], "help": words["help"]}
    choices: dict[str, Any] = words["choices"]
    match kind:
        case inspect.BoolType():
            form["kind"] = "bool"
        case inspect.IntType():
            form |= {"kind": "int", "minimum": words["minimum"], "maximum": words["maximum"]}
        case inspect.StrType():
            form |= {"kind": "str", "maximum": words["maximum"] or MAX_TEXT}
        case inspect.LiteralType(values=values) if all(isinstance(v, str) for v in values):
            if {*values} != {*choices}:
                raise bad_form("settings_model", f"{field.name} lacks words for its choices")
            # In the order of the words: the values of a Literal come sorted by their hash.
            form |= {"kind": "choice", "choices": [*choices.items()]}
        case _:
            raise bad_form(
                "settings_model", f"{field.name} is neither bool, int, str nor a Literal of texts"
            )
    if field.default is msgspec.NODEFAULT:
        raise bad_form("settings_model", f"{field.name} has no default")
    try:
        made = msgspec.convert(
            msgspec.to_builtins({**form, "default": field.default}), SettingField
        )
    except (msgspec.ValidationError, TypeError) as error:
        raise bad_form("settings_model", f"{field.name}: {error}") from error
    if fault := setting_fault(made, made.default):
        raise bad_form("settings_model", f"the default of {field.name}: {fault.text()}")
    return made
