"""Put plugins in the order in which they load: what one needs comes first, always the same way."""

from collections.abc import Mapping

import msgspec

from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.states import Reason
from kundelik_core.sdk import Manifest

__all__ = ["Candidate", "load_order", "unmet"]


class Candidate(msgspec.Struct, frozen=True):
    """A plugin that could be loaded, as far as the order has to know it."""

    manifest: Manifest
    version: str


def load_order(candidates: Mapping[str, Candidate]) -> tuple[list[str], dict[str, Reason]]:
    """Return the names in order, and the reason for each that cannot be loaded.

    ``requires`` binds, ``after`` only when it can be had: a circle of soft wishes is cut at the
    first name of the alphabet.
    """
    refused: dict[str, Reason] = {}
    open_ = dict(sorted(candidates.items()))
    while missing := _missing(open_):
        refused |= missing
        open_ = {name: one for name, one in open_.items() if name not in missing}
    order: list[str] = []
    while open_:
        name = _next(open_)
        if name is None:
            reason = _circle(open_)
            return order, refused | dict.fromkeys(open_, reason)
        order.append(name)
        del open_[name]
    return order, refused


def unmet(candidate: Candidate, present: Mapping[str, Candidate]) -> Reason | None:
    """Return the first requirement that ``present`` does not meet, or None."""
    for wanted in candidate.manifest.requirements():
        other = present.get(wanted.name)
        if other is None or not wanted.admits(other.version):
            return Reason(
                "requires",
                N_("It needs the plugin %(name)s %(versions)s, which is not loaded."),
                {"name": wanted.name, "versions": wanted.versions or "*"},
                N_("Install and approve that plugin, in a version that fits."),
            )
    return None


def _missing(open_: Mapping[str, Candidate]) -> dict[str, Reason]:
    reasons = {name: unmet(one, open_) for name, one in open_.items()}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _next(open_: Mapping[str, Candidate]) -> str | None:
    """Return the first name that waits for nobody, or at least for nobody it needs."""
    needs = {
        name: {wanted.name for wanted in one.manifest.requirements()} & open_.keys()
        for name, one in open_.items()
    }
    ready = [name for name in open_ if not needs[name]]
    at_best = (name for name in ready if not open_.keys() & set(open_[name].manifest.after))
    return next(at_best, ready[0] if ready else None)


def _circle(open_: Mapping[str, Candidate]) -> Reason:
    return Reason(
        "circle",
        N_("These plugins wait for each other: %(names)s."),
        {"names": ", ".join(open_)},
        N_("One of them has to stop requiring the others."),
    )
