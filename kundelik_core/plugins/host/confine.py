"""Take from a plugin's process, before any of the plugin runs, what it has no business with.

Memory, open files and priority are bounded by any Unix. On Linux with Landlock it also loses what
its account could otherwise do: read the installation's keys and other programs' files, look into
the core's process or send it signals, run programs, reach ports of the network. None of that needs
rights that the server would have to have. What the system does not offer is left out, and said.
"""

import contextlib
import ctypes
import os
import resource
import socket
import struct
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from kundelik_core.plugins.host.spec import HostSpec

__all__ = ["bind", "bound", "die_with", "fence"]

_MB: Final = 1024 * 1024
_FILES: Final = 256
_FILE_MB: Final = 64
_NICE: Final = 5
_OOM_FIRST: Final = "500"

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_SIGKILL: Final = 9

# The numbers of Landlock's calls are the same on every architecture.
_CREATE: Final = 444
_ADD_RULE: Final = 445
_RESTRICT: Final = 446
_VERSION: Final = 1
_BENEATH: Final = 1
_PORT: Final = 2

_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_REMOVE: Final = 1 << 4 | 1 << 5
_MAKE: Final = 1 << 7 | 1 << 8
_TRUNCATE: Final = 1 << 14
_CONNECT_TCP: Final = 1 << 1
_ALL_TCP: Final = 1 << 0 | _CONNECT_TCP
_ALL_SCOPES: Final = 1 << 0 | 1 << 1
# How many rights of the file system each version of Landlock knows.
_KNOWN: Final = {1: 13, 2: 14, 3: 15, 4: 15}
_KNOWN_NOW: Final = 16

_SYSTEM: Final = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/hosts", "/etc/resolv.conf"),
    *("/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/ssl", "/dev/urandom"),
)
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def die_with(parent: int) -> bool:
    """Let the kernel end this process when the one that started it is gone; False if it is.

    The kernel and not a thread of ours: a plugin that never lets go of Python would stop that too.
    """
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    return os.getppid() == parent


def bound(memory_mb: int) -> None:
    """Bound memory, files and priority, for good."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_mb * _MB, memory_mb * _MB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_MB * _MB, _FILE_MB * _MB))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_FIRST)


def bind(path: Path) -> socket.socket:
    """Return a socket that is bound and does not listen yet: nobody gets in before we are ready."""
    path.unlink(missing_ok=True)
    bound_to = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        bound_to.bind(str(path))
    finally:
        os.umask(before)
    return bound_to


def fence(spec: HostSpec) -> tuple[str, ...]:
    """Shut this process in; returns what is now kept from it.

    Has to be called while there is one thread: the fence is the thread's, and its children's.
    """
    version = _call(_CREATE, None, 0, _VERSION) if sys.platform == "linux" else 0
    if version < 1:
        return ()
    rights = (1 << _KNOWN.get(version, _KNOWN_NOW)) - 1
    network = _ALL_TCP if version >= 4 else 0
    scopes = _ALL_SCOPES if version >= 6 else 0
    wanted = struct.pack("=QQQ", rights, network, scopes)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = _call(_CREATE, wanted[:size], size, 0)
    if rules < 0:
        return ()
    try:
        _allow_files(rules, spec, rights)
        if network:
            for port in _database_port(spec.url):
                _call(_ADD_RULE, rules, _PORT, struct.pack("=QQ", _CONNECT_TCP, port), 0)
        _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if _call(_RESTRICT, rules, 0) != 0:
            return ()
    finally:
        os.close(rules)
    kept = ("files", "network" if network else "", "signals" if scopes else "")
    return tuple(one for one in kept if one)


def _call(number: int, *args: object) -> int:
    """Make a system call; numbers go as whole words, whatever their size."""
    words = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    _LIBC.syscall.restype = ctypes.c_long
    found: int = _LIBC.syscall(ctypes.c_long(number), *words)
    return found


def _allow_files(rules: int, spec: HostSpec, rights: int) -> None:
    for place in _readable(spec):
        _allow(rules, place, (_READ_FILE | _READ_DIR) & rights)
    for entry in sys.path:  # finding a package lists the folders on the way, and reads none of it
        _allow(rules, Path(entry), _READ_DIR)
    own = _READ_FILE | _READ_DIR | _WRITE_FILE | _REMOVE | _MAKE | _TRUNCATE
    _allow(rules, spec.scratch, own & rights)
    _allow(rules, Path(os.devnull), (_READ_FILE | _WRITE_FILE | _TRUNCATE) & rights)


def _readable(spec: HostSpec) -> Iterable[Path]:
    """Yield where code and the system's own public files are: no folder of data, no keys."""
    core = Path(__file__).parents[2]
    packages = (path for path in sys.path if path.endswith(("site-packages", "dist-packages")))
    python = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
    yield from map(Path, [*_SYSTEM, *packages, *python, *filter(None, [spec.site])])
    yield from (core, spec.root, Path(sys.base_prefix) / "lib")


def _allow(rules: int, place: Path, rights: int) -> None:
    try:
        opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not every system has all of them
        return
    try:
        if not place.is_dir():
            rights &= ~(_READ_DIR | _REMOVE | _MAKE)
        _call(_ADD_RULE, rules, _BENEATH, struct.pack("=Qi", rights, opened), 0)
    finally:
        os.close(opened)


def _database_port(url: str) -> tuple[int, ...]:
    parts = urlsplit(url)
    return (parts.port or 5432,) if parts.hostname else ()
