"""Put people's names in the order of the Kazakh alphabet, and find them however they were typed.

Plain code-point order (Python's, PostgreSQL's "C") puts the nine letters that Kazakh adds to the
Russian alphabet in the wrong place. `sort_key` gives a string whose code points sort right, so it
can be stored in an ordinary column and indexed. `search_key` forgets the differences that people
on a Russian keyboard cannot type, and that differ between one family's documents.
"""

import unicodedata
from typing import Final

KAZAKH_ALPHABET: Final = "АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯ"

# Two-byte code points, so that a stored key is no longer than the name it belongs to.
_KAZAKH_BASE: Final = 0x0100
_LATIN_BASE: Final = 0x0140
_OTHER: Final = chr(0x0180)

_ORDER: Final = {
    **{c: chr(_KAZAKH_BASE + i) for i, c in enumerate(KAZAKH_ALPHABET.lower())},
    **{chr(ord("a") + i): chr(_LATIN_BASE + i) for i in range(26)},
    **{c: c for c in " 0123456789"},
}
_FOLD: Final = str.maketrans("әғқңөұүһіё", "агкноуухие")
# Latin letters that look like Cyrillic ones and slip into words typed on a mixed keyboard.
_LOOKALIKE: Final = str.maketrans("aceopxyikmtbh", "асеорхуикмтвн")
_SPACES: Final = str.maketrans(dict.fromkeys("-‐‑‒–—−_.,;/", " "))
_SILENT: Final = frozenset("'`’‘ʼʻ\"«»“”()")


def _plain(text: str) -> str:
    """Same letters, same spelling: composed, lower case, single spaces, no hyphens."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    spaced = "".join(c for c in folded.translate(_SPACES) if c not in _SILENT)
    return " ".join(spaced.split())


def sort_key(text: str) -> str:
    """A string that sorts by code points as `text` does in a Kazakh list; then Latin, then rest."""
    return "".join(_place(c) for c in _plain(text))


def _place(char: str) -> str:
    known = _ORDER.get(char)
    if known is not None:
        return known
    base = unicodedata.normalize("NFKD", char)[0].casefold()
    known = _ORDER.get(base[:1])
    if known is not None:
        return known
    # Control characters and halves of pairs have no place in a list and none in a database.
    if unicodedata.category(char)[0] == "C":
        return ""
    return _OTHER + char


def search_key(text: str) -> str:
    """What both the stored name and the typed one are reduced to before they are compared."""
    return " ".join(_fold_word(word) for word in _plain(text).split())


def _fold_word(word: str) -> str:
    if any("\u0400" <= c <= "\u04ff" for c in word):
        word = word.translate(_LOOKALIKE)
    return word.translate(_FOLD)


def full_name(surname: str, given: str, patronymic: str | None = None) -> str:
    """The name as documents write it: surname, given name, patronymic if there is one."""
    return " ".join(part for part in (surname, given, patronymic or "") if part)


def short_name(surname: str, given: str, patronymic: str | None = None) -> str:
    """The name where a column is narrow: the surname and the first letters of the rest."""
    parts = [surname, *(f"{part[0]}." for part in (given, patronymic or "") if part)]
    return " ".join(part for part in parts if part)


def initials(surname: str, given: str) -> str:
    """Two letters for a round badge."""
    return (surname[:1] + given[:1]).upper()
