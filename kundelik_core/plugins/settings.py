"""Read and check a school's settings of a plugin, by the declared fields alone.

So it works without the plugin's class, which may live in another process.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.declared import SettingField
from kundelik_core.plugins.states import Reason

__all__ = ["SettingValue", "effective", "from_form", "setting_fault"]

SettingValue: TypeAlias = bool | int | str

_TYPES: Final[Mapping[str, type]] = MappingProxyType(
    {"bool": bool, "int": int, "str": str, "choice": str}
)


def effective(
    fields: Iterable[SettingField], stored: Mapping[str, object]
) -> dict[str, SettingValue]:
    """Return a value for every field: what the school stored where it still fits, or the default.

    After an update a field may be gone, new, or narrower; no school has to come back for that.
    """
    found: dict[str, SettingValue] = {}
    for field in fields:
        value = stored.get(field.name, field.default)
        fits = isinstance(value, bool | int | str) and setting_fault(field, value) is None
        found[field.name] = value if fits and isinstance(value, bool | int | str) else field.default
    return found


def from_form(
    fields: Iterable[SettingField], form: Mapping[str, str]
) -> tuple[dict[str, SettingValue], dict[str, Reason]]:
    """Return the values that a form holds, and what is wrong by field; a lone box is not sent."""
    values: dict[str, SettingValue] = {}
    faults: dict[str, Reason] = {}
    for field in fields:
        value = _typed(field, form.get(field.name, "").strip())
        fault = setting_fault(field, value)
        if fault is None and isinstance(value, bool | int | str):
            values[field.name] = value
        elif fault is not None:
            faults[field.name] = fault
    return values, faults


def _typed(field: SettingField, text: str) -> object:
    if field.kind == "bool":
        return text not in {"", "0", "false", "off"}
    if field.kind == "int":
        # Bounded before it is read: int() of a very long text takes its time.
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdigit() and len(text) <= 18 else text
    return text


def setting_fault(field: SettingField, value: object) -> Reason | None:
    """Return why a field cannot have this value, or None."""
    if type(value) is not _TYPES[field.kind]:
        return Reason("setting_type", N_("Write a whole number."))
    if field.kind == "choice" and value not in {choice for choice, _words in field.choices}:
        return Reason("setting_choice", N_("Choose one of the list."))
    if isinstance(value, str):
        if field.maximum is not None and len(value) > field.maximum:
            return Reason(
                "setting_long", N_("Use at most %(most)s characters."), {"most": field.maximum}
            )
        return None
    if field.kind == "int" and isinstance(value, int):
        if field.minimum is not None and value < field.minimum:
            return Reason("setting_low", N_("Write at least %(least)s."), {"least": field.minimum})
        if field.maximum is not None and value > field.maximum:
            return Reason("setting_high", N_("Write at most %(most)s."), {"most": field.maximum})
    return None
