"""Load the grading schemes into the tenant database; a version once there is never changed."""

import msgspec

from kundelik_core.gradebook.schemes.catalogue import builtin
from kundelik_core.gradebook.schemes.model import GradingScheme
from kundelik_core.kernel.wire import Connection

__all__ = ["SchemeChanged", "fingerprint", "load"]


class SchemeChanged(Exception):
    """A shipped scheme differs from the stored one of the same version: it needs a new version."""


async def load(conn: Connection) -> None:
    """Store every shipped scheme that is not there yet.

    Raises:
        SchemeChanged: marks may rest on the stored text, so it is not overwritten.
    """
    for (code, version), scheme in builtin().items():
        body = _text(scheme).decode()
        stored = await conn.fetchval(
            "insert into core.grading_scheme (code, version, body) values ($1, $2, $3::jsonb) "
            "on conflict (code, version) do update set code = excluded.code returning body = "
            "$3::jsonb",
            code,
            version,
            body,
        )
        if not stored:
            raise SchemeChanged(
                f"grading scheme {code} version {version} changed: raise its version"
            )


def fingerprint() -> bytes:
    """Return what a prepared database must have been made with."""
    return b"".join(_text(scheme) for scheme in builtin().values())


def _text(scheme: GradingScheme) -> bytes:
    """Return the one spelling that two equal schemes share."""
    return msgspec.json.encode(msgspec.to_builtins(scheme, str_keys=True), order="sorted")
