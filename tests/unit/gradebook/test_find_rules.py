"""What is typed becomes words that names are compared with, and never a pattern of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.gradebook.find.rules import FOLDED, LETTERS, LONGEST, wanted
from kundelik_core.kernel.names import KAZAKH_ALPHABET, search_key


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("айш нур", ("айш", "нур")), ("  АЙША   Нұр ", ("айша", "нур")),
        ("Қалиева-Ёлкина", ("калиева", "елкина")), ("5а", ("5", "а")), ("5 «Ә»", ("5", "а")),
        ("матем 11Б", ("матем", "11", "б")), ("O'Neil", ("oneil",)), ("5", ("5",)),
        ("", ()), ("а", ()), ("%", ()), ("_%", ()), ("- -", ()), ("а б", ("а", "б")),
    ],
)  # fmt: skip
def test_words(typed: str, words: tuple[str, ...]) -> None:
    assert wanted(typed).words == words


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("aisha", "% а_ша%"), ("Aigerim", "% а_гер_м%"), ("zhanar", "% жанар%"),
        ("Nurlan", "% нурлан%"), ("yerbol", "% ербол%"), ("Shchukin", "% щук_н%"),
        ("Qairat", "% ка_рат%"), ("айша", "% айша%"), ("5b", "% 5 %"),
    ],
)  # fmt: skip
def test_latin_letters_are_read_as_names_are_written(typed: str, read: str) -> None:
    assert wanted(typed).latin[0] == read


def test_a_grade_is_meant_as_it_is() -> None:
    assert wanted("1а").patterns == ("% 1 %", "% а%")
    assert wanted("1а").has_number
    assert not wanted("айша").has_number


@given(st.text(max_size=200))
def test_whatever_is_typed_is_bounded_and_holds_no_pattern(typed: str) -> None:
    found = wanted(typed)
    assert len(found.text) <= LONGEST
    assert len(found.words) == len(found.patterns) == len(found.latin) <= 6
    for word, pattern in zip(found.words, found.patterns, strict=True):
        assert word
        assert not set(word) & set("%_\\ ")
        assert pattern.strip("% ") == word


@given(st.text("АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯ", min_size=2, max_size=12))
def test_a_name_is_found_by_itself_in_any_case(name: str) -> None:
    for typed in (name, name.lower(), name.capitalize()):
        assert wanted(typed).words == (search_key(name),)


def test_letters_of_titles_are_folded_as_names_are() -> None:
    assert len(LETTERS) == len(FOLDED) == len(set(LETTERS))
    table = str.maketrans(LETTERS, FOLDED)
    for letter in KAZAKH_ALPHABET:
        assert letter.translate(table) == letter.lower().translate(table) == search_key(letter)
