"""Pages of the office that change something for good: periods, groups, erasing somebody."""

from typing import Any

from tests.gallery.frame import PUPILS, frame, picker


def periods(lang: str) -> dict[str, Any]:
    """A year with a closed, an open and a future quarter."""
    p = picker(lang)
    titles = [p(f"{n}-тоқсан", f"{n} четверть", f"Quarter {n}") for n in (1, 2, 3)]
    span = p("1 қыркүйек – 25 қазан", "1 сентября – 25 октября", "1 September – 25 October")
    return frame(lang, "office", "/office/periods") | {
        "schools": [],
        "periods": [
            {
                "title": title,
                "span": span,
                "open": n > 0,
                "ahead": n == 2,
                "closed": {} if n else {"at": "26.10, 17:40", "by": "Ахметов Е."},
                "href": "#",
            }
            for n, title in enumerate(titles)
        ],
    }


def period(lang: str, *, is_open: bool = True) -> dict[str, Any]:
    """A period that lacks marks, or one that was closed."""
    p = picker(lang)
    subject = p("Математика", "Математика", "Mathematics")
    return frame(lang, "office", "/office/periods/1/2026/q2") | {
        "title": p("2-тоқсан", "2 четверть", "Quarter 2"),
        "back": "#",
        "open": is_open,
        "early": True,
        "ends": p("28 желтоқсан", "28 декабря", "28 December"),
        "closed": {} if is_open else {"at": "28.12, 17:40", "by": "Ахметов Е."},
        "computing": not is_open,
        "action": "#",
        "gaps": [
            {"href": "#", "title": f"{n} «А»", "subject": subject, "pupils": n} for n in (5, 6, 1)
        ],
    }


def closed(lang: str) -> dict[str, Any]:
    """A closed period."""
    return period(lang, is_open=False)


def group(lang: str) -> dict[str, Any]:
    """A class divided for a language."""
    p = picker(lang)
    return frame(lang, "office", "/office/groups/1") | {
        "title": "5 «А» 1",
        "subject": p("Ағылшын тілі", "Английский язык", "English"),
        "action": "#",
        "journal": "#",
        "pupils": [
            {
                "id": str(n),
                "name": name,
                "klass": "5 «А»" if n < 3 else "",
                "here": n % 2 == 0,
                "others": "5 «А» 2" if n % 2 else "",
            }
            for n, name in enumerate(PUPILS[:8])
        ],
    }


def erase(lang: str) -> dict[str, Any]:
    """Somebody who may be erased."""
    p = picker(lang)
    return frame(lang, "office", "/office/people/1/erase") | {
        "name": PUPILS[0],
        "back": "#",
        "action": "#",
        "modules": [p("Мақтау", "Похвала", "Praise")],
        "refusal": {},
    }


def may_not(lang: str) -> dict[str, Any]:
    """Somebody whom a journal still names."""
    p = picker(lang)
    text = p(
        "Журналда бұл адамның аты тұр.", "В журнале стоит имя.", "A journal names this person."
    )
    return erase(lang) | {"refusal": {"text": text, "help": ""}}


def own_modules(lang: str) -> dict[str, Any]:
    """Modules that everybody takes or leaves."""
    p = picker(lang)
    titles = [
        p("Туған күндер", "Дни рождения", "Birthdays"),
        p("Күнтізбе", "Календарь", "Calendar"),
    ]
    return frame(lang, "parent", "/account/modules") | {
        "modules": [
            {
                "title": title,
                "vendor": "Kundelik",
                "summary": title,
                "reads": [],
                "school": "",
                "on": n == 0,
                "action": "#",
            }
            for n, title in enumerate(titles)
        ],
    }


def away(lang: str) -> dict[str, Any]:
    """The way out of the site, to a provider."""
    p = picker(lang)
    return frame(lang, "parent", "/x/payments/orders/1/pay") | {
        "title": p(
            "Төлемге өтесіз: pay.example", "Вы переходите на pay.example", "On to pay.example"
        ),
        "text": p("Бет өзі ашылады.", "Страница откроется сама.", "The page opens by itself."),
        "to": "#",
        "label": p("Жалғастыру", "Продолжить", "Go on"),
        "module": p("Төлемдер", "Платежи", "Payments"),
    }
