"""The journal's script against a stand-in server: typed as a teacher types."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.gallery.server import Handler

pytestmark = pytest.mark.e2e
BOOK = Handler.book
TODAY = "col11"
SAVED = re.compile(r"^Saved \d\d:\d\d$")


def start(tab: Page, gallery: str, query: str = "lang=en") -> None:
    """Opens the journal and waits until it hears keys; the column of today is the active one."""
    tab.goto(f"{gallery}/g/journal?{query}")
    expect(tab.locator("#grid[data-ready] td.here")).to_be_focused()


def press(tab: Page, keys: str) -> None:
    """Presses keys, one after another."""
    for key in keys.split():
        tab.keyboard.press(key)


def letter(tab: Page, text: str, code: str) -> None:
    """A key of another keyboard layout."""
    session = tab.context.new_cdp_session(tab)
    event = {"key": text, "code": code, "text": text}
    session.send("Input.dispatchKeyEvent", event | {"type": "keyDown"})
    session.send("Input.dispatchKeyEvent", {"key": text, "code": code, "type": "keyUp"})


def cell(tab: Page, row: int, column: int = 11) -> Locator:
    """A cell by its place."""
    return tab.locator(f'td[data-rc="{row}.{column}"]')


def paste(tab: Page, text: str) -> None:
    """Pastes what a spreadsheet would have copied."""
    tab.evaluate(
        """(text) => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
          document.activeElement.dispatchEvent(event);
        }""",
        text,
    )


def saved(tab: Page) -> Locator:
    """The state of saving."""
    return tab.locator("#saved")


def test_thirty_marks_take_sixty_key_presses(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    for i in range(30):
        press(tab, f"{4 + i % 6} Enter")
    expect(saved(tab)).to_have_text(SAVED)
    assert [BOOK.cells[(TODAY, f"p{i}")] for i in range(30)] == [str(4 + i % 6) for i in range(30)]
    assert BOOK.posts <= 4
    expect(cell(tab, 0, 38)).to_have_text("5")
    expect(cell(tab, 0, 37)).to_have_text("83,1")


def test_a_wrong_value_says_why_beside_the_cell(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    press(tab, "1 2 Enter")
    expect(tab.locator("#why")).to_have_text("From 1 to 10 points.")
    expect(tab.locator("td.here input")).to_have_value("12")
    press(tab, "Escape")
    expect(tab.locator("#why")).to_be_hidden()
    press(tab, "a Enter")
    expect(tab.locator("#why")).to_contain_text("Latin letter")
    press(tab, "Escape")
    expect(cell(tab, 0)).to_have_text("")
    assert not BOOK.cells


def test_codes_of_any_keyboard(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    letter(tab, "б", "Comma")
    expect(tab.locator("#codes")).to_contain_text("ill")
    press(tab, "Enter")
    letter(tab, "ү", "Digit8")
    press(tab, "Enter")
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p0"): "i", (TODAY, "p1"): "8"}


def test_undo_and_redo_send_the_inverse(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    press(tab, "7 Enter 8 Enter")
    expect(saved(tab)).to_have_text(SAVED)
    letter_z = {"key": "я", "code": "KeyZ", "modifiers": 2}
    session = tab.context.new_cdp_session(tab)
    session.send("Input.dispatchKeyEvent", letter_z | {"type": "rawKeyDown"})
    expect(cell(tab, 1)).to_have_text("")
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells[(TODAY, "p1")] == ""
    press(tab, "Control+y")
    expect(cell(tab, 1)).to_have_text("8")
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells[(TODAY, "p1")] == "8"


def test_a_topic_of_a_parallel_group_brings_its_homework(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    with tab.expect_response("**/parallel"):
        press(tab, "F6")
    expect(tab.locator("#topics option")).to_have_attribute("label", "5 «Б», 12.11 · № 254")
    tab.locator("#homework").fill("")
    # What a browser does when somebody picks from the list.
    tab.locator("#topic").evaluate(
        "(box) => { box.value = 'As in 5 «Б»'; box.dispatchEvent(new InputEvent('input', "
        "{ bubbles: true, inputType: 'insertReplacementText' })); }"
    )
    expect(tab.locator("#homework")).to_have_value("№ 254")
    with tab.expect_request("**/lessons/*") as asked:
        tab.locator("#topic").dispatch_event("change")
    sent = json.loads(asked.value.post_data or "{}")
    assert (sent["topic"], sent["homework"]) == ("As in 5 «Б»", "№ 254")


def test_a_block_is_previewed_before_it_goes_in(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    paste(tab, "7\n8\n99\n10\n")
    expect(tab.locator("#preview-title")).to_have_text("Paste marks: 3?")
    expect(tab.locator("#preview-note")).to_contain_text("left out: 1")
    assert not BOOK.cells
    tab.locator("#preview-apply").click()
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p0"): "7", (TODAY, "p1"): "8", (TODAY, "p3"): "10"}
    press(tab, "Control+z")
    expect(cell(tab, 3)).to_have_text("")


def test_pasted_names_find_their_rows(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    paste(tab, "Байжанов Дамир\t6\nӘбдірахман Айша\t9\n")
    tab.locator("#preview-apply").click()
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p2"): "6", (TODAY, "p0"): "9"}


def test_one_mark_for_all_empty_cells(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    press(tab, "5 Enter Control+d")
    tab.locator("#preview-value").fill("8")
    press(tab, "Enter")
    expect(saved(tab)).to_have_text(SAVED)
    assert len(BOOK.cells) == 29
    assert BOOK.cells[(TODAY, "p0")] == "5"
    assert (TODAY, "p23") not in BOOK.cells, "the pupil who left is left out"


def test_nothing_is_lost_without_a_connection(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    tab.context.set_offline(True)
    press(tab, "7 Enter 8 Enter 9 Enter ArrowUp 6 Enter")
    expect(saved(tab)).to_have_text("Waiting for connection (3)")
    assert not BOOK.cells
    tab.context.set_offline(False)
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p0"): "7", (TODAY, "p1"): "8", (TODAY, "p2"): "6"}


def test_the_queue_survives_a_reload(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    BOOK.mode = "500"
    press(tab, "7 Enter 8 Enter")
    expect(saved(tab)).to_have_text("Waiting for connection (2)")
    BOOK.mode = "ok"
    start(tab, gallery)
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p0"): "7", (TODAY, "p1"): "8"}
    assert tab.evaluate("localStorage.length") == 0


def test_unsent_marks_are_named_in_the_list_of_journals(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    BOOK.mode = "500"
    press(tab, "7 Enter 8 Enter")
    expect(saved(tab)).to_have_text("Waiting for connection (2)")
    tab.goto(f"{gallery}/g/journal-list?lang=en")
    expect(tab.locator('a.line[href="/journal/g1"]')).to_contain_text("not sent yet: 2")
    expect(tab.locator('a.line[href="/journal/g2"]')).not_to_contain_text("not sent yet")


def test_a_sign_in_page_of_a_network_is_no_answer(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    BOOK.mode = "portal"
    press(tab, "7 Enter")
    expect(saved(tab)).to_have_text("Waiting for connection (1)")
    BOOK.mode = "ok"
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p0"): "7"}


def test_one_bad_change_does_not_take_the_others_along(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    paste(tab, "7\n3\n8")
    tab.locator("#preview-apply").click()
    expect(tab.locator("#why")).to_contain_text("No threes")
    expect(saved(tab)).to_have_text("Not saved (1)")
    assert BOOK.cells == {(TODAY, "p0"): "7", (TODAY, "p2"): "8"}
    expect(cell(tab, 1)).to_have_text("")


def test_a_lost_session_keeps_the_marks(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    BOOK.mode = "401"
    press(tab, "7 Enter")
    link = saved(tab).get_by_role("link")
    expect(link).to_have_text("Sign in again, changes kept: 1")
    expect(link).to_have_attribute("href", "/login?next=%2Fg%2Fjournal%3Flang%3Den")
    BOOK.mode = "ok"
    start(tab, gallery)
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p0"): "7"}


@pytest.mark.parametrize(("button", "left"), [("#keep-mine", "7"), ("#take-theirs", "5")])
def test_a_conflict_is_shown_and_chosen(tab: Page, gallery: str, button: str, left: str) -> None:
    start(tab, gallery)
    BOOK.cells[(TODAY, "p0")] = "5"
    BOOK.authors[(TODAY, "p0")] = "Gulnara"
    press(tab, "7 Enter")
    expect(saved(tab)).to_have_text("Conflict (1)")
    saved(tab).get_by_role("button").click()
    expect(tab.locator("#keep-mine")).to_have_text("Keep mine: 7")
    expect(tab.locator("#take-theirs")).to_contain_text("Gulnara")
    tab.locator(button).click()
    expect(cell(tab, 0)).to_have_text(left)
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells[(TODAY, "p0")] == left


def test_a_refusal_of_the_server_stands_beside_the_cell(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    tab.locator("#pick-col").evaluate(
        "(el) => { el.selectedIndex = 32; el.dispatchEvent(new Event('change')); }"
    )
    press(tab, "9 Enter")
    expect(tab.locator("#why")).to_contain_text("Not today, says the server.")
    expect(saved(tab)).to_have_text("Not saved (1)")
    expect(cell(tab, 0, 32)).to_have_text("")
    press(tab, "ArrowUp 8 Enter")
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {("work1", "p0"): "8"}


def test_what_others_write_appears_with_a_dot(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    BOOK.log.append(
        {"column": TODAY, "pupil": "p3", "value": "9", "by": "Gulnara", "at": "2026-11-20T14:02:00"}
    )
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(cell(tab, 3)).to_have_text("9")
    expect(cell(tab, 3)).to_have_class(re.compile("fresh"))
    press(tab, "ArrowDown ArrowDown ArrowDown")
    expect(tab.locator("#tip")).to_contain_text("Gulnara")
    press(tab, "ArrowDown")
    expect(cell(tab, 3)).not_to_have_class(re.compile("fresh"))


def test_a_locked_column_says_why_and_a_late_one_asks(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    press(tab, "Home ArrowRight 7")
    expect(tab.locator("#why")).to_have_text("This lesson is locked.")
    press(tab, "Home ArrowDown 7 Enter")
    tab.locator("#reason-text").fill("a slip of the pen")
    press(tab, "Enter")
    expect(cell(tab, 1, 0)).to_have_text("7")
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {("col0", "p1"): "7"}


def test_f2_shows_history_and_equals_the_formula(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    press(tab, "=")
    expect(tab.locator("#tip")).to_contain_text("38/50")
    press(tab, "F2")
    expect(tab.locator("#history")).to_contain_text("20.11 09:15: 7 → 8")
    tab.locator("#comment").fill("well done")
    tab.locator("#comment-form .go").click()
    expect(cell(tab, 0)).to_have_class(re.compile("note-c"))
    expect(cell(tab, 0)).to_be_focused()


def test_topic_and_homework(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    press(tab, "F6")
    tab.locator("#topic").fill("Fractions")
    press(tab, "Enter")
    expect(tab.locator("#strip-error")).to_have_text("Topic and homework are saved.")
    expect(tab.locator('#lessons tr[data-id="col11"] td').first).to_have_text("Fractions")
    expect(cell(tab, 0)).to_be_focused()
    tab.locator("#topic").fill("clash")
    press(tab, "Enter")
    expect(tab.locator("#strip-error")).to_contain_text("“theirs”")
    assert tab.locator("#topic").input_value() == "clash"


def test_a_work_that_is_refused_keeps_what_was_typed(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    tab.locator("#add-work").click()
    tab.locator("#work-max").fill("99")
    tab.locator("#work-form .go").click()
    expect(tab.locator("#work-error")).to_have_text("Three works at most.")
    expect(tab.locator("#work-max")).to_have_value("99")


def test_a_phone_has_big_keys_and_one_lesson(tab: Page, gallery: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    start(tab, gallery)
    expect(cell(tab, 0, 10)).to_be_hidden()
    tab.locator("#pad button", has_text="10").click()
    tab.locator("#pad button", has_text="7").click()
    tab.locator("#prev-col").click()
    expect(cell(tab, 0, 10)).to_be_visible()
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p0"): "10", (TODAY, "p1"): "7"}


def test_a_column_that_nobody_may_write_in_has_no_keys(tab: Page, gallery: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    start(tab, gallery)
    expect(tab.locator("#pad")).to_be_visible()
    locked = tab.locator('#grid thead th[data-lock="closed"]').first
    columns = tab.locator("#grid thead th[data-id]")
    at = columns.evaluate_all("(all, one) => all.indexOf(one)", locked.element_handle())
    tab.locator("#pick-col").select_option(index=at)
    expect(tab.locator("#pad")).to_be_hidden()
    tab.locator("#pick-col").select_option(index=11)
    expect(tab.locator("#pad")).to_be_visible()


def test_a_new_work_is_as_large_as_the_last_of_its_kind(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    kind = tab.locator("#work-kind option").first.get_attribute("value")
    last = tab.locator(f'#grid thead th.w[data-kind="{kind}"]').last
    tab.locator("#add-work").click()
    expect(tab.locator("#work-max")).to_have_value(last.get_attribute("data-max") or "")


def test_tab_leaves_the_grid_at_its_end(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    press(tab, "End Tab")
    assert tab.evaluate("!document.activeElement.closest('#grid')")
