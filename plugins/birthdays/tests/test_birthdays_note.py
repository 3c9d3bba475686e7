"""The note as a reader sees it: found, loaded and rendered by the core's own machinery."""

import re
from datetime import date
from uuid import UUID

import pytest

from kundelik_core.sdk import ClassPage, Student
from kundelik_core.testing import RenderSlot, SchoolClock

SUNDAY = date(2026, 11, 22)
AISHA = ("Айша", date(2015, 11, 24))
DAMIR = ("Дамир", date(2016, 11, 22))


@pytest.fixture(autouse=True)
def _on_a_sunday(school_clock: SchoolClock) -> None:
    school_clock.set(SUNDAY)


def page(*pupils: tuple[str, date]) -> ClassPage:
    return ClassPage(
        class_id=UUID(int=1),
        students=tuple(
            Student(id=UUID(int=n), name=name, birth_date=born)
            for n, (name, born) in enumerate(pupils)
        ),
    )


@pytest.mark.parametrize(
    ("locale", "one", "two"),
    [
        (
            "en",
            "Birthday soon: Айша (Tue 24 Nov)",
            "Birthdays soon: Дамир (today), Айша (Tue 24 Nov)",
        ),
        (
            "ru",
            "Скоро день рождения: Айша (Вт 24 ноября)",
            "Скоро дни рождения: Дамир (сегодня), Айша (Вт 24 ноября)",
        ),
        (
            "kk",
            "Жақын күндердегі туған күн: Айша (Сс 24 қараша)",
            "Жақын күндердегі туған күндер: Дамир (бүгін), Айша (Сс 24 қараша)",
        ),
    ],
)
def test_the_note_in_each_language(
    render_slot: RenderSlot, locale: str, one: str, two: str
) -> None:
    assert render_slot("class.page", page(AISHA), locale) == f"<p>{one}</p>"
    assert render_slot("class.page", page(AISHA, DAMIR), locale) == f"<p>{two}</p>"


def test_no_note_without_birthdays_or_without_the_plugin(render_slot: RenderSlot) -> None:
    assert render_slot("class.page", page(("Айша", date(2015, 6, 1)))) == ""
    assert render_slot("class.page", page(AISHA), enabled=False) == ""


def test_the_note_goes_with_the_day(render_slot: RenderSlot) -> None:
    assert "(today)" in render_slot("class.page", page(AISHA), today=date(2026, 11, 24))
    assert render_slot("class.page", page(AISHA), today=date(2026, 11, 25)) == ""


def test_the_school_says_how_early(render_slot: RenderSlot) -> None:
    day = date(2026, 11, 24)
    assert "Айша" not in render_slot("class.page", page(AISHA), settings={"days": 1})
    assert "Айша" in render_slot("class.page", page(AISHA), settings={"days": 2})
    assert "Айша" in render_slot("class.page", page(AISHA), today=day, settings={"days": 0})


def test_neither_age_nor_year_is_shown(render_slot: RenderSlot) -> None:
    html = render_slot("class.page", page(AISHA, DAMIR))
    assert re.findall(r"\d+", html) == ["24"]


def test_a_name_is_text(render_slot: RenderSlot) -> None:
    html = render_slot("class.page", page(("<b>O'Neil</b> & 100 %", AISHA[1])))
    assert "&lt;b&gt;O&#39;Neil&lt;/b&gt; &amp; 100 %" in html
