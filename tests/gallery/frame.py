"""What every sample page is given, in three languages; nobody in it exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Pick = Callable[[str, str, str], str]


def picker(lang: str) -> Pick:
    """Chooses among (kk, ru, en)."""
    index = {"kk": 0, "ru": 1, "en": 2}[lang]
    return lambda *texts: texts[index]


NAVS: dict[str, list[tuple[str, str, str, str, str]]] = {
    "family": [
        ("/diary", "diary", "Күнделік", "Дневник", "Diary"),
        ("/timetable", "timetable", "Кесте", "Расписание", "Timetable"),
        ("/news", "news", "Жаңалықтар", "Новости", "News"),
    ],
    "teacher": [
        ("/", "office", "Бүгін", "Сегодня", "Today"),
        ("/journal", "journal", "Журналдар", "Журналы", "Journals"),
        ("/timetable", "timetable", "Кесте", "Расписание", "Timetable"),
        ("/classes", "people", "Сыныптар", "Классы", "Classes"),
        ("/news", "news", "Жаңалықтар", "Новости", "News"),
    ],
    "office": [
        ("/office", "office", "Кеңсе", "Канцелярия", "Office"),
        ("/classes", "people", "Сыныптар", "Классы", "Classes"),
        ("/office/people", "person", "Адамдар", "Люди", "People"),
        ("/journal", "journal", "Журналдар", "Журналы", "Journals"),
        ("/timetable", "timetable", "Кесте", "Расписание", "Timetable"),
        ("/office/import", "import", "Импорт", "Импорт", "Import"),
    ],
}


def frame(lang: str, kind: str, current: str) -> dict[str, Any]:
    """What every page is given."""
    p = picker(lang)
    users = {
        "family": ("Серікова Гүлнар", "СГ", p("Ата-ана", "Родитель", "Parent")),
        "teacher": ("Жұмабаева Сәуле", "ЖС", p("Мұғалім", "Учитель", "Teacher")),
        "office": (
            "Оспанов Ерлан",
            "ОЕ",
            p("Директордың орынбасары", "Завуч", "Deputy head"),
        ),
    }
    names = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
    user = users.get(kind)
    return {
        "lang": lang,
        "look": {"theme": "", "sheet": "", "logo": ""},
        "here": "/",
        "flash": None,
        "slots": [],
        "school": p("№ 12 мектеп-гимназия", "Школа-гимназия № 12", "School No. 12") if kind else "",
        "user": user and {"name": user[0], "initials": user[1], "role": user[2]},
        "seek": kind in {"teacher", "office"},
        "nav": [
            {
                "href": href,
                "icon": icon,
                "label": p(*labels),
                "current": href == current,
                "count": "3" if href == "/office" else "",
            }
            for href, icon, *labels in NAVS.get(kind, [])
        ],
        "langs": [{"code": c, "name": n, "current": c == lang} for c, n in names.items()],
    }


PUPILS = [
    "Әбдірахман Айша",
    "Ахметов Арман",
    "Байжанов Дамир",
    "Бекенова Әлия",
    "Ғалымова Жанель",
    "Досжанов Ілияс",
    "Ермеков Санжар",
    "Есенова Томирис",
    "Жақсылықов Мирас",
    "Жұмабаева Іңкәр",
    "Ибраев Тимур",
    "Иванова Полина",
    "Исабеков Нұрасыл",
    "Қайрат Бекжан",
    "Қалиева Аружан",
    "Ким Виктория",
    "Көшербаев Алихан",
    "Құсайынова Зере",
    "Мұқанов Ерасыл",
    "Мусина Дильназ",
    "Нұрпейісов Әділ",
    "Оспанова Меруерт",
    "Өмірбек Рауан",
    "Петров Егор",
    "Рахимов Диас",
    "Садықова Кәмила",
    "Сүлейменов Олжас",
    "Тұрсынова Ұлжан",
    "Хамитов Амир",
    "Шарипова Сәуле",
]
