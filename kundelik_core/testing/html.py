"""Look at a fragment as a browser would: what in it acts, what in it is left open."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from typing_extensions import override

from kundelik_core.testing.samples import MARK

__all__ = ["escaped_out", "left_open", "refused_by_policy"]

_VOID: Final = frozenset({
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"),
    *("track", "wbr"),
})  # fmt: skip
_ADDRESSES: Final = frozenset({"action", "data", "formaction", "href", "poster", "src", "srcset"})
# They run or load something, or reach out of the fragment into the page around it.
_REFUSED: Final = frozenset({
    *("base", "body", "embed", "frame", "head", "html", "iframe", "link", "meta", "object"),
    *("script", "style"),
})  # fmt: skip

_Attributes = list[tuple[str, str | None]]


class _Reader(HTMLParser):
    """Notes every tag, and what stays open."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, _Attributes]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(html)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        self.tags.append((tag, attrs))
        if tag not in _VOID:
            self.open.append(tag)

    @override
    def handle_startendtag(self, tag: str, attrs: _Attributes) -> None:
        self.tags.append((tag, attrs))

    @override
    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.wrong.append(f"</{tag}> closes nothing that is open there")


def left_open(html: str) -> Iterator[str]:
    """Yield tags that would draw the rest of the page into the fragment, or end it early."""
    reader = _Reader(html)
    yield from reader.wrong
    for tag in reader.open:
        yield f"<{tag}> is not closed"


def escaped_out(html: str) -> Iterator[str]:
    """Yield where ``PROBE`` has become markup, or was rendered a second time."""
    for tag, attributes in _Reader(html).tags:
        if tag in {MARK, "script"}:
            yield f"a name became the element <{tag}>"
        yield from (
            f"a name became an attribute of <{tag}>" for name, _ in attributes if MARK in name
        )


def refused_by_policy(html: str) -> Iterator[str]:
    """Yield what the pages' content policy refuses, and what loads from elsewhere."""
    for tag, attributes in _Reader(html).tags:
        if tag in _REFUSED:
            yield f"<{tag}> has no place in a fragment"
        for name, value in attributes:
            if name == "style" or name.startswith("on"):
                yield f"the attribute {name} of <{tag}> is refused by the pages' policy"
            elif name in _ADDRESSES and tag != "a" and _outside(value or ""):
                yield f"<{tag}> loads from elsewhere: {value}"
            elif name in _ADDRESSES and (value or "").strip().lower().startswith("javascript:"):
                yield f"<{tag}> holds a script in {name}"


def _outside(address: str) -> bool:
    return "//" in address or address.strip().lower().startswith("data:")
