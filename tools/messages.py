"""Brings the catalogues in line with the texts of code and templates: `make messages`.

Python is read for `_`, `N_` and `ngettext`, templates for `_` and `ngettext`. The core has one
catalogue per language, every plugin its own. What a vendor has for a plugin of their own is
`kundelik plugin words`; both are the same code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from kundelik_core.plugins.check.catalogues import (
    LANGUAGES,
    Speaker,
    empty,
    read,
    template,
    update,
    written,
)
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


def main(arguments: list[str]) -> int:
    """Write the catalogues; `core` or names of plugins limit it, no name means all."""
    left = 0
    for speaker in speakers():
        name = "core" if speaker.domain == "kundelik" else speaker.domain
        if arguments and name not in arguments:
            continue
        for language in LANGUAGES:
            if update(speaker, language):
                print(f"{speaker.file(language).relative_to(ROOT)} written")
            missing = empty(speaker, language)
            left += len(missing)
            for text in missing:
                print(f"  {language}, without translation: {text}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
