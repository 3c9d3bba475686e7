"""Write little plugins as an installer leaves them, for tests and measurements that need one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["installed", "manifest"]

_MANIFEST: Final = """\
manifest = 1
name = "{name}"
api = "{api}"
kind = "module"
level = "school"
{top}
[title]
kk = "{title[0]}"
ru = "{title[1]}"
en = "{title[2]}"
[vendor]
name = "V"
url = "https://vendor.example/"
support = "support"
security = "security"
{tables}
[uses]
{uses}
"""


def manifest(
    name: str,
    uses: str = 'slots = ["class.page"]',
    *,
    tables: str = "",
    top: str = "",
    api: str = ">=0.1,<1",
    title: tuple[str, str, str] = ("Т", "Т", "T"),
) -> str:
    """Return the manifest of a plugin that asks for ``uses``.

    Lines of ``top`` go before the first table, ``tables`` holds whole ones, like ``[data]``.
    """
    return _MANIFEST.format(name=name, uses=uses, tables=tables, top=top, api=api, title=title)


def installed(
    place: Path,
    name: str,
    files: Mapping[str, str],
    *,
    package: str = "",
    dist: str = "",
    version: str = "1.0",
    entry_point: str = "",
) -> Path:
    """Write the files of a package, and what says that it is a plugin; returns the package."""
    package, dist = package or f"vendor_{name}", dist or f"vendor-{name}"
    root = place / package
    info = place / f"{dist.replace('-', '_')}-{version}.dist-info"
    target = entry_point or f"{package}.plugin:plugin"
    for path, text in (
        (root / "__init__.py", ""),
        *((root / file, text) for file, text in files.items()),
        (info / "METADATA", f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n"),
        (info / "entry_points.txt", f"[kundelik.plugins]\n{name} = {target}\n"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root
