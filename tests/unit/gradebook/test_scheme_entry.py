"""What a teacher types: accepted in three languages, refused with a reason, shown back the same."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.gradebook.schemes.catalogue import builtin, newest
from kundelik_core.gradebook.schemes.engine import Work
from kundelik_core.gradebook.schemes.entry import (
    EMPTY,
    Cell,
    EntryError,
    absence_letters,
    parse_cell,
    show_cell,
    work_of,
)

FO = newest("kz-cba-2022").kind("fo")
SOR = newest("kz-cba-2022").kind("sor")
PASS_FAIL = newest("kz-passfail").kind("fo")
MARK = newest("kz-traditional-5").kind("classwork")
WORDS = newest("kz-grade1-none").kinds[0]
TENTHS = newest("pt-0-20").kind("work")
ABSENCES = ["absent_unexcused", "absent_excused", "absent_ill", "late"]
KINDS = {"fo": FO, "sor": SOR, "pass_fail": PASS_FAIL, "mark": MARK, "words": WORDS, "20": TENTHS}


@pytest.mark.parametrize(
    ("typed", "cell"),
    [
        ("", EMPTY),
        ("  \t ", EMPTY),
        ("8", Cell(Decimal(8))),
        (" 08 ", Cell(Decimal(8))),
        ("8,0", Cell(Decimal(8))),
        ("8/10", Cell(Decimal(8))),
        ("н", Cell(absence="absent_unexcused")),
        ("Ж", Cell(absence="absent_unexcused")),
        ("u", Cell(absence="absent_unexcused")),
        ("П", Cell(absence="absent_excused")),
        ("д", Cell(absence="absent_excused")),
        ("E", Cell(absence="absent_excused")),
        ("б", Cell(absence="absent_ill")),
        ("А", Cell(absence="absent_ill")),
        ("I", Cell(absence="absent_ill")),
        ("О", Cell(absence="late")),
        ("к", Cell(absence="late")),
        ("l", Cell(absence="late")),
        ("8о", Cell(Decimal(8), absence="late")),
        ("8 О", Cell(Decimal(8), absence="late")),
        ("8/о", Cell(Decimal(8), absence="late")),
        ("8 / к", Cell(Decimal(8), absence="late")),
        ("о8", Cell(Decimal(8), absence="late")),
        ("1 о", Cell(Decimal(1), absence="late")),
        ("7н", Cell(Decimal(7), absence="absent_unexcused")),
    ],
)
def test_points_and_absences(typed: str, cell: Cell) -> None:
    assert parse_cell(typed, FO) == cell


@pytest.mark.parametrize("typed", ["+", "с", "С", "сынақ", "з", "Зачёт", "зачет", "p", "PASS"])
def test_a_pass(typed: str) -> None:
    assert parse_cell(typed, PASS_FAIL) == Cell(code="pass")
    assert parse_cell(f"{typed} о", PASS_FAIL) == Cell(code="pass", absence="late")


@pytest.mark.parametrize("typed", ["-", "–", "сж", "с/е", "Сынақ  емес", "нз", "незачёт", "f"])
def test_a_fail(typed: str) -> None:
    assert parse_cell(typed, PASS_FAIL) == Cell(code="fail")
    assert parse_cell(f"{typed} о", PASS_FAIL) == Cell(code="fail", absence="late")


@pytest.mark.parametrize(
    ("typed", "kind", "code"),
    [
        ("0", "fo", "out_of_range"),
        ("11", "fo", "out_of_range"),
        ("999999", "fo", "out_of_range"),
        ("8,5", "fo", "whole_only"),
        ("-1", "fo", "not_a_mark"),
        ("+", "fo", "not_a_mark"),
        ("8 9", "fo", "not_a_mark"),
        ("8нн", "fo", "not_a_mark"),
        ("abc", "fo", "not_a_mark"),
        ("=1+1", "fo", "not_a_mark"),
        ("٣", "fo", "not_a_mark"),
        ("1e3", "fo", "not_a_mark"),
        ("8" * 41, "fo", "too_long"),
        ("8/9", "fo", "other_max"),
        ("1о", "fo", "ambiguous_zero"),
        ("1o", "fo", "ambiguous_zero"),
        ("16", "sor", "out_of_range"),
        ("5", "pass_fail", "not_pass_fail"),
        ("зо", "pass_fail", "not_pass_fail"),
        ("c", "pass_fail", "look_alike"),
        ("6", "mark", "out_of_range"),
        ("0", "mark", "out_of_range"),
        ("5/4", "mark", "two_marks"),
        ("5", "words", "no_marks"),
        ("+", "words", "no_marks"),
        ("12,55", "20", "step"),
        ("20,1", "20", "out_of_range"),
    ],
)
def test_refusals_say_why(typed: str, kind: str, code: str) -> None:
    with pytest.raises(EntryError) as refusal:
        parse_cell(typed, KINDS[kind], Decimal(15) if kind == "sor" else None)
    assert refusal.value.code == code
    assert refusal.value.message % refusal.value.params


@pytest.mark.parametrize(
    ("latin", "meant"), [("a", "а"), ("o", "о"), ("k", "к"), ("b", "б"), ("K", "к"), ("H", "н")]
)
def test_a_latin_letter_that_looks_right_is_refused_and_never_guessed(
    latin: str, meant: str
) -> None:
    for typed in (latin, f"8{latin}", f"8 {latin}", f"{latin} 8"):
        with pytest.raises(EntryError) as refusal:
            parse_cell(typed, FO)
        assert refusal.value.code == "look_alike"
        assert refusal.value.params["meant"] == meant


def test_a_cyrillic_letter_that_looks_latin_is_refused_too() -> None:
    for cyrillic, meant in (("е", "e"), ("і", "i")):
        with pytest.raises(EntryError) as refusal:
            parse_cell(cyrillic, FO)
        assert refusal.value.params["meant"] == meant


def test_the_works_own_maximum_holds() -> None:
    assert parse_cell("15", SOR, Decimal(15)).points == 15
    with pytest.raises(EntryError) as refusal:
        parse_cell("16", SOR, Decimal(15))
    assert refusal.value.params == {"min": "0", "max": "15"}


def test_letters_differ_between_languages_and_never_clash() -> None:
    letters = [absence_letters(locale)[code] for locale in ("kk", "ru", "en") for code in ABSENCES]
    assert len(set(letters)) == 12


@st.composite
def cells(draw: st.DrawFn) -> tuple[str, Cell]:
    name = draw(st.sampled_from(sorted(KINDS)))
    kind = KINDS[name]
    absence = draw(st.sampled_from([None, *ABSENCES]))
    if name == "words":
        return name, Cell(absence=absence)
    if name == "pass_fail":
        return name, Cell(code=draw(st.sampled_from([None, "pass", "fail"])), absence=absence)
    top = kind.max_for() or Decimal(15)
    steps = draw(st.none() | st.integers(0, int((top - kind.lowest) / kind.step)))
    points = None if steps is None else kind.lowest + kind.step * steps
    return name, Cell(points, absence=absence)


@given(cells(), st.sampled_from(["kk", "ru", "en", "en-GB", "uz"]))
def test_what_is_shown_can_be_typed_back(case: tuple[str, Cell], locale: str) -> None:
    name, cell = case
    shown = show_cell(cell, locale)
    limit = Decimal(15) if name == "sor" else None
    assert parse_cell(shown, KINDS[name], limit) == cell
    assert parse_cell(shown.upper(), KINDS[name], limit) == cell
    assert show_cell(parse_cell(shown, KINDS[name], limit), locale) == shown


@given(st.text(max_size=60), st.sampled_from(sorted(KINDS)))
def test_any_text_gives_a_cell_or_a_refusal(typed: str, name: str) -> None:
    with contextlib.suppress(EntryError):
        cell = parse_cell(typed, KINDS[name], Decimal(15))
        assert cell.points is None or KINDS[name].lowest <= cell.points <= 15


def test_a_cell_becomes_a_work() -> None:
    late = work_of(SOR, Cell(Decimal(7), absence="late"), Decimal(15))
    assert late == Work("sor", 7, 15)
    assert work_of(SOR, Cell(absence="absent_ill"), Decimal(15)).excused
    assert work_of(SOR, Cell(absence="absent_unexcused"), Decimal(15)).missed_unexcused
    assert work_of(PASS_FAIL, Cell(code="fail"), None) == Work("fo", 0, 1)
    assert work_of(PASS_FAIL, Cell(code="pass"), None) == Work("fo", 1, 1)


def test_every_kind_that_takes_points_knows_its_bounds() -> None:
    for scheme in builtin().values():
        for kind in scheme.kinds:
            if kind.input == "mark":
                assert kind.max_for() is not None
