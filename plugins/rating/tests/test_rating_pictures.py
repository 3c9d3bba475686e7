"""What a reader gets: pictures that need no style, the same in words, in three languages."""

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast
from xml.etree import ElementTree

import kundelik_rating
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kundelik_rating.domain.measure import Band, Scale, Spread, nearest
from kundelik_rating.domain.story import Line, Look, Missing
from kundelik_rating.pages import method
from kundelik_rating.pictures import (
    _BOTTOM,
    _TOP,
    Speech,
    _height,
    profile_values,
    strip_values,
    trend_values,
)
from kundelik_rating.sample import invented_looks
from kundelik_rating.settings import Options, offered

from kundelik_core.plugins.registry import Registry
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.sdk import Fragment, PageRequest, PluginContext, parse_manifest

ROOT = Path(kundelik_rating.__file__).parent
LOCALES = ("kk", "ru", "en")
DAY = date(2026, 11, 23)
PERCENT = Scale.percent()


@pytest.fixture(scope="module")
def renderer() -> JinjaRenderer:
    manifest = parse_manifest((ROOT / "kundelik.toml").read_bytes(), "kundelik.toml")

    class There:
        loaded: ClassVar = {"rating": SimpleNamespace(root=ROOT, manifest=manifest)}

    return JinjaRenderer(cast("Registry", There()))


def shown(renderer: JinjaRenderer, template: str, context: Mapping[str, Any], locale: str) -> str:
    return "".join(renderer.pieces("rating", Fragment(template=template, context=context), locale))


def speech(locale: str = "en", scale: Scale = PERCENT) -> Speech:
    return Speech(locale, date.isoformat, scale)


def seen(
    result: str = "82.65", band: Band = Band.UPPER, spread: Spread | None = Spread.MIXED
) -> Look:
    return Look(day=DAY, result=Fraction(result), band=band, middle=Fraction(70), spread=spread)


async def page(locale: str) -> Any:
    ctx = SimpleNamespace(
        i18n=SimpleNamespace(locale=locale, day=date.isoformat),
        clock=SimpleNamespace(today=lambda: DAY),
    )
    return await method(cast("PluginContext", ctx), PageRequest())


def run(coroutine: Any) -> Any:
    with pytest.raises(StopIteration) as caught:
        coroutine.send(None)
    return caught.value.value


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "The result, 82.7%, lies in the upper part of the group. The middle of the group"),
        ("ru", "Результат, 82,7\u00a0%, в верхней части группы. Середина группы около 70\u00a0%."),
        ("kk", "Нәтиже, 82,7\u00a0%, топтың жоғарғы бөлігінде. Топтың ортасы шамамен 70\u00a0%."),
    ],
)
def test_the_strip_in_words(renderer: JinjaRenderer, locale: str, words: str) -> None:
    html = shown(renderer, "strip.html", {"strip": strip_values(seen(), speech(locale))}, locale)
    assert words in html


@pytest.mark.parametrize("band", Band)
@pytest.mark.parametrize("spread", [None, *Spread])
def test_the_strip_marks_one_part_and_says_which(
    renderer: JinjaRenderer, band: Band, spread: Spread | None
) -> None:
    look = seen(band=band, spread=spread)
    html = shown(renderer, "strip.html", {"strip": strip_values(look, speech())}, "en")
    svg = ElementTree.fromstring(re.findall(r"<svg.*?</svg>", html, re.DOTALL)[0])
    zones = svg.findall("rect")
    widths = [zone.get("stroke-width") for zone in zones]
    own = widths.index("2")
    assert widths.count("2") == 1
    assert own == [*Band].index(band)
    # The pointer stands over the marked part, and colour is not alone in saying so.
    tip = int(re.findall(r"M(\d+) ", svg.findall("path")[0].get("d") or "")[0]) + 7
    left, width = (int(zones[own].get(name) or "") for name in ("x", "width"))
    assert left < tip < left + width
    assert svg.findall("text")[own].get("font-weight") == "700"
    assert f"lies in the {band.value} part" in html
    told = re.findall(r"results lie (close together|some way apart|far apart)", html)
    words = {"close": "close together", "mixed": "some way apart", "wide": "far apart"}
    assert told == ([words[spread.value]] if spread else [])


def test_the_trend_stands_on_the_axis_of_the_scale(renderer: JinjaRenderer) -> None:
    looks = [seen("0", Band.LOWER), seen("100"), seen("50", Band.MIDDLE)]
    values = trend_values(looks, speech())
    points = cast("list[dict[str, Any]]", values["points"])
    assert [point["own"] for point in points] == [values["bottom"], values["top"], 60]
    assert [point["x"] for point in points] == [12, 144, 276]
    html = shown(renderer, "trend.html", {"trend": values}, "en")
    assert "has moved to a lower part" in html
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", html)
    assert [re.findall(r"<td>(.*?)</td>", row) for row in rows] == [
        ["0.0% <small>Lower</small>", "70%"],
        ["100.0% <small>Upper</small>", "70%"],
        ["50.0% <small>Middle</small>", "70%"],
    ]


def test_one_point_is_no_line(renderer: JinjaRenderer) -> None:
    html = shown(renderer, "trend.html", {"trend": trend_values([seen()], speech())}, "en")
    assert "polyline" not in html
    assert "Since the publication before" not in html


def test_a_result_beyond_the_scale_stays_on_the_picture() -> None:
    points = trend_values([seen("104"), seen("-3")], speech())["points"]
    assert [point["own"] for point in cast("list[dict[str, Any]]", points)] == [14, 106]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("why", Missing)
def test_every_reason_has_words(renderer: JinjaRenderer, locale: str, why: Missing) -> None:
    text = shown(renderer, "missing.html", {"missing": why.value}, locale)
    others = {
        shown(renderer, "missing.html", {"missing": one.value}, locale)
        for one in Missing
        if one is not why
    }
    assert len(text) > 40
    assert text not in others
    rows = profile_values([Line(subject="<b>Ән</b>", seen=why)], speech(locale))
    html = shown(renderer, "profile.html", {"profile": rows}, locale)
    assert "&lt;b&gt;Ән&lt;/b&gt;" in html


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_of_the_method(renderer: JinjaRenderer, locale: str) -> None:
    answer = run(page(locale))
    html = shown(renderer, answer.template, answer.context, locale)
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?:|url\(", html)
    assert all(int(width) <= 390 - 2 * 34 for width in re.findall(r"<svg width=\"(\d+)\"", html))
    # Colours come from the text around: light, dark and paper alike.
    colours = set(re.findall(r"(?:fill|stroke)=\"(\w+)\"", html))
    assert colours == {"currentColor", "none"}
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        picture = ElementTree.fromstring(svg)
        assert picture.get("role") == "img"
        assert len(picture.get("aria-label") or "") > 20
    headings = re.findall(r"<h([23])>", html)
    assert headings[0] == "2"
    if locale == "en":
        assert "at least 3 marks" in html
        assert "even 2 families" in html
    else:
        assert not re.search(r"\b(the|group|result|child)\b", re.sub(r"<[^>]*>", "", html))


def test_the_preview_is_made_by_the_method() -> None:
    looks = invented_looks(DAY)
    assert len(looks) == 4
    assert looks[-1].day == DAY
    assert {look.band for look in looks} >= {Band.MIDDLE, Band.UPPER}


@pytest.mark.parametrize(
    ("locale", "scale", "value", "words"),
    [
        ("en", PERCENT, "82.65", "82.7%"),
        ("kk", PERCENT, "99.95", "100,0\u00a0%"),
        ("ru", Scale.marks(1, 5), "38/9", "4,2"),
        ("en", Scale.marks(0, 20), "0", "0.0"),
        ("ru", Scale.marks(0, 20), "12.05", "12,1"),
    ],
)
def test_numbers_are_said_as_the_diary_does(
    locale: str, scale: Scale, value: str, words: str
) -> None:
    assert speech(locale, scale).exact(Fraction(value)) == words


def test_rounded_numbers_have_no_idle_digits() -> None:
    assert speech("kk", Scale.marks(1, 5)).rounded(Fraction("3.5")) == "3,5"
    assert speech("kk", Scale.marks(1, 5)).rounded(Fraction(4)) == "4"
    assert speech("en").rounded(Fraction(100)) == "100%"


def test_subjects_that_are_left_out() -> None:
    options = Options(left_out="PE, Art ,,")
    assert [offered(code, options) for code in ("pe", "art", "math")] == [False, False, True]
    assert offered("pe", Options())


@given(
    value=st.fractions(min_value=-20, max_value=120, max_denominator=900),
    scale=st.one_of(st.just(PERCENT), st.integers(1, 9).map(lambda low: Scale.marks(low, low + 4))),
)
def test_a_height_is_the_nearest_pixel_of_the_exact_place(value: Fraction, scale: Scale) -> None:
    inside = min(max(value, scale.low), scale.high)
    part = (inside - scale.low) / (scale.high - scale.low)
    assert _height(value, scale) == nearest(_BOTTOM - part * (_BOTTOM - _TOP), Fraction(1))
