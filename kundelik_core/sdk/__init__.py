"""Give a plugin all that it may use of the core: plain data, hooks, the manifest, nothing else.

A plugin imports from here and from nowhere else in ``kundelik_core``. What stands in ``__all__`` is
the contract; ``API_VERSION`` says which one, and a manifest's ``api`` range is held against it.
"""

from kundelik_core.sdk.context import Clock, I18n, PluginContext
from kundelik_core.sdk.data import SCOPES, Pupil
from kundelik_core.sdk.hookspecs import PROJECT, Hooks, hookimpl
from kundelik_core.sdk.manifest import (
    Data,
    Kind,
    Level,
    Manifest,
    ManifestError,
    Requirement,
    Title,
    Uses,
    Vendor,
    parse_manifest,
)
from kundelik_core.sdk.ui import MAX_BUDGET_MS, SLOTS, ClassPage, Fragment, Slot, SlotArgs

__all__ = [
    "API_VERSION",
    "MAX_BUDGET_MS",
    "PROJECT",
    "SCOPES",
    "SLOTS",
    "ClassPage",
    "Clock",
    "Data",
    "Fragment",
    "Hooks",
    "I18n",
    "Kind",
    "Level",
    "Manifest",
    "ManifestError",
    "PluginContext",
    "Pupil",
    "Requirement",
    "Slot",
    "SlotArgs",
    "Title",
    "Uses",
    "Vendor",
    "hookimpl",
    "parse_manifest",
]

API_VERSION = "0.1.0"
"""The version of this contract (semver), apart from the release number of the core."""
