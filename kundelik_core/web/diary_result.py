"""Draw the results of a period: a line of each subject, with how it came about.

What a line looks like depends on little: whether there is a percentage, a mark, how many steps. So
each form is drawn once by the template, with places, and a line is a form with its texts filled in.
A line that was drawn is kept by the very row that it was made of: two children with the same row
have the same line, but for the address of their diary, which is none of it.
"""

from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import msgspec

from kundelik_core.gradebook.diary.model import DiaryGroup, kept_of
from kundelik_core.kernel.i18n import Locale
from kundelik_core.web.diary_parts import result_row, worth
from kundelik_core.web.diary_sheet import CUT, place
from kundelik_core.web.render import environment, escape_plain

__all__ = ["Line", "Row", "line_of", "macro", "row_of"]

# Some 1 KB each.
_MOST: Final = 8192


class Line(msgspec.Struct, frozen=True):
    """Where a result stands: a subject of a class, in a period."""

    group: DiaryGroup
    period: str
    late: bool
    """Whether that is a longer period than the week's."""
    locale: Locale
    key: str
    """All of this as one text."""
    href: bytes
    """Where its marks are, below the address of a diary."""


class Row(msgspec.Struct, frozen=True):
    """A drawn result: what stands before and behind the address of a diary, and what it counts."""

    head: bytes
    tail: bytes
    worth: Fraction | int | None


class _Form(msgspec.Struct, frozen=True):
    """A line as the template draws it: text to fill, and what with, in order."""

    text: str
    names: tuple[str, ...]


# What nothing is drawn for.
_NONE: Final = Row(b"", b"", None)
_rows: Final[dict[tuple[str, bytes], Row]] = {}


def line_of(group: DiaryGroup, period: str, late: bool, locale: Locale) -> Line:
    """Return the place of a result."""
    # By all that is drawn of it: a subject may be renamed, a group be marked in another way.
    about = (locale, group.id, period, late, group.subject.of(locale))
    key = repr((*about, group.scheme_code, group.scheme_version))
    return Line(group, period, late, locale, key, f"/marks/{group.id}/{period}".encode())


def row_of(line: Line, kept: bytes) -> Row:
    """Return a drawn result; ``kept`` is its row as it was read, empty without one."""
    key = (line.key, kept)
    found = _rows.get(key)
    if found is None:
        if len(_rows) >= _MOST:
            del _rows[next(iter(_rows))]
        found = _rows[key] = _drawn(line, kept)
    return found


def _drawn(line: Line, kept: bytes) -> Row:
    result = kept_of(kept) if kept else None
    row = result_row(line.group, line.period, result, "", late=line.late)
    if row is None:
        return _NONE
    steps = row["steps"]
    form = _form(
        line.locale, bool(row["percent"]), bool(row["mark"]), row["level"], bool(row["status"]),
        len(steps), bool(row["explain"]),
    )  # fmt: skip
    for n, step in enumerate(steps):
        row[f"label{n}"], row[f"points{n}"] = step["label"], step["points"]
        row[f"value{n}"] = step["value"]
    # Escaped together: what parts them meanwhile stands in none.
    texts = escape_plain(CUT.join([row[name] for name in form.names])).split(CUT)
    head, _cut, tail = (form.text % tuple(texts)).partition(CUT)
    return Row(head.encode(), line.href + tail.encode(), worth(line.group, result))


@lru_cache(maxsize=1024)
def _form(
    locale: Locale, percent: bool, mark: bool, level: str, status: bool, steps: int, explain: bool
) -> _Form:
    """Draw a line of results once, with a place for each text."""

    def text(name: str, there: bool) -> object:
        return place(name) if there else ""

    drawn = macro("result", locale)(
        {
            "subject": place("subject"),
            "percent": text("percent", percent),
            "mark": text("mark", mark),
            "level": level,
            "status": text("status", status),
            "steps": [
                {name: place(f"{name}{n}") for name in ("label", "points", "value")}
                for n in range(steps)
            ],
            "explain": text("explain", explain),
            "href": place("href"),
        }
    )
    # The address stays cut out: it is the one text that is the child's.
    before, _place, after = str(drawn).partition(str(place("href")))
    names: list[str] = []
    halves: list[str] = []
    for half in (before, after):
        parts = half.split(CUT)
        names += parts[1::2]
        pieces = ["%s" if n % 2 else part.replace("%", "%%") for n, part in enumerate(parts)]
        halves.append("".join(pieces))
    return _Form(CUT.join(halves), tuple(names))


def macro(name: str, locale: Locale, theme: str = "") -> Any:  # noqa: ANN401 - Jinja has no types
    """Return a piece of a diary's template."""
    return getattr(environment(locale, theme).get_template("_diary.html").module, name)
