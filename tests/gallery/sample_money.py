"""Sample pages of prices, places, codes and what a family has; nobody in them exists."""

from __future__ import annotations

from typing import Any

from tests.gallery.frame import PUPILS, frame, picker

SCHOOL = "/office/licences"


def prices(lang: str) -> dict[str, Any]:
    """Products of two modules, one with a form that was refused."""
    p = picker(lang)
    month, family = (
        p("бір айға", "за месяц", "a month"),
        p("отбасы, әр балаға", "семья, за каждого ребёнка", "a family, for each child"),
    )
    notes = p("2-баладан бастап 80\u00a0% · ішінде 12\u00a0% салық",
              "начиная с ребёнка № 2 – 80\u00a0% · включая налог 12\u00a0%",
              "from child 2 on 80\u00a0% · 12\u00a0% tax inside")  # fmt: skip
    since = p("2026 ж. 1 қыркүйек, 09:00", "1 сентября 2026 г., 09:00", "1 September 2026, 09:00")
    price = {
        "amount": "1\u00a0500\u00a0₸", "currency": "KZT", "per": "month", "per_text": month,
        "audience": "parent", "audience_text": family, "notes": notes, "since": since, "until": "",
    }  # fmt: skip
    product = {"runs": True, "vendor": "", "retired": False, "prices": [], "past": []}
    rating = p("Оқушы рейтингі", "Рейтинг ученика", "Pupil rating")
    return frame(lang, "office", "") | {
        "products": [
            product
            | {"sku": "rating.view", "title": rating, "module": rating, "prices": [price],
               "past": [price | {"amount": "1\u00a0200\u00a0₸", "notes": "", "until": since}]},
            product
            | {"sku": "songs.month", "title": p("Әндер кітабы", "Песенник", "Song book"),
               "module": "songs", "vendor": "Aqyn", "runs": False, "retired": True},
        ],
        "wrong": "songs.month",
        "typed": {"amount": "көп", "per": "month", "audience": "parent", "siblings": "", "tax": "",
                  "vendor": "Aqyn", "commission": "20"},
        "error_field": "amount",
        "error": p("«көп» – сома емес. 1500 немесе 1500,50 деп жазыңыз.",
                   "«көп» – это не сумма. Напишите, например, 1500 или 1500,50.",
                   "“көп” is no amount. Write it like 1500 or 1500,50."),
        "intervals": [{"value": "month", "label": month}],
        "audiences": [{"value": "parent", "label": family}],
    }  # fmt: skip


def licences(lang: str) -> dict[str, Any]:
    """A school that has a licence, gives places and has made codes."""
    p = picker(lang)
    rating = p("Оқушы рейтингі", "Рейтинг ученика", "Pupil rating")
    until = p("2027 ж. 25 мамырға дейін", "до 25 мая 2027 г.", "until May 25, 2027")
    used = p("1-ден 0 рет қолданылды", "использован 0 из 1", "used 0 of 1")
    return frame(lang, "office", "/office") | {
        "licences": [
            {"title": rating, "seats": p("30 орынның 12 бос емес", "занято мест: 12 из 30",
                                         "12 of 30 seats taken"),
             "until": until, "href": f"{SCHOOL}/1"},
            {"title": p("Әндер кітабы", "Песенник", "Song book"), "seats": "", "until": until,
             "href": ""},
        ],
        "features": [{"value": "rating.view", "label": rating, "current": False}],
        "q": "А",
        "found": [{"id": str(n), "name": name, "sub": "7 Ә"} for n, name in enumerate(PUPILS[:3])],
        "chosen": "1",
        "ref": "1",
        "places": [{"name": name, "title": rating, "until": until, "action": SCHOOL}
                   for name in PUPILS[3:6]],
        "vouchers": [
            {"title": rating, "months": "3", "used": used, "state": until,
             "made": p("2026 ж. 4 қараша", "4 ноября 2026 г.", "4 November 2026"),
             "action": action}
            for action in (SCHOOL, "")
        ],
        "shared": False,
        "shares": [{"shared": shared, "since": p("2026 ж. 4 қараша, 12:00",
                                                 "4 ноября 2026 г., 12:00",
                                                 "4 November 2026, 12:00")}
                   for shared in (False, True)],
        "typed": {"months": "", "uses": "", "codes": "", "expires": ""},
        "error": "",
        "for_codes": False,
        "most": 200,
        "school_id": 1,
        "schools": [],
    }  # fmt: skip


def payouts(lang: str) -> dict[str, Any]:
    """A vendor to pay by hand, one on its way, one that owes, and a loss."""
    p = picker(lang)
    day = p("2026 ж. 4 қараша, 12:00", "4 ноября 2026 г., 12:00", "November 4, 2026, 12:00")
    sums = {"ripe": "1 200 ₸", "all": "4 300 ₸", "owes": "", "paid": "12 000 ₸", "schools": 3}
    vendor = {
        "name": "Әндер",
        "sums": [sums],
        "method": "",
        "destination": "KZ12 3456 7890",
        "least": "1 000 ₸",
        "login": "vendor",
    }
    way = {
        "vendor": "Music",
        "school": 12,
        "amount": "900 ₸",
        "back": False,
        "method": "redirect",
        "reason": "",
        "since": day,
        "by_hand": "",
        "not_paid": "",
    }
    waits, asked = p("күтуде", "ждёт", "waits"), p("жауап жоқ", "ответа нет", "no answer yet")
    return frame(lang, "platform", "/platform") | {
        "waiting": [{"vendor": "Әндер", "currency": "KZT", "seen": 120_000, "amount": "1 200 ₸",
                     "schools": 3, "destination": "KZ12 3456 7890", "until": "2026-11-04"}],
        "on_way": [way | {"state": waits, "by_hand": "#"},
                   way | {"state": asked, "reason": "unclear", "not_paid": "#"},
                   way | {"state": asked, "back": True}],
        "vendors": [vendor, vendor | {"name": "Music", "method": "redirect",
                                      "sums": [sums | {"owes": "300 ₸"}]}],
        "transfers": [{"vendor": "Әндер", "amount": "1 200 ₸", "at": day, "returned": returned,
                       "action": "" if returned else "#"} for returned in ("", day)],
        "losses": [{"school": 12, "order": "019a7f0e:1", "amount": "990 ₸", "at": day}],
        "wrong": "Music",
        "typed": {"method": "", "destination": "", "least": "x", "login": ""},
        "error_field": "least",
        "error": p("Бұл сома емес.", "Это не сумма.", "That is no amount."),
    }  # fmt: skip


def vendor(lang: str) -> dict[str, Any]:
    """A vendor that was paid, and one that owes."""
    p = picker(lang)
    day = p("2026 ж. 4 қараша", "4 ноября 2026 г.", "November 4, 2026")
    paid, failed = p("төленді", "выплачено", "paid"), p("өтпеді", "не прошло", "came to nothing")
    sums = {"ripe": "1 200 ₸", "all": "4 300 ₸", "owes": "", "paid": "12 000 ₸", "schools": 3}
    ended = {"day": day, "amount": "2 000 ₸", "back": "", "schools": 3, "state": paid, "ok": True}
    return frame(lang, "platform", "/vendor") | {
        "vendors": [
            {"name": "Әндер", "way": "redirect", "destination": "KZ12", "least": "1 000 ₸",
             "sums": [sums], "on_way": ["900 ₸"],
             "payouts": [ended, ended | {"back": "500 ₸"},
                         ended | {"state": failed, "ok": False}]},
            {"name": "Music", "way": "redirect", "destination": "", "least": "",
             "sums": [sums | {"owes": "300 ₸"}], "on_way": [], "payouts": []},
        ],
    }  # fmt: skip


def licence(lang: str) -> dict[str, Any]:
    """Who sits on a licence, and a class to take."""
    p = picker(lang)
    return frame(lang, "office", "/office") | {
        "title": p("Оқушы рейтингі", "Рейтинг ученика", "Pupil rating"),
        "until": p("2027 ж. 25 мамырға дейін", "до 25 мая 2027 г.", "until May 25, 2027"),
        "back": SCHOOL,
        "here_path": f"{SCHOOL}/1",
        "school_id": 1,
        "total": 30,
        "free": p("18 орын бос", "18 мест свободно", "18 seats are free"),
        "any_free": True,
        "sitting": [{"name": name, "action": SCHOOL} for name in PUPILS[:6]],
        "q": "",
        "asked": True,
        "classes": [{"value": "1", "label": "7 Ә", "current": True}],
        "found": [{"id": str(n), "name": name, "sub": "7 Ә"}
                  for n, name in enumerate(PUPILS[6:10])],
        "error": "",
    }  # fmt: skip


def codes(lang: str) -> dict[str, Any]:
    """Three slips."""
    p = picker(lang)
    return frame(lang, "office", "/office") | {
        "school": p("№ 12 мектеп-гимназия", "Школа-гимназия № 12", "School No. 12"),
        "back": SCHOOL,
        "title": p("Оқушы рейтингі", "Рейтинг ученика", "Pupil rating"),
        "months": 3,
        "until": p("2027 ж. 25 мамырға дейін", "до 25 мая 2027 г.", "until May 25, 2027"),
        "address": "kundelik.example",
        "codes": ["2345-6789-DFGJ-LQRS", "UVWZ-2345-6789-DFGJ", "LQRS-UVWZ-2345-6789"],
    }


def holdings(lang: str) -> dict[str, Any]:
    """A family with two children, and a code that was typed wrongly."""
    p = picker(lang)
    rating = p("Оқушы рейтингі", "Рейтинг ученика", "Pupil rating")
    until = p("2027 ж. 25 мамырға дейін", "до 25 мая 2027 г.", "until May 25, 2027")
    school = p("№ 12 мектеп-гимназия", "Школа-гимназия № 12", "School No. 12")
    return frame(lang, "family", "/diary") | {
        "children": [
            {"id": "1", "name": "Айша", "school": school, "current": True,
             "services": [{"title": rating, "until": until}]},
            {"id": "2", "name": "Арман", "school": school, "current": False, "services": []},
        ],
        "others": [{"title": p("Әндер кітабы", "Песенник", "Song book"), "whom": school,
                    "until": p("мерзімсіз", "бессрочно", "without an end")}],
        "more": [{"title": rating, "href": "#"}],
        "orders": [{"school": school, "href": "#"}],
        "code": "2222-3333",
        "error": p("Мұндай код жоқ немесе оның мерзімі өтіп кеткен.",
                   "Такого кода нет, или его срок вышел.",
                   "There is no such code, or its time is over."),
    }  # fmt: skip
