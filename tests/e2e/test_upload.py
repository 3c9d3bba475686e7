"""A file that is too large, sent over a real connection: the answer comes before the file."""

import asyncio
import re

import pytest

from kundelik_core.web.visit import SESSION_COOKIE
from tests.e2e.conftest import Site

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

SIZE = 200 * 1024 * 1024
LIMIT_WORDS = {"en": "too large", "ru": "большой|велик", "kk": "үлкен"}


@pytest.mark.parametrize("lang", LIMIT_WORDS)
async def test_200_megabytes_are_refused_at_their_first_piece(site: Site, lang: str) -> None:
    token = await site.session("director")
    reader, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
    head = (
        "POST /office/import HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{site.server.port}\r\n"
        f"Cookie: {SESSION_COOKIE}={token}; kundelik_lang={lang}\r\n"
        "Accept: text/html\r\n"
        "Sec-Fetch-Site: same-origin\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {SIZE}\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="all.zip"\r\n\r\n'
    )
    try:
        writer.write(head.encode() + b"x" * 65536)
        await writer.drain()
        async with asyncio.timeout(10):
            answer = await reader.readuntil(b"</html>")
    finally:
        writer.close()
    text = answer.decode()
    assert text.startswith("HTTP/1.1 413 ")
    assert "content-security-policy" in text
    assert re.search(LIMIT_WORDS[lang], text)
