"""Make arguments for any slot out of its type alone: none of anything, a full class, odd names."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Final
from uuid import UUID

from msgspec import inspect

from kundelik_core.sdk import SlotArgs

__all__ = ["CROWD", "MARK", "PROBE", "empty", "full", "odd"]

CROWD: Final = 45
"""More than any class has."""

MARK: Final = "kundelik-probe"
PROBE: Final = f"Әлия<script>{MARK}</script><{MARK}>'\" {MARK}=1 &amp; 100 % {{{{ 7 }}}}"
"""A name that breaks out of text, of an attribute with or without quotes, and of a tag."""

_LONG: Final = "Мұхамеджанова-Сейітқызы Гүлбаршын"


def empty(kind: type[SlotArgs], today: date) -> SlotArgs:
    """Return arguments of a school in which there is nothing yet."""
    return _Maker("", 0, today).args(kind)


def full(kind: type[SlotArgs], today: date) -> SlotArgs:
    """Return arguments with as many of everything as a page may hold, under long names."""
    return _Maker(_LONG, CROWD, today).args(kind)


def odd(kind: type[SlotArgs], today: date) -> SlotArgs:
    """Return arguments in which every text is ``PROBE``."""
    return _Maker(PROBE, CROWD, today).args(kind)


class _Maker:
    """Walks through a type and makes one value of it."""

    def __init__(self, text: str, many: int, today: date) -> None:
        self._text, self._many = text, many
        self._numbers = count(1)
        self._days = self._around(today)

    @staticmethod
    def _around(today: date) -> Iterator[date]:
        """Yield today and days near it, ten years ago, so that what looks at days finds some."""
        for number in count():
            yield date(today.year - 10, 1, 1) + timedelta(
                days=today.timetuple().tm_yday - 1 + number % CROWD - 7
            )

    def args(self, kind: type[SlotArgs]) -> SlotArgs:
        made = self._of(inspect.type_info(kind))
        assert isinstance(made, kind)
        return made

    def _of(self, node: inspect.Type) -> Any:  # noqa: ANN401 - a value of the type it is given
        match node:
            case inspect.StructType():
                fields = {
                    field.name: self._of(field.type)
                    for field in node.fields
                    if self._many or field.required
                }
                return node.cls(**fields)
            case inspect.UnionType():
                parts = [part for part in node.types if not isinstance(part, inspect.NoneType)]
                optional = len(parts) < len(node.types)
                return None if optional and not self._many else self._of(parts[0])
            case inspect.VarTupleType():
                return tuple(self._of(node.item_type) for _ in range(self._many))
            case inspect.ListType() | inspect.CollectionType():
                return [self._of(node.item_type) for _ in range(self._many)]
            case inspect.TupleType():
                return tuple(self._of(part) for part in node.item_types)
            case inspect.DictType():
                return {
                    self._of(node.key_type): self._of(node.value_type) for _ in range(self._many)
                }
            case inspect.LiteralType():
                return node.values[0]
            case inspect.EnumType():
                return next(iter(node.cls))
            case _:
                return self._plain(node)

    def _plain(self, node: inspect.Type) -> object:
        match node:
            case inspect.StrType():
                return self._text
            case inspect.IntType():
                return next(self._numbers)
            case inspect.BoolType():
                return True
            case inspect.UUIDType():
                return UUID(int=next(self._numbers))
            case inspect.DateType():
                return next(self._days)
            case inspect.DecimalType():
                return Decimal(next(self._numbers))
        raise TypeError(f"no sample of {type(node).__name__} for a slot's arguments")
