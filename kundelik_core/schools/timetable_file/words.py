"""Know the headings and the days of a timetable in Kazakh, Russian and English."""

from __future__ import annotations

import re
from typing import Final

from kundelik_core.kernel.names import search_key
from kundelik_core.schools.roster.columns import plain

__all__ = ["REQUIRED", "heading_key", "parse_lesson", "parse_part", "parse_weekday"]

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
_WEEKDAYS: Final = {
    search_key(word): number for number, words in enumerate(_DAYS, 1) for word in words
}
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


def parse_lesson(text: str) -> int | None:
    """The number of a lesson in the day: 3, "3 урок", "3-сабақ"."""
    found = _NUMBER.fullmatch(text.strip())
    return int(found[1]) if found and int(found[1]) <= 14 else None


def parse_part(text: str) -> int | None:
    """The part of a divided class, 1 to 9; 0 for the whole class, None when it is unclear."""
    if not text.strip():
        return 0
    found = _NUMBER.fullmatch(text.strip())
    return int(found[1]) if found and 1 <= int(found[1]) <= 9 else None
