"""A sample journal: thirty pupils, a quarter's lessons and works."""

from __future__ import annotations

from typing import Any

from tests.gallery.frame import PUPILS, frame, picker


def journal(lang: str) -> dict[str, Any]:
    """Thirty pupils, thirty-one lessons, two unit works and the quarter's work."""
    p = picker(lang)
    dot = p(",", ",", ".")
    days = [f"{d}.{m}" for m, d in [(11, d) for d in (3, 4, 5, 6, 10, 11, 12, 13, 17, 18, 19, 20)]]
    days += ["24.11", "25.11", "26.11", "27.11", "1.12", "2.12", "3.12", "4.12", "8.12", "9.12"]
    days += ["10.12", "11.12", "15.12", "17.12", "18.12", "22.12", "23.12", "24.12", "25.12"]
    works = [
        (p("БЖБ1", "СОР1", "SOR1"), "15", "sor"),
        (p("БЖБ2", "СОР2", "SOR2"), "20", "sor"),
        (p("ТЖБ", "СОЧ", "SOCH"), "25", "soch"),
    ]
    lesson_word = p("сабақ", "урок", "lesson")
    columns = [
        {
            "id": f"col{i}",
            "kind": "fo",
            "input": "points",
            "label": d,
            "title": f"{d}, 2-{lesson_word}",
            "max": "10",
            "min": "1",
            "step": "1",
            "date": f"2026-{int(d.split('.')[1]):02}-{int(d.split('.')[0]):02}",
            "lesson": f"col{i}",
            "work": False,
            "now": d == "20.11",
            "lock": "reason" if i == 0 else "closed" if i == 1 else "",
            "why": p(
                "Бұл сабақтың мерзімі өтті.", "Срок этого урока прошёл.", "This lesson is locked."
            )
            if i < 2
            else "",
        }
        for i, d in enumerate(days)
    ] + [
        {
            "id": f"work{i}",
            "kind": kind,
            "input": "points",
            "label": label,
            "title": label,
            "max": top,
            "min": "0",
            "step": "1",
            "date": "2026-11-19",
            "lesson": "",
            "work": True,
            "now": False,
            "lock": "",
            "why": "",
        }
        for i, (label, top, kind) in enumerate(works)
    ]
    ill = p("а", "б", "i")
    pupils = []
    for r, name in enumerate(PUPILS):
        cells = [
            ("" if (r * 7 + c * 5) % 3 else ill if (r * 3 + c) % 11 == 0 else str(4 + (r + c) % 7))
            if c < 11
            else ""
            for c in range(len(days))
        ]
        cells += [str(9 + r % 7), "", ""]
        value = f"{62 + r}{dot}{r % 10}"
        pupils.append(
            {
                "id": f"p{r}",
                "n": str(r + 1),
                "name": name,
                "gone": p("12.11 кетті", "выбыл 12.11", "left 12.11") if r == 23 else "",
                "cells": cells,
                "computed": [f"20{dot}0", f"20{dot}7", "", value, "5" if r > 22 else "4"],
                "why": f"{p('ҚБ', 'ФО', 'FO')} 38/50 → 76{dot}0 % × 25 = 19{dot}0\n"
                f"{p('БЖБ', 'СОР', 'SOR')} 21/30 → 70{dot}0 % × 25 = 17{dot}5\n= {value} %",
            }
        )
    topic = p("Жай бөлшектерді қосу", "Сложение обыкновенных дробей", "Adding fractions")
    return frame(lang, "teacher", "/journal") | {
        "group": {
            "id": "g1",
            "title": p("5 «А» · Математика", "5 «А» · Математика", "5 «A» · Maths"),
        },
        "groups": [
            {
                "href": "#",
                "label": p(f"{n} · Математика", f"{n} · Математика", f"{n} · Maths"),
                "current": n == "5 «А»",
            }
            for n in ("5 «А»", "5 «Б»", "6 «А»")
        ],
        "periods": [
            {
                "href": "#",
                "label": p(f"{q}-тоқсан", f"{q} четверть", f"Quarter {q}"),
                "current": q == 2,
            }
            for q in (1, 2, 3, 4)
        ],
        "period": {"code": "q2", "title": p("2-тоқсан", "2 четверть", "Quarter 2")},
        "account": "a1",
        "cursor": "0",
        "lock": "",
        "columns": columns,
        "computed": [
            {"label": label, "title": title}
            for label, title in (
                (p("ҚБ", "ФО", "FO"), p("Қалыптастырушы", "Формативное", "Formative")),
                (p("БЖБ", "СОР", "SOR"), p("Бөлім бойынша", "За раздел", "Unit")),
                (p("ТЖБ", "СОЧ", "SOCH"), p("Тоқсандық", "За четверть", "Term")),
                ("%", p("Барлығы", "Сумма", "Sum")),
                (p("баға", "оценка", "mark"), p("Тоқсандық баға", "Оценка за четверть", "Mark")),
            )
        ],
        "pupils": pupils,
        "flags": "0.0c 3.4c",
        "lessons": [
            {
                "id": f"col{i}",
                "date": d,
                "title": d,
                "topic": topic if i < 12 else "",
                "homework": f"№ {240 + i}" if i < 11 else "",
                "lock": "",
            }
            for i, d in enumerate(days)
        ],
        "codes": [
            {
                "letter": p("ж", "н", "u"),
                "letters": "н ж u",
                "kind": "absence",
                "label": p("себепсіз келмеді", "нет без причины", "absent, no reason"),
            },
            {
                "letter": p("д", "п", "e"),
                "letters": "п д e",
                "kind": "absence",
                "label": p("дәлелді себеппен", "уважительная причина", "absent, excused"),
            },
            {
                "letter": ill,
                "letters": "б а i",
                "kind": "absence",
                "label": p("ауырды", "болен", "ill"),
            },
            {
                "letter": p("к", "о", "l"),
                "letters": "о к l",
                "kind": "absence",
                "label": p("кешікті", "опоздал", "late"),
            },
        ],
        "kinds": [
            {"value": "sor", "label": p("БЖБ", "СОР", "SOR"), "max": "15"},
            {"value": "soch", "label": p("ТЖБ", "СОЧ", "SOCH"), "max": "25"},
        ],
    }
