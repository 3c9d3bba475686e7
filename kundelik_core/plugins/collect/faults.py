"""Say what is wrong with a declaration, so that its vendor can mend it."""

from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.states import Reason

__all__ = ["RefusedError", "bad_form", "lacking", "undeclared"]


class RefusedError(Exception):
    """A plugin registers what it may not."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.text())


def bad_form(hook: str, detail: str) -> RefusedError:
    """Refuse a declaration of ``hook`` that is not of the right form."""
    return RefusedError(
        Reason(
            "declaration",
            N_("What its hook %(hook)s returns is not of the right form: %(detail)s."),
            {"hook": hook, "detail": detail.removesuffix(".")[:300]},
        )
    )


def undeclared(key: str, name: str) -> RefusedError:
    """Refuse what stands not in the manifest under ``key``."""
    return RefusedError(
        Reason(
            "undeclared",
            N_("It registers %(name)s, which its manifest does not name under %(key)s."),
            {"name": name, "key": key},
            N_("Add it to the manifest, or take it out of the plugin."),
        )
    )


def lacking(key: str, hook: str) -> RefusedError:
    """Refuse a plugin that has to implement ``hook``, because its manifest says ``key``."""
    return RefusedError(
        Reason(
            "lacking",
            N_("Its manifest says %(key)s, but it does not implement the hook %(hook)s."),
            {"key": key, "hook": hook},
        )
    )
