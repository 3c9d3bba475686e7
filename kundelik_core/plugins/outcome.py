"""Say what came of a call to a plugin, in a way that every channel can act upon."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.declared import HandlerRef

__all__ = ["Outcome", "OutcomeState", "Report"]


class OutcomeState(StrEnum):
    """How a call ended.

    Not even begun: the plugin is ``off`` for the school, or ``tripped`` and left alone for a while.
    Failed: it ``raised``, was ``late``, or handed back a ``misfit``.
    """

    DONE = "done"
    OFF = "off"
    TRIPPED = "tripped"
    RAISED = "raised"
    LATE = "late"
    MISFIT = "misfit"


_FAILED = frozenset({OutcomeState.RAISED, OutcomeState.LATE, OutcomeState.MISFIT})


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one call: ``value`` is of the handler's ``answer_type`` when it is done."""

    ref: HandlerRef
    state: OutcomeState
    value: Any = None
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        """Say whether there is a value."""
        return self.state is OutcomeState.DONE

    @property
    def failed(self) -> bool:
        """Say whether the plugin was called and is to blame."""
        return self.state in _FAILED


Report: TypeAlias = Callable[[Outcome, CallContext], None]
"""Is told of every call that failed."""
