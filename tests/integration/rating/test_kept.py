"""What was worked out for a family's page is kept, and never longer than it is right."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from kundelik_rating.kept import KEPT
from kundelik_rating.store_sql import FIRST, HOME, LOOKS

from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.context import call_for
from kundelik_core.plugins.database.engine import PluginTransaction
from kundelik_core.plugins.declared import HandlerRef, page_name
from kundelik_core.sdk import Actor, Erasure, Html, PageRequest, School, Subject
from kundelik_core.testing.factory import Journal
from tests.integration.rating.conftest import MONDAY, Rated, at

WEEK = timedelta(days=7)
TWELVE = (90, 80, 75, 70, 66, 60, 55, 50, 40, 30, 20, 10)


@pytest.fixture(autouse=True)
def _new_process() -> None:
    KEPT.forget()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the statements that read rows, as they are sent."""
    found: list[str] = []
    real = PluginTransaction.fetch

    async def fetch(tx: PluginTransaction, sql: str, *args: object) -> list[dict[str, Any]]:
        found.append(sql)
        return await real(tx, sql, *args)

    monkeypatch.setattr(PluginTransaction, "fetch", fetch)
    return found


async def page(rated: Rated, pupil: UUID, day: date, locale: str = "en") -> Html:
    """Return the page as a parent sees it on a day."""
    async with at(day):
        actor = Actor(person_id=new_id(), roles=("parent",), students=(pupil,))
        school = School(id=rated.school, name="", zone=SCHOOL_ZONE)
        outcome = await rated.host.dispatcher.call(
            HandlerRef("rating", "page", page_name("GET", "")), PageRequest(),
            await rated.host.allowed.active(rated.school), call_for(school, locale, actor),  # type: ignore[arg-type]
        )  # fmt: skip
    assert isinstance(outcome.value, Html), outcome
    return outcome.value


async def published(rated: Rated, results: Sequence[int], weeks: int = 1) -> Journal:
    """Let a class have results that are published, and open them to the first child."""
    journal = await rated.group(len(results))
    for week in range(weeks):
        told = dict(zip(journal.pupils, results, strict=True))
        await rated.results(journal.group, told, marks=3 + week)
        await rated.night(MONDAY + week * WEEK)
    await rated.entitle(journal.pupils[0], MONDAY, MONDAY + timedelta(days=60))
    return journal


async def test_the_second_look_reads_who_may_see_it_and_no_more(
    rated: Rated, sent: list[str]
) -> None:
    journal = await published(rated, TWELVE)
    pupil = journal.pupils[0]
    sent.clear()
    first = await page(rated, pupil, MONDAY)
    assert sent == [FIRST]
    sent.clear()
    assert await page(rated, pupil, MONDAY) == first
    assert sent == [HOME]
    # In another language it is drawn anew, of the same figures.
    other = await page(rated, pupil, MONDAY, "ru")
    assert other.context != first.context
    assert sent == [HOME, HOME]


async def test_what_is_published_is_there_at_the_next_look(rated: Rated, sent: list[str]) -> None:
    journal = await published(rated, TWELVE)
    pupil = journal.pupils[0]
    before = await page(rated, pupil, MONDAY)
    turned = dict(zip(journal.pupils, reversed(TWELVE), strict=True))
    await rated.results(journal.group, turned, marks=4)
    await rated.night(MONDAY + WEEK)
    sent.clear()
    after = await page(rated, pupil, MONDAY + WEEK)
    assert sent == [HOME, LOOKS]
    assert _result(before) == ["90.0%"]
    assert _result(after) == ["10.0%"]


async def test_access_choice_and_erasure_count_at_once(rated: Rated) -> None:
    journal = await published(rated, TWELVE)
    pupil = journal.pupils[0]
    assert (await page(rated, pupil, MONDAY)).context["open"]
    # The time is over, and nothing else has changed.
    assert not (await page(rated, pupil, MONDAY + timedelta(days=60))).context["open"]
    assert (await page(rated, pupil, MONDAY)).context["open"]
    await rated.choose(pupil, opted_out=True)
    out = await page(rated, pupil, MONDAY)
    assert (out.context["open"], out.context["profile"], out.context["detail"]) == (False, [], None)
    await rated.choose(pupil, opted_out=False)
    assert (await page(rated, pupil, MONDAY)).context["open"]
    await rated.call(
        "privacy", "erase", Erasure(subject=Subject(kind="student", id=pupil), mode="erase")
    )
    assert _result(await page(rated, pupil, MONDAY)) == []


async def test_a_revoked_grant_opens_nothing_that_was_kept(rated: Rated) -> None:
    journal = await published(rated, TWELVE)
    pupil = journal.pupils[0]
    assert _result(await page(rated, pupil, MONDAY)) == ["90.0%"]
    await rated.factory.tenant.execute(
        "update core.entitlement set revoked_at = valid_from "
        "where school_id = $1 and pupil_id = $2",
        rated.school, pupil,
    )  # fmt: skip
    closed = await page(rated, pupil, MONDAY)
    assert "90.0%" not in msgspec.json.encode(closed.context["profile"]).decode()
    assert closed.context["detail"] is None


async def test_one_child_s_sheet_is_not_another_s(rated: Rated) -> None:
    journal = await published(rated, TWELVE)
    other = journal.pupils[1]
    await rated.entitle(other, MONDAY, None)
    pages = [await page(rated, one, MONDAY) for one in (journal.pupils[0], other)]
    assert [_result(one) for one in pages] == [["90.0%"], ["80.0%"]]


def _result(shown: Html) -> list[object]:
    rows: Any = shown.context["profile"]
    return [row["result"] for row in rows if row.get("result")]
