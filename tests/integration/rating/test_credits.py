"""Time that was paid while there was nothing to see is given back, once."""

import json
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from kundelik_core.kernel.clock import SCHOOL_ZONE
from tests.integration.rating.conftest import MONDAY, Rated
from tests.integration.rating.test_nights import CLOSE, results

FIRST, SECOND = date(2026, 9, 1), date(2026, 10, 28)
"""The day on which the first quarter begins, and that on which it is settled."""


async def wishes(rated: Rated, pupil: UUID) -> dict[str, int]:
    rows = await rated.factory.tenant.fetch(
        "select ref, body from core.plugin_wish where school_id = $1 and plugin = 'rating' "
        "and kind = 'Credited' and about = $2",
        rated.school, str(pupil),
    )  # fmt: skip
    return {row["ref"]: json.loads(row["body"])["days"] for row in rows}


async def test_a_period_with_nothing_to_see_is_given_back_once(rated: Rated) -> None:
    journal = await rated.group(6)
    pupil, free = journal.pupils[:2]
    await rated.results(journal.group, dict.fromkeys(journal.pupils, 70))
    await rated.entitle(pupil, date(2026, 11, 2), date(2027, 2, 1))
    await rated.night(MONDAY)
    # The first quarter was settled on 28 October, before anything was bought.
    assert await wishes(rated, pupil) == {}
    await rated.night(CLOSE)
    days = (CLOSE - date(2026, 11, 2)).days
    assert await wishes(rated, pupil) == {"2026/q2/*": days}
    await rated.night(CLOSE)
    await rated.night(CLOSE + timedelta(days=1))
    assert await wishes(rated, pupil) == {"2026/q2/*": days}
    assert await wishes(rated, free) == {}
    (credit,) = (await rated.family(pupil, CLOSE)).credited
    assert (credit.period, credit.days, credit.day) == ("q2", days, CLOSE)


async def test_the_days_come_after_what_is_in_force(rated: Rated) -> None:
    journal = await rated.group(6)
    pupil = journal.pupils[0]
    await rated.results(journal.group, dict.fromkeys(journal.pupils, 70))
    await rated.entitle(pupil, date(2026, 11, 2), date(2027, 2, 1))
    await rated.night(CLOSE)
    stretches = (await rated.family(pupil, CLOSE)).stretches
    ends = [one.ends.astimezone(ZoneInfo(SCHOOL_ZONE)).date() for one in stretches if one.ends]
    assert max(ends) == date(2027, 2, 1) + (CLOSE - date(2026, 11, 2))


async def test_only_days_before_the_first_publication_are_given_back(rated: Rated) -> None:
    journal = await rated.group(12)
    pupil = journal.pupils[0]
    await rated.results(journal.group, results(journal))
    await rated.entitle(pupil, date(2026, 11, 2), date(2027, 2, 1))
    await rated.night(MONDAY)
    await rated.night(CLOSE)
    assert await wishes(rated, pupil) == {"2026/q2/*": 7}


async def test_a_subject_is_given_back_for_itself(rated: Rated) -> None:
    shown = await rated.group(12)
    hidden = await rated.group(6, subject="art")
    pupil = shown.pupils[0]
    await rated.results(shown.group, results(shown))
    await rated.results(hidden.group, dict.fromkeys(hidden.pupils, 70))
    await rated.entitle(pupil, MONDAY, None, scope="math")
    await rated.entitle(pupil, MONDAY, None, scope="art")
    await rated.night(MONDAY)
    await rated.night(CLOSE)
    assert await wishes(rated, pupil) == {"2026/q2/art": (CLOSE - MONDAY).days}
    kept = await rated.rows("select scope, days from credit order by scope")
    assert kept == [{"scope": "art", "days": 51}, {"scope": "math", "days": 0}]


async def test_what_was_shown_last_counts_until_the_next_is_due(rated: Rated) -> None:
    journal = await rated.group(12)
    pupil = journal.pupils[0]
    await rated.results(journal.group, results(journal), period="q1")
    await rated.results(journal.group, results(journal), period="q2", marks=0)
    await rated.entitle(pupil, SECOND, None)
    await rated.night(SECOND)
    await rated.night(MONDAY)
    # In the second quarter too few are marked; nothing new until it is over.
    await rated.results(journal.group, dict.fromkeys(journal.pupils[3:]), period="q2")
    await rated.night(CLOSE)
    given = await wishes(rated, pupil)
    assert given == {"2026/q2/*": (CLOSE - MONDAY).days}


async def test_whoever_opted_out_or_left(rated: Rated) -> None:
    journal = await rated.group(12)
    out, gone, other = journal.pupils[:3]
    await rated.results(journal.group, results(journal))
    for pupil in (out, gone):
        await rated.entitle(pupil, MONDAY, None)
    await rated.entitle(other, MONDAY, None, feature="praise.more")
    await rated.night(MONDAY)
    await rated.choose(out, CLOSE - timedelta(days=10), opted_out=True)
    await rated.leave(journal, gone, date(2026, 10, 1))
    await rated.night(CLOSE)
    assert await wishes(rated, out) == {"2026/q2/*": 10}
    assert await wishes(rated, gone) == {}
    assert await wishes(rated, other) == {}
