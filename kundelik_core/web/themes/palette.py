"""Read a theme's colours out of its sheet, judge their contrast, and fit a school's own into them.

Pure. A sheet gives tokens in ``:root`` and, for the dark, in ``:root[data-theme=dark]``; a colour
that is no ``#rrggbb`` cannot be judged, and such a theme keeps to its own colours.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

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

__all__ = [
    "LEVELS",
    "Own",
    "Palette",
    "Weak",
    "broken_promise",
    "colour_sheet",
    "palettes",
    "refit",
    "weak_accent",
    "weak_pairs",
    "weak_second",
]

Palette = Mapping[str, Colour]

LEVELS: Final[Mapping[str, tuple[float, float]]] = {"AA": (4.5, 3.0), "AAA": (7.0, 4.5)}
"""What a theme promises: the least contrast of text, and of borders and signs."""

# Every pair that the pages' sheets put together: the text or sign, and what it stands on.
TEXT: Final = (
    *(("ink", on) for on in ("page", "paper", "sunk", "tint", "gold-tint", "alert-tint")),
    *(("soft", on) for on in ("page", "paper", "sunk", "tint")),
    *(("accent", on) for on in ("page", "paper", "sunk", "tint")),
    *(("alert", on) for on in ("page", "paper", "alert-tint")),
    *(("gold", on) for on in ("paper", "gold-tint")),
    ("on-accent", "accent"),
    ("paper", "alert"),
)
SIGNS: Final = (("edge", "page"), ("edge", "paper"))
SECOND: Final = (("bright", "page"), ("bright", "paper"))
NAMES: Final = frozenset(name for pair in (*TEXT, *SIGNS, *SECOND) for name in pair)
# Of these the school's accent makes new ones; pairs without any of them it cannot spoil.
OWN: Final = frozenset({"accent", "on-accent", "tint"})
# By night a colour that barely passes looks dull; made by us, it may as well be a good one.
NIGHT: Final = 6.0

_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
# What is quoted, or an address, may hold braces and semicolons of its own.
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'|url\([^)]*\)")
_PIECE: Final = re.compile(r"[^{};]*[{};]")
_VAR: Final = re.compile(r"var\(\s*--([a-z0-9-]+)\s*\)\Z")
_DARK: Final = re.compile(r":root\[data-theme=(?:dark)?\]\Z")


class Weak(msgspec.Struct, frozen=True):
    """Two colours that are too close to each other."""

    name: str
    on: str
    ratio: float
    least: float


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens that a school's colours replace, by day and by night."""

    light: Palette
    dark: Palette


def _blocks(sheet: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Go through the declarations of a sheet, each with the heads of the blocks around it."""
    around: list[str] = []
    for found in _PIECE.finditer(_QUOTED.sub("", _COMMENT.sub(" ", sheet))):
        text, end = found[0][:-1].strip(), found[0][-1]
        if end == "{":
            around.append(text)
            continue
        if text:
            yield tuple(around), text
        if end == "}" and around:
            around.pop()


def _given(sheet: str) -> tuple[dict[str, str], dict[str, str]]:
    light: dict[str, str] = {}
    dark: dict[str, str] = {}
    for around, text in _blocks(sheet):
        # What only some devices see, such as those that ask for more contrast, is an extra.
        if any(head.startswith("@media") for head in around) or not around:
            continue
        name, colon, value = text.partition(":")
        if not (colon and name.startswith("--")):
            continue
        for selector in around[-1].split(","):
            if selector.strip() == ":root":
                light[name[2:]] = value.strip()
            elif _DARK.match(selector.strip()):
                dark[name[2:]] = value.strip()
    return light, dark


def _colours(values: Mapping[str, str]) -> Palette | None:
    found: dict[str, Colour] = {}
    for name in NAMES:
        value = values.get(name, "")
        for _hop in range(5):
            other = _VAR.match(value)
            if not other:
                break
            value = values.get(other[1], "")
        colour = parse_hex(value) if value.startswith("#") else None
        if colour is None:
            return None
        found[name] = colour
    return found


def palettes(sheet: bytes) -> tuple[Palette, Palette] | None:
    """Return the colours by day and by night; None when they cannot be judged."""
    light, dark = _given(sheet.decode())
    day, night = _colours(light), _colours({**light, **dark})
    return (day, night) if day and night else None


def _weak(palette: Palette, pairs: tuple[tuple[str, str], ...], least: float) -> list[Weak]:
    found = ((name, on, contrast(palette[name], palette[on])) for name, on in pairs)
    return [Weak(name, on, ratio, least) for name, on, ratio in found if ratio < least]


def weak_pairs(palette: Palette, level: str) -> list[Weak]:
    """Return every pair of a theme that does not keep what its level promises."""
    text, sign = LEVELS[level]
    return [*_weak(palette, TEXT, text), *_weak(palette, SIGNS, sign)]


def broken_promise(sheet: bytes, level: str) -> str:
    """Return in one line what a theme promises of its colours and does not keep, or nothing."""
    pair = palettes(sheet)
    if pair is None:
        return "its colours are not all #rrggbb, so they cannot be judged"
    for when, palette in zip(("by day", "by night"), pair, strict=True):
        if weak := weak_pairs(palette, level):
            worst = min(weak, key=lambda one: one.ratio / one.least)
            return (
                f"{when} --{worst.name} on --{worst.on} has a contrast of {worst.ratio:.2f}; "
                f"{level} asks for {worst.least:g}"
            )
    return ""


def _with_accent(palette: Palette, level: str, accent: Colour) -> Palette:
    """Return the palette with another accent, and with what goes with it."""
    least = LEVELS[level][0]
    over = max(
        (palette["on-accent"], WHITE, BLACK),
        # The theme's own as long as it can be read, else whatever can be read best.
        key=lambda c: (
            (c == palette["on-accent"] and contrast(c, accent) >= least)
            or contrast(c, accent) / 100
        ),
    )
    tint = palette["paper"]
    for percent in range(18, 1, -2):
        tint = mix(accent, palette["paper"], percent / 100)
        if all(contrast(palette[c], tint) >= least for c in ("ink", "soft")) and (
            contrast(accent, tint) >= least
        ):
            break
    return {**palette, "accent": accent, "on-accent": over, "tint": tint}


def weak_accent(palette: Palette, level: str, accent: Colour) -> list[Weak]:
    """Return what could not be read with this accent."""
    least = LEVELS[level][0]
    pairs = tuple(pair for pair in TEXT if not OWN.isdisjoint(pair))
    return _weak(_with_accent(palette, level, accent), pairs, least)


def weak_second(palette: Palette, level: str, second: Colour) -> list[Weak]:
    """Return on which grounds thin lines of this colour would be lost."""
    return _weak({**palette, "bright": second}, SECOND, LEVELS[level][1])


def refit(
    pair: tuple[Palette, Palette], level: str, accent: Colour | None, second: Colour | None
) -> Own | None:
    """Return the tokens of a school's colours; None when one cannot be read by day.

    By night the same tints are made as much lighter as it takes.
    """
    day, night = pair
    light: dict[str, Colour] = {}
    dark: dict[str, Colour] = {}
    if accent is not None:
        lit = nearest(
            accent,
            lambda c: contrast(c, night["paper"]) >= NIGHT and not weak_accent(night, level, c),
        )
        if weak_accent(day, level, accent) or lit is None:
            return None
        light |= {name: _with_accent(day, level, accent)[name] for name in OWN}
        dark |= {name: _with_accent(night, level, lit)[name] for name in OWN}
    if second is not None:
        lit = nearest(second, lambda c: not weak_second(night, level, c))
        if weak_second(day, level, second) or lit is None:
            return None
        light["bright"], dark["bright"] = second, lit
    return Own(light=light, dark=dark)


def colour_sheet(own: Own) -> bytes:
    """Return the sheet of a school's colours: tokens, and a line of the second one in the frame."""

    def tokens(palette: Palette) -> str:
        return ";".join(f"--{name}:{to_hex(palette[name])}" for name in sorted(palette))

    light, dark = tokens(own.light), tokens(own.dark)
    sheet = (
        f"@layer tokens{{:root{{{light}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
        f":root[data-theme=dark]{{{dark}}}}}"
    )
    if "bright" in own.light:
        sheet += "@layer components{.top{box-shadow:inset 0 -3px var(--bright)}}"
    return sheet.encode()
