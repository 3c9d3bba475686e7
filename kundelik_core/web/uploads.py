"""Keep an uploaded list between the look at it and the yes, for an hour and for one account only.

Lists are full of children's names: they lie in a folder that only the server reads, under names
that say nothing, and go as soon as they have been applied.
"""

import hashlib
import secrets
import time
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

__all__ = ["Upload", "drop_upload", "find_upload", "keep_upload"]

LIFETIME: Final = 3600


class _Label(msgspec.Struct, frozen=True):
    name: str
    account: UUID
    school_id: int


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A kept file: what it is called, what it holds, what finds it again."""

    token: str
    name: str
    content: bytes


def keep_upload(folder: Path, name: str, content: bytes, account: UUID, school_id: int) -> Upload:
    """Keep a file in place of the account's earlier one; give it with its token."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(folder, account)
    token = secrets.token_urlsafe(24)
    path = _path(folder, token, account)
    label = msgspec.json.encode(_Label(name, account, school_id))
    path.touch(mode=0o600)
    path.write_bytes(label + b"\n" + content)
    return Upload(token=token, name=name, content=content)


def find_upload(folder: Path, token: str, account: UUID, school_id: int) -> Upload | None:
    """Give a file back to whoever sent it; None when it is too old or somebody else's."""
    path = _path(folder, token, account)
    try:
        if path.stat().st_mtime < time.time() - LIFETIME:
            return None
        label, _, content = path.read_bytes().partition(b"\n")
        found = msgspec.json.decode(label, type=_Label)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None
    if (found.account, found.school_id) != (account, school_id):
        return None
    return Upload(token=token, name=found.name, content=content)


def drop_upload(folder: Path, token: str, account: UUID) -> None:
    """Let go of a file that has been applied."""
    _path(folder, token, account).unlink(missing_ok=True)


def _path(folder: Path, token: str, account: UUID) -> Path:
    # The token is hashed, so that what a browser sends is never part of a path.
    return folder / f"{account.hex}-{hashlib.sha256(token.encode()).hexdigest()[:32]}.upload"


def _sweep(folder: Path, account: UUID) -> None:
    old = time.time() - LIFETIME
    for path in folder.glob("*.upload"):
        try:
            if path.name.startswith(account.hex) or path.stat().st_mtime < old:
                path.unlink(missing_ok=True)
        except OSError:
            continue
