"""What a class shares of a week is read once, is never old, and is drawn as everything together."""

from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from kundelik_core.gradebook.access import Viewer
from kundelik_core.gradebook.diary.kept import WEEKS, Weeks
from kundelik_core.gradebook.diary.model import DiaryWeek, SharedWeek
from kundelik_core.gradebook.diary.queries import diary_week
from kundelik_core.gradebook.journal.held import JOURNALS
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id
from kundelik_core.web.middleware import Shell
from kundelik_core.web.remembered import PAGES
from tests.factories import Factory
from tests.integration.gradebook.test_pages import Town, cell, client, save, town, work

pytestmark = pytest.mark.usefixtures("at_school")
__all__ = ["town"]

WEEK = "2026-W45"


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    WEEKS.clear()
    yield
    WEEKS.clear()


async def _text(who: httpx.AsyncClient, pupil: object) -> str:
    answer = await who.get(f"/diary/{pupil}/{WEEK}")
    assert answer.status_code == 200
    return answer.text


async def _homework(town: Town, base: str, text: str) -> None:
    answer = await town.teacher.post(
        f"{town.api}/lessons/{town.journal.lessons[1]}",
        json={"topic": "", "homework": text, "base": {"topic": "", "homework": base}},
    )
    assert answer.status_code == 200


async def test_a_class_reads_its_week_once(factory: Factory, app: Shell, town: Town) -> None:
    one, other = town.journal.pupils[:2]
    school = town.journal.school_id
    guardian = await factory.person(school, "Әлиев", "Самат", role="parent", sex="m")
    account = await factory.account(f"g.{new_id().hex}", memberships=[(school, guardian, "parent")])
    await factory.child(account, school, guardian, other)
    second = await client(app, account)
    await _homework(town, "", "№ 17")
    await save(town, cell(town, "9"))
    assert "№ 17" in (first := await _text(town.parent, one))
    assert '<span class="mk h">9</span>' in first
    assert len(WEEKS) == 1
    assert "№ 17" in (text := await _text(second, other))
    assert "mk h" not in text
    # Marks, by a journal that is held, leave what is shared as it is.
    await save(town, cell(town, "7", "9"))
    assert '<span class="mk m">7</span>' in await _text(town.parent, one)
    assert len(WEEKS) == 1
    await _homework(town, "№ 17", "№ 18")
    for who, pupil in ((town.parent, one), (second, other)):
        assert "№ 18" in (text := await _text(who, pupil))
        assert "№ 17" not in text
    assert len(WEEKS) == 2


async def test_a_group_joined_or_left_is_another_week(factory: Factory, town: Town) -> None:
    where = town.journal
    before = await _text(town.parent, where.pupils[0])
    more = await factory.journal(where.school_id, subject="music", pupils=1)
    async with tenant(where.school_id, write=True) as tx:
        await tx.execute(
            "insert into core.group_pupil (school_id, group_id, pupil_id, from_date)"
            " values ($1, $2, $3, $4)",
            tx.school_id, more.group, where.pupils[0], date(2026, 9, 1),
        )  # fmt: skip
    after = await _text(town.parent, where.pupils[0])
    assert after.count('<li class="les') == 2 * before.count('<li class="les')


async def test_drawn_is_what_is_laid_out(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    sor = work(date="2026-11-04")
    assert (await town.teacher.post(f"{town.api}/works", json=sor)).status_code == 200
    pupil = town.journal.pupils[0]
    await save(
        town, cell(town, "9"), cell(town, "8 о", lesson=1), cell(town, "н", lesson=2),
        cell(town, "12") | {"column": sor["id"]},
    )  # fmt: skip
    await _homework(town, "", "<b>№ 1 & 2</b>")
    remark = {"id": str(new_id()), "comment": "Жарайсың <3"}
    for lesson in (0, 3):
        path = f"{town.api}/cells/{town.journal.lessons[lesson]}/{pupil}/comment"
        assert (await town.teacher.post(path, json=remark | {"id": str(new_id())})).is_success
    await town.parent.post(f"/diary/{pupil}/{WEEK}/seen")
    drawn = await _text(town.parent, pupil)
    assert "<small>/15</small>" in drawn
    readers = [(town.parent, lang) for lang in ("kk", "ru", "en")] + [(town.teacher, "ru")]
    looks = [(who, f"/diary/{pupil}/{WEEK}?lang={lang}") for who, lang in readers]
    looks += [(town.parent, "/diary"), (town.parent, f"/diary/{pupil}/2026-W44")]
    pages = [(await who.get(path)).text for who, path in looks]
    assert len(set(pages)) == len(looks)
    monkeypatch.setattr("kundelik_core.web.diary.drawn_week", lambda *_: None)
    PAGES.clear()
    for (who, path), page in zip(looks, pages, strict=True):
        assert (await who.get(path)).text == page, path


async def test_marks_in_columns_that_came_since(town: Town) -> None:
    """The class's week is kept; a lesson's column comes with its first mark, and counts nothing."""
    pupil = town.journal.pupils[0]
    await save(town, cell(town, "5"))
    await _text(town.parent, pupil)
    # By a journal that is held, and the old way with another process's eyes.
    await save(town, cell(town, "6", lesson=1))
    await save(town, cell(town, "7", lesson=2))
    JOURNALS.clear()
    await save(town, cell(town, "8 о", lesson=3))
    text = await _text(town.parent, pupil)
    assert len(WEEKS) == 1
    assert [f">{n}</span>" in text for n in "5678"] == [True] * 4
    WEEKS.clear()
    PAGES.clear()
    assert await _text(town.parent, pupil) == text


async def test_a_work_that_is_cancelled_takes_its_marks_along(town: Town) -> None:
    sor = work(date="2026-11-04")
    assert (await town.teacher.post(f"{town.api}/works", json=sor)).is_success
    await save(town, cell(town, "12") | {"column": sor["id"]})
    pupil = town.journal.pupils[0]
    assert "<small>/15</small>" in await _text(town.parent, pupil)
    path = f"{town.api}/works/{sor['id']}"
    moved = work(date="2026-11-05", max="20") | {"id": sor["id"]}
    assert (await town.teacher.post(path, json=moved)).is_success
    assert "<small>/20</small>" in await _text(town.parent, pupil)
    assert (await town.teacher.post(f"{path}/void", json={"reason": "қате"})).is_success
    assert "<small>/20</small>" not in await _text(town.parent, pupil)


async def test_a_week_is_read_in_its_school_alone(factory: Factory, town: Town) -> None:
    where, other = town.journal, await factory.school()
    viewer = Viewer(new_id(), None, frozenset({"director"}))
    span, now = (date(2026, 11, 2), date(2026, 11, 8)), (clock.today(), clock.now())

    async def look(school: int, kept: tuple[object, ...] | None = None) -> DiaryWeek | None:
        return await diary_week(
            school, viewer, where.pupils[0], span, year=2026, now=now, schools=[], kept=kept
        )

    week = await look(where.school_id)
    assert week is not None
    assert week.groups
    assert await look(where.school_id, week.versions) is None
    with pytest.raises(Problem, match="not-found"):
        await look(other)


async def test_what_is_known_of_a_child_is_of_one_version(town: Town) -> None:
    where = town.journal
    viewer = Viewer(new_id(), None, frozenset({"director"}))
    span, now = (date(2026, 11, 2), date(2026, 11, 8)), (clock.today(), clock.now())

    async def look(before: DiaryWeek | None = None) -> DiaryWeek:
        week = await diary_week(
            where.school_id, viewer, where.pupils[0], span, year=2026, now=now, schools=[],
            kept=before.versions if before else None, known=before.who if before else None,
        )  # fmt: skip
        assert week is not None
        return week

    first = await look()
    await save(town, cell(town, "9"))
    # A mark changes nothing of whose week it is: that is not read again.
    second = await look(first)
    assert second.who is first.who
    assert len(second.marks) == len(first.marks) + 1
    async with tenant(where.school_id, write=True) as tx:
        await tx.execute(
            "update core.person set given = 'Жаңа' where school_id = $1 and id = $2",
            tx.school_id, where.pupils[0],
        )  # fmt: skip
    third = await look(second)
    assert third.who.pupil is not None
    assert third.who.pupil[1] == "Жаңа"
    async with tenant(where.school_id, write=True) as tx:
        await tx.execute(
            "update core.person set status = 'erased' where school_id = $1 and id = $2",
            tx.school_id, where.pupils[0],
        )  # fmt: skip
    with pytest.raises(Problem, match="not-found"):
        await look(third)


async def test_who_shares_a_line_or_a_frame_sees_nothing_of_others(
    factory: Factory, app: Shell, town: Town
) -> None:
    """Two children of a class with the same marks, two families in the same place."""
    where, pupils = town.journal, town.journal.pupils[:2]
    guardian = await factory.person(where.school_id, "Әлиев", "Самат", role="parent", sex="m")
    account = await factory.account(
        f"g.{new_id().hex}",
        name="Әлиев <Самат>",
        memberships=[(where.school_id, guardian, "parent")],
    )
    await factory.child(account, where.school_id, guardian, pupils[1])
    second = await client(app, account)
    await save(town, *(cell(town, "9", pupil=n, lesson=1) for n in (0, 1)))
    pages = [await _text(town.parent, pupils[0]), await _text(second, pupils[1])]
    for page, mine, other in zip(pages, pupils, reversed(pupils), strict=True):
        assert f"/diary/{mine}/marks/{where.group}/q2" in page
        assert str(other) not in page
        assert page.count("Әлиев &lt;Самат&gt;") == (2 + 1 if mine == pupils[1] else 0)
    explained = [page.partition('<details class="why">')[2].partition("<p><a")[0] for page in pages]
    assert explained[0] == explained[1] != ""


async def test_a_work_on_a_day_without_a_lesson_has_a_line(factory: Factory, town: Town) -> None:
    pupil, made = town.journal.pupils[0], new_id()
    async with tenant(town.journal.school_id, write=True) as tx:
        await tx.execute(
            "insert into core.work (school_id, id, group_id, kind, date, max_points)"
            " values ($1, $2, $3, 'sor', $4, 15)",
            tx.school_id, made, town.journal.group, date(2026, 11, 7),
        )  # fmt: skip
    await save(town, cell(town, "12") | {"column": str(made)})
    text = await _text(town.parent, pupil)
    assert 'id="d2026-11-07"' in text
    assert "<small>/15</small>" in text


def test_the_longest_unasked_goes_first() -> None:
    weeks = Weeks(2)
    week = SharedWeek(None, [], [], [], [])
    for key in "ab":
        weeks.keep(key, week)
    assert weeks.find("a") is week
    weeks.keep("c", week)
    assert weeks.find("b") is None
    assert weeks.find("a") is week
    assert len(weeks) == 2
