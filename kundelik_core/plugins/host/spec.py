"""Put together the command, the environment and the orders with which a host starts."""

import os
import sys
from pathlib import Path
from typing import Final

import msgspec

from kundelik_core.plugins.host import __name__ as _package
from kundelik_core.plugins.host.gate import split
from kundelik_core.plugins.host.place import ENVIRONMENT, HostPlan, Place

__all__ = ["NO_GATE", "HostSpec", "command_of", "environment_of", "names_of"]

NO_GATE: Final = -1
"""For a host that reaches nobody."""

_MAIN = Path(__file__).with_name("__main__.py")


class HostSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a host is told: its plan, and where it belongs."""

    name: str
    sha256: str
    root: Path
    url: str
    site: str
    core_sites: tuple[str, ...]
    names: tuple[str, ...]
    gate: int
    memory_mb: int
    log_level: str
    socket: Path
    scratch: Path
    key: bytes
    parent: int


def command_of(plan: HostPlan) -> list[str]:
    """Return the command; isolated, and without ``site``, whose files could run code at once."""
    return [plan.python, "-I", "-S", "-u", str(_MAIN)]


def environment_of(plan: HostPlan, place: Place, gate: int = NO_GATE) -> dict[str, str]:
    """Return everything that the host finds in its environment: none of the core's is left.

    ``gate`` is the open file that leads to the gate.
    """
    spec = HostSpec(
        name=plan.name,
        sha256=plan.sha256,
        root=plan.root,
        url=plan.url,
        site=str(plan.site) if plan.site else "",
        core_sites=core_sites(plan),
        names=names_of(plan),
        gate=gate,
        memory_mb=plan.memory_mb,
        log_level=plan.log_level,
        socket=place.socket(plan.name),
        scratch=place.scratch(plan.name),
        key=place.key(plan.name),
        parent=os.getpid(),
    )
    return {
        ENVIRONMENT: msgspec.json.encode(spec, enc_hook=str).decode(),
        "HOME": str(place.scratch(plan.name)),
        "TMPDIR": str(place.scratch(plan.name)),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        # Few arenas: each one takes its share of the address space that a host may have.
        "MALLOC_ARENA_MAX": "2",
    }


def names_of(plan: HostPlan) -> tuple[str, ...]:
    """Return the names that a plugin may reach, without ports."""
    return tuple(sorted({*plan.named, *(split(one)[0] for one in plan.added)}))


def core_sites(plan: HostPlan) -> tuple[str, ...]:
    """Return the folders of packages that this process itself was started with."""
    own = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    core = Path(sys.modules[_package.partition(".")[0]].__path__[0]).parent
    return tuple(dict.fromkeys([*own, str(core), *map(str, plan.paths)]))
