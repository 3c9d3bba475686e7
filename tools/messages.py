"""Brings the catalogues in line with the texts of code and templates: `make messages`.

Python is read for `_`, `N_` and `ngettext`, templates for `_` and `ngettext`. The core has one
catalogue per language, every plugin its own. What nobody says any more goes, what is new comes in
empty, nothing is guessed. The files hold no dates, names or line numbers, so that two people's
changes meet only where the words do.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from kundelik_core.plugins.check.words import Text, calls, spoken_in

__all__ = [
    "LANGUAGES",
    "ROOT",
    "Speaker",
    "Text",
    "calls",
    "empty",
    "read",
    "speakers",
    "spoken",
    "template",
    "written",
]

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("kk", "ru")
WIDTH = 100


class Speaker(NamedTuple):
    """A package that has words of its own, and the name of its catalogue."""

    folder: Path
    domain: str

    def file(self, language: str) -> Path:
        """The catalogue of one language."""
        return self.folder / "locale" / language / "LC_MESSAGES" / f"{self.domain}.po"


def speakers(root: Path = ROOT) -> list[Speaker]:
    """The core, and the plugins of this repository."""
    plugins = sorted(root.glob("plugins/*/kundelik_*/kundelik.toml"))
    found = [Speaker(root / "kundelik_core", "kundelik")]
    for manifest in plugins:
        folder = manifest.parent
        found.append(Speaker(folder, folder.name.removeprefix("kundelik_")))
    return found


def spoken(speaker: Speaker) -> Iterator[tuple[str, Text]]:
    """Every text and the file that says it."""
    return spoken_in(speaker.folder)


def template(speaker: Speaker) -> Catalog:
    """All texts of a package, each once."""
    catalogue = Catalog(fuzzy=False)
    for _file, text in spoken(speaker):
        catalogue.add(text)
    return catalogue


def read(file: Path, language: str) -> Catalog:
    """A catalogue as it is, empty where there is none yet."""
    if not file.exists():
        return Catalog(locale=language, fuzzy=False)
    with file.open("rb") as stream:
        return read_po(stream, locale=language)


def written(speaker: Speaker, language: str) -> bytes:
    """What the catalogue should hold: the texts of today with the translations there are."""
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
    write_po(body, catalogue, width=WIDTH, omit_header=True, no_location=True, sort_output=True)
    return f"{head}\n".encode() + body.getvalue().strip(b"\n") + b"\n"


def empty(speaker: Speaker, language: str) -> list[str]:
    """Texts that have no translation yet."""
    missing = []
    for message in read(speaker.file(language), language):
        forms = [message.string] if isinstance(message.string, str) else [*(message.string or [""])]
        if message.id and not all(forms):
            missing.append(message.id if isinstance(message.id, str) else message.id[0])
    return missing


def main(arguments: list[str]) -> int:
    """Write the catalogues; `core` or names of plugins limit it, no name means all."""
    left = 0
    for speaker in speakers():
        name = "core" if speaker.domain == "kundelik" else speaker.domain
        if arguments and name not in arguments:
            continue
        for language in LANGUAGES:
            file = speaker.file(language)
            content = written(speaker, language)
            if not file.exists() or file.read_bytes() != content:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
                print(f"{file.relative_to(ROOT)} written")
            missing = empty(speaker, language)
            left += len(missing)
            for text in missing:
                print(f"  {language}, without translation: {text}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
