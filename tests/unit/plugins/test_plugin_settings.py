import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.plugins.declared import SettingField
from kundelik_core.plugins.settings import effective, from_form, setting_fault
from kundelik_core.sdk import Text

T = Text(kk="к", ru="р", en="e")
FIELDS = (
    SettingField(name="days", kind="int", title=T, help=None, default=7, minimum=1, maximum=30),
    SettingField(name="loud", kind="bool", title=T, help=None, default=True),
    SettingField(name="words", kind="str", title=T, help=None, default="a", maximum=5),
    SettingField(
        name="look", kind="choice", title=T, help=None, default="x", choices=(("x", T), ("y", T))
    ),
)
DEFAULTS = {"days": 7, "loud": True, "words": "a", "look": "x"}
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.integers())


def test_what_is_not_set_is_as_the_plugin_says() -> None:
    assert effective(FIELDS, {}) == DEFAULTS
    stored = {"days": 3, "loud": False, "words": "", "look": "y", "gone": 1}
    assert effective(FIELDS, stored) == {"days": 3, "loud": False, "words": "", "look": "y"}


@given(st.dictionaries(st.sampled_from([*DEFAULTS, "gone"]), VALUES))
def test_whatever_is_stored_the_plugin_gets_what_fits(stored: dict[str, object]) -> None:
    got = effective(FIELDS, stored)
    assert got.keys() == DEFAULTS.keys()
    for field in FIELDS:
        assert setting_fault(field, got[field.name]) is None
        assert got[field.name] in (stored.get(field.name), field.default)


@given(st.dictionaries(st.sampled_from([*DEFAULTS]), st.text(max_size=25)))
def test_a_form_gives_values_or_says_what_is_wrong(form: dict[str, str]) -> None:
    values, faults = from_form(FIELDS, form)
    assert {*values} | {*faults} == {*DEFAULTS}
    assert not {*values} & {*faults}
    assert effective(FIELDS, values) == {**DEFAULTS, **values}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("days", "", "Write a whole number."),
        ("days", "1.5", "Write a whole number."),
        ("days", "٧", "Write a whole number."),
        ("days", "9" * 5000, "Write a whole number."),
        ("days", "0", "Write at least 1."),
        ("days", "31", "Write at most 30."),
        ("words", "longer", "Use at most 5 characters."),
        ("look", "z", "Choose one of the list."),
    ],
)
def test_a_mistake_is_said_in_words(name: str, text: str, says: str) -> None:
    good = {"days": "7", "words": "a", "look": "x"}
    _values, faults = from_form(FIELDS, {**good, name: text})
    assert {key: fault.text() for key, fault in faults.items()} == {name: says}


def test_a_box_that_is_not_ticked_is_not_sent() -> None:
    values, _ = from_form(FIELDS, {"days": " 7 ", "words": "a", "look": "x"})
    assert values == {"days": 7, "loud": False, "words": "a", "look": "x"}
