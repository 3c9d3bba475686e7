import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.kernel.names import (
    KAZAKH_ALPHABET,
    full_name,
    initials,
    search_key,
    short_name,
    sort_key,
)

IN_ORDER = [
    "Аружан", "Әлия", "Бекзат", "Галина", "Ғалым", "Ирина", "Камила", "Қанат", "Оспан", "Өмір",
    "Умар", "Ұлжан", "Іңкәр",
]  # fmt: skip
NAMES = st.text(alphabet=KAZAKH_ALPHABET + KAZAKH_ALPHABET.lower() + "Aa Zz-'", max_size=12)
ANYTHING = st.text(max_size=20)


def test_names_stand_in_the_order_of_the_kazakh_alphabet() -> None:
    assert sorted(sorted(IN_ORDER), key=sort_key) == IN_ORDER


def test_every_letter_has_its_own_place() -> None:
    assert sorted(set(KAZAKH_ALPHABET), key=sort_key) == list(KAZAKH_ALPHABET)
    assert len(KAZAKH_ALPHABET) == 42
    assert [sort_key(c) for c in KAZAKH_ALPHABET] == [sort_key(c.lower()) for c in KAZAKH_ALPHABET]


def test_the_order_is_that_of_bytes_in_a_database() -> None:
    keys = [sort_key(name) for name in IN_ORDER]
    assert sorted(keys, key=str.encode) == keys


def test_digits_come_before_kazakh_and_latin_after() -> None:
    mixed = ["5а", "Әлия", "Яна", "Adam", "Élodie", "Zoe", "李"]
    assert sorted(set(mixed), key=sort_key) == mixed


def test_a_shorter_surname_comes_first() -> None:
    mixed = ["Ким Яна", "Кимова Анна"]
    assert sorted(set(mixed), key=sort_key) == mixed


@given(ANYTHING)
def test_a_sort_key_fits_into_a_database_column(text: str) -> None:
    key = sort_key(text)
    assert "\0" not in key
    key.encode()


@given(NAMES)
def test_case_and_composition_do_not_matter(text: str) -> None:
    assert sort_key(text.upper()) == sort_key(text.lower()) == sort_key(text)
    assert sort_key(unicodedata.normalize("NFD", text)) == sort_key(text)


@given(NAMES, NAMES)
def test_different_words_have_different_keys(one: str, two: str) -> None:
    same = one.lower().replace("'", "").replace("-", " ").split() == (
        two.lower().replace("'", "").replace("-", " ").split()
    )
    assert (sort_key(one) == sort_key(two)) == same


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("Нұрлан", "нурлан"),
        ("Әбдірахман", "Абдирахман"),
        ("Ғалымжан", "галымжан"),
        ("Қаһарман", "кахарман"),
        ("Іңкәр", "инкар"),
        ("Артём", "Артем"),
        ("Өмірзақ  Үміт", " омирзак умит "),
        ("Анна-Мария", "анна мария"),
        ("Айша", "Aйшa"),  # the first and last letters are Latin here
        ("Й", "Й"),
    ],
)
def test_a_name_is_found_however_it_was_typed(stored: str, typed: str) -> None:
    assert search_key(stored) == search_key(typed)


def test_latin_names_stay_latin() -> None:
    assert search_key("Oxana Petrova") == "oxana petrova"


def test_different_names_stay_different() -> None:
    assert search_key("Айша") != search_key("Айшат")
    assert search_key("Қанат") != search_key("Канаш")


@given(ANYTHING)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert search_key(search_key(text)) == search_key(text)


def test_names_are_written_as_documents_do() -> None:
    assert full_name("Әбдірахман", "Айша", "Қайратқызы") == "Әбдірахман Айша Қайратқызы"
    assert full_name("Ким", "Анна") == "Ким Анна"
    assert full_name("", "Айша", None) == "Айша"
    assert short_name("Әбдірахман", "Айша") == "Әбдірахман А."
    assert short_name("Сериков", "Болат", "Асқарұлы") == "Сериков Б. А."
    assert short_name("Серік", "") == "Серік"
    assert initials("әбдірахман", "айша") == "ӘА"
