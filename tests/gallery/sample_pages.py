"""Sample pages for everybody: the door, the account, the timetable, an error."""

from __future__ import annotations

from typing import Any

from tests.gallery.frame import frame, picker
from tests.gallery.sample_diary import diary


def login(lang: str) -> dict[str, Any]:
    """The door."""
    return frame(lang, "", "") | {"login": "", "error": "", "next": "", "support": ""}


def login_error(lang: str) -> dict[str, Any]:
    """The door after a wrong password."""
    p = picker(lang)
    error = p(
        "Логин мен құпиясөз сәйкес емес. Қайта теріп көріңіз.",
        "Логин и пароль не подходят друг к другу. Наберите ещё раз.",
        "Login and password do not match. Type them again.",
    )
    return login(lang) | {"login": "g.serikova", "error": error}


def account(lang: str) -> dict[str, Any]:
    """Your account, with a refused password."""
    p = picker(lang)
    role = {"school": p("№ 12", "№ 12", "No. 12"), "since": "01.09.2026"}
    return frame(lang, "family", "") | {
        "person": {"name": "Серікова Гүлнар", "login": "g.serikova", "role": ""},
        "sessions": [
            {
                "id": "1",
                "device": "Chrome, Android",
                "where": "Алматы",
                "at": "14:02",
                "this": True,
            },
            {
                "id": "2",
                "device": "Firefox, Windows",
                "where": "Алматы",
                "at": "10.11",
                "this": False,
            },
        ],
        "roles": [role | {"role": p("Ата-ана", "Родитель", "Parent")}],
        "errors": {
            "old": p("Құпиясөз дұрыс емес.", "Пароль неверный.", "This is not your password."),
            "new": "",
            "again": "",
        },
        "export": "#",
        "services": [],
        "modules": "#",
    }


def timetable(lang: str) -> dict[str, Any]:
    """A class's week."""
    p = picker(lang)
    names = [
        (p("Математика", "Математика", "Mathematics"), "Жұмабаева С."),
        (p("Қазақ тілі", "Казахский язык", "Kazakh"), "Ахметова Ж."),
        (p("Дене шынықтыру", "Физкультура", "PE"), "Петров Е."),
        (p("Тарих", "История", "History"), "Ким В."),
    ]
    texts = p("Дс Сс Ср Бс Жм", "Пн Вт Ср Чт Пт", "Mon Tue Wed Thu Fri").split()
    days = [
        {"title": t, "short": f"{t} {d}", "now": d == 11, "note": ""}
        for d, t in enumerate(texts, 9)
    ]
    times = ["08:00–08:45", "08:50–09:35", "09:45–10:30", "10:45–11:30", "11:40–12:25"]
    rows = [
        {
            "n": str(n + 1),
            "time": t,
            "cells": [
                [
                    {
                        "subject": s,
                        "who": w,
                        "room": str(8 + d),
                        "href": "",
                        "off": n == 3 and d == 2,
                        "change": p("Болмайды", "Отменён", "Cancelled")
                        if n == 3 and d == 2
                        else "",
                    }
                    for s, w in [names[(n + d) % 4]]
                ]
                for d in range(5)
            ],
        }
        for n, t in enumerate(times)
    ]
    week = diary(lang)["week"] | {"views": []}
    return frame(lang, "family", "/timetable") | {
        "title": "5 «А»",
        "week": week,
        "days": days,
        "rows": rows,
        "state": None,
    }


def missing(lang: str) -> dict[str, Any]:
    """A page that is not there."""
    p = picker(lang)
    return frame(lang, "family", "") | {
        "status": "404",
        "title": p("Мұндай бет жоқ", "Такой страницы нет", "There is no such page"),
        "text": p(
            "Мекенжай дұрыс жазылмаған немесе бұл бет сізге ашық емес.",
            "Адрес набран с ошибкой, или эта страница вам не открыта.",
            "The address is mistyped, or this page is not open to you.",
        ),
        "href": "/",
        "label": p("Басты бетке", "На главную", "To the start"),
        "ref": "",
    }
