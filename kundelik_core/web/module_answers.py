"""Turn what a module answers into what may leave the server: inside the site, inert, bounded."""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Response

from kundelik_core import sdk
from kundelik_core.web.security import local_path

__all__ = ["BadAnswerError", "file_answer", "json_answer", "outside", "own_address"]

URL_MAX: Final = 4000
FILE_MAX: Final = 20 * 1024 * 1024
# What is given out can neither run nor load anything, whatever it is taken for.
FILE_CSP: Final = "default-src 'none'; sandbox"

_TYPE: Final = re.compile(r"^[a-z]+/[a-z0-9][a-z0-9.+-]{0,80}(; charset=utf-8)?\Z")
# What may stand in a header and after ``url=`` there: no space, no quote, nothing that ends it.
_URL: Final = re.compile(
    r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][!#-&(-;=?-Z_a-z~\[\]-]*)?\Z"
)
_PATH: Final = re.compile(r"^[A-Za-z0-9._~/%-]*\Z")


class BadAnswerError(Exception):
    """An answer that must not go out; the text says why."""


def own_address(plugin: str, to: str) -> str:
    """Return the address of a page of the plugin's own.

    Raises:
        BadAnswerError: it leads elsewhere.
    """
    path = re.split(r"[?#]", to, maxsplit=1)[0]
    outside = path.startswith("/") or ".." in path.split("/") or "%2e" in path.lower()
    address = local_path(f"/x/{plugin}/{to}" if path else f"/x/{plugin}{to}", "")
    if outside or not _PATH.match(path) or not address:
        raise BadAnswerError(f"redirects to {to[:100]!r}, which is no page of its own")
    return address


def outside(url: str, named: Collection[str], added: Collection[str]) -> tuple[str, str]:
    """Return the address of a page outside, as it may go into a header, and its host.

    ``named`` are the hosts of the manifest, which are reached by https at its own port; ``added``
    those of the operator, with a port where one is meant, and by http too.

    Raises:
        BadAnswerError: it leads to no such host.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    plain = _URL.match(url) is not None and parts.username is None and len(url) <= URL_MAX
    secure = parts.scheme == "https"
    usual = port in {None, 443 if secure else 80}
    ours = secure and usual and host in named
    theirs = parts.scheme in {"https", "http"} and (
        (usual and host in added) or f"{host}:{port}" in added
    )
    if not plain or not (ours or theirs):
        raise BadAnswerError(f"leads to the host {host[:100]!r}, which nobody has named")
    return url, host if usual else f"{host}:{port}"


def json_answer(answer: sdk.JsonAnswer, shown: Collection[int]) -> Response[bytes]:
    """Answer with JSON."""
    status = answer.status if answer.status in shown else 200
    body = msgspec.json.encode(answer.value)
    return Response(body, status_code=status, media_type="application/json")


def file_answer(file: sdk.File) -> Response[bytes]:
    """Answer with a file that browsers save and never show.

    Raises:
        BadAnswerError: it is too large.
    """
    if len(file.content) > FILE_MAX:
        raise BadAnswerError(f"a file of {len(file.content)} bytes; {FILE_MAX} are allowed")
    kind = file.media_type.lower()
    name = re.sub(r"[\x00-\x1f\x7f/\\]+", "_", file.name).strip(". ")[:120] or "file"
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return Response(
        file.content,
        media_type=kind if _TYPE.match(kind) else "application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''"
            + quote(name, safe=""),
            "Content-Security-Policy": FILE_CSP,
            "X-Content-Type-Options": "nosniff",
        },
    )
