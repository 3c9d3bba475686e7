"""Let a service outside tell a plugin something: ``POST /x/NAME/hook/HOOK``, no sign-in, raw body.

The core bounds the size and the rate, and believes nothing: the handler proves the message by its
signature. It is called for the installation first, without a school and without a database. Which
school a message is for is the handler's to read from what it has proved; it answers ``ForSchool``,
and is called once more, with that school, if the plugin is on there.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import msgspec

from kundelik_core.sdk.context import PluginContext

__all__ = [
    "MAX_WEBHOOK_BYTES",
    "ForSchool",
    "Webhook",
    "WebhookAnswer",
    "WebhookReply",
    "WebhookRequest",
]

MAX_WEBHOOK_BYTES = 256 * 1024
"""The most that the body of one message may hold; more is refused with 413 before a call."""


class WebhookRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it came: the raw body, and the headers by their names in small letters."""

    body: bytes
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    query: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class WebhookReply(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answer the sender. ``status``: 200 taken, 400 not theirs, 503 to be sent again later.

    ``then`` names one of the plugin's jobs to run at once for this school, as soon as the sender
    has its answer; asked for many times before it has begun, it runs once.
    """

    status: int = 200
    text: str = ""
    then: str | None = None


class ForSchool(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Call once more, with this school: the answer to a proved message of the installation's."""

    school_id: int


WebhookAnswer: TypeAlias = WebhookReply | ForSchool
"""What a webhook's handler may answer."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """One door for messages, at ``/x/PLUGIN/hook/NAME``; 10 seconds at most.

    Where the plugin is off, or the school unknown, the sender is told 503, so that it asks again.
    """

    name: str
    handle: Callable[[PluginContext, WebhookRequest], Awaitable[WebhookAnswer]]
