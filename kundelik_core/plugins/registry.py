"""Load the plugins that are wanted and keep what they declare; a bad one never stops the start."""

import inspect
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from types import MappingProxyType

import msgspec
import pluggy

from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.discover import GROUP
from kundelik_core.plugins.order import Candidate, load_order, unmet
from kundelik_core.plugins.states import Found, Reason, State
from kundelik_core.sdk import MAX_BUDGET_MS, PROJECT, SLOTS, Hooks, Manifest, Slot

__all__ = ["Loaded", "Registry", "SlotEntry", "load_plugins"]

_log = logging.getLogger(__name__)


class SlotEntry(msgspec.Struct, frozen=True):
    """One plugin's fragment of one slot, with the scopes that its manifest declares."""

    plugin: str
    reads: frozenset[str]
    slot: Slot


class Loaded(msgspec.Struct, frozen=True):
    """A plugin that runs in this process."""

    manifest: Manifest
    version: str
    root: Path
    slots: tuple[Slot, ...]


class Registry:
    """What this process knows of plugins, fixed at its start.

    ``plugins`` are all that were found, by name; ``loaded`` those that run, in load order.
    """

    def __init__(
        self, plugins: Iterable[Found] = (), loaded: Mapping[str, Loaded] | None = None
    ) -> None:
        self.plugins = tuple(plugins)
        self.loaded: Mapping[str, Loaded] = MappingProxyType(dict(loaded or {}))
        entries: dict[str, list[SlotEntry]] = {name: [] for name in SLOTS}
        for name, one in self.loaded.items():
            for slot in one.slots:
                reads = frozenset(one.manifest.data.reads)
                entries[slot.slot].append(SlotEntry(name, reads, slot))
        # Sorting is stable: within one order, as the plugins were loaded.
        self._slots = {
            name: tuple(sorted(several, key=lambda entry: entry.slot.order))
            for name, several in entries.items()
        }

    def slots(self, name: str) -> tuple[SlotEntry, ...]:
        """Return every fragment declared for a slot, in the order of the page."""
        return self._slots[name]


class _RefusedError(Exception):
    """A plugin registers what it may not."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.text())


def load_plugins(found: Sequence[Found], wanted: Collection[str]) -> Registry:
    """Import those of ``found`` that are ``wanted`` and usable; nothing of the others runs."""
    usable = {
        one.name: one
        for one in found
        if one.state is State.FOUND and one.name in wanted and one.manifest
    }
    candidates = {
        name: Candidate(one.manifest, one.version) for name, one in usable.items() if one.manifest
    }
    order, refused = load_order(candidates)
    results = {name: usable[name].turned(State.INCOMPATIBLE, why) for name, why in refused.items()}
    loaded: dict[str, Loaded] = {}
    for name in order:
        # What it requires was wanted, but may have failed a moment ago.
        why = unmet(candidates[name], {other: candidates[other] for other in loaded})
        if why is not None:
            results[name] = usable[name].turned(State.INCOMPATIBLE, why)
            continue
        try:
            loaded[name] = _load(usable[name])
        except _RefusedError as error:
            results[name] = usable[name].turned(State.QUARANTINED, error.reason)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary: the start goes on
            _log.warning("plugin %s could not be loaded", name, exc_info=error)
            results[name] = usable[name].turned(State.QUARANTINED, _crash(error))
        else:
            results[name] = msgspec.structs.replace(usable[name], state=State.LOADED)
    for one in results.values():
        if one.reason is not None:
            _log.warning("plugin %s is %s: %s", one.name, one.state.value, one.reason.text())
    return Registry((results.get(one.name, one) for one in found), loaded)


def _load(one: Found) -> Loaded:
    """Import one plugin, look at every hook that it implements and take its declarations."""
    assert one.manifest is not None
    assert one.root is not None
    plugin = EntryPoint(one.name, one.entry_point, GROUP).load()
    # A manager of its own: one plugin's broken hook can then neither stop nor hide another's.
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(plugin, one.name)
    _refuse_hooks(manager, plugin)
    return Loaded(one.manifest, one.version, one.root, _slots(manager, one.manifest))


def _refuse_hooks(manager: pluggy.PluginManager, plugin: object) -> None:
    """Refuse unknown hooks, and known ones that would wrap others or jump the queue.

    Stricter than pluggy's ``check_pending``, which lets an unknown hook pass as optional.
    """
    for caller in manager.get_hookcallers(plugin) or ():
        if not caller.has_spec():
            raise _RefusedError(
                Reason("hook", N_("There is no hook called %(hook)s."), {"hook": caller.name})
            )
        for impl in caller.get_hookimpls():
            if impl.wrapper or impl.hookwrapper or impl.tryfirst or impl.trylast:
                raise _RefusedError(
                    Reason(
                        "hook_options",
                        N_("Its hook %(hook)s asks to wrap others or to go before or after them."),
                        {"hook": caller.name},
                        N_("Mark it with a plain @hookimpl."),
                    )
                )


def _slots(manager: pluggy.PluginManager, manifest: Manifest) -> tuple[Slot, ...]:
    """Collect the slots and hold each against the manifest and the contract."""
    slots: list[Slot] = []
    for answer in manager.hook.slots():
        if not isinstance(answer, Sequence) or isinstance(answer, str):
            raise _bad_slot("slots", f"slots() returned {type(answer).__name__}, not a sequence")
        slots.extend(answer)
    for slot in slots:
        if not isinstance(slot, Slot):
            raise _bad_slot("slots", f"{type(slot).__name__} is no Slot")
        if slot.slot not in manifest.uses.slots:
            raise _RefusedError(
                Reason(
                    "undeclared_slot",
                    N_("It fills the slot %(slot)s, which its manifest does not name."),
                    {"slot": slot.slot},
                    N_("Add it to the manifest under uses.slots."),
                )
            )
        if type(slot.order) is not int:
            raise _bad_slot(slot.slot, "order is not a whole number")
        if type(slot.budget_ms) is not int or not 1 <= slot.budget_ms <= MAX_BUDGET_MS:
            raise _bad_slot(slot.slot, f"budget_ms is not a whole number from 1 to {MAX_BUDGET_MS}")
        if not inspect.iscoroutinefunction(slot.render):
            raise _bad_slot(slot.slot, "render is not an async function")
    return tuple(slots)


def _bad_slot(slot: str, detail: str) -> _RefusedError:
    return _RefusedError(
        Reason(
            "slot",
            N_("A slot is not of the right form: %(slot)s: %(detail)s."),
            {"slot": slot, "detail": detail},
        )
    )


def _crash(error: BaseException) -> Reason:
    return Reason(
        "crash",
        N_("It failed while it was loaded: %(error)s."),
        {"error": f"{type(error).__name__}: {error}"[:300]},
        N_("The server's log has the details for its vendor."),
    )
