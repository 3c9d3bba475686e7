"""Know the headings and the days of a timetable in Kazakh, Russian and English."""

from __future__ import annotations

import re
from typing import Final

from kundelik_core.kernel.names import search_key
from kundelik_core.schools.roster.columns import plain
from kundelik_core.schools.timetable import Cycle

__all__ = [
    "BOYS",
    "GIRLS",
    "REQUIRED",
    "heading_key",
    "parse_lesson",
    "parse_part",
    "parse_week",
    "parse_weekday",
    "part_title",
    "weekday_title",
]

REQUIRED: Final = ("class", "weekday", "lesson", "subject", "teacher")
_HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    "class": ("сынып", "сыныбы", "сынып атауы", "класс", "class", "form"),
    "weekday": ("апта күні", "күн", "күні", "аптаның күні", "день недели", "день", "weekday",
                "day", "day of week", "day of the week"),
    "lesson": ("сабақ", "сабақ №", "сабақ нөмірі", "№ сабақ", "сағат", "урок", "урок №",
               "номер урока", "№ урока", "lesson", "lesson no", "lesson number", "period"),
    "subject": ("пән", "пәні", "пән атауы", "предмет", "название предмета", "дисциплина",
                "subject"),
    "teacher": ("мұғалім", "мұғалімі", "пән мұғалімі", "мұғалімнің аты-жөні", "педагог",
                "учитель", "преподаватель", "фио учителя", "ф.и.о. учителя", "teacher",
                "teacher name"),
    "part": ("топ", "топша", "кіші топ", "ішкі топ", "бөлігі", "подгруппа", "группа", "часть",
             "subgroup", "group", "part"),
    "week": ("апта", "аптасы", "апталар", "кезектесу", "неделя", "недели", "чередование",
             "числитель/знаменатель", "чётность", "week", "weeks", "week cycle", "alternation"),
    "room": ("кабинет", "бөлме", "каб", "каб.", "аудитория", "room", "classroom"),
}  # fmt: skip
_KNOWN: Final = {plain(word): key for key, words in _HEADINGS.items() for word in words}
_DAYS: Final = (
    ("дүйсенбі", "дс", "понедельник", "пн", "monday", "mon"),
    ("сейсенбі", "сс", "вторник", "вт", "tuesday", "tue"),
    ("сәрсенбі", "ср", "среда", "wednesday", "wed"),
    ("бейсенбі", "бс", "четверг", "чт", "thursday", "thu"),
    ("жұма", "жм", "пятница", "пт", "friday", "fri"),
    ("сенбі", "сб", "суббота", "saturday", "sat"),
    ("жексенбі", "жс", "воскресенье", "вс", "sunday", "sun"),
)
_DAY_NAMES: Final = {"kk": 0, "ru": 2, "en": -2}
_WEEKDAYS: Final = {
    search_key(word): number for number, words in enumerate(_DAYS, 1) for word in words
}
GIRLS: Final = "girls"
BOYS: Final = "boys"
_LOCALES: Final = ("kk", "ru", "en")
_PARTS: Final = {
    GIRLS: ("қыздар", "девочки", "girls"),
    BOYS: ("ұлдар", "мальчики", "boys"),
}
_SEXES: Final = {
    search_key(word): part
    for part, words in (
        (GIRLS, ("қыздар", "қыз", "қыз балалар", "девочки", "девушки", "дев", "girls", "girl")),
        (BOYS, ("ұлдар", "ұл", "ұл балалар", "мальчики", "юноши", "мал", "boys", "boy")),
    )
    for word in words
}
# "алымы" and "бөлімі" are the two halves of a fraction, as in "числитель" and "знаменатель".
_CYCLES: Final[dict[Cycle, tuple[str, ...]]] = {
    "": ("", "-", "каждая", "все", "обе", "еженедельно", "әр апта", "әр", "барлық", "барлығы",
         "екеуі", "every", "all", "both", "every week", "weekly"),
    "A": ("1", "i", "а", "a", "нечет", "нечётная", "нечетная", "нечётные", "числитель", "числ",
          "тақ", "алымы", "алым", "бірінші", "первая", "odd", "first"),
    "B": ("2", "ii", "б", "b", "в", "чет", "чётная", "четная", "чётные", "знаменатель", "знам",
          "жұп", "бөлімі", "бөлім", "екінші", "вторая", "even", "second"),
}  # fmt: skip
_WEEKS: Final = {search_key(word): cycle for cycle, words in _CYCLES.items() for word in words}
_WEEK_WORD: Final = re.compile(r"\b(?:недел\w*|апта\w*|weeks?)\b|(?<=\d) ?[яй]\b")
_NUMBER: Final = re.compile(r"\D{0,12}(\d{1,2})\D{0,12}", re.ASCII)


def heading_key(text: str) -> str:
    """What a column holds by its heading; "" when the heading is unknown."""
    return _KNOWN.get(plain(text), "")


def parse_weekday(text: str) -> int | None:
    """Monday is 1, Sunday is 7, by name or number; None for anything else."""
    bare = text.strip().rstrip(".")
    if bare.isascii() and bare.isdigit():
        return int(bare) if 1 <= int(bare[:3]) <= 7 else None
    return _WEEKDAYS.get(search_key(bare))


def weekday_title(number: int, locale: str) -> str:
    """The name of a weekday, as it is understood again."""
    return _DAYS[number - 1][_DAY_NAMES[locale]]


def parse_lesson(text: str) -> int | None:
    """The number of a lesson in the day: 3, "3 урок", "3-сабақ"."""
    found = _NUMBER.fullmatch(text.strip())
    return int(found[1]) if found and int(found[1]) <= 14 else None


def parse_part(text: str) -> str | None:
    """The part of a divided class, "1" to "9", the girls or the boys; "" for all, None: unclear."""
    if not text.strip():
        return ""
    found = _NUMBER.fullmatch(text.strip())
    if found:
        return found[1] if 1 <= int(found[1]) <= 9 else None
    return _SEXES.get(search_key(text.strip().rstrip(".")))


def part_title(part: str, locale: str) -> str:
    """What a part is called in the name of its group."""
    words = _PARTS.get(part)
    if words is None:
        return part
    return words[_LOCALES.index(locale) if locale in _LOCALES else 0]


def parse_week(text: str) -> Cycle | None:
    """A for odd weeks of the school year, B for even ones; "" for every week, None: unclear."""
    key = search_key(text.strip().rstrip("."))
    return _WEEKS.get(key) or _WEEKS.get(_WEEK_WORD.sub("", key).strip())
