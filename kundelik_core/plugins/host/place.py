"""Say where the hosts of an installation live, and what one of them is told when it starts."""

import hashlib
import hmac
import re
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from kundelik_core.kernel.keys import installation_key

__all__ = ["ENVIRONMENT", "MEMORY_MB", "HostPlan", "HostState", "Place", "place_of"]

ENVIRONMENT: Final = "KUNDELIK_HOST_SPEC"
"""The one variable of ours that a host finds in its environment."""

KEY_NAME: Final = "plugin-hosts"
MEMORY_MB: Final = 1024
# A Unix socket's path is limited to about 107 bytes; a name takes up to 30 and its ending.
_PATH_MAX: Final = 70
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,29}")


class HostPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin that is to run in a process of its own.

    ``url`` is the address of its own database login, empty without tables. ``site`` is the folder
    of packages of its own environment; without one it finds what the core finds. ``paths`` are
    more folders of the core's packages (a test's). Of the network it reaches the hosts ``named`` in
    its manifest and those that the operator ``added``, and nothing else.
    """

    name: str
    sha256: str
    root: Path
    url: str = ""
    python: str = sys.executable
    site: Path | None = None
    paths: tuple[Path, ...] = ()
    named: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    memory_mb: int = MEMORY_MB
    log_level: str = "warning"


class HostState(msgspec.Struct, frozen=True, kw_only=True):
    """How a host is, for the operator.

    ``status``: ``starting`` until it answers, then ``running``; ``waiting`` for the next try after
    it ended; ``elsewhere`` when another server of this data folder has it; ``stopped``. ``why`` is
    how it ended the last time. ``since`` is in seconds of the epoch.
    """

    name: str
    status: str
    since: float
    pid: int = 0
    restarts: int = 0
    why: str = ""
    confined: tuple[str, ...] = ()


class Place:
    """The folder of an installation's hosts, and the secret from which their keys come."""

    def __init__(self, home: Path, secret: bytes) -> None:
        self.home = home
        self._secret = secret
        self._sockets = home
        if len(str(home)) > _PATH_MAX:
            mark = hashlib.sha256(str(home).encode()).hexdigest()[:12]
            self._sockets = Path(tempfile.gettempdir()) / f"kundelik-{mark}"

    def make(self) -> None:
        """Make the folders, closed to everybody else.

        Raises:
            PermissionError: somebody else's folder stands in the place of ours.
        """
        for folder in {self.home, self._sockets}:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)

    def socket(self, name: str) -> Path:
        """Return where the host listens."""
        return self._sockets / f"{_checked(name)}.sock"

    def lock(self, name: str) -> Path:
        """Return the file that whoever runs the host holds locked."""
        return self.home / f"{_checked(name)}.lock"

    def scratch(self, name: str) -> Path:
        """Return the one folder in which the host may write."""
        return self.home / f"{_checked(name)}.tmp"

    def key(self, name: str) -> bytes:
        """Return the secret that this host and the core share."""
        return hmac.digest(self._secret, _checked(name).encode(), hashlib.sha256)

    def write_state(self, state: HostState) -> None:
        """Put a host's state where every process of the server finds it."""
        file = self._state(state.name)
        fresh = file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(state))
        fresh.replace(file)

    def state(self, name: str) -> HostState | None:
        """Return how a host is; None when nobody ever started it here."""
        try:
            return msgspec.json.decode(self._state(name).read_bytes(), type=HostState)
        except (OSError, msgspec.DecodeError):
            return None

    def states(self) -> dict[str, HostState]:
        """Return how all hosts are, by name."""
        names = sorted(file.stem for file in self.home.glob("*.state"))
        return {name: state for name in names if (state := self.state(name))}

    def declared(self, name: str, sha256: str) -> Path:
        """Return the file that keeps what this very version declared the last time."""
        return self.home / f"{_checked(name)}.{sha256[:32]}.declared"

    def _state(self, name: str) -> Path:
        return self.home / f"{_checked(name)}.state"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of a plugin")
    return name


def place_of(data_dir: Path) -> Place:
    """Return the place of the hosts of the installation that keeps its data there."""
    return Place(data_dir.resolve() / "hosts", installation_key(data_dir, KEY_NAME))
