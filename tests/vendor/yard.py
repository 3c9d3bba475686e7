"""Build the vendor's wheel, run the server it comes to, and the people who use it."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
import venv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from hatchling.builders.wheel import WheelBuilder
from typing_extensions import override

from kundelik_core.identity.rules import new_token, token_hash
from kundelik_core.kernel.boot import DATABASE, SOURCES, Urls, embedded_urls, migrate_all
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.pg import EmbeddedPostgres
from kundelik_core.plugins.host.load import greeted
from kundelik_core.plugins.host.place import place_of
from kundelik_core.sdk import Role
from kundelik_core.testing.town import School, make_school
from kundelik_core.web.setup import LOADERS
from kundelik_core.web.visit import LANG_COOKIE, SESSION_COOKIE
from tests.factories import Factory
from tests.server import COMMAND, Server
from tests.waiting import wait_for

__all__ = ["NAME", "Person", "Traffic", "Yard", "build", "two_schools"]

NAME: Final = "lost_found"
HERE: Final = Path(__file__).parent
_ENV: Final = {k: v for k, v in os.environ.items() if not k.startswith("KUNDELIK_")}


def build(version: str, folder: Path) -> Path:
    """Build a version of the plugin, and return its wheel."""
    source = folder / f"source-{version}"
    shutil.copytree(HERE / "kundelik-lost-found", source)
    change = HERE / f"kundelik-lost-found-{version.rpartition('.')[0]}"
    if change.exists():
        shutil.copytree(change, source, dirs_exist_ok=True)
    (wheel,) = WheelBuilder(str(source)).build(directory=str(folder), versions=["standard"])
    return Path(wheel)


def clean_environment(folder: Path) -> Path:
    """Make an environment that has the core in it and nothing else, and return its interpreter."""
    venv.EnvBuilder(with_pip=False).create(folder)
    (site,) = folder.glob("lib/python3*/site-packages")
    core = sysconfig.get_paths()["purelib"]
    (site / "core.pth").write_text(f"import site; site.addsitedir({core!r})\n")
    return folder / "bin" / "python"


class Person:
    """Somebody in front of the pages; each request over a connection of its own."""

    def __init__(self, url: str, token: str) -> None:
        cookies = {SESSION_COOKIE: token, LANG_COOKIE: "en"}
        headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", "Connection": "close"}
        self._client = httpx.Client(base_url=url, cookies=cookies, headers=headers, timeout=30)

    def get(self, path: str) -> httpx.Response:
        return self._client.get(path)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self._client.post(path, **body)

    def close(self) -> None:
        self._client.close()


class Place(msgspec.Struct):
    """A school, and the sessions of its people by role."""

    school: School
    tokens: dict[Role, str]

    @property
    def week(self) -> str:
        year, week, _day = self.school.days[0].isocalendar()
        return f"{year}-W{week:02}"


async def two_schools(place: Path) -> tuple[EmbeddedPostgres, Urls, list[Place]]:
    """Start the database of an installation, and put two schools into it."""
    postgres = EmbeddedPostgres(place)
    postgres.start()
    urls = embedded_urls(postgres, dict.fromkeys(SOURCES, DATABASE))
    await migrate_all(urls, postgres, LOADERS)
    factory = await Factory.open(urls)
    try:
        schools = [await make_school(factory) for _ in range(2)]
        return postgres, urls, [Place(one, await _sessions(factory, one)) for one in schools]
    finally:
        await factory.close()


async def _sessions(factory: Factory, school: School) -> dict[Role, str]:
    found: dict[Role, str] = {}
    now = datetime.now(UTC)
    for role, account in school.accounts.items():
        found[role] = new_token()
        await factory.directory.execute(
            "insert into directory.session (token_hash, account_id, created_at, seen_at, "
            "expires_at) values ($1, $2, $3, $3, $4)",
            token_hash(found[role]), account, now, now + timedelta(hours=2),
        )  # fmt: skip
    return found


class Traffic(threading.Thread):
    """Families read their diaries and teachers save marks, all the time; every fault is kept."""

    def __init__(self, url: str, places: list[Place]) -> None:
        super().__init__(name="traffic", daemon=True)
        self.faults: list[str] = []
        self.resent: list[str] = []
        self.done = 0
        self.slowest = 0.0
        self.marks = dict.fromkeys((one.school.id for one in places), "")
        self._places = places
        self._people = {
            (one.school.id, role): Person(url, one.tokens[role])
            for one in places
            for role in ("parent", "teacher")
        }
        self._ending = threading.Event()

    @override
    def run(self) -> None:
        for number in itertools.count():
            for place in self._places:
                self._count(partial(self._read, place))
                self._count(partial(self._save, place, str(5 + number % 5)))
            if self._ending.wait(0.15):
                return

    def end(self) -> None:
        """Let them go home."""
        self._ending.set()
        self.join(60)
        assert not self.is_alive()
        for one in self._people.values():
            one.close()

    def _count(self, act: Callable[[], None]) -> None:
        began = time.monotonic()
        try:
            act()
        except (httpx.HTTPError, AssertionError, KeyError, ValueError) as error:
            self.faults.append(f"{datetime.now(UTC):%H:%M:%S} {type(error).__name__}: {error}")
        self.done += 1
        self.slowest = max(self.slowest, time.monotonic() - began)

    def _again(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """Ask, and once more if the connection was closed without a word.

        That is what browsers do, and the journal with what it saves: a change has an id. A worker
        that is being replaced may have taken a connection at the very moment when it stops.
        """
        try:
            return ask()
        except httpx.RemoteProtocolError as error:
            self.resent.append(f"{datetime.now(UTC):%H:%M:%S} {error}")
            return ask()

    def _read(self, place: Place) -> None:
        child = place.school.students[0].id
        parent = self._people[place.school.id, "parent"]
        answer = self._again(lambda: parent.get(f"/diary/{child}/{place.week}"))
        assert answer.status_code == 200, answer.status_code
        assert answer.text.rstrip().endswith("</html>")
        mark = self.marks[place.school.id]
        assert not mark or f">{mark}<" in answer.text, f"no {mark}"

    def _save(self, place: Place, value: str) -> None:
        school = place.school
        change = {
            "id": str(new_id()), "column": str(school.lessons[0]),
            "pupil": str(school.students[0].id), "value": value,
            "base": self.marks[school.id], "reason": None,
        }  # fmt: skip
        teacher = self._people[school.id, "teacher"]
        path, body = f"/api/v1/journal/{school.group_id}/cells", {"changes": [change]}
        answer = self._again(lambda: teacher.post(path, json=body))
        assert answer.status_code == 200, answer.status_code
        (result,) = answer.json()["results"]
        assert result["state"] in {"saved", "unchanged"}, result
        self.marks[school.id] = value


class Yard:
    """An installation: its server, its commands, its environment."""

    def __init__(self, data_dir: Path, workers: int = 2) -> None:
        self.data_dir = data_dir
        self.python = clean_environment(data_dir / "venv")
        self.server = Server(data_dir, workers=workers, python=str(self.python))
        self.reloads = 0

    def install(self, wheel: Path) -> None:
        """Install a wheel beside the server, as pip does it, without a network."""
        self._run(
            [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--no-index",
             "--no-deps", "--disable-pip-version-check", "-q", str(wheel)]
        )  # fmt: skip

    def kundelik(self, *words: str) -> Any:
        """Run a command of the operator, and return what it answers for scripts."""
        done = self._run(
            [str(self.python), "-c", COMMAND, *words, "--json", "--data-dir", str(self.data_dir)]
        )
        return json.loads(done.stdout)

    def script(self, code: str, *words: str) -> None:
        """Run a script of ours against the installation."""
        self._run([str(self.python), "-c", code, str(self.data_dir), *words])

    def _run(
        self, command: list[str], cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=_ENV,
            cwd=cwd or self.data_dir, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{command[2:]}: {done.stdout}{done.stderr}"
        return done

    def plugin(self) -> dict[str, Any]:
        """Return what the operator is told of the plugin; empty when there is none."""
        done = subprocess.run(
            [str(self.python), "-c", COMMAND, "plugin", "list", "--json", "--data-dir",
             str(self.data_dir)],
            capture_output=True, text=True, check=False, env=_ENV, cwd=self.data_dir, timeout=120,
        )  # fmt: skip
        rows = json.loads(done.stdout)
        return next((row for row in rows if row["name"] == NAME), {})

    def reload(self) -> None:
        """Have the workers replaced one by one, as an operator does after an approval."""
        self.reloads += 1
        before, jobs = set(self.server.workers()), self._jobs()
        os.kill(self.server.master, signal.SIGHUP)
        wait_for(
            lambda: len(now := set(self.server.workers())) == len(before) and not now & before,
            what=f"new workers; {self.server.said()}",
        )
        wait_for(lambda: (now := self._jobs()) and not now & jobs, what="a new job worker")

    def vendor_s_own(self, source: Path, wheel: Path) -> None:
        """Run what a vendor runs before a release: the suite with the kit, and the check."""
        self.install(wheel)
        self._run([str(self.python), "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=source)
        self._run([str(self.python), "-c", COMMAND, "plugin", "check", str(wheel)])

    def _jobs(self) -> set[int]:
        """Return the process of the job worker."""
        found = set()
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command, stat = file.read_bytes(), (file.parent / "stat").read_text()
            except OSError:
                continue
            parent = int(stat.rpartition(")")[2].split()[1])
            if b"kundelik_core.cli.worker" in command and parent == self.server.master:
                found.add(int(file.parent.name))
        return found

    def hosted(self, sha256: str) -> None:
        """Wait until a process of the plugin answers that runs exactly this version."""
        place = place_of(self.data_dir)

        def runs() -> bool:
            try:
                _welcome, why = greeted(place, NAME, sha256)
            except OSError:
                return False
            return not why

        wait_for(runs, 90, "the plugin's process")
