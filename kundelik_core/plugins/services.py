"""Carry one plugin's question to another that offers the service, and its answer back.

Who asks gets an answer or None, and never learns why there is none: nobody offers the service, the
plugin that does is off for the school or left alone, it failed or was late. A question about a
payment goes to the one provider that it names, and what that provider is to know goes with it: no
person is.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Registry
from kundelik_core.sdk import (
    PAYMENT_NEWS,
    PAYMENT_PROVIDER,
    PaymentQuery,
    PaymentsBetween,
    PaymentStart,
    PayoutReturn,
    PayoutStart,
    ProviderAnswer,
    ProviderQuestion,
    RefundStart,
    RenewalEnd,
    RenewalPage,
    RenewalRest,
)

__all__ = ["Broker", "OnFor", "Wake"]

OnFor: TypeAlias = Callable[[int], Awaitable[Collection[str]]]
"""Returns the plugins that are on in a school."""

Wake: TypeAlias = Callable[[str, str, int], Awaitable[None]]
"""Runs a plugin's job soon: (plugin, job, school); never raises."""

_STEPS: Final[Mapping[type, str]] = MappingProxyType(
    {
        PaymentStart: "start",
        PaymentQuery: "status",
        PaymentsBetween: "reconcile",
        RefundStart: "refund",
        RenewalEnd: "end_renewal",
        RenewalRest: "rest",
        RenewalPage: "page",
        PayoutStart: "payout",
        PayoutReturn: "take_back",
    }
)

# Money owed outlives a switch: these look how things stand, end what takes money, or give it back.
_OWED: Final = frozenset({"status", "reconcile", "refund", "end_renewal", "take_back"})

_log = logging.getLogger(__name__)


class Broker:
    """Asks for all plugins of this process, once it is told who calls them."""

    def __init__(
        self,
        registry: Registry,
        on: OnFor,
        wake: Wake | None = None,
        halted: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._registry, self._on, self._wake, self._halted = registry, on, wake, halted
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
        within = call.for_another()
        if name == PAYMENT_PROVIDER:
            return await self._provider(question, on, within)
        if name == PAYMENT_NEWS:
            # Whose news it is, is not the sender's to say; and nobody stands behind a message.
            question = msgspec.structs.replace(question, provider=asker)
        for plugin in self._registry.providers(name):
            if plugin in on and plugin != asker:
                ref = HandlerRef(plugin, "service", name)
                outcome = await self._dispatcher.call(ref, question, on, within)
                if not outcome.done:
                    return None
                if name == PAYMENT_NEWS and outcome.value.then and self._wake:
                    await self._wake(plugin, outcome.value.then, call.school.id)
                return outcome.value
        return None

    async def _provider(
        self, question: ProviderQuestion, on: Collection[str], call: CallContext
    ) -> ProviderAnswer | None:
        """Hand a question over to the provider that it names; it has no person in it.

        A school that has switched it off does not keep a family's money by that; an operator who
        has shut it out is obeyed.
        """
        assert self._dispatcher is not None
        step = _STEPS[type(question.ask)]
        one = self._registry.loaded.get(question.provider)
        if one is None or one.declared.provider is None:
            return None
        if step not in one.declared.provider.steps():
            return None
        ref = HandlerRef(question.provider, "payment", step)
        if step in _OWED and question.provider not in self._halted():
            on = {*on, question.provider}
        nobody = msgspec.structs.replace(call, actor=None)
        outcome = await self._dispatcher.call(ref, question.ask, on, nobody)
        return ProviderAnswer(told=outcome.value) if outcome.done else None
