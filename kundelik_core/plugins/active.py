"""Answer which plugins are on for a school: the one allow-list that every channel asks."""

from collections.abc import Collection

from kundelik_core.plugins.registry import Registry

__all__ = ["active"]


def active(registry: Registry, enabled: Collection[str]) -> frozenset[str]:
    """Return the plugins that may act for a school which has ``enabled`` these.

    On are those that run and that the operator approved for all (level platform) or the school
    switched on, as long as everything they require is on too. A plugin of level user is then on
    offer: ``Allowed.theirs`` says for whom it acts when somebody looks.
    """
    on: set[str] = set()
    for name, one in registry.loaded.items():  # in load order: what is required comes first
        if (one.manifest.level == "platform" or name in enabled) and all(
            wanted.name in on for wanted in one.manifest.requirements()
        ):
            on.add(name)
    return frozenset(on)
