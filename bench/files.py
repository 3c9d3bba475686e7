"""Find every file that a browser loads with a page: styles, scripts and what they import, icons."""

import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urljoin

import msgspec

__all__ = ["Asset", "Fetch", "assets_of"]

_TAGS: Final = re.compile(
    r"""<(?:link|script|img|use)\b[^>]*?\b(?:href|src)=["']([^"'#]+)""", re.IGNORECASE
)
_IMPORTS: Final = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']""")
_URLS: Final = re.compile(r"""(?:@import\s+|url\(\s*)["']?([^"')\s]+)""")
# Asked for by the browser itself or by app.js, whatever the page says.
_BESIDE: Final = ("/sw.js", "/manifest.webmanifest")

Fetch = Callable[[str], Awaitable[tuple[int, dict[str, str], bytes]]]


class Asset(msgspec.Struct, frozen=True):
    """A file, and whether a browser keeps it without asking again."""

    path: str
    kept: bool


async def assets_of(html: bytes, page: str, fetch: Fetch) -> list[Asset]:
    """Return all files of a page that are there, each once."""
    page_text = html.decode()
    waiting = [urljoin(page, x) for x in _TAGS.findall(page_text)]
    waiting += [path for path in _BESIDE if path not in waiting]
    found: dict[str, Asset] = {}
    while waiting:
        path = waiting.pop(0)
        if path in found or path.startswith(("http:", "https:", "data:", "//")):
            continue
        status, headers, body = await fetch(path)
        if status != 200:
            continue
        found[path] = Asset(path, "immutable" in headers.get("cache-control", ""))
        kind = headers.get("content-type", "")
        if "javascript" in kind:
            waiting += [urljoin(path, x) for x in _IMPORTS.findall(body.decode())]
        elif "css" in kind:
            urls = _URLS.findall(body.decode())
            waiting += [urljoin(path, x) for x in urls if not x.startswith(("data:", "#"))]
    return list(found.values())
