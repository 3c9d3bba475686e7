"""Read what a package says and what its catalogues hold, to find what has no translation."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po
from jinja2.ext import babel_extract

__all__ = ["COUNTED", "Text", "calls", "spoken_in", "untranslated"]

COUNTED: Mapping[str, int] = MappingProxyType({"_": 1, "N_": 1, "ngettext": 2})
"""The functions that mark texts, and how many of their arguments are texts."""

Text: TypeAlias = str | tuple[str, ...]


def calls(code: str) -> Iterator[tuple[ast.Call, list[ast.expr]]]:
    """Yield each call that says a text, with its text arguments.

    The syntax tree shows those inside f-strings too, which a reader of tokens misses on Python
    3.11 and finds on later ones.
    """
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name in COUNTED and len(node.args) >= COUNTED[name]:
                yield node, node.args[: COUNTED[name]]


def spoken_in(folder: Path) -> Iterator[tuple[str, Text]]:
    """Yield every text of a package and the file that says it."""
    for path in sorted(folder.rglob("*.py")):
        for _call, arguments in calls(path.read_text(encoding="utf-8")):
            given = [item.value if isinstance(item, ast.Constant) else None for item in arguments]
            yield from _whole(path, given, len(arguments))
    for path in sorted(folder.rglob("templates/**/*.html")):
        with path.open("rb") as stream:
            for _line, name, found, _comments in babel_extract(
                stream, [*COUNTED], [], {"silent": "false"}
            ):
                values = [*found] if isinstance(found, tuple) else [found]
                count = COUNTED.get(name, len(values))
                yield from _whole(path, values[:count], count)


def _whole(path: Path, values: Sequence[object], count: int) -> Iterator[tuple[str, Text]]:
    """Yield a text, unless a part of it is not written out."""
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) == count:
        yield path.name, texts[0] if count == 1 else tuple(texts)


def untranslated(root: Path, domain: str, languages: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with the catalogues of a package, one line for each text.

    English needs none, since the texts are English; if there is one, it has to be complete too.
    """
    said: dict[str, Text] = {}
    for _file, text in spoken_in(root):
        key = text if isinstance(text, str) else text[0]
        if not isinstance(said.get(key), tuple):
            said[key] = text
    for key in said:
        if any(letter.isalpha() and not letter.isascii() for letter in key):
            yield f"en: {key!r} is not English; write texts in English and translate them"
    for language in languages:
        file = root / "locale" / language / "LC_MESSAGES" / f"{domain}.po"
        if said and not file.is_file() and language != "en":
            yield f"{language}: there is no {file.relative_to(root).as_posix()}"
        elif file.is_file():
            for fault in _faults(file, language, said):
                yield f"{language}: {fault}"


def _faults(file: Path, language: str, said: Mapping[str, Text]) -> Iterator[str]:
    """Yield what one catalogue lacks, has too much of, or has wrong."""
    try:
        with file.open("rb") as stream:
            catalogue = read_po(stream, locale=language, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        yield f"{file.name} cannot be read: {error}"
        return
    there = {_key(message): message for message in catalogue if message.id}
    for key in sorted(said.keys() - there.keys()):
        yield f"{key!r} is missing"
    for key in sorted(there.keys() - said.keys()):
        yield f"{key!r} is translated, but nothing says it any more"
    for key in sorted(there.keys() & said.keys()):
        yield from _forms(catalogue, there[key], said[key])


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else str(message.id[0])


def _forms(catalogue: Catalog, message: Message, said: Text) -> Iterator[str]:
    """Yield what is wrong with one translation."""
    key, plural = _key(message), not isinstance(message.id, str)
    if plural != isinstance(said, tuple):
        yield f"{key!r} is counted in one place and not in the other"
        return
    forms = [message.string] if isinstance(message.string, str) else [*(message.string or ())]
    wanted = catalogue.num_plurals if plural else 1
    if len(forms) != wanted or not all(forms):
        yield f"{key!r} is not translated" + (f" in all {wanted} forms" if plural else "")
    elif message.fuzzy:
        yield f"{key!r} is marked fuzzy"
    else:
        for error in message.check(catalogue):
            yield f"{key!r}: {error}"
