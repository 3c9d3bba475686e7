"""Lay an import out for its page: numbers, remarks, files to take away."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from litestar import Response

from kundelik_core.kernel.i18n import _, ngettext
from kundelik_core.schools.roster import RowError

__all__ = ["ROWS_SHOWN", "attachment", "counted", "hidden", "remark"]

ROWS_SHOWN: Final = 100


def hidden(errors: int) -> str:
    """How many remarks are not shown."""
    more = errors - ROWS_SHOWN
    return ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more} if more > 0 else ""


def counted(
    summary: Mapping[str, Mapping[str, int]], labels: Mapping[str, str]
) -> list[dict[str, str]]:
    """The lines of the summary, by their labels."""
    return [
        {"label": _(labels[label]), **{k: str(v) for k, v in numbers.items()}}
        for label, numbers in summary.items()
    ]


def remark(error: RowError) -> dict[str, object]:
    """One remark in the reader's language."""
    return {
        "file": error.file,
        "line": str(error.line) if error.line else "",
        "column": error.column,
        "value": error.value,
        "text": _(error.message) % defaultdict(str, error.params),
        "bad": error.severity == "error",
    }


def attachment(
    content: bytes, name: str, ascii_name: str, ending: str, kind: str
) -> Response[bytes]:
    """A file to take away, its name in the reader's language and in plain letters."""
    told = f"attachment; filename=\"{ascii_name}.{ending}\"; filename*=UTF-8''"
    told += quote(f"{name}.{ending}", safe="")
    headers = {"Content-Disposition": told, "Cache-Control": "private, no-store"}
    return Response(content, media_type=kind, headers=headers)
