"""Names and tokens that end up in statements are safe whatever they are made from."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.plugins.database import Signer, login_of, mint, owner_of, schema_of, use_signer
from kundelik_core.plugins.database.logins import Logins
from kundelik_core.plugins.database.names import trash_of, view_of
from kundelik_core.plugins.database.rules import check_statement
from kundelik_core.plugins.database.token import is_token

NAMES = st.from_regex(r"[a-z][a-z0-9_]{2,29}", fullmatch=True).filter(
    lambda name: not name.endswith("_owner")
)
DAY = date(2026, 11, 24)


@given(NAMES)
def test_every_name_makes_identifiers_of_its_own(name: str) -> None:
    made = [login_of(name), owner_of(name), schema_of(name), trash_of(name, DAY, 12)]
    assert len(set(made)) == len(made)
    for identifier in made:
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,62}", identifier)


@given(NAMES, NAMES)
def test_two_plugins_share_no_role(one: str, other: str) -> None:
    if one != other:
        assert not {login_of(one), owner_of(one)} & {login_of(other), owner_of(other)}


@pytest.mark.parametrize(
    "name", ["", "ab", "Rating", "1st", "a-b", "a b", "a;b", "x" * 31, "é" * 4]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        schema_of(name)


def test_no_plugin_logs_in_as_another_one_s_owner() -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        login_of("rating_owner")


def test_a_scope_names_its_view() -> None:
    assert view_of("student.birth_date.v1") == "student_birth_date_v1"
    for odd in ("mark", "mark.v0", "mark.v1; drop", "core.mark v1", ""):
        with pytest.raises(ValueError, match="cannot be a scope"):
            view_of(odd)


@given(NAMES, st.integers(1, 2**31 - 1), st.integers(1, 3600))
def test_a_token_can_stand_in_a_statement(name: str, school: int, ttl: int) -> None:
    token = Signer(b"k" * 32).mint(name, school, ttl)
    assert is_token(token)
    assert "'" not in token
    assert token.split(":")[:2] == [login_of(name), str(school)]


@given(st.text(max_size=200))
def test_other_text_is_no_token(text: str) -> None:
    assert not is_token(text)


@pytest.mark.parametrize("school", [0, -1, True, 1.0, "1"])
def test_a_school_is_a_positive_number(school: object) -> None:
    with pytest.raises(ValueError, match="positive int"):
        Signer(b"k" * 32).mint("rating", school)  # type: ignore[arg-type]


def test_a_process_without_a_key_mints_nothing() -> None:
    use_signer(None)
    with pytest.raises(RuntimeError, match="no signer"):
        mint("rating", 1)
    use_signer(Signer(b"k" * 32))
    assert is_token(mint("rating", 1))
    use_signer(None)


def test_every_plugin_has_a_password_of_its_own() -> None:
    logins, others = Logins("postgresql://app@/k", b"a"), Logins("postgresql://app@/k", b"b")
    known = {source.password(name) for source in (logins, others) for name in ("one", "two")}
    assert len(known) == 4
    assert logins.verifier("one") == logins.verifier("one")
    assert logins.password("one") not in logins.verifier("one")


@given(st.text(max_size=60))
def test_a_migration_begins_with_an_allowed_word_or_not_at_all(text: str) -> None:
    try:
        check_statement("0001_x", 1, text)
    except Exception:  # noqa: BLE001 - whatever it is, it was refused
        return
    assert re.match(
        r"\s*(create|alter|drop|comment|insert|update|delete|with)\b", text, re.IGNORECASE
    )
