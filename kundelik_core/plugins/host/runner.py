"""Call handlers of plugins that run in processes of their own, as if they ran here."""

from collections.abc import Coroutine, Iterable
from typing import Any

import msgspec

from kundelik_core.plugins.context import Ask, CallContext
from kundelik_core.plugins.declared import HandlerKey, HandlerRef
from kundelik_core.plugins.host import protocol
from kundelik_core.plugins.host.client import HostClient, PluginRaised, WrongAnswer
from kundelik_core.plugins.host.place import Place
from kundelik_core.plugins.host.questions import QuestionDesk
from kundelik_core.plugins.runner import Runner, answer_type
from kundelik_core.plugins.states import Found

__all__ = ["HostRunner", "RunnerSwitch"]


class HostRunner:
    """Call the handlers of hosted plugins; every answer is held against the contract here."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._clients: dict[str, HostClient] = {}
        self._decoders: dict[HandlerKey, msgspec.msgpack.Decoder[Any]] = {}
        self._ask: Ask | None = None

    def answer_with(self, ask: Ask) -> None:
        """Let the plugins' processes ask other plugins, each for what its manifest names."""
        self._ask = ask

    def add(self, found: Found) -> None:
        """Let one plugin be called; only this very version of it is then talked to."""
        name = found.name
        path, key = self._place.socket(name), self._place.key(name)
        services = found.manifest.uses.services if found.manifest else ()
        desk = QuestionDesk(name, services, lambda: self._ask)
        self._clients[name] = HostClient(name, path, key, found.sha256, desk)

    async def call(self, ref: HandlerRef, call: CallContext, payload: object) -> object:
        """Return what the handler answers; ``WrongAnswer`` for what no handler may.

        Raises:
            LookupError: no such plugin was added.
            PluginRaised: the handler raised.
            HostDown: there is no host, or it went away.
            HostBusy: it has too much to do already.
        """
        body = protocol.NOTHING if payload is None else msgspec.msgpack.encode(payload)
        answer = await self._clients[ref.plugin].ask(
            protocol.Call(0, ref.kind, ref.name, call, msgspec.Raw(body))
        )
        if isinstance(answer, protocol.Done):
            return self._decoded(ref, answer.value)
        if answer.fault == "misfit":
            return WrongAnswer(f"{answer.error}: {answer.text}")
        error = PluginRaised(f"{answer.error}: {answer.text}" if answer.text else answer.error)
        if answer.trace:
            error.add_note(answer.trace)
        raise error

    async def close(self) -> None:
        """Hang up on all of them."""
        for client in self._clients.values():
            await client.close()

    def _decoded(self, ref: HandlerRef, value: msgspec.Raw) -> object:
        """Return the answer; the host may be anything by now, so nothing it says is taken over."""
        body = memoryview(value)
        if len(body) > (most := protocol.ANSWER_BYTES[ref.kind]):
            return WrongAnswer(f"the answer has {len(body)} bytes, where {most} are the most")
        key = ref.kind, ref.name
        decoder = self._decoders.get(key)
        if decoder is None:
            decoder = self._decoders[key] = msgspec.msgpack.Decoder(answer_type(ref))
        try:
            return decoder.decode(body)
        except (ValueError, RecursionError, OverflowError) as error:
            return WrongAnswer(str(error)[:400])


class RunnerSwitch:
    """Send the calls of each plugin where it runs."""

    def __init__(self, here: Runner, hosted: Runner, names: Iterable[str]) -> None:
        self._here, self._hosted, self._names = here, hosted, frozenset(names)

    def call(
        self, ref: HandlerRef, call: CallContext, payload: object
    ) -> Coroutine[Any, Any, object]:
        """Return what the handler answers, from this process or from its own."""
        runner = self._hosted if ref.plugin in self._names else self._here
        return runner.call(ref, call, payload)
