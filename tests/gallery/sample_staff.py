"""Sample pages of the staff, in three languages; nobody in them exists."""

from __future__ import annotations

from typing import Any

from tests.gallery.frame import PUPILS, frame, picker


def journal_list(lang: str) -> dict[str, Any]:
    """A teacher's journals."""
    p = picker(lang)
    todo = p("2 сабақтың тақырыбы жоқ", "2 урока без темы", "2 lessons without a topic")
    groups = [
        {
            "href": f"/journal/g{n}",
            "name": name,
            "sub": p("28 оқушы", "28 учеников", "28 pupils"),
            "todo": todo if name == "5 «Б»" else "",
            "lock": "",
        }
        for n, name in enumerate(("5 «А»", "5 «Б»", "6 «А»"), 1)
    ]
    maths = p("Математика", "Математика", "Mathematics")
    return frame(lang, "teacher", "/journal") | {
        "title": p("Журналдарыңыз", "Ваши журналы", "Your journals"),
        "blocks": [{"title": maths, "groups": groups}],
    }


def journal_list_school(lang: str) -> dict[str, Any]:
    """The journals of a whole school, for those who look after it."""
    p = picker(lang)
    names = (
        p("Математика", "Математика", "Mathematics"),
        p("Шетел тілі (ағылшын) (1)", "Иностранный язык (английский) (1)", "English (1)"),
        p("Жаратылыстану", "Естествознание", "Science"),
        p("Дене шынықтыру", "Физическая культура", "Physical education"),
        p("Музыка", "Музыка", "Music"),
    )
    count = p("28 оқушы", "28 учеников", "28 pupils")
    groups = [
        {"href": f"/journal/g{n}", "name": name, "sub": count, "todo": "", "lock": ""}
        for n, name in enumerate(names)
    ]
    classes = [f"{grade} «{letter}»" for grade in range(1, 6) for letter in "АӘБ"]
    return frame(lang, "teacher", "/journal") | {
        "title": p("Мектеп журналдары", "Журналы школы", "Journals of the school"),
        "close": True,
        "own": [groups[0] | {"name": f"5 «А» · {names[0]}"}],
        "blocks": [{"title": title, "groups": groups} for title in classes],
    }


def home_teacher(lang: str) -> dict[str, Any]:
    """A teacher's day."""
    p = picker(lang)
    maths = p("Математика", "Математика", "Mathematics")
    states = ["done", "now", "", ""]
    lessons = [
        {
            "n": str(i + 1),
            "time": t,
            "group": f"{g} · {maths}",
            "room": p("8-кабинет", "каб. 8", "room 8"),
            "href": "#",
            "state": s,
            "topic": "",
            "change": p("Ахметова орнына", "Вместо Ахметовой", "Instead of Akhmetova")
            if i == 3
            else "",
        }
        for i, (t, g, s) in enumerate(
            zip(
                ["08:00–08:45", "08:50–09:35", "09:45–10:30", "11:40–12:25"],
                ["5 «А»", "5 «Б»", "6 «А»", "7 «В»"],
                states,
                strict=True,
            )
        )
    ]
    text = p(
        "5 «Б», 10 қараша: тақырып жоқ",
        "5 «Б», 10 ноября: нет темы",
        "5 «Б», 10 November: no topic",
    )
    todo = [{"text": text, "href": "#", "label": p("Ашу", "Открыть", "Open")}]
    return frame(lang, "teacher", "/") | {
        "day": p("Сәрсенбі, 11 қараша", "Среда, 11 ноября", "Wednesday, 11 November"),
        "note": "",
        "lessons": lessons,
        "todo": todo,
        "journals": [{"href": "#", "name": f"{n} «А»", "sub": maths} for n in range(5, 10)],
    }


def office(lang: str) -> dict[str, Any]:
    """What needs the deputy head."""
    p = picker(lang)
    todo = [
        (
            p("Толтырылмаған журналдар: 3", "Незаполненные журналы: 3", "Unfilled journals: 3"),
            p("Математика 6 «Б» және т.б.", "Математика 6 «Б» и ещё 2", "Maths 6 «Б» and 2 more"),
        ),
        (
            p("Себебі жоқ сабақ босату: 7", "Пропуски без причины: 7", "Absences, no reason: 7"),
            p("осы аптада", "на этой неделе", "this week"),
        ),
        (
            p("Қолданылмаған кодтар: 12", "Неиспользованные коды: 12", "Unused slips: 12"),
            p("5 «А», 7 «В»", "5 «А», 7 «В»", "5 «А», 7 «В»"),
        ),
    ]
    label = p("Ашу", "Открыть", "Open")
    numbers = [
        (p("Сыныптар", "Классы", "Classes"), "31"),
        (p("Оқушылар", "Ученики", "Pupils"), "724"),
        (p("Қызметкерлер", "Сотрудники", "Staff"), "68"),
        (p("Кірген ата-аналар", "Родители вошли", "Parents signed in"), "512"),
    ]
    links = [
        ("import", p("Импорт", "Импорт", "Import")),
        ("people", p("Адамдар", "Люди", "People")),
    ]
    return frame(lang, "office", "/office") | {
        "title": p("№ 12 мектеп-гимназия", "Школа-гимназия № 12", "School No. 12"),
        "todo": [{"text": t, "sub": s, "href": "#", "action": "", "label": label} for t, s in todo],
        "numbers": [{"label": t, "value": v, "href": "#"} for t, v in numbers],
        "links": [{"href": "#", "label": t, "sub": "CSV, XLSX", "icon": i} for i, t in links],
    }


def classes(lang: str) -> dict[str, Any]:
    """Classes by grade."""
    p = picker(lang)
    grades = [
        {
            "title": p(f"{g}-сынып", f"{g} класс", f"Grade {g}"),
            "classes": [
                {
                    "href": "#",
                    "name": f"{g} «{x}»",
                    "pupils": p("28 оқушы", "28 учеников", "28 pupils"),
                    "homeroom": "Жұмабаева Сәуле" if x != "В" else "",
                    "language": p("қазақ", "русский", "Kazakh"),
                }
                for x in "АӘБВ"
            ],
        }
        for g in (5, 6, 7)
    ]
    return frame(lang, "office", "/classes") | {"grades": grades, "add": "#"}


def class_marks(lang: str) -> dict[str, Any]:
    """The summary sheet of a class."""
    p = picker(lang)
    subjects = [
        p("Қазақ тілі", "Казахский язык", "Kazakh"),
        p("Математика", "Математика", "Mathematics"),
        p("Шетел тілі (ағылшын)", "Иностранный язык (английский)", "Foreign language (English)"),
        p("Дене шынықтыру", "Физическая культура", "Physical education"),
    ]
    levels = {"5": "h", "4": "m", "3": "m", "2": "l"}
    rows = []
    for n, name in enumerate(PUPILS, 1):
        marks = [str(3 + (n + at) % 3) for at in range(3)]
        cells = [
            {"text": m, "level": levels[m], "open": at == 1, "href": "#", "none": False}
            for at, m in enumerate(marks)
        ]
        cells.append({"text": "", "level": "", "open": False, "href": "", "none": n % 5 == 0})
        rows.append({"n": n, "name": name, "href": "#", "cells": cells, "mean": "4,00"})
    quarters = [p(f"{n}-тоқсан", f"{n} четверть", f"Quarter {n}") for n in range(1, 5)]
    return frame(lang, "teacher", "/classes") | {
        "name": "5 «А»",
        "period": quarters[1],
        "back": "#",
        "periods": [{"href": "#", "label": q, "current": q == quarters[1]} for q in quarters],
        "columns": subjects,
        "rows": rows,
        "means": ["4,00", "3,97", "4,03", ""],
        "mean": "4,00",
        "open": True,
    }


def klass(lang: str) -> dict[str, Any]:
    """One class."""
    p = picker(lang)
    subjects = [
        p("Математика", "Математика", "Mathematics"),
        p("Қазақ тілі", "Казахский язык", "Kazakh"),
        p("Шетел тілі, 1-топ", "Иностранный язык, 1 подгруппа", "English, group 1"),
    ]
    pupils = [
        {"n": str(i), "name": n, "href": "#", "note": "", "no_parent": i == 4}
        for i, n in enumerate(PUPILS[:12], 1)
    ]
    return frame(lang, "office", "/classes") | {
        "klass": {
            "name": "5 «А»",
            "sub": p("Қазақ тілінде оқиды", "Обучение на казахском", "Kazakh-medium"),
            "homeroom": {"name": "Жұмабаева Сәуле", "href": ""},
        },
        "pupils": pupils,
        "groups": [
            {
                "name": s,
                "teacher": "Жұмабаева Сәуле" if i else "",
                "pupils": p("28 оқушы", "28 учеников", "28 pupils"),
                "href": "#",
                "members": "#" if i % 2 else "",
            }
            for i, s in enumerate(subjects)
        ],
        "actions": [{"href": "#", "label": p("Кодтар", "Коды", "Slips"), "icon": "print"}],
    }


def review(lang: str) -> dict[str, Any]:
    """An import that is looked at before it is applied."""
    p = picker(lang)
    wrong = p("Мұндай күн жоқ.", "Такой даты нет.", "There is no such date.")
    return frame(lang, "office", "/office/import") | {
        "step": "review",
        "error": "",
        "formats": [],
        "file": "5a.xlsx",
        "token": "t",
        "format": p("сынып тізімі", "список класса", "class list"),
        "counts": [
            {
                "label": p("Оқушылар", "Ученики", "Pupils"),
                "new": "26",
                "changed": "1",
                "same": "0",
                "wrong": "1",
            },
            {
                "label": p("Ата-аналар", "Родители", "Parents"),
                "new": "31",
                "changed": "0",
                "same": "2",
                "wrong": "0",
            },
        ],
        "rows": [
            {
                "file": "5a.xlsx",
                "line": "17",
                "column": p("Туған күні", "Дата рождения", "Born"),
                "value": "31.02.2015",
                "text": wrong,
                "bad": True,
            },
        ],
        "more": "",
        "report": "#",
        "ready": True,
        "done": [],
    }


def week(lang: str) -> dict[str, Any]:
    """A timetable that is looked at before it is applied."""
    p = picker(lang)
    informatics = p("Информатика", "Информатика", "Informatics")
    lessons = p("Апталық сабақтар", "Уроки недели", "Lessons of the week")
    before = review(lang)
    return before | {
        "file": "week.xlsx",
        "format": p("Кесте", "Расписание", "Timetable"),
        "counts": [before["counts"][0] | {"label": lessons}],
        "rows": [],
        "report": "",
        "week": True,
        "day": "2026-11-23",
        "parts": [{"href": "", "label": f"5 «А» ({n}), {informatics}"} for n in (1, 2)],
    }


def choose(lang: str) -> dict[str, Any]:
    """The start of an import."""
    formats = [{"label": "OneRoster 1.1", "sub": "ZIP"}, {"label": "CSV, XLSX", "sub": "5 «А»"}]
    staff = picker(lang)("Қызметкерлер", "Сотрудники", "Staff")
    slips = [{"value": "staff", "label": staff}, {"value": "5a", "label": "5 «А»"}]
    return review(lang) | {"step": "choose", "formats": formats, "slips": slips}


def several(lang: str) -> dict[str, Any]:
    """A file that holds several schools."""
    names = {"10001": "№ 5 мектеп", "10002": "№ 112 мектеп-гимназия"}
    return choose(lang) | {
        "step": "school",
        "file": "roster.zip",
        "token": "t",
        "orgs": [{"id": key, "name": name} for key, name in names.items()],
    }


def people(lang: str) -> dict[str, Any]:
    """Searching people."""
    p = picker(lang)
    pupil = p("Оқушы", "Ученик", "Pupil")
    waits = p("әлі кірмеген", "ещё не входил", "has not signed in yet")
    return frame(lang, "office", "/office/people") | {
        "q": "",
        "kinds": [{"value": "", "label": p("Барлығы", "Все", "Everybody"), "current": True}],
        "people": [
            {
                "name": n,
                "href": "#",
                "role": pupil,
                "sub": "5 «А»",
                "login": f"login{i}",
                "state": waits if i % 3 == 0 else "",
                "action": "#" if i % 3 == 0 else "",
            }
            for i, n in enumerate(PUPILS[:8])
        ],
        "total": p("724 адам", "724 человека", "724 people"),
        "prev": "",
        "next": "#",
        "add": "#",
    }


def platform(lang: str) -> dict[str, Any]:
    """The operator's page."""
    p = picker(lang)
    on, off = p("қосулы", "включён", "active"), p("ажыратылды", "отключён", "quarantined")
    birthdays = p("Туған күндер", "Дни рождения", "Birthdays")
    why = p("іске қосылғанда құлады", "упал при запуске", "it failed when it was loaded")
    return frame(lang, "office", "") | {
        "schools": [
            {
                "name": p("№ 12 мектеп", "Школа № 12", "School No. 12"),
                "region": p("Алматы", "Алматы", "Almaty"),
                "pupils": "724",
                "state": on,
                "href": "",
            },
        ],
        "plugins": [
            {
                "name": "birthdays",
                "title": birthdays,
                "version": "0.1.0",
                "state": "active",
                "state_label": on,
                "ok": True,
                "new": False,
                "reason": "",
                "href": "#",
            },
            {
                "name": "rating",
                "title": "Rating",
                "version": "0.1.0",
                "state": "quarantined",
                "state_label": off,
                "ok": False,
                "new": False,
                "reason": why,
                "href": "#",
            },
        ],
        "themes": [
            {
                "name": "meadow",
                "what": "templates/base.html",
                "times": "3",
                "problem": "UndefinedError(\"'title_of_the_page' is undefined\")",
                "at": "4 қараша, 08:40",
            }
        ],
        "system": [{"label": "PostgreSQL", "value": "18.4", "bad": False}],
    }


def region(lang: str) -> dict[str, Any]:
    """A region in numbers."""
    p = picker(lang)
    columns = [p("Оқушылар", "Ученики", "Pupils"), p("Сапа, %", "Качество, %", "Quality, %")]
    return frame(lang, "office", "") | {
        "title": p("Алматы қаласы", "Город Алматы", "Almaty"),
        "up": None,
        "note": p("11 қараша 2026 ж.", "11 ноября 2026", "11 November 2026"),
        "columns": [{"label": c, "num": True} for c in columns],
        "rows": [
            {"name": f"№ {n}", "href": "#", "cells": [str(600 + n), "64"]} for n in range(4, 16)
        ],
        "total": ["7 314", "64"],
    }


def keys(lang: str) -> dict[str, Any]:
    """The keys."""
    return frame(lang, "teacher", "/journal")
