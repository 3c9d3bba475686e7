"""Say how a plugin has to answer the world outside and other plugins, when they are strangers."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import msgspec

from kundelik_core.kernel import clock
from kundelik_core.kernel.ids import new_id
from kundelik_core.sdk import (
    PAYMENT_NEWS,
    PAYMENT_PAYOUT,
    SERVICES,
    PaymentQuery,
    PaymentsBetween,
    PaymentStart,
    PaymentTrouble,
    PayoutReturn,
    PayoutStart,
    ProviderQuestion,
    RefundStart,
    RenewalEnd,
    RenewalPage,
    RenewalRest,
    Role,
    WebhookReply,
    WebhookRequest,
)
from kundelik_core.testing.core import Core
from kundelik_core.testing.subject import Subject

__all__ = ["OUTSIDE_CHECKS"]

REFUSED: Final = frozenset({400, 401, 403})
_BODIES: Final = {
    "an empty message": b"",
    "a message of random bytes": bytes(range(256)),
    "a message of JSON": b'{"id": 1, "type": "paid", "data": {"object": {}}}',
}
_WHO: Final[tuple[Role | None, ...]] = ("parent", "pupil", "director", None)


def messages_unproved(subject: Subject) -> list[str]:
    """A webhook refuses with 400, 401 or 403 whatever comes without a proof, and never raises."""
    found = []
    core = Core(subject.ground)
    for hook in subject.loaded().declared.webhooks:
        for name, body in _BODIES.items():
            what = f"{hook.name}: {name}"
            try:
                reply = core.call(None, "webhook", hook.name, WebhookRequest(body=body))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the plugin raises
                found.append(f"{what} makes it raise {type(error).__name__}: {error}")
                continue
            if not isinstance(reply, WebhookReply):
                found.append(f"{what} is taken for a school's")
            elif reply.status not in REFUSED:
                found.append(f"{what} is answered with {reply.status}, not 400")
    return found


def services_of_strangers(subject: Subject) -> list[str]:
    """A service answers a question about somebody it does not know, to whomever, and never raises.

    What it answers is of the type that belongs to the service.
    """
    found = []
    core = Core(subject.ground)
    services = subject.loaded().declared.services
    school = core.school() if services else None
    for service in services:
        for role in _WHO:
            who = f"a {role}" if role else "nobody in particular"
            try:
                core.call(school, "service", service.name, _question(service.name), role=role)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the plugin raises
                found.append(f"{service.name}, asked for {who}: {type(error).__name__}: {error}")
    return found


def _question(service: str) -> Any:  # noqa: ANN401 - see SERVICES
    """Return a question about a student and a feature that there are not."""
    if service == PAYMENT_PAYOUT:
        return ProviderQuestion(provider="nothing", ask=_payment("payout", 1))
    kind = SERVICES[service][0]
    values: dict[str, object] = {
        field.name: new_id() if field.type is UUID else "nothing.view"
        for field in msgspec.structs.fields(kind)
        if field.required
    }
    return kind(**values)


def payments_not_set_up(subject: Subject) -> list[str]:
    """A way to pay whose secrets nobody has set answers PaymentTrouble, and never raises.

    One that hears its service has somebody to tell.
    """
    provider = subject.loaded().declared.provider
    if provider is None:
        return []
    found = []
    manifest = subject.loaded().manifest
    if manifest.uses.webhooks and PAYMENT_NEWS not in manifest.uses.services:
        found.append(f"uses.webhooks names a door, uses.services not {PAYMENT_NEWS}")
    core = Core(subject.ground)
    core.secrets()
    school = core.school()
    for step in provider.steps():
        try:
            told = core.call(school, "payment", step, _payment(step, school.id))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the plugin raises
            found.append(f"{step}: {type(error).__name__}: {error}")
            continue
        if provider.needs and not isinstance(told, PaymentTrouble):
            found.append(f"{step} is answered without {', '.join(provider.needs)}: {told}")
    return found


def _payment(step: str, school: int) -> Any:  # noqa: ANN401 - see ProviderQuestion
    """Return a question to a way to pay, about a payment that there is not."""
    word, at = f"{school}-KTEST00000", clock.now()
    link = "https://diary.example/"
    money: dict[str, Any] = {"amount_minor": 150_000, "key": "k"}
    questions: dict[str, Callable[[], object]] = {
        "start": lambda: PaymentStart(
            reference=f"{word}-1", currency="KZT", expires_at=at, return_url=link,
            cancel_url=link, locale="kk", **money,
        ),
        "status": lambda: PaymentQuery(known=f"{word}-1"),
        "reconcile": lambda: PaymentsBetween(since=at, until=at),
        "refund": lambda: RefundStart(
            payment="x", reference=f"{word}-r1", currency="KZT", **money
        ),
        "end_renewal": lambda: RenewalEnd(renewal="x", key="k"),
        "rest": lambda: RenewalRest(renewal="x", until=at, key="k"),
        "page": lambda: RenewalPage(renewal="x", return_url=link),
        "payout": lambda: PayoutStart(
            reference=f"{word}-t1", currency="KZT", destination="x", **money
        ),
        "take_back": lambda: PayoutReturn(payout="x", **money),
    }  # fmt: skip
    return questions[step]()


OUTSIDE_CHECKS: Final = (messages_unproved, services_of_strangers, payments_not_set_up)
