"""Ask a plugin's hooks, and put its handlers into a table as they come."""

import inspect
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec
import pluggy

from kundelik_core.plugins.collect.faults import bad_form, undeclared
from kundelik_core.plugins.declared import HandlerKey, HandlerKind

__all__ = ["Handlers"]

MAX_DECLARATIONS: Final = 200
"""More of one hook than anybody needs; a plugin that returns more has lost its way."""

_T = TypeVar("_T")
_Half = TypeVar("_Half", bound=msgspec.Struct)


class Handlers:
    """The hooks of one plugin, and the table of its handlers."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager
        self.table: dict[HandlerKey, Callable[..., Awaitable[Any]]] = {}

    def several(self, hook: str, kind: type[_T]) -> list[_T]:
        """Return what a hook lists; nothing when it is not implemented."""
        found: list[_T] = []
        for answer in self._ask(hook):
            if not isinstance(answer, Sequence) or isinstance(answer, str):
                raise bad_form(hook, f"{type(answer).__name__} is no sequence")
            for one in answer:
                if type(one) is not kind:
                    raise bad_form(hook, f"{type(one).__name__} is no {kind.__name__}")
                found.append(one)
        if len(found) > MAX_DECLARATIONS:
            raise bad_form(hook, f"{len(found)} are more than {MAX_DECLARATIONS}")
        return found

    def one(self, hook: str, kind: type[_T]) -> _T | None:
        """Return the one thing that a hook declares; None when it is not implemented."""
        for answer in self._ask(hook):
            if type(answer) is not kind:
                raise bad_form(hook, f"{type(answer).__name__} is no {kind.__name__}")
            return answer
        return None

    def model(self, hook: str, base: type[_T]) -> type[_T] | None:
        """Return the class that a hook declares; None when it is not implemented."""
        for answer in self._ask(hook):
            if not isinstance(answer, type) or not issubclass(answer, base):
                raise bad_form(hook, f"{answer!r} is no class derived from {base.__name__}")
            return answer
        return None

    def named(
        self, hook: str, kind: type[_T], key: str, allowed: Collection[str], where: str
    ) -> Iterator[_T]:
        """Yield what a hook lists, each a thing that the manifest names at ``where``."""
        for one in self.several(hook, kind):
            name = getattr(one, key)
            if name not in allowed:
                raise undeclared(where, str(name))
            yield one

    def _ask(self, hook: str) -> list[Any]:
        answers: list[Any] = getattr(self._manager.hook, hook)()
        return answers

    def put(self, hook: str, kind: HandlerKind, name: str, handler: object) -> None:
        """Put one handler into the table; refuse a second of its name and one that is not async."""
        if not callable(handler) or not inspect.iscoroutinefunction(handler):
            raise bad_form(hook, f"the handler of {name} is not an async function")
        if (kind, name) in self.table:
            raise bad_form(hook, f"{name} stands there twice")
        self.table[kind, name] = handler

    @staticmethod
    def half(hook: str, made: object, kind: type[_Half]) -> _Half:
        """Return a declaration without its handler, every value within its bounds."""
        try:
            return msgspec.convert(made, kind, from_attributes=True)
        except msgspec.ValidationError as error:
            raise bad_form(hook, str(error)) from error
