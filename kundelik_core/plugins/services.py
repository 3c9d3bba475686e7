"""Carry one plugin's question to another that offers the service, and its answer back.

Who asks gets an answer or None, and never learns why there is none: nobody offers the service, the
plugin that does is off for the school or left alone, it failed or was late.
"""

import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeAlias

from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Registry

__all__ = ["Broker"]

OnFor: TypeAlias = Callable[[int], Awaitable[Collection[str]]]
"""Returns the plugins that are on in a school."""

_log = logging.getLogger(__name__)


class Broker:
    """Asks for all plugins of this process, once it is told who calls them."""

    def __init__(self, registry: Registry, on: OnFor) -> None:
        self._registry, self._on = registry, on
        self._dispatcher: Dispatcher | None = None

    def use(self, dispatcher: Dispatcher) -> None:
        """Call through this dispatcher, which in turn calls those that ask."""
        self._dispatcher = dispatcher

    async def ask(
        self,
        asker: str,
        call: CallContext,
        name: str,
        question: Any,  # noqa: ANN401 - see SERVICES
    ) -> Any | None:  # noqa: ANN401
        """Return the answer of the first plugin that offers a service here and is on.

        Whoever calls this has seen that ``asker`` may ask for ``name``, and that the question is
        whole and plain.
        """
        if self._dispatcher is None or call.school is None:
            return None
        if call.asked:
            _log.warning("plugin %s asks for %s while it answers another", asker, name)
            return None
        on = await self._on(call.school.id)
        for plugin in self._registry.providers(name):
            if plugin in on and plugin != asker:
                ref = HandlerRef(plugin, "service", name)
                outcome = await self._dispatcher.call(ref, question, on, call.for_another())
                return outcome.value if outcome.done else None
        return None
