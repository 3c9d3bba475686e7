"""Let a plugin name what may be done in it, so that a school sees who may and what is at stake."""

from typing import Literal, TypeAlias

import msgspec

from kundelik_core.sdk.data import Role
from kundelik_core.sdk.text import Text

__all__ = ["Permission", "Risk"]

Risk: TypeAlias = Literal["personal", "money", "minors", "bulk"]
"""What a permission puts at stake: data about people, money, what children see, many at once."""


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that may be allowed; ``code`` stands in the manifest under ``uses.permissions``.

    ``title`` names it, ``allows`` says in a sentence what it opens. ``roles`` carry it from the
    start. There is no way to take a permission of the core away or to give one.
    """

    code: str
    title: Text
    allows: Text
    roles: tuple[Role, ...]
    risks: tuple[Risk, ...] = ()
