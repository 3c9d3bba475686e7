"""Install a plugin that does what its caller asks for, and run it in a real process of its own."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from kundelik_core.plugins.context import CallContext, call_for
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.host.load import HostedPlugins
from kundelik_core.plugins.host.place import HostPlan, Place, place_of
from kundelik_core.plugins.host.supervisor import PluginHosts
from kundelik_core.plugins.outcome import Outcome
from kundelik_core.plugins.registry import Registry, load_plugins
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.states import Found
from kundelik_core.sdk import ClassPage, CommandRequest, PageRequest, School, Student
from kundelik_core.testing.packages import manifest as manifest_of
from tests.unit.plugins.dists import Site
from tests.waiting import wait_for

NAME: Final = "trial"
ARGS: Final = ClassPage(
    class_id=UUID(int=1), students=(Student(id=UUID(int=2), name="Айша <b>", birth_date=None),)
)

CODE: Final = Path(__file__).with_name("trial_plugin.py").read_text()


def manifest(name: str) -> str:
    """Return what the plugin asks for."""
    return manifest_of(
        name,
        'slots = ["class.page"]\ncommands = ["do"]\npages = true',
        tables='[data]\nreads = ["student.v1"]',
    )


def trial(site: Site, name: str = NAME, code: str = CODE) -> Found:
    """Install the plugin into a folder and find it there."""
    site.add(name, code=code, manifest=manifest(name))
    return found_in(site, name)


def found_in(site: Site, name: str = NAME) -> Found:
    """Find a plugin in a folder that need not be on the path of this process."""
    folder = str(site.folder)
    found = find_plugins(distributions(path=[folder]), [folder])
    return next(one for one in found if one.name == name)


def call_of(what: str, **more: Any) -> CallContext:
    """Return a call that asks the slot for something."""
    call = call_for(School(id=7, name=what, zone="Asia/Almaty"), "ru", request_id="r1")
    return CallContext(**{**{f: getattr(call, f) for f in call.__struct_fields__}, **more})


class Hosting:
    """The processes of some plugins, and what one process of the core has to reach them."""

    def __init__(self, place: Place, hosts: PluginHosts | None = None) -> None:
        self.place, self.hosts = place, hosts
        self.plans: dict[str, HostPlan] = {}
        self.hosted = HostedPlugins(place, wait=20)
        self.registry = Registry()

    def load(self, *found: Found) -> Registry:
        """Load as a start of the server does."""
        self.registry = load_plugins(found, {one.name for one in found}, self.hosted.load)
        return self.registry

    def dispatcher(self, budget: float | None = None) -> Dispatcher:
        """Return what calls them; a new one each time, with no memory of failures."""
        made = Dispatcher(self.registry, self.hosted.runner, JinjaRenderer(self.registry))
        if budget is not None:
            made.budget = lambda ref: budget  # type: ignore[method-assign]
        return made

    def until(self, true: Callable[[], object], seconds: float = 60) -> None:
        """Wait until something has happened in another process."""
        wait_for(true, seconds)


@contextmanager
def hosting(folder: Path, site: Site, *found: Found, **options: Any) -> Iterator[Hosting]:
    """Run the processes of these plugins while the block runs."""
    place = place_of(folder)
    made = Hosting(place)
    for one in found:
        assert one.root is not None
        made.plans[one.name] = HostPlan(
            name=one.name, sha256=one.sha256, root=one.root, paths=(site.folder,), **options
        )
    with PluginHosts(place, lambda: list(made.plans.values()), every=0.1) as made.hosts:
        yield made


async def done(dispatcher: Dispatcher, what: str, name: str = NAME, **more: Any) -> Outcome:
    """Call the plugin's command."""
    ref = HandlerRef(name, "command", "do")
    request = CommandRequest(arguments={"what": what})
    return await dispatcher.call(ref, request, {name}, call_of("s", **more))


async def said(dispatcher: Dispatcher, what: str, name: str = NAME, **more: Any) -> str:
    """Return what the plugin's command says."""
    outcome = await done(dispatcher, what, name, **more)
    assert outcome.done, outcome
    line: str = outcome.value.lines[0]
    return line


async def asked(dispatcher: Dispatcher, name: str = NAME, **query: str) -> Outcome:
    """Call the plugin's page."""
    request = PageRequest(params={"number": "5"}, query={k: (v,) for k, v in query.items()})
    ref = HandlerRef(name, "page", "GET a/{number:int}")
    return await dispatcher.call(ref, request, {name}, call_of("s"))


async def recovered(host: Hosting, seconds: float = 20) -> str:
    """Wait until the plugin answers again; returns its process."""
    deadline = time.monotonic() + seconds
    while True:
        outcome = await done(host.dispatcher(), "pid")
        if outcome.done:
            pid: str = outcome.value.lines[0]
            return pid
        assert time.monotonic() < deadline, outcome
        await asyncio.sleep(0.05)
