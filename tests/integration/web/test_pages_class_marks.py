"""The summary sheet of a class, and the journals of a school by class."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from kundelik_core.gradebook.schemes.catalogue import newest
from kundelik_core.kernel.clock import set_now
from kundelik_core.web.middleware import Shell
from tests.factories import NOW, Factory
from tests.security.town import CHILD_HERE, Town, make_town
from tests.web import browser, open_session

WEDNESDAY = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_school() -> Iterator[None]:
    with set_now(WEDNESDAY):
        yield


@pytest.fixture(scope="module")
async def town(factory: Factory) -> Town:
    return await make_town(factory)


async def get(app: Shell, town: Town, role: str, path: str) -> httpx.Response:
    async with browser(app, token=await open_session(town.accounts[role])) as client:
        client.cookies.set("kundelik_lang", "en", domain="kundelik.test")
        return await client.get(path)


async def result(
    factory: Factory, town: Town, pupil: UUID, period: str, mark: str, *, given: str | None = None
) -> None:
    await factory.tenant.execute(
        "insert into core.period_result (school_id, pupil_id, group_id, period, percent, mark, "
        "given_mark, computed_at) values ($1, $2, $3, $4, 80, $5, $6, $7) "
        "on conflict (school_id, pupil_id, group_id, period) do update "
        "set mark = excluded.mark, given_mark = excluded.given_mark",
        town.here.id, pupil, town.here.journal.group, period, mark, given, NOW,
    )  # fmt: skip


def row(page: str, pupil: UUID) -> str:
    """The row of a pupil."""
    (found,) = [part for part in page.split("<tr>") if f"/diary/{pupil}/marks" in part]
    return found.partition("</tr>")[0]


async def test_a_class_is_shown_with_the_results_of_a_period(
    app: Shell, town: Town, factory: Factory
) -> None:
    journal = town.here.journal
    await result(factory, town, journal.pupils[0], "q1", "3")
    await result(factory, town, journal.pupils[0], "q2", "5")
    await result(factory, town, journal.pupils[1], "q2", "3", given="4")
    base = f"/classes/{journal.school_class}"
    assert f'href="{base}/marks"' in (await get(app, town, "homeroom", base)).text
    now = (await get(app, town, "homeroom", f"{base}/marks")).text
    subject = f'href="/diary/{journal.pupils[0]}/marks/{journal.group}/q2">5</a>'
    assert subject in row(now, journal.pupils[0])
    assert ">4</a>" in row(now, journal.pupils[1]), "a given mark stands before the computed one"
    assert "</a>" not in row(now, journal.pupils[2]).partition("</th>")[2]
    foot = now.partition("<tfoot>")[2]
    assert foot.count("4.50") == 2, "the mean of the subject and of the class"
    before = (await get(app, town, "homeroom", f"{base}/marks/q1")).text
    assert ">3</a>" in row(before, journal.pupils[0])
    assert "4.50" not in before
    assert (await get(app, town, "homeroom", f"{base}/marks/q9")).status_code == 404


async def test_a_class_that_is_not_ones_own_stays_closed(app: Shell, town: Town) -> None:
    path = f"/classes/{town.here.other.school_class}/marks"
    assert (await get(app, town, "homeroom", path)).status_code == 404
    assert (await get(app, town, "psychologist", path)).status_code == 200
    own = f"/classes/{town.here.journal.school_class}"
    answer = await get(app, town, "teacher", f"{own}/marks")
    assert answer.status_code == 404
    assert CHILD_HERE not in answer.text
    assert f"{own}/marks" not in (await get(app, town, "teacher", own)).text


async def test_a_schools_journals_stand_by_class_and_a_teachers_by_subject(
    app: Shell, town: Town, factory: Factory
) -> None:
    titles = {town.here.journal.group: "5 «Б»", town.here.other.group: "5 «Ә» (1)"}
    for group, title in titles.items():
        await factory.tenant.execute(
            "update core.teaching_group set title = $3 where school_id = $1 and id = $2",
            town.here.id, group, title,
        )  # fmt: skip
    director = (await get(app, town, "director", "/journal")).text
    assert heads(director) == ["5 «Ә»", "5 «Б»"], "letters go in the Kazakh order"
    assert " (1)</b>" in director
    teacher = (await get(app, town, "teacher", "/journal")).text
    assert len(heads(teacher)) == 1
    assert "<b>5 «Б»</b>" in teacher


async def test_a_class_without_marks_is_not_told_to_wait_for_them(
    app: Shell, town: Town, factory: Factory
) -> None:
    other = town.here.other
    path = f"/classes/{other.school_class}/marks"
    await factory.tenant.execute(
        "update core.teaching_group set scheme_code = $3, scheme_version = $4 "
        "where school_id = $1 and id = $2",
        town.here.id, other.group, "kz-grade1-none", newest("kz-grade1-none").version,
    )  # fmt: skip
    page = (await get(app, town, "director", path)).text
    assert "No marks are given in this class" in page
    assert "No marks yet" not in page


def heads(page: str) -> list[str]:
    """The headings of a page's cards."""
    return [part.partition("</h2>")[0] for part in page.split("<h2>")[1:]]
