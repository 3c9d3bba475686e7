"""Bring the catalogues of a package in line with what its code and templates say.

What nobody says any more goes, what is new comes in empty, nothing is guessed. The files hold no
dates, names or line numbers, so that two people's changes meet only where the words do.
"""

import io
from pathlib import Path
from typing import Final, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from kundelik_core.plugins.check.words import spoken_in

__all__ = ["LANGUAGES", "Speaker", "empty", "read", "template", "update", "written"]

LANGUAGES: Final = ("kk", "ru")
_WIDTH: Final = 100


class Speaker(NamedTuple):
    """A package that has words of its own, and the name of its catalogue."""

    folder: Path
    domain: str

    def file(self, language: str) -> Path:
        """Return the catalogue of one language."""
        return self.folder / "locale" / language / "LC_MESSAGES" / f"{self.domain}.po"


def template(speaker: Speaker) -> Catalog:
    """Return all texts of a package, each once."""
    catalogue = Catalog(fuzzy=False)
    for _file, text in spoken_in(speaker.folder):
        catalogue.add(text)
    return catalogue


def read(file: Path, language: str) -> Catalog:
    """Return a catalogue as it is, empty where there is none yet."""
    if not file.exists():
        return Catalog(locale=language, fuzzy=False)
    with file.open("rb") as stream:
        return read_po(stream, locale=language)


def written(speaker: Speaker, language: str) -> bytes:
    """Return what a catalogue should hold: the texts of today with the translations there are."""
    catalogue = read(speaker.file(language), language)
    catalogue.update(template(speaker), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    head = (
        'msgid ""\nmsgstr ""\n'
        f'"Project-Id-Version: {speaker.domain}\\n"\n'
        f'"Language: {language}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n'
    )
    body = io.BytesIO()
    write_po(body, catalogue, width=_WIDTH, omit_header=True, no_location=True, sort_output=True)
    return f"{head}\n".encode() + body.getvalue().strip(b"\n") + b"\n"


def empty(speaker: Speaker, language: str) -> list[str]:
    """Return the texts that have no translation yet."""
    missing = []
    for message in read(speaker.file(language), language):
        forms = [message.string] if isinstance(message.string, str) else [*(message.string or [""])]
        if message.id and not all(forms):
            missing.append(message.id if isinstance(message.id, str) else message.id[0])
    return missing


def update(speaker: Speaker, language: str) -> bool:
    """Write a catalogue if it has to change, and say whether it did."""
    file, content = speaker.file(language), written(speaker, language)
    if file.exists() and file.read_bytes() == content:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return True
