"""Modules of a school: the list, all about one, and a page of one; nothing is real."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from tests.gallery.frame import PUPILS, frame, picker


def _card(lang: str) -> dict[str, Any]:
    p = picker(lang)
    return {
        "name": "praise",
        "title": p("Мақтау", "Похвала", "Praise"),
        "version": "0.1.0",
        "vendor": "Kundelik",
        "support": "support@example.kz",
        "summary": p(
            "Мұғалімдер жылы сөз жазады.",
            "Учителя пишут добрые слова.",
            "Teachers write a good word.",
        ),
        "state": p("қосулы", "включён", "on"),
        "ok": True,
        "on": True,
        "paused": False,
        "reads": [
            p("Оқушылардың аты-жөні мен сыныбы.", "Имена и классы учеников.", "Names of pupils."),
            p("Сабақ беретін мұғалімдер.", "Кто кого учит.", "Who teaches which group."),
        ],
        "slots": [p("күнделік аптасы", "неделя дневника", "a week of the diary")],
        "cost": p("тегін", "бесплатно", "nothing"),
        "prices": [],
        "why": "",
        "more": p(
            "Қосқаннан бері көбірек көреді: бағалар.",
            "С тех пор как он включён, он видит больше: оценки.",
            "Since you switched it on it may see more: marks.",
        ),
        "action": "/office/modules/praise/off?school=1",
        "label": p("Мектепте өшіру", "Выключить для школы", "Switch off for the school"),
        "href": "/office/modules/praise?school=1",
    }


def _history(lang: str) -> list[dict[str, str]]:
    p = picker(lang)
    what = p("қосылды", "включён", "switched on")
    title = p("Мақтау", "Похвала", "Praise")
    return [{"at": "10.11, 14:02", "title": title, "what": what, "by": "Оспанов Ерлан"}]


def modules(lang: str) -> dict[str, Any]:
    """One module on, one that does not fit."""
    p = picker(lang)
    stopped = _card(lang) | {
        "name": "rating", "title": "Rating", "on": False, "ok": False, "more": "", "action": "",
        "state": p("сәйкес емес", "не подходит", "does not fit"),
        "why": p("Басқа нұсқа керек.", "Нужна другая версия.", "It needs another version."),
    }  # fmt: skip
    alone = _card(lang) | {
        "name": "awards", "title": "Awards", "more": "", "paused": True,
        "prices": [{
            "title": "Awards",
            "price": p("500 ₸ бір айға", "500 ₸ за месяц", "500 ₸ a month"),
            "whom": p("отбасы, әр балаға", "семья, за каждого ребёнка", "a family, for each child"),
        }],
        "state": p("уақытша өшірулі", "временно выключен", "temporarily off"),
        "why": p(
            "Тым жиі қателесті, 10.11, 14:02 бастап шақырылмайды. Өзі қайта қосылады.",
            "Слишком часто ошибался и не вызывается с 10.11, 14:02. Вернётся сам.",
            "It failed too often and is left alone since 10.11, 14:02. It comes back by itself.",
        ),
    }  # fmt: skip
    return frame(lang, "office", "/office") | {
        "modules": [_card(lang), alone, stopped],
        "history": _history(lang),
        "schools": [],
    }


def about(lang: str) -> dict[str, Any]:
    """All about one module; a setting was refused."""
    p = picker(lang)
    many = p("Күніне ең көп жазба", "Записей в день, не больше", "Most notes in a day")
    who = p("Кім жаза алады", "Кто может писать", "Who may write")
    teachers = p("Мұғалімдер", "Учителя", "Teachers")
    plain: dict[str, Any] = {
        "hint": "",
        "error": "",
        "choices": [],
        "minimum": None,
        "maximum": None,
    }
    return frame(lang, "office", "/office") | {
        "m": _card(lang),
        "about": {
            "permissions": [
                {
                    "title": p("Жазу", "Писать", "Write"),
                    "allows": p("Өз оқушыларына.", "Своим ученикам.", "To one's own pupils."),
                    "roles": [teachers],
                    "risks": [p("адамдар деректері", "данные о людях", "data about people")],
                }
            ],
            "events": [p("оқушы кетті", "ученик выбыл", "a pupil left a class")],
            "keeps": [
                {
                    "purpose": p("Мұғалім сөзі", "Слова учителя", "What the teacher said"),
                    "whom": p("оқушылар туралы", "об учениках", "about pupils"),
                    "ground": p("мектеп міндеті", "задача школы", "for the school's own task"),
                    "keep": p("400 күн", "400 дней", "400 days"),
                }
            ],
            "retention": p("400 күн", "400 дней", "400 days"),
            "jobs": 1,
            "http_out": [],
            "url": "kundelik.example",
            "security": "security@example.kz",
        },
        "origin": [{"label": "sha256", "values": ["9f86d081884c7d659a2feaa0c55ad015" * 2]}],
        "fields": [
            plain
            | {
                "name": "writers", "kind": "choice", "title": who, "value": "teachers",
                "choices": [{"value": "teachers", "label": teachers, "current": True}],
            },
            plain
            | {
                "name": "remarks", "kind": "bool", "value": True,
                "title": p("Ескертулер", "Замечания", "Allow remarks"),
            },
            plain
            | {
                "name": "most", "kind": "int", "title": many, "value": "көп", "minimum": 1,
                "error": p("Бүтін сан жазыңыз.", "Напишите целое число.", "Write a number."),
            },
        ],
        "action": "/office/modules/praise/settings?school=1",
        "seen": 1,
        "back": "/office/modules",
        "history": _history(lang),
        "schools": [],
    }  # fmt: skip


def own_page(lang: str) -> dict[str, Any]:
    """A page of a module, made of the parts that all pages share."""
    p = picker(lang)
    title = p("Мақтау", "Похвала", "Praise")
    rows = "".join(
        f'<li><a class="line" href="#"><span class="grow">{name}</span>'
        f'<span class="tag on">{title}</span></a></li>'
        for name in PUPILS[:6]
    )
    # Our own sample, written out here.
    body = Markup(f'<section class="card flush"><ul class="rows link">{rows}</ul></section>')
    return frame(lang, "teacher", "/x/praise") | {
        "title": p("Кімге жазасыз?", "Кому вы напишете?", "Whom do you write to?"),
        "module": title,
        "home": "/x/praise",
        "schools": [],
        "body": body,
        "sheet": "",
    }
