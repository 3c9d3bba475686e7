"""Collect what a plugin holds about people, and how they get and lose it."""

import re

from kundelik_core.plugins.collect.faults import bad_form, lacking, undeclared
from kundelik_core.plugins.collect.handlers import Handlers
from kundelik_core.sdk import Manifest, PersonalField, PrivacyHandlers

__all__ = ["collect_personal"]

_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}\Z")
_DURATION = re.compile(r"^P[1-9][0-9]*[DWMY]\Z")


def collect_personal(handlers: Handlers, manifest: Manifest) -> dict[str, object]:
    """Return the fields of ``Declared`` for which this module stands.

    Both hooks are there exactly when the manifest says that the plugin keeps data about people.
    """
    fields = handlers.several("personal_data", PersonalField)
    privacy = handlers.one("privacy", PrivacyHandlers)
    if manifest.data.personal:
        for hook, there in (("personal_data", fields), ("privacy", privacy)):
            if not there:
                raise lacking("data.personal = true", hook)
    elif fields or privacy:
        raise undeclared("data.personal", "personal data")
    seen: set[tuple[object, object]] = set()
    for field in fields:
        column = f"{field.table}.{field.column}"
        if not (_NAME.match(str(field.table)) and _NAME.match(str(field.column))):
            raise bad_form("personal_data", f"{column} is no column")
        if (field.table, field.column) in seen:
            raise bad_form("personal_data", f"{column} stands there twice")
        if field.keep is not None and not _DURATION.match(str(field.keep)):
            raise bad_form("personal_data", f"{column}: {field.keep!r} is no time like P1Y")
        seen.add((field.table, field.column))
    if privacy is not None:
        handlers.put("privacy", "privacy", "export", privacy.export)
        handlers.put("privacy", "privacy", "erase", privacy.erase)
    return {"personal_data": fields, "privacy": privacy is not None}
