"""Sign for which school a plugin may ask, and let PostgreSQL check it without the core's help.

The token is ``login:school:expires:key:mac``. Only a process that has the installation's key can
make one; PostgreSQL compares the login with the one that the session really has.
"""

import hashlib
import hmac
import re
import time
from typing import Final

from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.database.names import login_of, owner_of

__all__ = [
    "KEY_NAME",
    "TTL",
    "Signer",
    "current_signer",
    "install_key",
    "is_token",
    "mint",
    "use_signer",
]

KEY_NAME: Final = "plugin-context"
"""Under which the installation keeps the key: ``installation_key(data_dir, KEY_NAME)``."""

TTL: Final = 60
"""Seconds that a token lives unless told otherwise: longer than any call, shorter than a lesson."""

_OVERLAP: Final = 900
_BLOCK: Final = 64
_TOKEN: Final = re.compile(r"p_[a-z0-9_]{3,30}:[1-9][0-9]*:[1-9][0-9]*:[0-9a-f]{8}:[0-9a-f]{64}")


def is_token(text: str) -> bool:
    """Tell whether ``text`` has the form of a token, so that it can stand in a statement."""
    return _TOKEN.fullmatch(text) is not None


class Signer:
    """Makes tokens with one key; two processes may use different ones while a key is changed."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        # Derived, so that whoever signs need not ask the database what the key is called there.
        self.key_id = hashlib.sha256(b"kundelik key id" + key).hexdigest()[:8]

    def mint(self, name: str, school_id: int, ttl: int = TTL) -> str:
        """Return a token for the plugin ``name`` in one school, good for ``ttl`` seconds."""
        if type(school_id) is not int or school_id <= 0:
            raise ValueError(f"school_id must be a positive int, not {school_id!r}")
        # The real time: PostgreSQL knows no other.
        text = f"{login_of(name)}:{school_id}:{int(time.time()) + ttl}:{self.key_id}"
        return f"{text}:{self._mac(text)}"

    def ledger(self, name: str, file: str, sha: bytes) -> tuple[int, str, str]:
        """Return what lets a migration's own session write its line: expiry, key id, mac."""
        expires = int(time.time()) + TTL
        text = f"migration {owner_of(name)} {file} {sha.hex()} {expires} {self.key_id}"
        return expires, self.key_id, self._mac(text)

    def pads(self) -> tuple[bytes, bytes]:
        """Return the key as the two blocks of HMAC-SHA256 that PostgreSQL keeps."""
        block = self._key.ljust(_BLOCK, b"\0")
        return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)

    def _mac(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


async def install_key(conn: Connection, signer: Signer, *, overlap: int = _OVERLAP) -> None:
    """Make PostgreSQL accept the signer's tokens; those of other keys for ``overlap`` s more.

    Needs the migrations' login. Called at every start: most often there is nothing to do.
    """
    inner, outer = signer.pads()
    async with conn.transaction():
        await conn.execute(
            "update core_plugins.context_key "
            "set expires_at = least(expires_at, now() + make_interval(secs => $2)) where id <> $1",
            signer.key_id,
            overlap,
        )
        await conn.execute("delete from core_plugins.context_key where expires_at < now()")
        await conn.execute(
            "insert into core_plugins.context_key (id, inner_pad, outer_pad) values ($1, $2, $3) "
            "on conflict (id) do update set expires_at = 'infinity'",
            signer.key_id,
            inner,
            outer,
        )


_signer: Signer | None = None


def use_signer(signer: Signer | None) -> None:
    """Make ``signer`` the one of this process; a plugin host has none."""
    global _signer  # noqa: PLW0603 - one key per process
    _signer = signer


def current_signer() -> Signer:
    """Return the signer of this process.

    Raises:
        RuntimeError: it has none.
    """
    if _signer is None:
        raise RuntimeError("no signer is set: call use_signer() first")
    return _signer


def mint(name: str, school_id: int, ttl: int = TTL) -> str:
    """Return a token made by the signer of this process."""
    return current_signer().mint(name, school_id, ttl)
