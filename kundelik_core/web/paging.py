"""Turn the pages of long lists: where one begins, and what leads back and further."""

from typing import Any
from urllib.parse import urlencode

from kundelik_core.web.visit import Request

__all__ = ["offset_of", "turns"]

PAGE = 50
MOST = 100_000


def offset_of(request: Request) -> int:
    """Return where the asked page of a list begins; the start for anything that is no number."""
    text = request.query_params.get("from", "")
    return min(int(text), MOST) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def turns(path: str, first: int, total: int, **query: str) -> dict[str, Any]:
    """Return ``prev`` and ``next`` of a list, empty where there is no such page."""

    def link(start: int) -> str:
        kept = {key: value for key, value in query.items() if value}
        if start > 0:
            kept["from"] = str(start)
        return f"{path}?{urlencode(kept)}" if kept else path

    return {
        "prev": link(first - PAGE) if first > 0 else "",
        "next": link(first + PAGE) if first + PAGE < total else "",
    }
