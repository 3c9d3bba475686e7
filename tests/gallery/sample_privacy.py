"""A sample of the page on which a guardian sees who looked."""

from __future__ import annotations

from typing import Any

from tests.gallery.frame import frame


def data(lang: str) -> dict[str, Any]:
    """What is held about a child, with a long name and three looks."""
    return frame(lang, "family", "") | {
        "name": "Әбдірахманова-Төлегенқызы Айша Нұрланқызы",
        "of_child": True,
        "action": "#",
        "children": [
            {"href": "#", "name": "Айша", "school": "№5 мектеп-гимназия"},
            {"href": "#", "name": "Ерлан", "school": "Ауыл мектебі"},
        ],
        "modules": [
            {"title": "Мақтау", "school": "",
             "keeps": ["Жазба қай оқушыға арналғаны", "Мұғалімнің оқушыға айтқан сөзі"]},
        ],
        "looks": [
            {"name": "Сейтова Д.", "role": "Директордың орынбасары", "what": "Күнделік",
             "at": "4 қараша, 13:05"},
            {"name": "Оспанова Г.", "role": "Сынып жетекшісі", "what": "Жеке карточка",
             "at": "2 қараша, 08:40"},
        ],
        "asks_looks": True,
    }  # fmt: skip


def data_of_nobody(lang: str) -> dict[str, Any]:
    """The same before anybody looked."""
    return data(lang) | {"of_child": False, "children": [], "modules": [], "looks": []}
