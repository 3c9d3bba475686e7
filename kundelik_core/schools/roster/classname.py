"""Read the name of a class however a school writes it: 5 «А», 5А, 5-А, 5 "Ә" сынып."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from kundelik_core.kernel.i18n import N_

if TYPE_CHECKING:
    from .columns import Line

# Latin letters that are both drawn and spoken like the Cyrillic one, so nothing is guessed.
_SAME = str.maketrans("AEKMOT", "АЕКМОТ")
# Drawn like one Cyrillic letter and spoken like another: only the writer knows.
_AMBIGUOUS = frozenset("BCHPXY")
_QUOTES = r"[«»\"“”„'‘’`()\s.\-–—/_]*"
_NAME = re.compile(
    rf"(?P<grade>1[0-2]|[0-9]){_QUOTES}(?P<letter>[^\W\d_]?){_QUOTES}"
    r"(?:класс\w{0,2}|кл|сынып\w{0,3}|сыныб\w{0,3}|class)?\.?"
    rf"{_QUOTES}(?P<letter2>[^\W\d_]?){_QUOTES}",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"(?<!\d)(?P<grade>1[0-2]|[0-9])\s*(?:[-–]\s*)?[«\"“„'(]?\s*(?P<letter>[^\W\d_])(?![^\W\d_])"
)


class ClassName(NamedTuple):
    """Grade and letter; ``doubt`` is "" or why the letter is not what was written."""

    grade: int
    letter: str
    doubt: str = ""

    @property
    def title(self) -> str:
        """The name as a class register writes it."""
        return f"{self.grade} «{self.letter}»" if self.letter else str(self.grade)


def parse_class(text: str) -> ClassName | None:
    """The class that ``text`` names, None when it names none."""
    match = _NAME.fullmatch(text.strip())
    if match is None or (match["letter"] and match["letter2"]):
        return None
    return _named(match["grade"], match["letter"] or match["letter2"])


def find_class(text: str) -> ClassName | None:
    """The class named somewhere inside a heading such as 'Список 5 «А» класса'."""
    match = _INSIDE.search(text)
    return _named(match["grade"], match["letter"]) if match else parse_class(text)


def letter_fits(line: Line, column: str, written: str, name: ClassName) -> bool:
    """Whether the letter is clear; what was doubtful about it is told in the line's report."""
    if name.doubt == "ambiguous":
        line.report.error(
            line.where(column),
            "class_letter_latin",
            N_(
                "The letter %(letter)s of this class is Latin and may stand for two Cyrillic "
                "letters. Type it in the Cyrillic layout."
            ),
            value=written,
            params={"letter": name.letter},
        )
        return False
    if name.doubt == "latin":
        line.report.once(
            line.where(column),
            "class_letter_changed",
            N_("Latin letters in class names were read as the same Cyrillic ones."),
            value=written,
        )
    return True


def _named(grade: str, letter: str) -> ClassName:
    upper = letter.upper()
    cyrillic = upper.translate(_SAME)
    if cyrillic != upper:
        return ClassName(int(grade), cyrillic, "latin")
    return ClassName(int(grade), upper, "ambiguous" if upper in _AMBIGUOUS else "")
