"""Hold what a plugin declares without its callables: all that the core needs, and can be sent.

The fields carry their bounds, so converting to these types is the check of a declaration. A handler
is addressed by its ``HandlerRef``, wherever the plugin runs.
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from kundelik_core.sdk import (
    MAX_BUDGET_MS,
    MAX_SEARCH_MS,
    Argument,
    Cron,
    Every,
    Method,
    NavItem,
    PaymentCan,
    PaymentTerms,
    Permission,
    PersonalField,
    Product,
    Text,
)

__all__ = [
    "STEPS",
    "Declared",
    "DeclaredCommand",
    "DeclaredJob",
    "DeclaredPage",
    "DeclaredProvider",
    "DeclaredSearch",
    "DeclaredService",
    "DeclaredSlot",
    "DeclaredSubscription",
    "DeclaredWebhook",
    "HandlerKey",
    "HandlerKind",
    "HandlerRef",
    "SettingField",
    "page_name",
]

HandlerKind: TypeAlias = Literal[
    "slot",
    "search",
    "page",
    "event",
    "job",
    "lifecycle",
    "privacy",
    "command",
    "demo",
    "webhook",
    "service",
    "payment",
]

HandlerKey: TypeAlias = tuple[HandlerKind, str]
"""A handler within its plugin: its kind and its name."""

_Order: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1000)]
_Tries: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=20)]

LIFECYCLE: Final = ("on_enable", "on_disable", "health")


class HandlerRef(msgspec.Struct, frozen=True):
    """The address of one handler: slot ``class.page``, page ``GET list``, job ``rating.recount``.

    Names by kind: slot its slot; page method and path; event its type; search, job, command,
    webhook and service their name; payment ``start``, ``status``, ``reconcile``, ``refund``,
    ``payout``, ``take_back``, ``end_renewal``, ``rest``, ``page``; lifecycle ``on_enable``,
    ``on_disable``, ``health``; privacy ``export``, ``erase``; demo ``fill``.
    """

    plugin: str
    kind: HandlerKind
    name: str


class DeclaredSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A place on a page that the plugin fills."""

    slot: str
    order: _Order
    budget_ms: Annotated[int, msgspec.Meta(ge=1, le=MAX_BUDGET_MS)]
    permission: str | None


class DeclaredSearch(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of things that staff can find."""

    name: str
    title: Text
    order: _Order
    budget_ms: Annotated[int, msgspec.Meta(ge=1, le=MAX_SEARCH_MS)]
    permission: str | None


class DeclaredPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the plugin's own."""

    path: str
    title: Text
    permission: str | None
    method: Method


class DeclaredSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """An event of which the plugin is told."""

    event: str
    max_tries: _Tries
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=60)]


class DeclaredJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job and its schedule."""

    name: str
    schedule: Every | Cron
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=3600)]
    max_tries: _Tries
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=10)]
    per_school: bool


class DeclaredCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command of the operator."""

    name: str
    help: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    arguments: tuple[Argument, ...]
    per_school: bool


class DeclaredWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A door for messages from outside."""

    name: str


class DeclaredService(msgspec.Struct, frozen=True, kw_only=True):
    """What the plugin answers when others ask."""

    name: str


STEPS: Final = (
    *("start", "status", "reconcile", "refund", "end_renewal", "rest", "page"),
    *("payout", "take_back"),
)
"""The handlers of a way to pay."""


class DeclaredProvider(msgspec.Struct, frozen=True, kw_only=True):
    """The way to pay that the plugin is; ``can`` says which of its handlers are there."""

    title: Text
    terms: PaymentTerms
    can: PaymentCan
    needs: tuple[str, ...]

    def steps(self) -> tuple[str, ...]:
        """Return the names of its handlers."""
        return (
            *("start", "status", "reconcile"),
            *(("refund",) if self.can.refund_full or self.can.refund_partial else ()),
            *(("end_renewal", "rest", "page") if self.can.recurring else ()),
            *(("payout", "take_back") if self.can.payout else ()),
        )


class SettingField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the settings form; ``choices`` are values with their words."""

    name: str
    kind: Literal["bool", "int", "str", "choice"]
    title: Text
    help: Text | None
    default: bool | int | str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[tuple[str, Text], ...] = ()


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one plugin declared."""

    slots: tuple[DeclaredSlot, ...] = ()
    search: tuple[DeclaredSearch, ...] = ()
    pages: tuple[DeclaredPage, ...] = ()
    navigation: tuple[NavItem, ...] = ()
    settings: tuple[SettingField, ...] = ()
    permissions: tuple[Permission, ...] = ()
    subscriptions: tuple[DeclaredSubscription, ...] = ()
    jobs: tuple[DeclaredJob, ...] = ()
    commands: tuple[DeclaredCommand, ...] = ()
    webhooks: tuple[DeclaredWebhook, ...] = ()
    services: tuple[DeclaredService, ...] = ()
    products: tuple[Product, ...] = ()
    provider: DeclaredProvider | None = None
    lifecycle: tuple[Literal["on_enable", "on_disable", "health"], ...] = ()
    personal_data: tuple[PersonalField, ...] = ()
    privacy: bool = False
    demo: bool = False

    def keys(self) -> Iterator[HandlerKey]:
        """Yield every handler that has to be there for this."""
        for slot in self.slots:
            yield "slot", slot.slot
        for search in self.search:
            yield "search", search.name
        for page in self.pages:
            yield "page", page_name(page.method, page.path)
        for subscription in self.subscriptions:
            yield "event", subscription.event
        for job in self.jobs:
            yield "job", job.name
        for command in self.commands:
            yield "command", command.name
        for webhook in self.webhooks:
            yield "webhook", webhook.name
        for service in self.services:
            yield "service", service.name
        for step in self.provider.steps() if self.provider else ():
            yield "payment", step
        for step in self.lifecycle:
            yield "lifecycle", step
        if self.privacy:
            yield "privacy", "export"
            yield "privacy", "erase"
        if self.demo:
            yield "demo", "fill"


def page_name(method: str, path: str) -> str:
    """Return the name of a page's handler."""
    return f"{method} {path}"
