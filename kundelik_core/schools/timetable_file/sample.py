"""Make an empty timetable to fill in: headings that the importer knows, and rows that show how."""

from __future__ import annotations

from typing import Final

from kundelik_core.kernel.i18n import Locale
from kundelik_core.schools.roster.sample import workbook

__all__ = ["HEADINGS", "sample_timetable"]

HEADINGS: Final[dict[Locale, tuple[str, ...]]] = {
    "kk": ("Сынып", "Апта күні", "Сабақ", "Пән", "Мұғалім", "Топ", "Кабинет", "Апта"),
    "ru": ("Класс", "День недели", "Урок", "Предмет", "Учитель", "Подгруппа", "Кабинет", "Неделя"),
    "en": ("Class", "Weekday", "Lesson", "Subject", "Teacher", "Part", "Room", "Week"),
}
_ROWS: Final[dict[Locale, tuple[tuple[str, ...], ...]]] = {
    "kk": (
        ("5 А", "дүйсенбі", "1", "Математика", "Үлгіұлы Серік", "", "12", ""),
        ("5 А", "дүйсенбі", "2", "Информатика", "Үлгіқызы Әсел", "1", "21", ""),
        ("5 А", "дүйсенбі", "2", "Шетел тілі (ағылшын)", "Үлгіұлы Серік", "2", "22", ""),
        ("5 А, 5 Ә", "жұма", "3", "Дене шынықтыру", "Үлгіқызы Әсел", "қыздар", "", ""),
        ("5 А", "жұма", "4", "Музыка", "Үлгіұлы Серік", "", "", "тақ"),
    ),
    "ru": (
        ("5 А", "понедельник", "1", "Математика", "Образцов Серик", "", "12", ""),
        ("5 А", "понедельник", "2", "Информатика", "Образцова Асель", "1", "21", ""),
        ("5 А", "понедельник", "2", "Иностранный язык (английский)", "Образцов Серик", "2", "22",
         ""),
        ("5 А, 5 Ә", "пятница", "3", "Физическая культура", "Образцова Асель", "девочки", "", ""),
        ("5 А", "пятница", "4", "Музыка", "Образцов Серик", "", "", "нечётная"),
    ),
    "en": (
        ("5 А", "Monday", "1", "Mathematics", "Example Serik", "", "12", ""),
        ("5 А", "Monday", "2", "Informatics", "Example Asel", "1", "21", ""),
        ("5 А", "Monday", "2", "Foreign language (English)", "Example Serik", "2", "22", ""),
        ("5 А, 5 Ә", "Friday", "3", "Physical education", "Example Asel", "girls", "", ""),
        ("5 А", "Friday", "4", "Music", "Example Serik", "", "", "odd"),
    ),
}  # fmt: skip


def sample_timetable(locale: Locale) -> bytes:
    """Return the timetable as a workbook of text."""
    return workbook((HEADINGS[locale], *_ROWS[locale]))
