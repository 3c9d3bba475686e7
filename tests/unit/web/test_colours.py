"""Contrast is WCAG's, what is offered passes, and a school's colours pass by day and by night."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.web.themes import load_theme
from kundelik_core.web.themes.colours import (
    BLACK,
    WHITE,
    Colour,
    contrast,
    mix,
    nearest,
    parse_hex,
    to_hex,
)
from kundelik_core.web.themes.palette import (
    LEVELS,
    Palette,
    Weak,
    broken_promise,
    colour_sheet,
    palettes,
    refit,
    weak_accent,
    weak_pairs,
    weak_second,
)

THEMES = ("default", "nauryz", "contrast")
Rule = Callable[[Palette, str, Colour], list[Weak]]
colours = st.tuples(*(st.integers(0, 255) for _ in range(3)))
PAIRS = {name: palettes(load_theme(name).sheet) for name in THEMES}


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    # The ratios that WCAG's own examples give for these greys and primaries.
    [("#000", "#fff", 21.0), ("#777777", "#fff", 4.48), ("#767676", "#fff", 4.54),
     ("#f00", "#fff", 4.0), ("#00f", "#fff", 8.59), ("#0f0", "#fff", 1.37)],
)  # fmt: skip
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    a, b = parse_hex(one), parse_hex(other)
    assert a is not None
    assert b is not None
    assert contrast(a, b) == contrast(b, a) == pytest.approx(ratio, abs=0.006)


@given(colours)
def test_a_colour_is_read_as_it_is_written(colour: Colour) -> None:
    assert parse_hex(to_hex(colour)) == parse_hex(to_hex(colour)[1:].upper()) == colour
    assert mix(colour, WHITE, 1) == colour
    assert mix(colour, BLACK, 0) == BLACK


@pytest.mark.parametrize("text", ["", "#", "red", "#12345", "#1234567", "#12 456", "1;}a{", "#ggg"])
def test_anything_else_is_no_colour(text: str) -> None:
    assert parse_hex(text) is None


@pytest.mark.parametrize("name", THEMES)
def test_our_themes_keep_what_they_promise(name: str) -> None:
    pair, level = PAIRS[name], load_theme(name).contrast
    assert pair is not None
    assert [weak_pairs(palette, level) for palette in pair] == [[], []]
    assert (level == "AAA") == (name == "contrast")
    assert broken_promise(load_theme(name).sheet, level) == ""


def test_a_promise_that_is_not_kept_is_said_in_one_line() -> None:
    sheet = load_theme("default").sheet
    pale = sheet.replace(b"--soft: #4a5f65", b"--soft: #9ab0b6")
    said = "by day --soft on --tint has a contrast of "
    assert broken_promise(pale, "AA").startswith(said)
    assert broken_promise(sheet, "AAA").endswith("AAA asks for 4.5")
    assert "cannot be judged" in broken_promise(sheet.replace(b"#006a7e", b"teal"), "AA")


@given(colours, st.sampled_from(THEMES))
def test_what_is_offered_passes_and_what_passes_is_offered_as_it_is(
    colour: Colour, name: str
) -> None:
    pair, level = PAIRS[name], load_theme(name).contrast
    assert pair is not None
    for rule in (weak_accent, weak_second):

        def passes(tried: Colour, rule: Rule = rule) -> bool:
            return not rule(pair[0], level, tried)

        better = nearest(colour, passes)
        assert better is not None
        assert rule(pair[0], level, better) == []
        if not rule(pair[0], level, colour):
            assert better == colour


@given(colours, st.one_of(st.none(), colours), st.sampled_from(THEMES))
def test_a_school_s_colours_are_refused_or_can_be_read_everywhere(
    accent: Colour, second: Colour | None, name: str
) -> None:
    pair, level = PAIRS[name], load_theme(name).contrast
    assert pair is not None
    own = refit(pair, level, accent, second)
    if own is None:
        assert weak_accent(pair[0], level, accent) or (
            second is not None and weak_second(pair[0], level, second)
        )
        return
    assert own.light["accent"] == accent
    for palette, extra in zip(pair, (own.light, own.dark), strict=True):
        # Nothing of the theme is spoilt by what the school put into it.
        assert weak_pairs({**palette, **extra}, level) == []
        if second is not None:
            assert weak_second({**palette, **extra}, level, extra["bright"]) == []
    assert b"{--" in colour_sheet(own)


def test_the_sheet_of_a_school_s_colours_says_only_colours() -> None:
    pair = PAIRS["default"]
    assert pair is not None
    own = refit(pair, "AA", (11, 61, 145), (163, 74, 0))
    assert own is not None
    sheet = colour_sheet(own).decode()
    assert sheet.count("--accent:#0b3d91") == 1
    assert sheet.count("--accent:") == 3
    assert "url(" not in sheet
    assert sheet.count("{") == sheet.count("}")


def test_a_sheet_is_read_by_day_and_by_night() -> None:
    names = {name for pair in LEVELS for name in pair}
    assert names
    light = ";".join(f"--{n}:#111" for n in _NAMES)
    sheet = (
        "/* --page: red; } */ @layer tokens { :root { " + light + "; --edge: var(--ink) }"
        "@media (prefers-contrast: more) { :root { --ink: #999 } }"
        ":root[data-theme=dark] { --page: #222222; background: url(data:x;}{) } }"
    )
    found = palettes(sheet.encode())
    assert found is not None
    day, night = found
    assert day["edge"] == day["ink"] == (17, 17, 17)
    assert (day["page"], night["page"], night["ink"]) == ((17,) * 3, (34,) * 3, (17,) * 3)
    assert palettes(sheet.replace("--gold:#111", "--gold:gold").encode()) is None


_NAMES = ("page", "paper", "sunk", "ink", "soft", "edge", "accent", "on-accent", "tint", "bright",
          "gold", "gold-tint", "alert", "alert-tint")  # fmt: skip
