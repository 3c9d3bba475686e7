"""Look at a picture that is to be a school's logo: what it is, and what is in it. Pure.

A logo is only ever shown through ``<img>`` and sent with headers under which nothing in it runs;
what could run or reach out is refused all the same, so that a kept file is harmless anywhere.
"""

import re
from typing import Final
from xml.etree.ElementTree import Element, ParseError, fromstring

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = ["LOGO_MAX", "logo_type"]

LOGO_MAX: Final = 64 * 1024
MOST_PIXELS: Final = 2000
MOST_ELEMENTS: Final = 5000

_SVG: Final = "{http://www.w3.org/2000/svg}"
_ELEMENTS: Final = frozenset({
    "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text",
    "tspan", "defs", "use", "symbol", "title", "desc", "metadata", "style", "linearGradient",
    "radialGradient", "stop", "clipPath", "mask", "pattern", "filter", "feGaussianBlur",
    "feOffset", "feBlend", "feColorMatrix", "feComposite", "feFlood", "feMerge", "feMergeNode",
    "marker", "switch", "image",
})  # fmt: skip
_PICTURE: Final = re.compile(r"data:image/(?:png|jpeg|webp);base64,")
_REACHES: Final = re.compile(
    r"url\(\s*[\"']?\s*(?![\s\"'#])|@import|expression\(|javascript:", re.IGNORECASE
)


def logo_type(content: bytes) -> str:
    """Return the media type of a logo.

    Raises:
        Problem: too large, none of the three kinds, or with something in it besides a picture.
    """
    if len(content) > LOGO_MAX:
        raise _refused(
            N_("The picture has %(kb)s KB; a logo may have up to 64 KB."), kb=len(content) // 1024
        )
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        _check_size(*(int.from_bytes(content[at : at + 4], "big") for at in (16, 20)))
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        _check_size(*_webp_size(content))
        return "image/webp"
    text = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:5] in {b"<?xml", b"<!DOC"} or text[:4] in {b"<svg", b"<!--"}:
        _check_svg(content)
        return "image/svg+xml"
    raise _refused(N_("This is no picture of a kind that can be a logo. Choose SVG, PNG or WebP."))


def _refused(message: str, **params: object) -> Problem:
    return Problem("logo-refused", message, status=422, field="logo", params=params)


def _check_size(width: int, height: int) -> None:
    if not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
        raise _refused(
            N_("The picture measures %(width)s by %(height)s; up to 2000 by 2000 will do."),
            width=width, height=height,
        )  # fmt: skip


def _webp_size(content: bytes) -> tuple[int, int]:
    kind, at = content[12:16], content[20:]
    if kind == b"VP8X" and len(at) >= 10:
        return 1 + int.from_bytes(at[4:7], "little"), 1 + int.from_bytes(at[7:10], "little")
    if kind == b"VP8L" and at[:1] == b"\x2f" and len(at) >= 5:
        bits = int.from_bytes(at[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + ((bits >> 14) & 0x3FFF)
    if kind == b"VP8 " and at[3:6] == b"\x9d\x01\x2a" and len(at) >= 10:
        sizes = (int.from_bytes(at[i : i + 2], "little") & 0x3FFF for i in (6, 8))
        return next(sizes), next(sizes)
    return 0, 0


def _check_svg(content: bytes) -> None:
    # Entities can make a small file endless, and are of no use in a picture.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\x00" in content:
        raise _refused(
            N_("The SVG has a document type in it, which a logo does not need. Save it as a "
               "plain or optimised SVG.")
        )  # fmt: skip
    try:
        root = fromstring(content)  # noqa: S314 - without a document type nothing can swell
    except (ParseError, LookupError, ValueError):
        raise _refused(N_("The SVG cannot be read: it is no whole XML file.")) from None
    elements = list(root.iter())
    if len(elements) > MOST_ELEMENTS:
        raise _refused(N_("The SVG has too many parts for a logo. Simplify it."))
    found = [what for what in map(_unwanted, elements) if what]
    if root.tag != f"{_SVG}svg":
        found = [root.tag]
    if found or b"<?xml-stylesheet" in content:
        raise _refused(
            N_("The SVG has something in it besides a picture: %(what)s. Save it without, or as "
               "PNG."), what=found[0] if found else "xml-stylesheet",
        )  # fmt: skip


def _unwanted(element: Element) -> str:
    """Return the name of what a logo must not have, or nothing."""
    tag = element.tag
    if tag == f"{_SVG}style" and _REACHES.search(element.text or ""):
        return "style"
    if tag.startswith(_SVG) and tag.removeprefix(_SVG) not in _ELEMENTS:
        return tag.removeprefix(_SVG)
    if not tag.startswith(_SVG) and tag.endswith(("}script", "}iframe", "script")):
        return tag
    for full, value in element.attrib.items():
        name = full.rpartition("}")[2].lower()
        link = name in {"href", "src"} and not (value.startswith("#") or _PICTURE.match(value))
        if name.startswith("on") or link or _REACHES.search(value):
            return name
    return ""
