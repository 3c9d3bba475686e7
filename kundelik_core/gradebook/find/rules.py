"""Turn what somebody typed into words that a name may begin with, and into patterns for them."""

import re
from typing import Final

import msgspec

from kundelik_core.kernel.names import KAZAKH_ALPHABET, search_key

__all__ = ["FOLDED", "LETTERS", "LONGEST", "Wanted", "wanted"]

LONGEST: Final = 80
"""Letters of a search; what comes after them is not looked at."""

MOST_WORDS: Final = 6
LEAST: Final = 2

_WORD: Final = re.compile(r"[0-9]+|[^\W0-9_]+")
_CYRILLIC: Final = re.compile(r"[\u0400-\u04ff]")

# How Latin spellings of Kazakh and Russian names are read; the longest first. ``_`` is any letter:
# i and y stand for и, й, і and ы, and nobody knows which.
_LATIN: Final = (
    ("shch", "щ"), ("sch", "щ"), ("sh", "ш"), ("ch", "ч"), ("zh", "ж"), ("kh", "х"), ("gh", "г"),
    ("ts", "ц"), ("ya", "я"), ("yu", "ю"), ("ye", "е"), ("yo", "е"),
    ("a", "а"), ("b", "б"), ("c", "к"), ("d", "д"), ("e", "е"), ("f", "ф"), ("g", "г"), ("h", "х"),
    ("i", "_"), ("j", "ж"), ("k", "к"), ("l", "л"), ("m", "м"), ("n", "н"), ("o", "о"), ("p", "п"),
    ("q", "к"), ("r", "р"), ("s", "с"), ("t", "т"), ("u", "у"), ("v", "в"), ("w", "у"),
    ("x", "кс"), ("y", "_"), ("z", "з"),
)  # fmt: skip

# What ``search_key`` does to single letters, for titles that have no stored key of their own.
_CASES: Final = (*KAZAKH_ALPHABET, *(chr(ord("A") + place) for place in range(26)))
_UPPER: Final = tuple((letter, search_key(letter)) for letter in _CASES)
_LOWER: Final = tuple(
    (letter.lower(), folded) for letter, folded in _UPPER if letter.lower() != folded
)
LETTERS: Final = "".join(letter for letter, _folded in (*_UPPER, *_LOWER)) + "«»()-–,./"
"""Letters that titles are written with, each to be replaced by the one in its place in FOLDED."""

FOLDED: Final = "".join(folded for _letter, folded in (*_UPPER, *_LOWER)) + " " * 9


class Wanted(msgspec.Struct, frozen=True):
    """What is looked for; without ``words`` it is too little to look for anything.

    ``patterns`` are to be held against text that begins with a space. ``latin`` are those of the
    same words as if they had been typed in Cyrillic letters.
    """

    text: str
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    latin: tuple[str, ...] = ()

    @property
    def has_number(self) -> bool:
        """Tell whether a number is among the words: then it is about a class, and no name."""
        return any(word.isdecimal() for word in self.words)


def wanted(typed: str) -> Wanted:
    """Return the words of what somebody typed; one letter alone is too little, a grade is not."""
    text = " ".join(typed.split())[:LONGEST].strip()
    words = tuple(_WORD.findall(search_key(text)))[:MOST_WORDS]
    letters = sum(map(len, words))
    if letters < LEAST and not any(word.isdecimal() for word in words):
        return Wanted(text)
    return Wanted(
        text,
        words,
        tuple(_pattern(word) for word in words),
        tuple(_pattern(_in_cyrillic(word)) for word in words),
    )


def _pattern(word: str) -> str:
    # A grade is meant as it is: 1 is not 11.
    return f"% {word} %" if word.isdecimal() else f"% {word}%"


def _in_cyrillic(word: str) -> str:
    """Return a Latin word as its name is written in Cyrillic, ``_`` for letters in doubt."""
    if _CYRILLIC.search(word):
        return word
    found, place = [], 0
    while place < len(word):
        for latin, letter in _LATIN:
            if word.startswith(latin, place):
                found.append(letter)
                place += len(latin)
                break
        else:
            found.append(word[place])
            place += 1
    return "".join(found)
