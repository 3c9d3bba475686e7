"""A page that was kept is the page that would be made anew, whatever was written in between."""

import re
from collections.abc import Awaitable, Callable
from datetime import date

import brotli
import httpx
import pytest

from kundelik_core.gradebook.diary.kept import WEEKS
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.web.frame import NOTES
from kundelik_core.web.middleware import Shell
from kundelik_core.web.remembered import PAGES, PLACE, KeptPage, Pages, keep_page
from tests.factories import Factory
from tests.integration.gradebook.test_pages import Town, cell, client, save, town, work

pytestmark = pytest.mark.usefixtures("at_school")
__all__ = ["town"]

Act = Callable[[Town], Awaitable[object]]


async def _plain_update(of: Town, sql: str, *args: object) -> None:
    """Change a school as an office page, an import or a plugin's action does."""
    async with tenant(of.journal.school_id, write=True) as tx:
        await tx.execute(sql, tx.school_id, *args)


ACTS: dict[str, Act] = {
    "a mark": lambda t: save(t, cell(t, "9")),
    "a mark of another pupil": lambda t: save(t, cell(t, "7", pupil=1)),
    "an absence": lambda t: save(t, cell(t, "н", lesson=1)),
    "topic and homework": lambda t: t.teacher.post(
        f"{t.api}/lessons/{t.journal.lessons[0]}",
        json={"topic": "Тақырып", "homework": "№ 1", "base": {"topic": "", "homework": ""}},
    ),
    "a work": lambda t: t.teacher.post(f"{t.api}/works", json=work()),
    "a comment": lambda t: t.teacher.post(
        f"{t.api}/cells/{t.journal.lessons[0]}/{t.journal.pupils[0]}/comment",
        json={"id": str(new_id()), "comment": "Жарайсың"},
    ),
    "a look of the family": lambda t: t.parent.post(
        f"/diary/{t.journal.pupils[0]}/2026-W45/seen"
    ),
    "a name": lambda t: _plain_update(
        t, "update core.person set surname = 'Жаңа' where school_id = $1 and id = $2",
        t.journal.pupils[0],
    ),
    "a room for the subject's name": lambda t: _plain_update(
        t, "update core.subject set title_ru = 'Иначе' where school_id = $1"
    ),
    "a pupil who leaves": lambda t: _plain_update(
        t, "update core.group_pupil set to_date = $2 where school_id = $1 and pupil_id = $3",
        date(2026, 11, 3), t.journal.pupils[0],
    ),
    "a free day": lambda t: _plain_update(
        t, "update core.lesson set status = 'cancelled' where school_id = $1 and group_id = $2",
        t.journal.group,
    ),
    "a closed period": lambda t: _plain_update(
        t, "update core.period set state = 'closed' where school_id = $1"
    ),
}  # fmt: skip


def _same(page: httpx.Response) -> str:
    # Where a journal asks on from moves with the clock.
    return re.sub(r'data-cursor="\d+"', "", page.text)


@pytest.mark.parametrize("act", ACTS, ids=lambda name: name.replace(" ", "-"))
async def test_nothing_old_is_shown(town: Town, act: str) -> None:
    looks = [
        (town.parent, f"/diary/{town.journal.pupils[0]}/2026-W45"),
        (town.parent, "/diary"),
        (town.teacher, f"/journal/{town.journal.group}/q2"),
    ]
    await save(town, cell(town, "5", pupil=0, lesson=2))
    for who, path in looks:
        first = await who.get(path)
        assert first.status_code == 200
        assert _same(await who.get(path)) == _same(first)
    await ACTS[act](town)
    kept = [_same(await who.get(path)) for who, path in looks]
    PAGES.clear()
    WEEKS.clear()
    anew = [_same(await who.get(path)) for who, path in looks]
    assert kept == anew


async def test_the_second_look_is_the_kept_page(town: Town) -> None:
    path = f"/diary/{town.journal.pupils[0]}/2026-W45"
    await town.parent.get(path)
    before = len(PAGES)
    answer = await town.parent.get(path)
    assert len(PAGES) == before
    tag = answer.headers["etag"]
    assert (await town.parent.get(path, headers={"If-None-Match": tag})).status_code == 304
    plain = await town.parent.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == answer.text
    zipped = await town.parent.get(path, headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.text == answer.text


async def test_what_is_said_once_is_not_kept(town: Town) -> None:
    path = f"/diary/{town.journal.pupils[0]}/2026-W45"
    await town.parent.get(path)
    town.parent.cookies.set("kundelik_note", next(iter(NOTES)), domain="kundelik.test")
    assert 'role="status"' in (await town.parent.get(path)).text
    town.parent.cookies.delete("kundelik_note", domain="kundelik.test")
    assert 'role="status"' not in (await town.parent.get(path)).text


async def test_a_kept_page_is_nobody_elses(factory: Factory, app: Shell, town: Town) -> None:
    path = f"/diary/{town.journal.pupils[0]}/2026-W45"
    assert (await town.parent.get(path)).status_code == 200
    stranger = await factory.account(f"s.{new_id().hex[-12:]}")
    assert (await (await client(app, stranger)).get(path)).status_code == 404
    async with tenant(town.journal.school_id, write=True) as tx:
        await tx.execute(
            "update core.guardianship set to_date = $2 where school_id = $1",
            tx.school_id, date(2026, 11, 1),
        )  # fmt: skip
    assert (await town.parent.get(path)).status_code == 404


def test_the_longest_unasked_goes_first() -> None:
    def page(text: bytes) -> KeptPage:
        return KeptPage(1, (1, 1), date(2026, 11, 4), "", text, b"", "")

    pages = Pages(25)
    for key in "abc":
        pages.keep(key, page(b"x" * 10))
    assert pages.find("a", date(2026, 11, 4)) is None
    assert pages.find("b", date(2026, 11, 4)) is not None
    pages.keep("d", page(b"x" * 10))
    assert pages.find("c", date(2026, 11, 4)) is None
    assert pages.find("b", date(2026, 11, 5)) is None, "another day is another page"
    pages.keep("e", page(b"x" * 100))
    assert len(pages) == 0
    pages.keep(None, page(b"x"))
    assert len(pages) == 0


@pytest.mark.parametrize("length", [1, 2, 255, 65_535, 65_536, 65_537, 200_000])
def test_what_modules_add_is_put_into_the_packed_page(length: int) -> None:
    html = f"<p>{'Апта ' * 2000}{PLACE.decode()}<p>end".encode()
    page = keep_page(None, html, (1, (1, 1)), date(2026, 11, 4), "no-cache")
    assert brotli.decompress(page.answer().body) == html
    added = "x" * length
    whole = page.answer([added])
    assert brotli.decompress(whole.body) == html.replace(PLACE, added.encode() + PLACE)
    assert dict(whole.headers)[b"etag"] != dict(page.answer().headers)[b"etag"]
    plain = keep_page(None, b"no place", (1, (1, 1)), date(2026, 11, 4), "no-cache")
    assert brotli.decompress(plain.answer(["lost"]).body) == b"no place"
