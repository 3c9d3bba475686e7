"""Find out in which encoding a school's spreadsheet was saved, and say what was tried.

Office programs in Kazakhstan write UTF-8, UTF-16 ("Unicode text"), the Russian cp1251, or its
Kazakh variants KZ-1048 and PT154; lists from abroad come in cp1252. The eight-bit ones
decode nearly anything, so they are told apart by how much the result looks like words.
"""

from __future__ import annotations

import codecs
import re
from itertools import pairwise
from typing import BinaryIO, NamedTuple

CHUNK = 1 << 16
SAMPLE = 1 << 17
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The order breaks ties: the commonest first.
EIGHT_BIT = ("cp1251", "kz1048", "cp1252", "ptcp154", "cp866", "koi8-r")
# Per letter beyond ASCII: real text scores about 2, and noise seldom half of it.
PLAUSIBLE = 1.5
KAZAKH_RUSSIAN = frozenset("аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя")
WESTERN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœšž")
_WORD = re.compile(r"[^\W\d_]+")


class Detected(NamedTuple):
    """The encoding that fits, and those that were tried before it."""

    name: str | None
    tried: tuple[str, ...]


def detect(stream: BinaryIO) -> Detected:
    """Read ``stream`` to its end in pieces and tell its encoding (None: none fits)."""
    head = stream.read(CHUNK)
    for bom, name in BOMS:
        if head.startswith(bom):
            return _checked(stream, head, name)
    wide = _wide_without_bom(head)
    if wide is not None:
        return _checked(stream, head, wide)
    return _utf8_or_eight_bit(stream, head)


def _wide_without_bom(head: bytes) -> str | None:
    """UTF-16 of mostly Latin or digit text shows as a NUL in every other byte."""
    pairs = head[: len(head) // 2 * 2]
    if len(pairs) < 4:
        return None
    low, high = pairs[0::2].count(0), pairs[1::2].count(0)
    half = len(pairs) // 2
    if high * 3 > half and low * 20 < half:
        return "utf-16-le"
    if low * 3 > half and high * 20 < half:
        return "utf-16-be"
    return None


def _checked(stream: BinaryIO, head: bytes, name: str) -> Detected:
    decoder = codecs.getincrementaldecoder(name)("strict")
    try:
        chunk = head
        while chunk:
            decoder.decode(chunk)
            chunk = stream.read(CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return Detected(None, (name,))
    return Detected(name, (name,))


def _utf8_or_eight_bit(stream: BinaryIO, head: bytes) -> Detected:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    is_utf8, present, sample = True, b"", bytearray()
    chunk = head
    while chunk:
        if is_utf8:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_utf8 = False
        present += bytes(set(chunk.translate(None, delete=present)))
        if len(sample) < SAMPLE:
            sample += b"\n".join(line for line in chunk.splitlines() if not line.isascii()) + b"\n"
        chunk = stream.read(CHUNK)
    if is_utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    if is_utf8:
        return Detected("utf-8", ("utf-8",))
    return _eight_bit(present, bytes(sample[:SAMPLE]))


def _eight_bit(present: bytes, sample: bytes) -> Detected:
    best, best_score, tried = None, PLAUSIBLE, ["utf-8"]
    for name in EIGHT_BIT:
        tried.append(name)
        try:
            present.decode(name)
        except UnicodeDecodeError:
            continue
        text = sample.decode(name, errors="replace")
        letters = sum(sign.isalpha() and not sign.isascii() for sign in text)
        score = likeness(text) / max(letters, 1)
        if score > best_score:
            best, best_score = name, score
    return Detected(best, tuple(tried))


def likeness(text: str) -> int:
    """How much ``text`` looks like names and words: higher is better, 0 or less is noise."""
    score = 0
    for match in _WORD.finditer(text):
        word = match.group()
        if not word.isascii():
            score += _word_likeness(word)
    # Letters of a wrong table often land on signs that no name list holds.
    score -= 2 * sum(text.count(sign) for sign in "¤¦§¬±µ¶·†‡‰€™›‹║╗╝╔╚═─│┌┐└┘░▒▓�")
    return score


def _word_likeness(word: str) -> int:
    lower = word.lower()
    native = sum(letter in KAZAKH_RUSSIAN for letter in lower)
    # Latin i and h are what Kazakh і and һ are often typed with.
    latin = sum(letter.isascii() and letter not in "ih" for letter in lower)
    western = sum(letter in WESTERN for letter in lower)
    foreign = sum(not letter.isascii() for letter in lower) - native - western
    score = -3 * foreign
    if native and (latin or western):
        score -= 4 * min(native, latin + western)
    elif native:
        score += 2 * native
    elif western * 2 <= latin:
        score += latin + western
    else:
        score -= 2 * western
    # Inside a word a capital after a small letter is a sign of the wrong table.
    score -= 3 * sum(before.islower() and after.isupper() for before, after in pairwise(word))
    return score
