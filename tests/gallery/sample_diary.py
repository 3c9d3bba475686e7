"""Sample pages of families, in three languages; nobody in them exists."""

from __future__ import annotations

from typing import Any

from tests.gallery.frame import Pick, frame, picker


def mark(text: str, level: str, label: str = "", of: str = "", new: bool = False) -> dict[str, Any]:
    """One mark of the diary."""
    return {"text": text, "level": level, "label": label, "of": of, "new": new, "why": ""}


def lesson(n: int, subject: str, **more: Any) -> dict[str, Any]:
    """One lesson row of the diary."""
    begins = ["08:00", "08:50", "09:45", "10:45", "11:40", "12:30", "13:20"][n - 1]
    blank = {
        "id": f"l{n}{subject}",
        "n": str(n),
        "time": begins,
        "subject": subject,
        "subject_href": "",
        "topic": "",
        "homework": "",
        "off": False,
        "change": "",
        "absence": "",
        "files": [],
        "marks": [],
        "remarks": [],
    }
    return blank | more


def diary(lang: str) -> dict[str, Any]:
    """A full week with everything that can happen in it."""
    p = picker(lang)
    math = p("Математика", "Математика", "Mathematics")
    kaz = p("Қазақ тілі", "Казахский язык", "Kazakh")
    pe = p("Дене шынықтыру", "Физкультура", "PE")
    rus = p("Орыс тілі мен әдебиеті", "Русский язык и литература", "Russian")
    eng = p("Шетел тілі", "Иностранный язык", "English")
    sci = p("Жаратылыстану", "Естествознание", "Science")
    hist = p("Қазақстан тарихы", "История Казахстана", "History of Kazakhstan")
    info = p("Информатика", "Информатика", "Informatics")
    sor = p("БЖБ", "СОР", "SOR")
    fractions = p("Жай бөлшектерді қосу", "Сложение обыкновенных дробей", "Adding fractions")
    praise = p(
        "Тақтада өте жақсы жауап берді.", "Отлично отвечала у доски.", "A fine answer at the board."
    )
    room = p("12-кабинет, 8 орнына", "Кабинет 12 вместо 8", "Room 12 instead of 8")
    monday = [
        lesson(
            1,
            math,
            topic=fractions,
            homework="§14, № 251–254",
            marks=[mark("8", "m", new=True), mark("12", "m", sor, "15")],
        ),
        lesson(
            2,
            kaz,
            topic=p("Зат есім", "Имя существительное", "The noun"),
            homework=p(
                "87-жаттығу, 3-тапсырма: «Менің отбасым» тақырыбына 8–10 сөйлем жазу",
                "Упражнение 87, задание 3: написать 8–10 предложений «Моя семья»",
                "Exercise 87, task 3: write 8 to 10 sentences about your family",
            ),
            marks=[mark("10", "h", new=True)],
            remarks=[{"text": praise, "tone": "good"}],
        ),
        lesson(3, pe, change=room),
        lesson(
            4, eng, topic="Unit 4. My town", homework="WB p. 32, ex. 1–3", marks=[mark("3", "l")]
        ),
        lesson(5, hist, homework=p("§ 9, карта", "§ 9, карта", "§ 9, map")),
    ]
    tuesday = [
        lesson(1, rus, homework=p("§ 11, 4-тапсырма", "§ 11, задание 4", "§ 11, task 4")),
        lesson(2, math, homework="№ 260–262", absence=p("ауырды", "болела", "ill")),
        lesson(3, sci, absence=p("ауырды", "болела", "ill")),
        lesson(4, info, off=True, change=p("Сабақ болмайды", "Урока не будет", "Cancelled")),
        lesson(5, kaz),
    ]
    wednesday = [
        lesson(1, eng, homework="SB p. 41", marks=[mark("9", "h")]),
        lesson(2, math, topic=fractions, homework="§15, № 270", marks=[mark("7", "m")]),
        lesson(3, hist, marks=[mark("8", "m")]),
        lesson(4, pe),
    ]
    days = [
        (p("Дүйсенбі, 9 қараша", "Понедельник, 9 ноября", "Monday, 9 November"), monday, False),
        (p("Сейсенбі, 10 қараша", "Вторник, 10 ноября", "Tuesday, 10 November"), tuesday, False),
        (
            p("Сәрсенбі, 11 қараша", "Среда, 11 ноября", "Wednesday, 11 November"),
            wednesday,
            True,
        ),
        (p("Бейсенбі, 12 қараша", "Четверг, 12 ноября", "Thursday, 12 November"), tuesday, False),
        (p("Жұма, 13 қараша", "Пятница, 13 ноября", "Friday, 13 November"), [], False),
    ]
    remarks = p(
        "Жұмадан бері: 3 баға, 1 ескерту",
        "С пятницы: 3 оценки, 1 замечание",
        "New since Friday: 3 marks, 1 remark",
    )
    return frame(lang, "family", "/diary") | {
        "child": {"id": "c1", "name": "Серікова Айша", "class_name": p("5 «А»", "5 «А»", "5 «A»")},
        "children": [
            {"href": "#", "name": "Айша", "school": p("№ 12", "№ 12", "No. 12"), "current": True},
            {"href": "#e", "name": "Ерлан", "school": p("№ 4", "№ 4", "No. 4"), "current": False},
        ],
        "week": {
            "title": p("9–14 қараша", "9–14 ноября", "9–14 November"),
            "sub": p("2-тоқсан, 2-апта", "2 четверть, 2-я неделя", "Quarter 2, week 2"),
            "prev": "?prev",
            "next": "?next",
            "current": "",
            "jump": True,
            "ahead": False,
        },
        "since": {
            "text": remarks,
            "open": False,
            "entries": [{"href": "#d0", "text": f"{math}: 8"}, {"href": "#d0", "text": praise}],
        },
        "state": None,
        "days": [
            {
                "id": str(i),
                "title": title,
                "now": now,
                "side": p("бүгін", "сегодня", "today") if now else "",
                "note": ""
                if lessons
                else p("Мереке, сабақ жоқ", "Праздник, уроков нет", "Holiday, no lessons"),
                "lessons": [x | {"id": f"{i}-{x['n']}"} for x in lessons],
            }
            for i, (title, lessons, now) in enumerate(days)
        ],
        "period": period(p, [math, kaz, rus, eng, hist], info),
        "receipt": {"text": "", "action": "/diary/c1/2026-W46/seen"},
    }


def period(p: Pick, subjects: list[str], half: str) -> dict[str, Any]:
    """The results so far, each with its own explanation."""
    dot = p(",", ",", ".")
    steps = [
        {"label": p("ҚБ", "ФО", "FO"), "points": "40/50", "value": f"20{dot}0"},
        {"label": p("БЖБ", "СОР", "SOR"), "points": "29/35", "value": f"20{dot}7"},
        {"label": p("ТЖБ", "СОЧ", "SOCH"), "points": "21/25", "value": f"42{dot}0"},
    ]
    results = [("82,7", "4", "m"), ("91,0", "5", "h"), ("66,4", "4", "m"), ("38,2", "2", "l")]
    rows = [
        {
            "subject": subject,
            "percent": percent.replace(",", dot) + " %",
            "mark": value,
            "level": level,
            "status": "",
            "steps": steps,
            "href": "#",
            "explain": p(
                "20,0 + 20,7 + 42,0 = 82,7 → 83 %. 65–84 % — «4».",
                "20,0 + 20,7 + 42,0 = 82,7 → 83 %. От 65 до 84 % — «4».",
                "20.0 + 20.7 + 42.0 = 82.7 → 83 %. From 65 to 84 % it is a 4.",
            ),
        }
        for subject, (percent, value, level) in zip(subjects, results, strict=False)
    ]
    rows.append(
        {
            "subject": half,
            "percent": "",
            "mark": "",
            "level": "",
            "status": p("жартыжылдықта", "за полугодие", "by half-year"),
            "steps": [],
            "href": "",
            "explain": p(
                "Аптасына 1 сағат: баға жартыжылдықта қойылады.",
                "1 час в неделю: оценка за полугодие.",
                "One hour a week: marked by half-year.",
            ),
        }
    )
    return {
        "title": p("2-тоқсан, қазірше", "2 четверть, пока", "Quarter 2 so far"),
        "href": "#",
        "rows": rows,
    }


def _rest(lang: str, state: tuple[str, str]) -> dict[str, Any]:
    title, text = state
    empty = {"title": title, "text": text, "href": "", "label": ""}
    return diary(lang) | {"state": empty, "days": [], "since": None, "period": None}


def holidays(lang: str) -> dict[str, Any]:
    """A week without lessons."""
    p = picker(lang)
    return _rest(
        lang,
        (
            p("Күзгі демалыс", "Осенние каникулы", "Autumn holidays"),
            p(
                "26 қазаннан 1 қарашаға дейін. Сабақ 2 қарашада басталады.",
                "С 26 октября по 1 ноября. Уроки начнутся 2 ноября.",
                "26 October to 1 November. Lessons begin on 2 November.",
            ),
        ),
    )


def marks(lang: str) -> dict[str, Any]:
    """The year's table."""
    p = picker(lang)
    base = diary(lang)
    rows = [
        {
            "subject": r["subject"],
            "href": "#",
            "cells": [
                {"text": t, "level": v, "why": "", "open": False, "span": 1}
                for t, v in (("4", "m"), (r["mark"], r["level"]), ("", ""), ("", ""), ("", ""))
            ],
        }
        for r in base["period"]["rows"]
    ]
    columns = ["1", "2", "3", "4", p("Жыл", "Год", "Year")]
    return base | {"columns": columns, "rows": rows, "open": False, "subject": None}


def subject(lang: str) -> dict[str, Any]:
    """All marks of one subject."""
    p = picker(lang)
    total = period(p, ["x"], "y")["rows"][0]
    work = p("БЖБ", "СОР", "SOR")
    entries = [
        {
            "date": f"{d}.11",
            "title": p("Жай бөлшектер", "Обыкновенные дроби", "Fractions"),
            "mark": mark(str(4 + d % 7), "m", work if d == 6 else "", "15" if d == 6 else ""),
            "history": "12.11: 6 → 8" if d == 5 else "",
        }
        for d in (3, 4, 5, 6)
    ]
    title = p("Математика", "Математика", "Mathematics")
    quarter = p("2-тоқсан", "2 четверть", "Quarter 2")
    needed = {
        "title": p("ТЖБ, 23.12", "СОЧ, 23.12", "SOCH, 23.12"),
        "rows": [
            {
                "mark": "5",
                "level": "h",
                "text": p("20 балдан кемінде 18", "от 18 из 20", "from 18 of 20"),
            },
            {
                "mark": "4",
                "level": "m",
                "text": p("қалай болғанда да", "в любом случае", "in any case"),
            },
        ],
    }
    periods = [{"title": quarter, "total": total, "needed": needed, "marks": entries}]
    return marks(lang) | {"subject": {"title": title, "back": "#", "periods": periods}}
