"""Keep the secrets that an installation makes for itself, each in a file that only it can read."""

import os
import re
import secrets
from pathlib import Path

__all__ = ["installation_key"]


def installation_key(data_dir: Path, name: str) -> bytes:
    """Return the 32 random bytes called ``name``; made at the first use and the same ever after.

    Servers that share a database share these files too, or they would not understand each other.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", name):
        raise ValueError(f"{name!r} cannot be the name of a key")
    folder = data_dir / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    fresh = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        # Written whole under another name first: nobody ever reads half a key.
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(secrets.token_bytes(32))
            stream.flush()
            os.fsync(stream.fileno())
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
