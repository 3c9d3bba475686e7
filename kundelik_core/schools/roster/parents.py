"""Take the parents out of a class list: one or two, in one cell or several, phones beside."""

from __future__ import annotations

import re
from typing import NamedTuple

from kundelik_core.kernel.names import search_key

from .values import clean_name, parse_phone, split_name

_PHONE = re.compile(r"\+?\d[\d\s()\-–.]{5,18}\d")
_KIN = {
    "мать": "mother", "мама": "mother", "анасы": "mother", "шешесі": "mother", "mother": "mother",
    "отец": "father", "папа": "father", "әкесі": "father", "father": "father",
    "бабушка": "grandparent", "дедушка": "grandparent", "әжесі": "grandparent",
    "атасы": "grandparent", "опекун": "guardian", "қамқоршысы": "guardian",
}  # fmt: skip
_FIRST = re.compile(r"^\W*([^\W\d_]+)\s*[:\-–—.]\s*|\(([^\W\d_]+)\)", re.UNICODE)


class Parent(NamedTuple):
    """An adult as a class list gives them; ``fault`` is "" or what could not be read."""

    family: str
    given: str
    middle: str
    phone: str
    kind: str
    fault: str = ""

    def key(self, child: str) -> str:
        """Who this is. Only name and phone together make one parent of two children.

        A name alone would hand a namesake somebody else's child, so it counts for one child.
        """
        name = search_key(f"{self.family} {self.given} {self.middle}")
        return f"parent:{name}|{self.phone or child}"


def read_parents(cell: str, phones: str, kind: str) -> list[Parent]:
    """Read 'Ахметова Гүлнар, +7 701 123 45 67; Ахметов Серік' and a cell of phones."""
    numbers = [part.strip() for part in re.split(r"[;\n/,]", phones) if part.strip()]
    parts = [part.strip() for part in re.split(r"[;\n/]", cell) if part.strip()]
    return [
        _parent(part, numbers[place] if place < len(numbers) else "", kind)
        for place, part in enumerate(parts)
    ]


def _parent(text: str, phone: str, kind: str) -> Parent:
    found = _PHONE.search(text)
    if found:
        phone = phone or found.group()
        text = text[: found.start()] + text[found.end() :]
    marked = _FIRST.search(text)
    word = (marked[1] or marked[2]).casefold() if marked else ""
    if marked and word in _KIN:
        kind, text = _KIN[word], text[: marked.start()] + " " + text[marked.end() :]
    else:
        first, _, rest = text.strip().partition(" ")
        if first.casefold() in _KIN and rest:
            kind, text = _KIN[first.casefold()], rest
    name = clean_name(text.strip(" ,.:;-–—()"))
    number = parse_phone(phone)
    if not name:
        return Parent("", "", "", "", kind, "name")
    family, given, middle = split_name(name)
    return Parent(family, given, middle, number or "", kind, "phone" if number is None else "")
