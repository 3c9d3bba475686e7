"""The rating as the people of a school meet it: who sees what, and what nobody sees."""

import re
from collections.abc import Iterator
from datetime import date

import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.integration.rating.conftest import MONDAY, Rated
from tests.integration.rating.home import (
    OWN,
    RESULTS,
    TODAY,
    WEEK,
    Home,
    at_noon,
    make_home,
    names_no_other,
    turn,
)

LOCALES = ("kk", "ru", "en")


@pytest.fixture
async def home(app: Shell, rated: Rated, factory: Factory) -> Home:
    return await make_home(app, rated, factory)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with set_now(at_noon(TODAY)):
        yield


@pytest.fixture
async def shown(home: Home) -> Home:
    """The same, after a first publication, open to the family of the first pupil."""
    await home.open()
    await home.publish(home.journal.group)
    return home


# -- families
# ---------------------------------------------------------------------------------------------


async def test_a_parent_sees_how_the_child_stands(shown: Home) -> None:
    page = await shown.ask("parent", "/x/rating")
    assert page.status_code == 200
    assert "<h1>Бала00</h1>" in page.text
    assert "The result, 31.0%, lies in the lower part of the group." in page.text
    assert "The middle of the group is about 70%." in page.text
    assert "Open up to and including 30 November 2026." in page.text
    assert "No thanks" not in page.text
    names_no_other(shown, page.text)


@pytest.mark.parametrize("lang", LOCALES)
@pytest.mark.parametrize("path", ["/x/rating", "/x/rating/method"])
async def test_pages_speak_three_languages(shown: Home, lang: str, path: str) -> None:
    for role in ("parent", "other_parent"):
        page = await shown.ask(role, path, lang=lang)
        assert page.status_code == 200
        assert "%(" not in page.text
        assert "{n}" not in page.text
        main = page.text.split('class="module"')[1].split("</main>")[0]
        assert "<script" not in main
        assert "style=" not in main
        assert lang == "en" or not re.search(r">[^<]*\b(the|of|your)\b[^<]*<", main)


@pytest.mark.parametrize(
    ("role", "status"),
    [("parent", 200), ("other_parent", 404), ("pupil", 303), ("teacher", 303), ("director", 303)],
)
async def test_who_may_look_at_a_child(shown: Home, role: str, status: int) -> None:
    page = await shown.ask(role, f"/x/rating?student={shown.child}")
    assert page.status_code == status
    if status == 303:
        assert page.headers["location"] == "/x/rating/method"


async def test_a_family_without_it_is_told_what_it_is(shown: Home) -> None:
    page = await shown.ask("other_parent", "/x/rating")
    assert page.status_code == 200
    assert "in which part of the group your child&#39;s results lie" in page.text or (
        "in which part of the group your child's results lie" in page.text
    )
    assert "A preview, on invented data" in page.text
    assert "It cannot be ordered here at the moment." in page.text
    assert "42.0%" not in page.text
    assert "Бала01" in page.text
    assert "Бала00" not in page.text


async def test_a_subject_that_is_not_open_shows_nothing_of_it(home: Home) -> None:
    music = await home.subject("music")
    await home.open("music")
    await home.publish(home.journal.group)
    values = dict(zip(home.journal.pupils, (12, *RESULTS[1:]), strict=True))
    await home.rated.results(music, values)
    await home.rated.rows("delete from round where group_id = $1 returning 1 as x", music)
    await home.rated.night(MONDAY + WEEK)
    page = await home.ask("parent", "/x/rating", day=MONDAY + WEEK)
    assert "Not included" in page.text
    assert "31.0%" not in page.text
    assert "12.0%" in page.text
    forced = f"/x/rating?student={home.child}&group={home.journal.group}"
    assert "31.0%" not in (await home.ask("parent", forced, day=MONDAY + WEEK)).text


@pytest.mark.parametrize(("allows", "hides", "status"), [
    (False, False, 303), (True, False, 200), (True, True, 303), (False, True, 303),
])  # fmt: skip
async def test_a_pupil_looks_where_school_and_parent_allow(
    shown: Home, allows: bool, hides: bool, status: int
) -> None:
    await shown.rated.configure(pupils_see=allows)
    await shown.rated.choose(shown.child, hidden=hides)
    page = await shown.ask("pupil", "/x/rating")
    assert page.status_code == status
    assert status == 200 or page.headers["location"] == "/x/rating/method"
    diary = await shown.ask("pupil", "/diary")
    assert ("Lower part" in diary.text) == (status == 200)
    if status == 200:
        assert "31.0%" in page.text
        for word in ("Open up to", "Your choice", "No thanks", "Take my child", "Hide it"):
            assert word not in page.text
        names_no_other(shown, page.text)


async def test_a_pupil_who_has_nothing_is_offered_nothing(home: Home) -> None:
    await home.publish(home.journal.group)
    await home.rated.configure(pupils_see=True)
    assert (await home.ask("pupil", "/x/rating")).status_code == 303
    assert "/x/rating" not in (await home.ask("pupil", "/diary")).text


async def test_time_begins_and_ends_at_the_schools_midnight(shown: Home) -> None:
    last = await shown.ask("parent", "/x/rating", day=date(2026, 11, 30))
    assert "31.0%" in last.text
    over = await shown.ask("parent", "/x/rating", day=date(2026, 12, 1))
    assert "31.0%" not in over.text
    assert "It was open up to and including 30 November 2026." in over.text
    before = await shown.ask("parent", "/x/rating", day=date(2026, 11, 1))
    assert "31.0%" not in before.text
    assert "It opens on 2 November 2026." in before.text


async def test_the_trend_and_its_table(shown: Home) -> None:
    await shown.publish(shown.journal.group, MONDAY + WEEK, marks=9)
    page = await shown.ask("parent", "/x/rating", day=MONDAY + WEEK)
    assert "Over time" in page.text
    assert page.text.count("<tr><th") >= 3
    assert "the result has stayed in the same part of the group" in page.text


async def test_too_little_is_said_kindly_and_small_groups_are_not_offered(home: Home) -> None:
    await home.open()
    await home.publish(home.journal.group)
    few = await home.subject("music", pupils=5)
    await home.rated.results(few, dict(zip(home.journal.pupils[:5], RESULTS, strict=False)))
    await home.rated.night(MONDAY + WEEK)
    page = await home.ask("parent", "/x/rating", day=MONDAY + WEEK)
    assert "Group too small" in page.text
    assert "Fewer than 7 children of this group can be counted" in page.text


async def test_nothing_yet(home: Home) -> None:
    await home.open()
    page = await home.ask("parent", "/x/rating", day=date(2026, 11, 4))
    assert "Nothing is published yet" in page.text
    assert "The next day of publication: Mon 9 Nov." in page.text


# -- choices
# ---------------------------------------------------------------------------------------------


async def test_a_parent_takes_the_child_out_and_back(shown: Home) -> None:
    done = await shown.choose("parent", "out")
    assert done.status_code == 303
    assert done.headers["location"] == f"/x/rating/?student={shown.child}&done=out" or (
        done.headers["location"] == f"/x/rating?student={shown.child}&done=out"
    )
    page = await shown.ask("parent", done.headers["location"])
    assert "Not counted, as you wished" in page.text
    assert "31.0%" not in page.text
    assert "Lower part" not in (await shown.ask("parent", "/diary")).text
    assert (await shown.choose("parent", "in")).status_code == 303
    page = await shown.ask("parent", "/x/rating")
    assert "Take my child out of the count" in page.text


async def test_choices_are_the_parents_alone(shown: Home) -> None:
    before = await state(shown)
    for role, status in (
        ("other_parent", 404), ("pupil", 404), ("teacher", 404), ("director", 404),
    ):  # fmt: skip
        assert (await shown.choose(role, "out")).status_code == status
    assert (await shown.choose("parent", "everything")).status_code == 404
    bad = await shown.ask("parent", "/x/rating/choices", {"student": "x", "choice": "out"})
    assert bad.status_code == 404
    cross = await shown.ask(
        "parent", "/x/rating/choices", {"student": str(shown.child), "choice": "out"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )  # fmt: skip
    assert cross.status_code == 403
    assert await state(shown) == before


async def state(home: Home) -> list[object]:
    rows = await home.rated.rows("select * from choice")
    return [*rows, *await home.rated.rows("select * from opt_out")]


async def test_choices_twice_are_one(shown: Home) -> None:
    for choice in ("hidden", "out", "thanks"):
        for _twice in range(2):
            assert (await shown.choose("parent", choice)).status_code == 303
    assert len(await state(shown)) == 2


# -- staff
# ---------------------------------------------------------------------------------------------


async def test_staff_see_places_only_where_the_school_allows(shown: Home) -> None:
    for role in ("teacher", "director"):
        page = await shown.ask(role, "/x/rating/staff")
        assert page.status_code == 200
        assert "Your school does not show places" in page.text
        assert "Бала" not in page.text
    for role in ("parent", "pupil"):
        assert (await shown.ask(role, "/x/rating/staff")).status_code == 403
    await shown.rated.configure(staff_places=True)
    page = await shown.ask("teacher", "/x/rating/staff")
    assert page.text.index("Бала11") < page.text.index("Бала10") < page.text.index("Бала00")
    assert "98.0%" in page.text
    page = await shown.ask("other_teacher", "/x/rating/staff")
    assert "Бала11" not in page.text
    forced = f"/x/rating/staff?group={shown.journal.group}"
    assert (await shown.ask("other_teacher", forced)).status_code == 404
    assert (await shown.ask("teacher", forced)).status_code == 200
    for role in ("parent", "pupil"):
        assert (await shown.ask(role, "/x/rating/staff")).status_code == 403


async def test_who_is_not_counted_has_no_place(shown: Home) -> None:
    await shown.rated.configure(staff_places=True)
    await shown.rated.choose(shown.journal.pupils[11], opted_out=True)
    page = await shown.ask("teacher", "/x/rating/staff")
    assert "Бала11" not in page.text
    assert "Бала10" in page.text


async def test_the_card_in_the_office(shown: Home) -> None:
    path = f"/office/people/{shown.journal.pupils[3]}"
    assert "Places in the groups" not in (await shown.ask("director", path)).text
    await shown.rated.configure(staff_places=True)
    page = await shown.ask("director", path)
    assert "9 of 12" in page.text
    assert "Families never see places." in page.text


async def test_the_class_page_leads_to_the_places(shown: Home) -> None:
    path = f"/classes/{shown.journal.school_class}"
    assert "/x/rating/staff" not in (await shown.ask("director", path)).text
    await shown.rated.configure(staff_places=True)
    assert "/x/rating/staff" in (await shown.ask("director", path)).text


# -- the diary
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["parent", "other_parent", "pupil"])
async def test_the_diary_is_the_same_outside_its_slot(shown: Home, role: str) -> None:
    await shown.rated.configure(pupils_see=True)
    await turn(shown, on=False)
    without = await shown.ask(role, "/diary")
    await turn(shown, on=True)
    with_it = await shown.ask(role, "/diary")
    own = OWN.findall(with_it.text)
    assert len(own) == (0 if role == "other_parent" else 1)
    assert OWN.sub("", with_it.text) == without.text
    assert "/x/rating" not in without.text
    names_no_other(shown, "".join(own))


async def test_weeks_that_are_over_are_left_alone(shown: Home) -> None:
    page = await shown.ask("parent", f"/diary/{shown.child}/2026-W45")
    assert page.status_code == 200
    assert "/x/rating" not in page.text
    assert "Lower part" in (await shown.ask("parent", f"/diary/{shown.child}/2026-W46")).text
