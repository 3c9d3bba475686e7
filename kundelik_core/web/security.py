"""Decide what every answer must say to the browser, and which requests are not ours. No I/O."""

import re
from typing import Final
from urllib.parse import urlsplit

__all__ = ["CSP", "SAFE_METHODS", "fixed_headers", "is_cross_site", "is_door", "local_path"]

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src "
    "'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)

_HEADERS: Final = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)
_DOOR: Final = re.compile(r"/x/[^/]+/hook/[^/]+/?\Z")
_UNFIT: Final = re.compile(r"[\\\x00-\x20\x7f]")
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


def fixed_headers(*, secure: bool) -> list[tuple[bytes, bytes]]:
    """Return what is said with every answer, an error and a file included."""
    return [*_HEADERS, _HSTS] if secure else list(_HEADERS)


def is_cross_site(fetch_site: str, origin: str, host: str) -> bool:
    """Tell whether an unsafe request was sent by another site's page.

    Every browser that can be made to send one says so in ``Sec-Fetch-Site`` or ``Origin``; what
    says neither is no browser, and has no visitor's cookies to misuse.
    """
    if fetch_site:
        return fetch_site not in {"same-origin", "none"}
    if not origin:
        return False
    return origin == "null" or urlsplit(origin).netloc.lower() != host.lower()


def is_door(path: str) -> bool:
    """Tell whether a path is that of a module's webhook.

    What is sent there comes from no page and has no session: neither origin nor cookies count.
    """
    return _DOOR.match(path) is not None


def local_path(text: str, default: str = "/") -> str:
    """Return ``text`` if it is a path on this site, else ``default``: no open redirects."""
    if not text.startswith("/") or text[:2] in {"//", "/\\"} or len(text) > 2000:
        return default
    # Browsers drop tabs and line ends inside an address and read a backslash as a slash.
    if _UNFIT.search(text):
        return default
    parts = urlsplit(text)
    return default if parts.scheme or parts.netloc else text
