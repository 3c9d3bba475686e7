"""A plugin in a process of its own finds none of the core's secrets, and reaches nothing else."""

import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kundelik_core.kernel.keys import installation_key
from kundelik_core.plugins.outcome import OutcomeState
from tests.integration.plugin_host.hosting import Hosting, done, hosting, recovered, said, trial
from tests.unit.plugins.dists import Site


@pytest.fixture(scope="module")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hosting]:
    site = Site(tmp_path_factory.mktemp("site"))
    found = trial(site)
    data = tmp_path_factory.mktemp("data")
    installation_key(data, "plugin-context")
    with (
        pytest.MonkeyPatch.context() as patch,
        hosting(data, site, found, memory_mb=300) as hosted,
    ):
        patch.setenv("KUNDELIK_DATABASE_URL", "secret")
        assert hosted.load(found).loaded
        yield hosted
        await hosted.hosted.close()


@pytest.fixture
async def fenced(host: Hosting) -> Hosting:
    await recovered(host)
    host.until(lambda: (state := host.place.state("trial")) and state.status == "running")
    state = host.place.state("trial")
    assert state is not None
    if set(state.confined) != {"files", "network", "signals"}:
        pytest.skip(f"this kernel confines no more than: {state.confined}")
    return host


async def test_its_environment_is_clean(host: Hosting) -> None:
    found = json.loads(await said(host.dispatcher(), "env"))
    assert set(found) == {"HOME", "TMPDIR", "PATH", "LANG", "MALLOC_ARENA_MAX"} | (
        {"LC_CTYPE"} & set(found)  # Python's own
    )


async def test_memory_is_bounded(host: Hosting) -> None:
    outcome = await done(host.dispatcher(), "hog")
    assert "MemoryError" in str(outcome.error)
    limits = Path(f"/proc/{await recovered(host)}/limits").read_text()  # noqa: ASYNC240 - proc
    (line,) = [line for line in limits.splitlines() if line.startswith("Max address space")]
    assert line.split()[3] == str(300 << 20)


async def test_it_may_write_in_its_own_folder(fenced: Hosting) -> None:
    own = fenced.place.scratch("trial") / "note.txt"
    assert await said(fenced.dispatcher(), f"write {own}") == "1"
    assert await said(fenced.dispatcher(), f"read {own}") == "x"


@pytest.mark.parametrize(
    "what",
    [
        "read {data}/keys/plugin-context",
        "read {data}/keys/plugin-hosts",
        "read /proc/{core}/environ",
        "read /proc/{core}/maps",
        "read /etc/shadow",
        "read {here}",
        "write {data}/keys/other",
        "write {socket}",
        "write /tmp/kundelik-other-file",
        "write {root}/plugin.py",
        "kill {core}",
        "run",
        "tcp {port}",
    ],
)
async def test_it_may_not(fenced: Hosting, what: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        loaded = fenced.registry.loaded["trial"]
        text = what.format(
            data=fenced.place.home.parent,
            core=os.getpid(),
            here=__file__,
            socket=fenced.place.socket("trial"),
            root=loaded.root,
            port=other.getsockname()[1],
        )
        outcome = await done(fenced.dispatcher(), text)
    assert outcome.state is OutcomeState.RAISED, outcome
    assert str(outcome.error).startswith(("PermissionError", "OSError: [Errno 13]")), outcome.error
