"""Keep the secrets that an installation makes for itself, each in a file that only it can read."""

import os
import re
import secrets
from pathlib import Path

__all__ = ["installation_key", "renew_key"]


def installation_key(data_dir: Path, name: str) -> bytes:
    """Return the 32 random bytes called ``name``; made at the first use and the same ever after.

    Servers that share a database share these files too, or they would not understand each other.
    """
    path = _place(data_dir, name)
    if not path.exists():
        fresh = _write_fresh(path)
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    key = path.read_bytes()
    if len(key) != 32:
        raise ValueError(f"{path} is damaged: bring it back from a backup")
    return key


def renew_key(data_dir: Path, name: str) -> bytes:
    """Put a new key in the place of the one called ``name``; what the old one made is void."""
    path = _place(data_dir, name)
    _write_fresh(path).replace(path)
    return path.read_bytes()


def _place(data_dir: Path, name: str) -> Path:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", name):
        raise ValueError(f"{name!r} cannot be the name of a key")
    folder = data_dir / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / name


def _write_fresh(path: Path) -> Path:
    """Write a key whole under another name first: nobody ever reads half a key."""
    fresh = path.parent / f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(secrets.token_bytes(32))
        stream.flush()
        os.fsync(stream.fileno())
    return fresh
