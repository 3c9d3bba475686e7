"""Call plugins' slots while a page waits: in time, apart from each other, and never at its cost."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from contextvars import Context
from typing import Final, Protocol, TypeAlias

import msgspec
from markupsafe import Markup

from kundelik_core.plugins.registry import Registry, SlotEntry
from kundelik_core.plugins.scopes import within_scopes
from kundelik_core.sdk import MAX_BUDGET_MS, SLOTS, Fragment, PluginContext, SlotArgs

__all__ = ["MAX_FRAGMENT_BYTES", "Dispatcher", "RenderedFragment", "Renderer", "Report"]

MAX_FRAGMENT_BYTES: Final = 16 * 1024
"""The most HTML that one plugin may add to a page; a diary week as a whole may cost 60 KB."""

Report: TypeAlias = Callable[[SlotEntry, SlotArgs, BaseException], None]
"""Is told what was left out of a page, and why."""

_log = logging.getLogger(__name__)


class Renderer(Protocol):
    """Turn a fragment into HTML, every value escaped."""

    def pieces(self, plugin: str, fragment: Fragment, locale: str) -> Iterator[str]:
        """Yield the HTML piece by piece, so that too much of it can be stopped on the way."""
        ...


class RenderedFragment(msgspec.Struct, frozen=True):
    """What one plugin adds to a page, ready to be put into a template."""

    plugin: str
    html: Markup


class _BadFragmentError(Exception):
    """A slot handed back something that is not shown."""


class Dispatcher:
    """Fill the slots of pages from the plugins that are on for a school."""

    def __init__(
        self, registry: Registry, renderer: Renderer, report: Report | None = None
    ) -> None:
        self._registry = registry
        self._renderer = renderer
        self._report = report or _log_failure
        # Handlers that would not be cancelled: held here, as the loop itself holds tasks weakly.
        self._stragglers: set[asyncio.Task[object]] = set()

    async def render_slot(
        self, slot: str, args: SlotArgs, active: Collection[str], context: PluginContext
    ) -> list[RenderedFragment]:
        """Return a slot's fragments in order, without those that fail or are late."""
        if type(args) is not SLOTS[slot]:
            raise TypeError(f"{slot} takes {SLOTS[slot].__name__}, not {type(args).__name__}")
        entries = [entry for entry in self._registry.slots(slot) if entry.plugin in active]
        if not entries:
            return []
        answers = await self._answers(entries, args, context)
        fragments = []
        for entry, task in zip(entries, answers, strict=True):
            try:
                html = self._html(entry, _answer(task), context.i18n.locale)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary around plugins
                self._report(entry, args, error)
            else:
                if html:
                    fragments.append(RenderedFragment(entry.plugin, html))
        return fragments

    async def _answers(
        self, entries: list[SlotEntry], args: SlotArgs, context: PluginContext
    ) -> list[asyncio.Task[object]]:
        """Run all handlers side by side for as long as a page waits; return their tasks."""
        tasks = [
            # An empty Context: a handler does not inherit the request's open transaction or user.
            asyncio.create_task(_call(entry, args, context), context=Context())
            for entry in entries
        ]
        try:
            # Not gather: that would wait for a handler which swallows its cancellation.
            await asyncio.wait(tasks, timeout=MAX_BUDGET_MS / 1000)
        finally:
            for task in tasks:
                if not task.done():
                    task.cancel()
                    self._stragglers.add(task)
                    task.add_done_callback(self._forget)
        return tasks

    def _forget(self, task: asyncio.Task[object]) -> None:
        self._stragglers.discard(task)
        if not task.cancelled():
            task.exception()  # fetched, or asyncio reports it once more when the task is collected

    def _html(self, entry: SlotEntry, answer: object, locale: str) -> Markup | None:
        """Render what a handler handed back; None when there is nothing to show."""
        if answer is None:
            return None
        if not isinstance(answer, Fragment):
            raise _BadFragmentError(f"returned {type(answer).__name__}, not a Fragment")
        # There and back: only what JSON can carry gets to the template, so no value is markup.
        plain = msgspec.json.decode(msgspec.json.encode(answer), type=Fragment)
        parts: list[str] = []
        size = 0
        for piece in self._renderer.pieces(entry.plugin, plain, locale):
            size += len(piece.encode())
            if size > MAX_FRAGMENT_BYTES:
                raise _BadFragmentError(f"is larger than {MAX_FRAGMENT_BYTES} bytes")
            parts.append(piece)
        # Escaped already, by the renderer's autoescape.
        return Markup("".join(parts).strip())  # noqa: S704


async def _call(entry: SlotEntry, args: SlotArgs, context: PluginContext) -> object:
    """Await one handler within its budget; an exception becomes the answer."""
    try:
        async with asyncio.timeout(entry.slot.budget_ms / 1000):
            return await entry.slot.render(context, within_scopes(args, entry.reads))
    except (Exception, SystemExit) as error:  # noqa: BLE001
        # Returned, not raised: a SystemExit that leaves a task stops the whole event loop.
        return error


def _answer(task: asyncio.Task[object]) -> object:
    """Return what a handler handed back, or raise why there is nothing."""
    if not task.done():
        raise TimeoutError("still running when the page went out")
    if task.cancelled():
        raise _BadFragmentError("cancelled itself")
    answer = task.result()
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _log_failure(entry: SlotEntry, args: SlotArgs, error: BaseException) -> None:
    """Write down what was left out of a page, for the operator and the vendor."""
    _log.warning(
        "plugin %s left out of slot %s in school %s: %s",
        entry.plugin,
        entry.slot.slot,
        args.school_id,
        type(error).__name__,
        exc_info=error,
    )
