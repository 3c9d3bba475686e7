"""The journal's script when things go wrong: nothing that was typed is lost, or lands elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.gallery.server import Handler
from tests.gallery.test_journal_script import (
    SAVED,
    TODAY,
    cell,
    letter,
    paste,
    press,
    saved,
    start,
)
from tests.waiting import wait_for

pytestmark = pytest.mark.e2e
BOOK = Handler.book
UNLOAD = "!dispatchEvent(new Event('beforeunload', { cancelable: true }))"


def others_write(tab: Page, pupil: str, value: str) -> None:
    """A colleague writes, and the page asks for news."""
    BOOK.cells[(TODAY, pupil)] = value
    BOOK.authors[(TODAY, pupil)] = "Gulnara"
    BOOK.log.append({"column": TODAY, "pupil": pupil, "value": value, "by": "Gulnara",
                     "at": "2026-11-20T14:02:00"})  # fmt: skip
    with tab.expect_response("**/changes?*"):
        tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    tab.evaluate("new Promise((done) => setTimeout(done, 20))")


def look_alike(tab: Page, change: Callable[[str], str]) -> None:
    """The page as another server would have made it."""

    def serve(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=change(answer.text()))

    tab.route("**/g/journal?*", serve)


def prefix(tab: Page) -> str:
    """The start of the keys under which this page keeps marks."""
    found: str = tab.evaluate(
        "(({ account, group }) => `kundelik.q.${account}.${group}.`)"
        "(document.getElementById('grid').dataset)"
    )
    return found


def test_a_page_that_is_left_sends_what_has_not_gone_yet(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    BOOK.gate.clear()
    with tab.expect_request("**/cells"):
        press(tab, "7 Enter")
    press(tab, "8 Enter")
    with tab.expect_request("**/cells"):
        tab.evaluate(
            "Object.defineProperty(document, 'hidden', { value: true });"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
    BOOK.gate.set()
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p0"): "7", (TODAY, "p1"): "8"}
    assert BOOK.posts == 2


def test_what_is_half_typed_is_kept_when_the_page_is_hidden(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    press(tab, "7")
    tab.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p0"): "7"}


def test_marks_go_out_so_that_leaving_does_not_stop_them(tab: Page, gallery: str) -> None:
    tab.add_init_script(
        "const real = fetch; window.kept = [];"
        "window.fetch = (url, more) => { if (more?.body) kept.push(more.keepalive); "
        "return real(url, more); }"
    )
    start(tab, gallery)
    press(tab, "7 Enter")
    expect(saved(tab)).to_have_text(SAVED)
    assert tab.evaluate("window.kept") == [True]


def test_a_value_typed_after_a_refused_one_still_goes(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    tab.locator("#pick-col").evaluate(
        "(el) => { el.selectedIndex = 32; el.dispatchEvent(new Event('change')); }"
    )
    BOOK.gate.clear()
    with tab.expect_request("**/cells"):
        press(tab, "9 Enter")
    press(tab, "ArrowUp 8 Enter")
    BOOK.gate.set()
    expect(saved(tab)).to_have_text(SAVED)
    expect(cell(tab, 0, 32)).to_have_text("8")
    assert BOOK.cells == {("work1", "p0"): "8"}


def test_a_refusal_of_another_period_waits_for_its_page(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    key = prefix(tab) + "work1|p99"
    kept = {"id": "0190", "column": "work1", "pupil": "p99", "value": "9", "base": ""}
    tab.evaluate("([key, kept]) => localStorage.setItem(key, kept)", [key, json.dumps(kept)])
    start(tab, gallery)
    expect(saved(tab)).to_have_text("Not saved (1)")
    start(tab, gallery)
    expect(saved(tab)).to_have_text("Not saved (1)")
    look_alike(tab, lambda text: text.replace('data-id="p1"', 'data-id="p99"'))
    start(tab, gallery)
    expect(cell(tab, 1, 32)).to_have_class(re.compile("no-go"))
    assert "Not today" in (cell(tab, 1, 32).get_attribute("data-no") or "")


def test_leaving_is_held_up_while_the_device_keeps_nothing(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    BOOK.mode = "500"
    tab.evaluate(
        "() => { const real = Storage.prototype.setItem;"
        "Storage.prototype.setItem = function (name, value) {"
        "  if (name.endsWith('p0')) throw new Error('full');"
        "  real.call(this, name, value); } }"
    )
    press(tab, "7 Enter 8 Enter")
    expect(saved(tab)).to_have_text("Waiting for connection (2)")
    assert tab.evaluate(UNLOAD)


def test_a_mark_that_came_while_typing_is_not_written_over(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    press(tab, "7")
    others_write(tab, "p0", "9")
    press(tab, "Enter")
    expect(saved(tab)).to_have_text("Conflict (1)")
    assert BOOK.cells == {(TODAY, "p0"): "9"}


def test_undo_leaves_what_somebody_else_has_written_since(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    press(tab, "7 Enter 8 Enter")
    expect(saved(tab)).to_have_text(SAVED)
    others_write(tab, "p1", "9")
    expect(cell(tab, 1)).to_have_text("9")
    press(tab, "Control+z Control+z")
    expect(cell(tab, 0)).to_have_text("")
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p0"): "", (TODAY, "p1"): "9"}


def test_a_resent_mark_does_not_take_the_next_over_a_colleagues(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    lost = []

    def lose(route: Route) -> None:
        route.fetch()
        lost.append(route)
        route.abort()
        tab.unroute("**/cells")

    tab.route("**/cells", lose)
    press(tab, "7 Enter")
    expect(saved(tab)).to_have_text("Waiting for connection (1)")
    assert BOOK.cells == {(TODAY, "p0"): "7"}
    BOOK.cells[(TODAY, "p0")] = "5"
    BOOK.authors[(TODAY, "p0")] = "Gulnara"
    BOOK.seen = {key: out | {"value": "5"} for key, out in BOOK.seen.items()}
    press(tab, "ArrowUp 9 Enter")
    expect(saved(tab)).to_have_text("Conflict (1)")
    assert BOOK.cells == {(TODAY, "p0"): "5"}


def test_names_of_namesakes_are_left_out_of_a_paste(tab: Page, gallery: str) -> None:
    look_alike(tab, lambda text: text.replace("Байжанов Дамир", "Әбдірахман Айша"))
    start(tab, gallery)
    other = tab.locator("#grid tbody tr").nth(3).locator("td, th").nth(1).inner_text().strip()
    paste(tab, f"Әбдірахман Айша\t6\n{other}\t9\nӘбдірахман Айша\t7\n")
    expect(tab.locator("#preview-note")).to_contain_text("left out: 2")
    tab.locator("#preview-apply").click()
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p3"): "9"}


def test_a_comment_does_not_get_into_the_window_of_another_pupil(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    held = hold_histories(tab)
    look(tab, held, 0)
    press(tab, "Escape ArrowDown")
    look(tab, held, 1)
    held[1].fulfill(json={"entries": []})
    expect(tab.locator("#history")).to_have_text("No change yet.")
    with tab.expect_response("**/p0/history") as answered:
        held[0].fulfill(json={"entries": [comment("of p0")]})
    answered.value.finished()
    tab.evaluate("new Promise((done) => setTimeout(done, 20))")
    assert tab.locator("#comment").input_value() == ""
    expect(tab.locator("#history")).to_have_text("No change yet.")


def test_a_comment_is_there_again_though_its_cell_was_still_being_read(
    tab: Page, gallery: str
) -> None:
    start(tab, gallery)
    held = hold_histories(tab)
    look(tab, held, 0)
    tab.locator("#comment").fill("of p0")
    tab.locator("#comment-form .go").click()
    expect(tab.locator("#cell")).to_be_hidden()
    with tab.expect_response("**/p0/history") as answered:
        held[0].fulfill(json={"entries": []})
    answered.value.finished()
    look(tab, held, 0)
    held[1].fulfill(json={"entries": [comment("of p0")]})
    expect(tab.locator("#comment")).to_have_value("of p0")


def hold_histories(tab: Page) -> list[Route]:
    """Let nobody answer what is asked about cells; return what was asked so far."""
    held: list[Route] = []
    tab.route("**/history", lambda route: held.append(route))  # noqa: PLW0108 - looked into
    return held


def look(tab: Page, held: list[Route], pupil: int) -> None:
    """Open the window of the active cell, which is this pupil's, and wait for its question."""
    before = len(held)
    press(tab, "F2")
    expect(tab.locator("#cell")).to_be_visible()

    def asked() -> bool:
        tab.evaluate("0")  # routes are noticed while something is awaited
        return len(held) > before

    wait_for(asked, what="the question for the history")
    assert held[-1].request.url.endswith(f"/p{pupil}/history")


def comment(text: str) -> dict[str, str]:
    """An entry of a history."""
    return {"at": "2026-11-20T09:15:00+05:00", "by": "G", "field": "comment", "old": "",
            "new": text, "reason": ""}  # fmt: skip


def test_a_comment_that_was_not_read_yet_is_not_emptied(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    sent: list[str] = []
    tab.on("request", lambda request: sent.append(request.url))
    tab.route("**/history", lambda route: route.abort())
    press(tab, "F2")
    tab.locator("#comment-form .go").click()
    expect(tab.locator("#cell")).to_be_hidden()
    assert not [url for url in sent if url.endswith("/comment")]


def test_a_kept_topic_is_held_against_what_its_writer_saw(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    BOOK.mode = "500"
    shown = tab.locator('#lessons tr[data-id="col11"] td').first.text_content()
    press(tab, "F6")
    tab.locator("#topic").fill("Fractions")
    press(tab, "Enter")
    expect(tab.locator("#strip-error")).to_contain_text("kept on this device")
    BOOK.mode = "ok"
    row = re.compile(r'(<tr data-id="col11".*?<td[^>]*>)[^<]*', re.DOTALL)
    look_alike(tab, lambda text: row.sub(r"\1Theirs", text, count=1))
    with tab.expect_request("**/lessons/col11") as asked:
        start(tab, gallery)
    body: dict[str, Any] = json.loads(asked.value.post_data or "{}")
    assert body["topic"] == "Fractions"
    assert body["base"]["topic"] == shown


def test_a_topic_that_is_half_typed_survives_a_reload(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    BOOK.mode = "500"
    press(tab, "F6")
    tab.locator("#topic").fill("Fractions")
    tab.reload()
    expect(tab.locator("#topic")).to_have_value("Fractions")


def test_every_request_says_whose_page_it_is_of(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    with tab.expect_request("**/cells") as asked:
        press(tab, "7 Enter")
    account = tab.locator("#grid").get_attribute("data-account")
    assert asked.value.headers["kundelik-account"] == account
    assert json.loads(asked.value.post_data or "{}")["period"] == "q2"


def test_other_cells_of_a_lesson_follow_its_absence(tab: Page, gallery: str) -> None:
    start(tab, gallery)

    def answer(route: Route) -> None:
        found = route.fetch()
        beside = [{"column": "work1", "pupil": "p0", "value": "u"}]
        route.fulfill(response=found, json=found.json() | {"beside": beside})

    tab.route("**/cells", answer)
    press(tab, "u Enter")
    expect(cell(tab, 0, 32)).to_have_text("u")


def test_a_change_that_breaks_the_server_does_not_hold_up_the_others(
    tab: Page, gallery: str
) -> None:
    start(tab, gallery)

    def answer(route: Route) -> None:
        values = [c["value"] for c in json.loads(route.request.post_data or "{}")["changes"]]
        if "4" in values:
            route.fulfill(status=500, json={"status": 500, "title": "Broken"})
        else:
            route.continue_()

    tab.route("**/cells", answer)
    press(tab, "4 Enter 7 Enter 8 Enter")
    expect(saved(tab)).to_have_text("Waiting for connection (1)", timeout=12_000)
    assert BOOK.cells == {(TODAY, "p1"): "7", (TODAY, "p2"): "8"}


def test_a_save_that_was_rolled_back_is_tried_again(tab: Page, gallery: str) -> None:
    start(tab, gallery)

    def once(route: Route) -> None:
        route.fulfill(status=409, json={"status": 409, "title": "Not saved"})
        tab.unroute("**/cells")

    tab.route("**/cells", once)
    press(tab, "7 Enter")
    expect(saved(tab)).to_have_text(SAVED)
    assert BOOK.cells == {(TODAY, "p0"): "7"}


def test_a_letter_beside_a_digit_is_not_guessed_to_be_late(tab: Page, gallery: str) -> None:
    start(tab, gallery)
    press(tab, "1")
    letter(tab, "о", "KeyJ")
    with tab.expect_request("**/cells") as asked:
        press(tab, "Enter")
    (change,) = json.loads(asked.value.post_data or "{}")["changes"]
    assert change["value"] == "1о"
