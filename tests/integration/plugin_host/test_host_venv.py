"""A plugin can have an environment of its own, made once, from wheels alone, checked by hashes."""

import asyncio
import hashlib
import json
import zipfile
from pathlib import Path

import msgspec
import pytest

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.host.place import place_of
from kundelik_core.plugins.host.plans import all_found, home_of, plan_of
from kundelik_core.plugins.host.supervisor import PluginHosts
from kundelik_core.plugins.host.venv import find_in_venvs, make_venv
from tests.integration.plugin_host.hosting import NAME, Hosting, manifest, said

pytestmark = pytest.mark.slow

CODE = """
import helper, json, msgspec, sys
from kundelik_core.sdk import Argument, Command, CommandAnswer, hookimpl

async def run(ctx, request):
    told = {"helper": helper.VERSION, "python": sys.executable, "msgspec": msgspec.__version__,
            "marked": hasattr(sys, "marked_by_pth")}
    return CommandAnswer(lines=(json.dumps(told),))

class Plugin:
    @hookimpl
    def commands(self):
        what = Argument(name="what", help="w")
        return [Command(name="do", help="Do it", run=run, arguments=(what,))]

plugin = Plugin()
"""


def wheel(folder: Path, name: str, version: str, files: dict[str, str], entry: str = "") -> Path:
    """Build a wheel as a vendor's tools would."""
    made = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entry,
    }
    record = "".join(f"{path},,\n" for path in files) + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return made


def vendor_wheel(folder: Path, name: str = NAME, **more: str) -> Path:
    package = f"vendor_{name}"
    files = {
        f"{package}/__init__.py": "",
        f"{package}/plugin.py": CODE,
        f"{package}/kundelik.toml": manifest(name),
        **more,
    }
    entry = f"[kundelik.plugins]\n{name} = {package}.plugin:plugin\n"
    return wheel(folder, package, "1.0", files, entry)


def locked(folder: Path, made: Path, name: str, version: str) -> Path:
    lock = folder / "lock.txt"
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    lock.write_text(f"{name}=={version} --hash=sha256:{digest}\n")
    return lock


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


async def test_it_runs_in_its_own_environment_and_brings_its_own_versions(
    tmp_path: Path, wheels: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    settings.data_dir.mkdir()
    helper = wheel(wheels, "helper", "3.0", {"helper.py": "VERSION = '3.0'"})
    pth = {"evil.pth": "import sys; sys.marked_by_pth = True\n"}
    made = vendor_wheel(wheels, **pth)
    lock = locked(tmp_path, helper, "helper", "3.0")
    home = home_of(settings)
    await asyncio.to_thread(make_venv, home, NAME, made, lock, wheels)
    (found,) = find_in_venvs(home)
    assert (found.name, found.version, found.reason) == (NAME, "1.0", None)
    assert found in all_found(settings)
    plan = plan_of(found, settings)
    place = place_of(settings.data_dir)
    with PluginHosts(place, lambda: [plan]):
        host = Hosting(place)
        assert (await asyncio.to_thread(host.load, found)).loaded
        told = json.loads(await said(host.dispatcher(), "x"))
        await host.hosted.close()
    assert told == {
        "helper": "3.0",
        "python": plan.python,
        "msgspec": msgspec.__version__,
        # A file of the wheel that would run code at every start did not run.
        "marked": False,
    }
    assert plan.python.startswith(str(home))


@pytest.mark.parametrize("what", ["hash", "missing", "core", "other", "old"])
async def test_what_does_not_fit_is_refused_and_the_old_one_stays(
    tmp_path: Path, wheels: Path, what: str
) -> None:
    old = tmp_path / "home" / NAME / "venv"
    old.mkdir(parents=True)
    core = {"kundelik_core/__init__.py": ""} if what == "core" else {}
    made = vendor_wheel(wheels, "another" if what == "other" else NAME, **core)
    helper = wheel(wheels, "helper", "3.0", {"helper.py": ""})
    lock = locked(tmp_path, made if what == "hash" else helper, "helper", "3.0")
    if what == "missing":
        helper.unlink()
    if what == "old":
        lock.write_text("helper==3.0\n")  # no hash at all
    with pytest.raises(Problem) as caught:
        await asyncio.to_thread(make_venv, tmp_path / "home", NAME, made, lock, wheels)
    assert caught.value.code == "plugin-venv"
    assert old.exists()
