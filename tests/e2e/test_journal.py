"""What a teacher's day does to a journal, on the real server: nothing that was typed is lost."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Site, Visitor
from tests.e2e.steps import all_saved, cell, open_journal, paste, press, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


async def test_an_ended_session_keeps_what_was_typed(emptied: Site, visit: Visitor) -> None:
    page = await visit("teacher")
    await open_journal(page, emptied)
    elsewhere = await visit("teacher")
    answer = await elsewhere.request.post("/account/sessions/end-all")
    assert answer.ok
    await press(page, "7 Enter")
    link = page.locator("#saved").get_by_role("link")
    await expect(link).to_have_text("Sign in again, changes kept: 1")
    await link.click()
    await sign_in(page, "teacher", emptied.cast.password)
    await page.wait_for_url(re.compile(emptied.journal))
    await all_saved(page)
    assert await emptied.marks(0) == {0: "7"}


async def test_without_a_connection_marks_wait_and_go_out_by_themselves(
    emptied: Site, visit: Visitor
) -> None:
    page = await visit("teacher")
    await open_journal(page, emptied)
    await page.context.set_offline(offline=True)
    await press(page, "7 Enter 8 Enter 9 Enter")
    await expect(page.locator("#saved")).to_have_text("Waiting for connection (3)")
    assert await emptied.marks(0) == {}
    await page.context.set_offline(offline=False)
    await all_saved(page)
    assert await emptied.marks(0) == {0: "7", 1: "8", 2: "9"}


@pytest.mark.parametrize(("button", "left"), [("#keep-mine", "7"), ("#take-theirs", "5")])
async def test_two_teachers_in_one_cell_see_both_values(
    emptied: Site, visit: Visitor, button: str, left: str
) -> None:
    mine, theirs = await visit("teacher"), await visit("colleague")
    await open_journal(mine, emptied)
    await open_journal(theirs, emptied)
    await press(theirs, "5 Enter")
    await all_saved(theirs)
    await press(mine, "7 Enter")
    await expect(mine.locator("#saved")).to_have_text("Conflict (1)")
    await mine.locator("#saved").get_by_role("button").click()
    await expect(mine.locator("#keep-mine")).to_have_text("Keep mine: 7")
    await expect(mine.locator("#take-theirs")).to_have_text(re.compile(r"^.+, .+: 5$"))
    await mine.locator(button).click()
    await all_saved(mine)
    await expect(await cell(mine, emptied, 0)).to_have_text(left)
    assert await emptied.marks(0) == {0: left}


async def test_undo_takes_a_mark_back_and_redo_brings_it_again(
    emptied: Site, visit: Visitor
) -> None:
    page = await visit("teacher")
    await open_journal(page, emptied)
    await press(page, "7 Enter 8 Enter")
    await all_saved(page)
    await press(page, "Control+z")
    await expect(await cell(page, emptied, 1)).to_have_text("")
    await all_saved(page)
    assert await emptied.marks(0) == {0: "7"}
    await press(page, "Control+y")
    await all_saved(page)
    assert await emptied.marks(0) == {0: "7", 1: "8"}
    written = await emptied.tenant.fetchval(
        "select count(*) from core.cell_history where school_id = $1 and column_id = $2",
        emptied.cast.school, emptied.cast.lessons[0],
    )  # fmt: skip
    assert written == 4


async def test_a_pasted_column_is_shown_first(emptied: Site, visit: Visitor) -> None:
    page = await visit("teacher")
    await open_journal(page, emptied)
    await paste(page, "7\n8\n99\n10\n")
    await expect(page.locator("#preview-title")).to_have_text("Paste marks: 3?")
    assert await emptied.marks(0) == {}
    await page.locator("#preview-apply").click()
    await all_saved(page)
    assert await emptied.marks(0) == {0: "7", 1: "8", 3: "10"}


async def test_a_mark_out_of_range_is_explained_beside_its_cell(
    emptied: Site, visit: Visitor
) -> None:
    page = await visit("teacher")
    await open_journal(page, emptied)
    await press(page, "1 2 Enter")
    why = page.locator("#why")
    await expect(why).to_have_text("From 1 to 10 points.")
    box, where = await why.bounding_box(), await page.locator("td.here").bounding_box()
    assert box
    assert where
    assert abs(box["y"] - where["y"]) < 100
    assert abs(box["x"] - where["x"]) < 300
    await press(page, "Escape")
    await expect(await cell(page, emptied, 0)).to_have_text("")
    assert await emptied.marks(0) == {}


async def test_the_percent_follows_while_marks_are_typed(emptied: Site, visit: Visitor) -> None:
    page = await visit("teacher")
    await open_journal(page, emptied)
    row = page.locator("#grid tbody tr").first
    before = await row.locator("td.c").all_text_contents()
    await press(page, "1 Enter")
    await all_saved(page)
    await expect(row.locator("td.c").first).not_to_have_text(before[0])
    typed = await row.locator("td.c").all_text_contents()
    await page.reload()
    await expect(row.locator("td.c").first).to_have_text(typed[0])
    assert await row.locator("td.c").all_text_contents() == typed
