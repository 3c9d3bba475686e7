"""A plugin from outside comes, is used, grows, trips and goes, and the core serves all along."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from kundelik_core.testing.town import School
from tests.server import roomy_dir
from tests.vendor.yard import NAME, Person, Place, Traffic, Yard, build, two_schools
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.durability, pytest.mark.xdist_group("durability")]

Mode = Literal["process", "host"]
BOARD = f"/x/{NAME}"

# Somebody leaves, as an action of the office says it.
LEAVES = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from kundelik_core.cli.install import installation, settings_with
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.outbox.emit import set_subscribers
from kundelik_core.schools.events import tell_left

async def main(folder, school, school_class, pupil):
    async with installation(settings_with(data_dir=Path(folder))):
        set_subscribers(lambda _school, _kind: ("lost_found",))
        async with tenant(int(school), write=True) as tx:
            await tell_left(tx, None, [(UUID(school_class), UUID(pupil))])
        await asyncio.sleep(0.5)

asyncio.run(main(*sys.argv[1:]))
"""


class Scene:
    """The yard with its two schools: the first switches the plugin on, the second does not."""

    def __init__(self, yard: Yard, places: list[Place], mode: Mode, wheels: Path) -> None:
        self.yard, self.mode = yard, mode
        self.on, self.off = places
        self._wheels = wheels
        self._people: list[Person] = []
        url = yard.server.url
        self.director, self.other = (self.person(url, one, "director") for one in places)
        self.pupil = self.person(url, self.on, "pupil")

    def person(self, url: str, place: Place, role: Any) -> Person:
        made = Person(url, place.tokens[role])
        self._people.append(made)
        return made

    def close(self) -> None:
        for one in self._people:
            one.close()

    @property
    def school(self) -> School:
        return self.on.school

    def bring(self, version: str) -> None:
        """Bring a version beside the server; in a host it comes with its approval."""
        self.wheel = build(version, self._wheels)
        if self.mode == "process":
            self.yard.install(self.wheel)

    def approve(self) -> dict[str, Any]:
        where = ["--in-process"] if self.mode == "process" else ["--wheel", str(self.wheel)]
        done: dict[str, Any] = self.yard.kundelik("plugin", "approve", NAME, *where)
        return done

    def load(self, approved: dict[str, Any]) -> None:
        """Let the workers load what was approved."""
        if self.mode == "host":
            self.yard.hosted(approved["sha256"])
        self.yard.reload()
        # The first worker that answers may not be the last one to have loaded it.
        for _ in range(10):
            wait_for(lambda: self.director.get(BOARD).status_code != 503, what="its page")

    def board(self) -> str:
        # Another worker hears of a turn a moment later, or within five seconds without the hub.
        answer = wait_for(
            lambda: (got := self.director.get(BOARD)).status_code == 200 and got, what="the board"
        )
        return str(answer.text)

    def gone(self, status: int = 404) -> None:
        """It is not on any page of the school, and the school's own pages are."""
        wait_for(lambda: self.director.get(BOARD).status_code == status, what=f"status {status}")
        page = self.director.get(f"/classes/{self.school.class_id}")
        assert page.status_code == 200
        assert "To the board" not in page.text
        assert self.director.get("/office/modules").status_code == 200

    def elsewhere(self) -> None:
        """The other school never hears of it."""
        assert self.other.get(BOARD).status_code == 404
        page = self.other.get(f"/classes/{self.off.school.class_id}")
        assert page.status_code == 200
        assert "To the board" not in page.text


@contextmanager
def scene(mode: Mode, places: list[Place], folder: Path) -> Iterator[Scene]:
    yard = Yard(folder)
    wheels = folder / "wheels"
    wheels.mkdir()
    yard.server.start()
    made: Scene | None = None
    traffic = Traffic(yard.server.url, places)
    try:
        made = Scene(yard, places, mode, wheels)
        traffic.start()
        yield made
    except BaseException as error:
        error.add_note(yard.server.said())
        raise
    finally:
        traffic.end()
        if made is not None:
            made.close()
        said = yard.server.said()
        yard.server.stop()
    assert traffic.faults == [], said
    # At most one connection for each worker that was replaced.
    assert len(traffic.resent) <= 2 * yard.reloads, traffic.resent
    assert traffic.done > 100
    assert traffic.slowest < 10


@pytest.fixture
def folder() -> Iterator[Path]:
    with roomy_dir("vendor") as made:
        yield made


@pytest.mark.parametrize("mode", ["process", "host"])
async def test_from_the_wheel_to_the_end(mode: Mode, folder: Path) -> None:
    postgres, _urls, places = await two_schools(folder)
    try:
        with scene(mode, places, folder) as here:
            comes(here)
            is_used(here)
            grows(here)
            trips(here)
            goes(here)
    finally:
        postgres.stop()


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_the_vendor_s_own_suite_and_the_check_pass(version: str, folder: Path) -> None:
    wheel = build(version, folder)
    Yard(folder).vendor_s_own(folder / f"source-{version}", wheel)


def comes(here: Scene) -> None:
    here.bring("1.0.0")
    if here.mode == "process":
        assert here.yard.plugin()["state"] == "found"
    here.yard.reload()
    here.gone()
    done = here.approve()
    assert (done["state"], done["version"], done["mode"]) == ("migrated", "1.0.0", here.mode)
    assert done["scopes"] == []
    here.gone()
    here.load(done)
    here.gone()
    assert here.yard.plugin()["state"] == "migrated"
    assert here.director.post(f"/office/modules/{NAME}/on").status_code == 303
    assert "Nothing waits" in here.board()
    here.elsewhere()


def is_used(here: Scene) -> None:
    # By now every worker has heard.
    assert all(here.board() for _ in range(10))
    sent = here.pupil.post(f"{BOARD}/found", data={"what": "A <b>glove</b>", "place": "Hall"})
    assert (sent.status_code, sent.headers["location"]) == (303, BOARD)
    assert "A &lt;b&gt;glove&lt;/b&gt;" in here.board()
    assert here.pupil.post(f"{BOARD}/found", data={"what": " "}).status_code == 422
    page = here.director.get(f"/classes/{here.school.class_id}").text
    assert re.search("1 thing waits.*To the board", page, re.DOTALL)
    here.elsewhere()
    # A school's own settings, from its own form.
    form = here.director.get(f"/office/modules/{NAME}").text
    assert "How many days a thing stays on the board" in form
    seen = re.search(r'name="_?seen" value="(\d+)"', form)
    changed = {"days": "7", **({"seen": seen[1]} if seen else {})}
    saved = here.director.post(f"/office/modules/{NAME}/settings", data=changed)
    assert saved.status_code == 303, saved.text
    assert 'value="7"' in here.director.get(f"/office/modules/{NAME}").text


def grows(here: Scene) -> None:
    here.bring("1.1.0")
    if here.mode == "process":
        # Installed over the old one, it runs no more until somebody has looked at it.
        assert "1.0.0" in here.yard.plugin()["reason"]
        assert here.yard.kundelik("plugin", "show", NAME)["new_scopes"] == ["student.v1"]
        here.yard.reload()
        here.gone()
    done = here.approve()
    assert (done["state"], done["version"], done["scopes"]) == ("migrated", "1.1.0", ["student.v1"])
    here.load(done)
    board = wait_for(lambda: "Айша" in (text := here.board()) and text, what="the finder's name")
    assert "A &lt;b&gt;glove&lt;/b&gt;" in board
    assert "Names and classes of pupils" in here.director.get("/office/modules").text
    here.elsewhere()
    # It hears who leaves, through the worker.
    school = here.school
    here.yard.script(LEAVES, str(school.id), str(school.class_id), str(school.students[0].id))
    wait_for(lambda: "Айша" not in here.board(), what="the finder is forgotten")


def trips(here: Scene) -> None:
    here.yard.kundelik("plugin", "trip", NAME, "--reason", "slow since noon")
    here.gone(503)
    here.yard.kundelik("plugin", "reset", NAME)
    for _ in range(5):
        wait_for(lambda: here.director.get(BOARD).status_code == 200, what="it is let go")
    here.elsewhere()


def goes(here: Scene) -> None:
    assert here.director.post(f"/office/modules/{NAME}/off").status_code == 303
    here.gone()
    assert here.director.post(f"/office/modules/{NAME}/on").status_code == 303
    assert "glove" in here.board()
    here.yard.kundelik("plugin", "disable", NAME, "--reason", "the end of the trial")
    here.gone()
    kept = here.yard.kundelik("plugin", "retain", NAME)
    assert "glove" in Path(kept["file"]).read_text()
    here.gone()
    assert here.yard.plugin()["state"] == "retained"
    here.yard.kundelik("plugin", "erase", NAME, "--early", "--yes")
    assert here.yard.plugin()["state"] == "erased"
    here.yard.reload()
    here.gone()
