"""Choose where the embedded PostgreSQL keeps its data: at home, or where its account can reach.

PostgreSQL refuses root, and another account cannot enter a folder that only root may. What was once
put outside is found again whatever happens to the rights, or to the name, of the folder at home.
"""

import hashlib
import pwd
import stat
from pathlib import Path
from typing import Final

__all__ = ["base_of", "outside", "reachable"]

OUTSIDE: Final = Path("/var/lib/kundelik")
# At home: where the data are. Outside: whose they are.
_MOVED: Final = "pg.moved"
_HOME: Final = "home"


def base_of(home: Path, account: pwd.struct_passwd, *, root: Path = OUTSIDE) -> Path:
    """Return the folder in which the server's data are, or are to be made."""
    told = None if (home / "pg").exists() else _told(home, root)
    if told is not None:
        (told / _HOME).write_text(f"{home}\n")
        return told
    return home if reachable(home, account) else outside(home, root=root)


def outside(home: Path, *, root: Path = OUTSIDE) -> Path:
    """Return a folder outside a home that only root may enter, and note it there."""
    base = _own(home, root)
    base.mkdir(parents=True, exist_ok=True)
    base.parent.chmod(0o755)
    base.chmod(0o755)
    (base / _HOME).write_text(f"{home}\n")
    (home / _MOVED).write_text(f"{base}\n")
    return base


def _own(home: Path, root: Path) -> Path:
    return root / hashlib.sha256(str(home).encode()).hexdigest()[:12]


def _told(home: Path, root: Path) -> Path | None:
    """Return where data of this home lie outside already; a copied home has none yet."""
    try:
        base = Path((home / _MOVED).read_text().strip())
    except OSError:
        return None
    if not (base / "pg").is_dir():
        return None
    if base == _own(home, root):
        return base
    try:
        former = Path((base / _HOME).read_text().strip())
    except OSError:
        return None
    return base if former == home or not former.exists() else None


def reachable(place: Path, account: pwd.struct_passwd) -> bool:
    """Tell whether ``account`` may enter ``place`` and every folder above it."""
    for folder in (place, *place.parents):
        info = folder.stat()
        mode = stat.S_IMODE(info.st_mode)
        allowed = (
            mode & 0o100 if info.st_uid == account.pw_uid
            else mode & 0o010 if info.st_gid == account.pw_gid
            else mode & 0o001
        )  # fmt: skip
        if not allowed:
            return False
    return True
