"""A logo is a picture by its content, of a decent size, with nothing in it that acts."""

import struct

import pytest

from kundelik_core.kernel.errors import Problem
from kundelik_core.schools.logo import LOGO_MAX, logo_type

OPEN = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'


def svg(inside: str = "", head: str = "") -> bytes:
    return head.encode() + OPEN + inside.encode() + b"</svg>"


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\6\0"


def webp(kind: bytes, rest: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + kind + b"\0\0\0\0" + rest


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (svg('<path d="M0 0"/>'), "image/svg+xml"),
        (svg("<style>.a{fill:url(#x)}</style>", '<?xml version="1.0"?>\n'), "image/svg+xml"),
        (svg('<i:x xmlns:i="urn:i" i:y="1"/>', "\ufeff<!-- made by hand -->"), "image/svg+xml"),
        (svg('<image href="data:image/png;base64,AAAA"/>'), "image/svg+xml"),
        (png(64, 64), "image/png"),
        (webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 64, 32)), "image/webp"),
        (webp(b"VP8L", b"\x2f" + struct.pack("<I", 63 | 63 << 14)), "image/webp"),
        (webp(b"VP8X", b"\0\0\0\0\x3f\0\0\x3f\0\0"), "image/webp"),
    ],
)
def test_a_picture_is_known_by_its_content(content: bytes, media_type: str) -> None:
    assert logo_type(content) == media_type


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no picture of a kind"),
        (b"GIF89a", "no picture of a kind"),
        (b"<html><svg/></html>", "no picture of a kind"),
        (b"<svg/>", "besides a picture: svg"),
        (svg("<script/>"), "besides a picture: script"),
        (svg("<foreignObject/>"), "besides a picture: foreignObject"),
        (svg("<animate/>"), "besides a picture: animate"),
        (svg('<a href="#x"/>'), "besides a picture: a"),
        (svg('<g onload="x()"/>'), "besides a picture: onload"),
        (svg('<g onLoad="x()"/>'), "besides a picture: onload"),
        (svg('<h:script xmlns:h="http://www.w3.org/1999/xhtml"/>'), "script"),
        (svg('<use href="//cdn.example/x.svg#a"/>'), "besides a picture: href"),
        (svg('<image href="data:image/svg+xml;base64,AAAA"/>'), "besides a picture: href"),
        (svg('<path style="fill:url(http://cdn.example/x)"/>'), "besides a picture: style"),
        (svg("<style>@import 'x'</style>"), "besides a picture: style"),
        (svg("<style>a{fill:url( 'http://cdn.example/x')}</style>"), "besides a picture: style"),
        (svg("", '<?xml-stylesheet href="x"?>'), "xml-stylesheet"),
        (svg("", '<?xml version="1.0"?><?xml-stylesheet href="x"?>'), "xml-stylesheet"),
        (svg("", '<!DOCTYPE svg [<!ENTITY a "b">]>'), "a document type in it"),
        (svg("", '<?xml version="1.0" encoding="utf-7"?>'), "no whole XML file"),
        (svg("<path"), "no whole XML file"),
        (svg("<g/>" * 6000), "too many parts"),
        (svg(" " * LOGO_MAX), "a logo may have up to 64 KB"),
        (png(4000, 10), "4000 by 10"),
        (png(0, 10), "0 by 10"),
        (webp(b"VP8X", b"\0\0\0\0\xff\xff\xff\0\0\0"), "16777216 by 1"),
        (webp(b"ALPH", b"\0" * 20), "0 by 0"),
    ],
)
def test_what_is_no_logo_is_refused_with_the_reason(content: bytes, said: str) -> None:
    with pytest.raises(Problem) as caught:
        logo_type(content)
    assert said in caught.value.message % caught.value.params
    assert caught.value.status == 422
