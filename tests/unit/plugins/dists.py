"""Install real little plugins into a folder on the path: metadata, manifest and code, no mocks."""

import importlib
import sys
from collections.abc import Collection
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType

from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Registry, load_plugins
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner
from kundelik_core.plugins.states import Found, State
from kundelik_core.testing.packages import installed
from kundelik_core.testing.packages import manifest as manifest_of

CODE = """
import asyncio
from kundelik_core.sdk import Fragment, Slot, hookimpl

async def render(ctx, args):
    {body}

class Plugin:
    @hookimpl
    def slots(self):
        return [Slot(slot="class.page", render=render, {options})]

plugin = Plugin()
"""

SHOW = 'return Fragment(template="show.html", context={"text": "%s"})'


class Site:
    """A folder of installed distributions, as the process under test sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(
        self,
        name: str,
        *,
        body: str | None = None,
        options: str = "",
        code: str | None = None,
        manifest: str | None = "",
        top: str = "",
        tables: str = "",
        dist: str = "",
        package: str = "",
        version: str = "1.0",
        template: str = "<b>{{ text }}</b>",
        entry_point: str = "",
    ) -> str:
        """Install one plugin and return the name of its package."""
        body = SHOW % name if body is None else body
        files = {
            "plugin.py": CODE.format(body=body, options=options) if code is None else code,
            "templates/show.html": template,
        }
        if manifest is not None:
            files["kundelik.toml"] = manifest or manifest_of(name, top=top, tables=tables)
        place = self.folder
        root = installed(
            place, name, files, package=package, dist=dist, version=version, entry_point=entry_point
        )
        importlib.invalidate_caches()
        return root.name

    def find(self) -> tuple[Found, ...]:
        """Discover what is installed here and nothing of the machine's own."""
        return find_plugins(distributions(path=[str(self.folder)]))

    def load(self, wanted: Collection[str] | None = None) -> Registry:
        """Discover and load, all or those wanted."""
        found = self.find()
        return load_plugins(found, {one.name for one in found} if wanted is None else wanted)

    def dispatcher(self) -> Dispatcher:
        """Load all and return what fills their slots."""
        registry = self.load()
        return Dispatcher(registry, LocalRunner(registry), JinjaRenderer(registry))

    def imported(self) -> list[str]:
        """Return what of the folder's packages Python has imported."""
        tops = {path.name for path in self.folder.iterdir()}
        # By the file too: a plugin's folder holds `tests`, and so are our own modules called.
        return sorted(
            name
            for name, module in sys.modules.items()
            if name.split(".")[0] in tops and self._holds(module)
        )

    def _holds(self, module: ModuleType) -> bool:
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        return any(place and Path(place).is_relative_to(self.folder) for place in places)


class Sample:
    """A plugin to try one fault after another on, each by another word of its code."""

    def __init__(self, name: str, code: str, manifest: str) -> None:
        self.name, self.code, self.manifest = name, code, manifest

    def add(
        self, site: Site, old: str = "", new: str = "", *, manifest: tuple[str, str] = ("", "")
    ) -> None:
        """Install it with ``old`` in its code replaced, and something in its manifest."""
        assert old in self.code
        assert manifest[0] in self.manifest
        code = self.code.replace(old, new, 1) if old else self.code
        text = self.manifest.replace(*manifest, 1) if manifest[0] else self.manifest
        site.add(self.name, code=code, manifest=text)

    def fault(
        self, site: Site, old: str = "", new: str = "", *, manifest: tuple[str, str] = ("", "")
    ) -> tuple[str, str]:
        """Install it changed; return the code and the text of the reason why it does not load."""
        self.add(site, old, new, manifest=manifest)
        (one,) = site.load().plugins
        assert one.state is State.QUARANTINED
        assert one.reason is not None
        return one.reason.code, one.reason.text()
