import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.identity import rules
from kundelik_core.kernel.errors import Problem


@pytest.mark.parametrize(
    "login", ["aisha", "a.b-c_d", "7701112345", "ab3", "x@school.kz", "a" * 64]
)
def test_logins_that_can_be_typed(login: str) -> None:
    assert rules.check_login(f"  {login.upper()} ") == login


@pytest.mark.parametrize("login", ["", "ab", ".ab", "ab.", "айша", "a b", "a/b", "<b>"])
def test_logins_that_cannot(login: str) -> None:
    with pytest.raises(Problem) as caught:
        rules.check_login(login)
    assert (caught.value.code, caught.value.field) == ("login-form", "login")


@given(st.text(max_size=100))
def test_a_login_is_either_refused_or_fits_the_column(text: str) -> None:
    try:
        login = rules.check_login(text)
    except Problem:
        return
    assert login == login.lower()
    assert 3 <= len(login) <= 64
    assert rules.check_login(login) == login


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password-short"),
        ("123456789", "password-short"),
        ("1234567890", "password-common"),
        ("9876543210", "password-common"),
        ("qwertyuiop", "password-common"),
        ("Password2026!", "password-common"),
        ("құпиясөз2026", "password-common"),
        ("aaaaaaaaaaaa", "password-common"),
        ("ababababab", "password-common"),
        ("aisha.akhmet", "password-is-login"),
        ("Aisha.Akhmet26", "password-is-login"),
        ("aisha.akhmetaisha.akhmet", "password-is-login"),
        ("x" * 257, "password-long"),
        ("q w e r t y u i o p", "password-common"),
    ],
)
def test_passwords_that_are_guessed_first(password: str, code: str) -> None:
    with pytest.raises(Problem) as caught:
        rules.check_password_rules(password, ["aisha.akhmet"])
    assert (caught.value.code, caught.value.field, caught.value.status) == (code, "password", 422)


@pytest.mark.parametrize(
    "password", ["three quiet camels", "үш үнсіз түйе", "k7#pQ2!vXz", "my aisha.akhmet and me"]
)
def test_passwords_that_are_good(password: str) -> None:
    rules.check_password_rules(password, ["aisha.akhmet", "a"])


def test_codes_are_read_as_they_are_typed() -> None:
    for _ in range(200):
        code = rules.new_code()
        assert len(code) == 10
        assert not set(code) & set("01IOLQ") - set("Q")
        typed = f" {rules.show_code(code).lower()} ".replace("-", " – ")
        assert rules.normal_code(typed) == code
        assert rules.activation_hash(typed) == rules.activation_hash(code)
    assert rules.activation_hash("AAAAAAAAAA") != rules.activation_hash("AAAAAAAAAB")


def test_codes_and_tokens_do_not_repeat() -> None:
    assert len({rules.new_code() for _ in range(2000)}) == 2000
    tokens = {rules.new_token() for _ in range(2000)}
    assert len(tokens) == 2000
    assert all(
        len(t) == 43 and set(t) <= set(string.ascii_letters + string.digits + "-_") for t in tokens
    )


@given(st.integers(0, 10_000), st.integers(0, 100_000), st.integers(1, 1000))
def test_the_delay_grows_and_has_an_end(address: int, everyone: int, more: int) -> None:
    now = rules.delay(address, everyone)
    assert 0 <= now <= rules.delay(address + more, everyone + more) <= rules.SLOWEST_SECONDS


def test_a_class_that_mistypes_is_not_slowed() -> None:
    assert rules.delay(rules.SLOW_AFTER_ADDRESS, rules.SLOW_AFTER_ALL) == 0
    assert rules.delay(rules.ADDRESS_LIMIT, 0) == rules.SLOWEST_SECONDS


def test_sessions_are_short_where_much_can_be_seen() -> None:
    family = rules.session_length(["parent"], platform=False)
    staff = rules.session_length(["parent", "teacher"], platform=False)
    assert family > staff > rules.session_length(["teacher"], platform=True)
