"""A line of results that is filled in is the line that the template draws."""

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.gradebook.diary.model import DiaryGroup
from kundelik_core.gradebook.journal.model import Titles
from kundelik_core.gradebook.results import Kept, StoredTerm
from kundelik_core.kernel.i18n import LOCALES, Locale, use_locale
from kundelik_core.web.diary_parts import result_row, worth
from kundelik_core.web.diary_result import line_of, macro, row_of

BASE = "/diary/01a205f1-52eb-7971-8a98-555b096ba846"
SCHEMES = {
    "kz-cba-2022": ("fo", "sor", "soch"),
    "kz-traditional-5": ("mark",),
    "kz-passfail": (),
}

titles = st.text(st.characters(blacklist_characters="\0", codec="utf-8"), min_size=1, max_size=12)


def stored(code: str, got: int, most: int) -> StoredTerm:
    return StoredTerm(code, got, most, 1, 2, 100, 3, str(got), str(most))


@st.composite
def rows(draw: st.DrawFn) -> tuple[str, Kept | None]:
    code = draw(st.sampled_from(sorted(SCHEMES)))
    if draw(st.booleans()) and draw(st.booleans()):
        return code, None
    raw = draw(st.none() | st.fractions(0, 100, max_denominator=60))
    terms = tuple(
        draw(st.none() | st.builds(stored, st.just(name), st.integers(0, 40), st.integers(1, 40)))
        for name in SCHEMES[code]
    )
    return code, Kept(
        raw=None if raw is None else str(Fraction(raw)),
        terms=terms if raw is not None and terms else None,
        percent=None if raw is None else int(raw),
        mark=draw(st.none() | st.sampled_from(["2", "3", "4", "5", "pass"])),
        status=draw(st.sampled_from(["", "not_assessed"])),
        provisional=draw(st.booleans()),
        given=draw(st.none() | st.sampled_from(["5", "<b>%s"])),
    )


@pytest.mark.parametrize("locale", LOCALES)
@given(row=rows(), title=titles, late=st.booleans())
def test_a_filled_line_is_a_drawn_one(
    locale: Locale, row: tuple[str, Kept | None], title: str, late: bool
) -> None:
    code, kept = row
    group = DiaryGroup("g", Titles(title, f"{title} %(x)s <&>", "100 % \"'"), code, 1, "quarter")
    with use_locale(locale):
        line = line_of(group, "q2", late, locale)
        made = row_of(line, msgspec.json.encode(kept) if kept else b"")
        context = result_row(group, "q2", kept, f"{BASE}/marks/g/q2", late=late)
        drawn = b"" if context is None else str(macro("result", locale)(context)).encode()
    whole = made.head + BASE.encode() + made.tail if made.head else b""
    assert whole == drawn
    assert made.worth == (None if context is None else worth(group, kept))


def test_another_row_subject_or_language_is_another_line() -> None:
    kept = Kept("80", (stored("fo", 8, 10), None, None), 80, "4", "", False)
    group = DiaryGroup("g", Titles("Алгебра", "Алгебра!", "Algebra"), "kz-cba-2022", 1, "quarter")
    renamed = msgspec.structs.replace(group, subject=Titles("а", "б", "в"))
    other = msgspec.structs.replace(kept, mark="5", raw="90", percent=90)
    seen = set()
    for locale in LOCALES:
        with use_locale(locale):
            for where in (group, renamed):
                for row in (kept, other):
                    for late in (False, True):
                        made = row_of(line_of(where, "q2", late, locale), msgspec.json.encode(row))
                        seen.add(made.head)
    assert len(seen) == len(LOCALES) * 2 * 2
