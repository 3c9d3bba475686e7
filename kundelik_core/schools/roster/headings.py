"""Know the headings of a class list in Kazakh, Russian and English, in any usual wording."""

from __future__ import annotations

import difflib
import re
from typing import NamedTuple

from .columns import plain
from .csvtext import Record

_WORDS: dict[str, tuple[str, ...]] = {
    "number": ("№", "р/с", "п/п", "№ п/п", "№ р/с", "no", "nr", "#"),
    "family": ("тегі", "фамилия", "фамилиясы", "оқушының тегі", "фамилия ученика", "surname",
               "last name", "family name", "familyName"),
    "given": ("аты", "есімі", "имя", "оқушының аты", "имя ученика", "first name", "given name",
              "name"),
    "middle": ("әкесінің аты", "отчество", "отчество ученика", "патроним", "patronymic",
               "middle name"),
    "full": ("фио", "ф.и.о.", "т.а.ә.", "таә", "тегі аты әкесінің аты", "тегі аты", "аты-жөні",
             "оқушының аты-жөні", "оқушының т.а.ә.", "т.а.ә. оқушы", "оқушы", "оқушылар", "ученик",
             "ученики", "учащийся", "учащиеся", "обучающийся", "фио ученика", "фио учащегося",
             "фио обучающегося", "ф.и.о. учащихся", "ф.и.о. учеников", "фамилия имя отчество",
             "фамилия имя", "фамилия и имя", "фамилия, имя, отчество ученика", "full name",
             "pupil", "student", "student name", "фио ребенка", "баланың аты-жөні"),
    "class": ("сынып", "сыныбы", "класс", "class", "класс (литер)", "сынып атауы", "form"),
    "grade": ("параллель", "grade", "сынып нөмірі"),
    "letter": ("литер", "литера", "әріп", "сынып әрпі", "буква", "буква класса", "letter"),
    "language": ("оқыту тілі", "сынып тілі", "оқу тілі", "язык обучения", "язык класса",
                 "language of instruction", "language"),
    "birth": ("туған күні", "туылған күні", "туған күні айы жылы", "дата рождения",
              "день рождения", "дата рожд.", "д.р.", "др", "birth date", "birthday",
              "date of birth", "dob", "туған жылы күні айы", "число месяц год рождения"),
    "sex": ("жынысы", "пол", "sex", "gender"),
    "iin": ("жсн", "иин", "iin", "жсн/иин", "иин/жсн", "жсн (иин)", "иин ученика"),
    "subgroup": ("топ", "топша", "ішкі топ", "подгруппа", "группа", "subgroup", "group"),
    "homeroom": ("сынып жетекшісі", "классный руководитель", "кл. руководитель",
                 "homeroom teacher", "form teacher"),
    "email": ("email", "e-mail", "эл. почта", "электронная почта", "электрондық пошта",
              "эл. пошта", "почта"),
    "login": ("логин", "login", "username"),
    "pupil_phone": ("телефон ученика", "оқушының телефоны", "телефон учащегося", "pupil phone",
                    "student phone"),
    "parent": ("ата-анасы", "ата-ана", "ата-аналары", "ата-анасының аты-жөні",
               "ата-анасының т.а.ә.", "ата-ананың аты-жөні", "родитель", "родители",
               "фио родителя", "фио родителей", "ф.и.о. родителей", "законный представитель",
               "фио законного представителя", "заңды өкілі", "қамқоршы", "опекун", "parent",
               "parents", "guardian", "parent name", "guardian name"),
    "mother": ("анасы", "шешесі", "мать", "мама", "фио матери", "анасының аты-жөні", "mother",
               "mother name"),
    "father": ("әкесі", "отец", "папа", "фио отца", "әкесінің аты-жөні", "father",
               "father name"),
    "phone": ("телефон", "телефоны", "тел", "тел.", "phone", "mobile", "ұялы телефон",
              "байланыс телефоны", "байланыс", "контактный телефон", "контакт", "контакты",
              "сотовый", "сотовый телефон", "номер телефона", "телефон нөмірі", "моб. телефон"),
    "parent_phone": ("телефон родителя", "телефон родителей", "телефоны родителей",
                     "ата-анасының телефоны", "ата-ананың телефоны", "тел. родителей",
                     "parent phone", "guardian phone", "контакты родителей",
                     "тел. ата-анасы"),
    "mother_phone": ("телефон матери", "анасының телефоны", "телефон мамы", "mother phone"),
    "father_phone": ("телефон отца", "әкесінің телефоны", "телефон папы", "father phone"),
}  # fmt: skip
_KNOWN = {plain(word) or word: key for key, words in _WORDS.items() for word in words}
_PUPIL = frozenset({"ученика", "ученицы", "учеников", "учащегося", "учащихся", "обучающегося",
                    "обучающихся", "ребенка", "ребёнка", "воспитанника", "школьника", "оқушының",
                    "оқушылардың", "баланың", "алушының", "білім", "pupil's", "pupil", "student's",
                    "student", "child's"})  # fmt: skip
_LONG = [word for word in _KNOWN if len(word) >= 6]
_COUNTER = re.compile(r"[\s\-–]*\(?№?[\s]*([12])\)?$|^([12])[\s.\-–]+")
NAMES = frozenset({"family", "given", "full"})


class Heading(NamedTuple):
    """One understood column: what it means, where it stands, what the file calls it."""

    key: str
    place: int
    written: str
    corrected: bool = False


class ParentColumns(NamedTuple):
    """The columns of one parent; phone -1 when the file has none."""

    kind: str
    place: int
    phone: int


def without_owner(text: str, owners: frozenset[str]) -> str:
    """A heading without the word for whose cells they are, as in "Дата рождения учащегося"."""
    words = re.split(r"[\s,;()]+", text.casefold())
    kept = [word for word in words if word and word not in owners]
    return plain(" ".join(kept)) if len(kept) < len(words) else ""


def understand(text: str) -> tuple[str, bool]:
    """(key, was it a typing error) of one heading; ("", False) when it is unknown."""
    bare = _COUNTER.sub("", text.strip())
    word = plain(bare) or bare
    if word in _KNOWN:
        return _KNOWN[word], False
    own = _KNOWN.get(without_owner(bare, _PUPIL), "")
    if own:
        return "pupil_phone" if own == "phone" else own, False
    if len(word) >= 6:
        close = difflib.get_close_matches(word, _LONG, n=1, cutoff=0.85)
        if close:
            return _KNOWN[close[0]], True
    return "", False


def read_headings(record: Record) -> list[Heading] | None:
    """The understood columns of a header row; None when the row is no header."""
    found: list[Heading] = []
    for place, text in enumerate(record.cells):
        key, corrected = understand(text)
        if key:
            found.append(Heading(key, place, text.strip(), corrected))
    keys = {heading.key for heading in found}
    # A list of names alone is a list too, as long as nothing else stands beside the names.
    filled = sum(bool(cell.strip()) for cell in record.cells)
    enough = len(keys - {"number"}) >= 2 or ("full" in keys and filled <= 2)
    return found if keys & NAMES and enough else None


def parent_columns(found: list[Heading]) -> list[ParentColumns]:
    """Pair every parent with the phone column that stands after them or names them."""
    parents = [heading for heading in found if heading.key in {"parent", "mother", "father"}]
    phones = [heading for heading in found if heading.key.endswith("phone")]
    used: set[int] = set()
    result = []
    for place, parent in enumerate(parents):
        limit = parents[place + 1].place if place + 1 < len(parents) else 10**6
        own = f"{parent.key}_phone"
        fitting = [phone for phone in phones if phone.key == own and phone.place not in used] or [
            phone
            for phone in phones
            if phone.key in {"phone", "parent_phone"}
            and parent.place < phone.place < limit
            and phone.place not in used
        ]
        if not fitting and len(parents) == 1:
            fitting = [phone for phone in phones if phone.key in {"phone", "parent_phone"}]
        phone = fitting[0].place if fitting else -1
        used.add(phone)
        kind = "guardian" if parent.key == "parent" else parent.key
        result.append(ParentColumns(kind, parent.place, phone))
    return result
