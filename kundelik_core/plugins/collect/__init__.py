"""Call each hook of a plugin once and take its declarations, each held against the contract."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import msgspec
import pluggy

from kundelik_core.plugins.collect.background import collect_background
from kundelik_core.plugins.collect.faults import RefusedError, bad_form
from kundelik_core.plugins.collect.handlers import Handlers
from kundelik_core.plugins.collect.outside import collect_outside
from kundelik_core.plugins.collect.personal import collect_personal
from kundelik_core.plugins.collect.surface import collect_surface
from kundelik_core.plugins.declared import Declared, HandlerKey
from kundelik_core.sdk import Manifest, Settings

__all__ = ["Collected", "Handler", "RefusedError", "collect"]

Handler: TypeAlias = Callable[..., Awaitable[Any]]


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """The two halves of what a plugin declares: what can be sent, and what can be called."""

    declared: Declared
    handlers: Mapping[HandlerKey, Handler]
    settings_model: type[Settings] | None


def collect(manager: pluggy.PluginManager, manifest: Manifest) -> Collected:
    """Return everything that the one plugin of ``manager`` declares.

    Raises:
        RefusedError: a declaration has a wrong form, stands twice, or is not in the manifest.
    """
    handlers = Handlers(manager)
    surface, model = collect_surface(handlers, manifest)
    halves = {
        **surface,
        **collect_background(handlers, manifest),
        **collect_outside(handlers, manifest),
        **collect_personal(handlers, manifest),
    }
    try:
        # There and back: checks every value to the bottom, and that it can be sent at all.
        declared = msgspec.convert(msgspec.to_builtins(halves), Declared)
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        raise bad_form("declared", str(error)) from error
    return Collected(declared=declared, handlers=handlers.table, settings_model=model)
