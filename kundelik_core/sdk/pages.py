"""Let a plugin have pages of its own under ``/x/NAME/``: plain requests in, plain answers out.

The core takes the request, checks sign-in, school, permission and origin, calls, and puts the
rendered template into its own frame. Nothing of a plugin is a route of the server.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, TypeAlias

import msgspec

from kundelik_core.sdk.context import PluginContext
from kundelik_core.sdk.data import Json
from kundelik_core.sdk.text import Text

__all__ = [
    "MAX_UPLOAD_BYTES",
    "Away",
    "File",
    "Html",
    "JsonAnswer",
    "Method",
    "NavItem",
    "NotFound",
    "Page",
    "PageAnswer",
    "PageRequest",
    "Redirect",
    "Upload",
]

MAX_UPLOAD_BYTES = 5 * 1024 * 1024
"""The most that all files of one request may hold."""

Method: TypeAlias = Literal["GET", "POST"]
"""How a page is asked for: GET changes nothing, POST comes from a form of our own pages only."""


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """One file that came with a form; name and media type are what the browser claimed."""

    name: str
    media_type: str
    content: bytes


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a page.

    ``params`` are the named parts of the path, already of the type that the path asks for, as text.
    ``query`` and ``form`` hold every value of each name, ``files`` the last file of each name.
    """

    params: Mapping[str, str] = msgspec.field(default_factory=dict)
    query: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    form: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    files: Mapping[str, Upload] = msgspec.field(default_factory=dict)

    def asked(self, name: str, default: str = "") -> str:
        """Return the first value of a name in the address."""
        return next(iter(self.query.get(name, ())), default)

    def field(self, name: str, default: str = "") -> str:
        """Return the first value of a field of the form."""
        return next(iter(self.form.get(name, ())), default)


class Html(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Show one of the plugin's templates in the core's frame.

    ``title`` stands in the heading instead of the page's own, in the reader's language; for a form
    that was refused ``status`` is 422.
    """

    template: str
    context: Mapping[str, Json] = msgspec.field(default_factory=dict)
    title: str | None = None
    status: int = 200


class Redirect(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Go to another page: a path of the plugin's own, like ``""`` or ``"list?page=2"``."""

    to: str


class Away(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Lead the reader to a page outside, such as a provider's: the core says so and goes there.

    Only to hosts of the manifest's ``uses.http_out``, or that the operator has added for this
    plugin; anything else is refused.
    """

    url: str


class JsonAnswer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answer with JSON, for a script of the plugin's own pages or for a machine."""

    value: Json
    status: int = 200


class File(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Give a file to save; it is never opened within our pages."""

    name: str
    media_type: str
    content: bytes


class NotFound(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Say that there is nothing here; also for what this person may not know of."""


PageAnswer: TypeAlias = Html | Redirect | Away | JsonAnswer | File | NotFound
"""What a page may answer."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page below ``/x/NAME/``.

    ``path`` is relative, ``""`` the first page; ``{name}``, ``{name:int}`` and ``{name:uuid}``
    stand for one part of it. ``permission`` is one of the plugin's own codes; None opens the page
    to everyone who belongs to a school where the plugin is on. A page that is off or unknown is not
    found; who lacks the permission is told so (403).
    """

    path: str
    title: Text
    handle: Callable[[PluginContext, PageRequest], Awaitable[PageAnswer]]
    permission: str | None
    method: Method = "GET"


class NavItem(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the menu that leads to one of the plugin's pages.

    ``path`` is that of a declared page without named parts; who may open the page sees the entry.
    ``icon`` is a name of the core's icons. Entries stand by ``order``, then as plugins were loaded.
    """

    label: Text
    path: str = ""
    icon: str = "module"
    order: int = 50
