"""What the search looks like: with lines of every kind, with nothing, and before anything."""

from __future__ import annotations

from typing import Any

from tests.gallery.frame import PUPILS, frame, picker


def _empty(lang: str) -> dict[str, Any]:
    return frame(lang, "office", "/search") | {
        "q": "",
        "longest": "80",
        "hidden": [],
        "state": "",
        "sections": [],
        "many": False,
        "silent": [],
        "people": "",
        "schools": [],
        "seek": False,
    }


def found(lang: str) -> dict[str, Any]:
    """A name that many bear, and a module that did not answer."""
    p = picker(lang)
    record = p("Мәліметтер", "Сведения", "Record")
    return _empty(lang) | {
        "q": "айш ә",
        "state": "found",
        "many": True,
        "silent": [p("Тапсырыстар мен түбіртектер", "Заказы и чеки", "Orders and receipts")],
        "people": "/office/people?q=x",
        "sections": [
            {
                "title": p("Журналдар", "Журналы", "Journals"),
                "lines": [
                    {"name": f"{p('Математика', 'Математика', 'Mathematics')}, 5 «А»",
                     "href": "#", "note": "", "links": []}
                ],
                "more": False,
            },
            {
                "title": p("Оқушылар", "Ученики", "Pupils"),
                "lines": [
                    {"name": name, "href": "#", "note": "",
                     "links": [{"href": "#", "label": "5 «А»"}, {"href": "#", "label": record}]}
                    for name in (*PUPILS[:4], f"{PUPILS[0]} Бейбітшілікқызы-Нұрсұлтанова")
                ],
                "more": True,
            },
            {
                "title": p("Ата-аналар", "Родители и опекуны", "Parents and guardians"),
                "lines": [
                    {"name": "Әбдірахман Ерлан", "href": "#", "links": [],
                     "note": p("Баласы: ", "Ребёнок: ", "Child: ") + f"{PUPILS[0]}, 5 «А»"}
                ],
                "more": False,
            },
            {
                "title": p("Әріптестер", "Коллеги", "Colleagues"),
                "lines": [{"name": "Айшабекова Сәуле", "href": "", "links": [],
                           "note": p("Мұғалім", "Учитель", "Teacher")}],
                "more": False,
            },
        ],
    }  # fmt: skip


def nothing(lang: str) -> dict[str, Any]:
    """Nothing begins like this."""
    return _empty(lang) | {"q": "жж", "state": "nothing", "people": "/office/people?q=x"}


def before(lang: str) -> dict[str, Any]:
    """Nothing was typed yet."""
    return _empty(lang)
