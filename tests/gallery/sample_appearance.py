"""The page of a school's appearance, with its own colours and after a refusal; nothing is real."""

from __future__ import annotations

from typing import Any

from kundelik_core.web.appearance_view import Draft, theme_cards
from kundelik_core.web.static_mount import static_files
from tests.gallery import sample_staff
from tests.gallery.frame import frame, picker


def appearance(lang: str) -> dict[str, Any]:
    """Colours of the school's own, and a history."""
    p = picker(lang)
    draft = Draft(theme="nauryz", accent="#7a1f3d", second="#a87400")
    title = p("тақырып: Наурыз", "тема: Наурыз", "theme: Nauryz")
    return frame(lang, "office", "/office") | {
        "action": "/office/appearance",
        "cards": theme_cards(static_files(), draft, {"kk": "kk", "ru": "ru"}.get(lang, "en")),  # type: ignore[arg-type]
        "accent": draft.accent,
        "second": draft.second,
        "errors": {},
        "offers": {},
        "logo_now": "",
        "history": [{"at": "10.11, 14:02", "by": "Оспанов Ерлан", "text": f"{title}, #7a1f3d"}],
    }


def refused(lang: str) -> dict[str, Any]:
    """A colour that cannot be read, and a picture that is none."""
    p = picker(lang)
    return appearance(lang) | {
        "accent": "#ffcc00",
        "errors": {
            "accent": p("Бұл түсті оқу қиын.", "Этот цвет плохо читается.", "Hard to read."),
            "logo": p("Бұл сурет емес.", "Это не картинка.", "This is no picture."),
        },
        "offers": {"accent": "#866a00"},
        "logo_now": "/static/default/img/logo.svg",
    }


def slip(lang: str) -> dict[str, Any]:
    """A slip with a code, as it is printed."""
    p = picker(lang)
    return frame(lang, "office", "/office") | {
        "back": "/office/people",
        "days": 14,
        "address": "kundelik.test",
        "slips": [{"name": "Әбдірахман Айша", "login": "aisha.abdirakhman", "code": "K7QF-2M9T"}],
        "school": p("№ 12 мектеп-гимназия", "Школа-гимназия № 12", "School No. 12"),
    }


def own_colours(lang: str) -> dict[str, Any]:
    """The office of a school with colours and a logo of its own."""
    look = {
        "theme": "",
        "sheet": "/static/default/look1/7a1f3d-a87400.css",
        "logo": "/static/default/img/logo.svg",
    }
    return sample_staff.office(lang) | {"look": look}
