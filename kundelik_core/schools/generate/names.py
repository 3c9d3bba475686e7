"""Give people names that could stand in a register, by the rules that each tradition follows."""

import random
import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec

from kundelik_core.kernel.names import search_key

Style = Literal["kazakh", "slavic"]

_LATIN = {
    **dict(zip("абвгдезиклмнопрстуфыэ", "abvgdeziklmnoprstufye", strict=True)),
    **dict(zip("әғқңөұүһіё", ("a", "g", "q", "n", "o", "u", "u", "h", "i", "yo"), strict=True)),
    **dict(zip("жйхцчшщюя", ["zh", "y", "kh", "ts", "ch", "sh", "sh", "yu", "ya"], strict=True)),
    "ь": "",
    "ъ": "",
}
_VOWELS = "аәеёиоөуұүыіэюя"


class Tradition(msgspec.Struct, frozen=True):
    """The names of one tradition and how it makes patronymics."""

    name: str
    boys: tuple[str, ...]
    girls: tuple[str, ...]
    men: tuple[str, ...]
    women: tuple[str, ...]
    surnames: tuple[str, ...]
    bare: tuple[str, ...]
    patronymic: Literal["mixed", "slavic"]


@cache
def traditions() -> dict[str, Tradition]:
    """All traditions by name."""
    tables = _read()
    found = {}
    for name, table in tables.items():
        if name == "mix":
            continue
        row = {**tables[table["like"]], "surnames": "", **table} if "like" in table else table
        lists = {k: row[k].split() for k in ("boys", "girls", "men", "women", "surnames", "bare")}
        fields = {"name": name, "patronymic": row["patronymic"], **lists}
        found[name] = msgspec.convert(fields, Tradition)
    return found


@cache
def mix(language: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Which traditions the families of a class come from, and how often."""
    row: dict[str, int] = _read()["mix"]["kk" if language == "kk" else "ru"]
    return tuple(row), tuple(row.values())


@cache
def _read() -> dict[str, dict[str, Any]]:
    source = resources.files("kundelik_core.schools") / "data" / "generate" / "names.toml"
    return tomllib.loads(source.read_text("utf-8"))


@cache
def _uninflected() -> frozenset[str]:
    return frozenset(name for t in traditions().values() for name in t.bare)


def surname_for(masculine: str, sex: str) -> str:
    """The surname as a woman or a man bears it; one without a feminine form stays as it is."""
    if masculine in _uninflected():
        return masculine
    if sex == "f" and masculine.endswith(("ов", "ев", "ёв", "ин", "ын")):
        return masculine + "а"
    return masculine


def patronymic_for(father: str, sex: str, style: Style) -> str:
    """The patronymic of a child of `father`."""
    if style == "kazakh":
        return father + ("ұлы" if sex == "m" else "қызы")
    if father == "Илья":
        return "Ильич" if sex == "m" else "Ильинична"
    if father == "Никита":
        return "Никитич" if sex == "m" else "Никитична"
    stem, ending = _slavic_stem(father)
    return stem + ending + ("вич" if sex == "m" else "вна")


def _slavic_stem(father: str) -> tuple[str, str]:
    if father == "Павел":
        return "Павл", "о"
    if father.endswith("ий"):
        # Дмитриевич keeps the vowel after two consonants, Юрьевич loses it after one.
        two = len(father) > 4 and father[-4].lower() not in _VOWELS
        return father[:-2] + ("и" if two else "ь"), "е"
    if father.endswith(("й", "ь")):
        return father[:-1], "е"
    if father[-1] in _VOWELS:
        return father, "е"
    return father, "о"


def russified(name: str) -> str:
    """A Kazakh name as many documents write it, in the letters of the Russian alphabet."""
    folded = search_key(name)
    letters = [
        plain.upper() if kept.isupper() else plain for kept, plain in zip(name, folded, strict=True)
    ]
    # Folding also forgets ё, which Russian spelling keeps.
    return "".join(k if k in "ёЁ" else p for k, p in zip(name, letters, strict=True))


def latinised(text: str) -> str:
    """A name in plain Latin letters, for logins."""
    return "".join(_LATIN.get(c, c) for c in text.casefold() if c in _LATIN or c.isascii())


class Logins:
    """Hands out logins such as aizere.akhmetova, each only once."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def take(self, given: str, surname: str) -> str:
        """A login nobody has yet."""
        base = f"{latinised(given)}.{latinised(surname)}"
        count = self._taken.get(base, 0) + 1
        self._taken[base] = count
        return base if count == 1 else f"{base}{count}"


class FamilyName(msgspec.Struct, frozen=True):
    """What all children of a family share."""

    tradition: str
    surname: str
    father: str
    style: Style
    russified: bool


def draw_family(rng: random.Random, language: str) -> FamilyName:
    """A family whose children could sit in a class of that language of instruction."""
    names, weights = mix(language)
    tradition = traditions()[rng.choices(names, weights)[0]]
    bare = tradition.bare and (not tradition.surnames or rng.random() < 0.22)
    surname = rng.choice(tradition.bare if bare else tradition.surnames)
    father = rng.choice([m for m in tradition.men if m != surname])
    kazakh = tradition.patronymic == "mixed" and rng.random() < (0.6 if language == "kk" else 0.2)
    plain = language == "ru" and tradition.name == "kazakh" and not kazakh and rng.random() < 0.4
    return FamilyName(tradition.name, surname, father, "kazakh" if kazakh else "slavic", plain)


def spelled(family: FamilyName, name: str) -> str:
    """A name as this family's documents spell it."""
    return russified(name) if family.russified else name


def child_name(
    rng: random.Random, family: FamilyName, sex: str, taken: set[str]
) -> tuple[str, str, str]:
    """Surname, given name and patronymic of a child; not one of the names its siblings have."""
    tradition = traditions()[family.tradition]
    pool = tradition.boys if sex == "m" else tradition.girls
    free = [n for n in pool if n not in taken and n not in (family.surname, family.father)]
    given = rng.choice(free or list(pool))
    taken.add(given)
    patronymic = patronymic_for(family.father, sex, family.style)
    # Some certificates have no patronymic at all.
    if family.tradition != "russian" and int(rng.random() * 25) == 0:
        patronymic = ""
    surname = surname_for(family.surname, sex)
    return spelled(family, surname), spelled(family, given), spelled(family, patronymic)


def adult_name(rng: random.Random, tradition: Tradition, sex: str) -> tuple[str, str, str]:
    """Surname, given name and patronymic of a grown-up who bears their father's surname."""
    bare = tradition.bare and (not tradition.surnames or rng.random() < 0.1)
    surname = rng.choice(tradition.bare if bare else tradition.surnames)
    given = rng.choice(tradition.men if sex == "m" else tradition.women)
    father = rng.choice([m for m in tradition.men if m not in (given, surname)])
    kazakh = tradition.patronymic == "mixed" and rng.random() < 0.25
    patronymic = patronymic_for(father, sex, "kazakh" if kazakh else "slavic")
    return surname_for(surname, sex), given, patronymic
