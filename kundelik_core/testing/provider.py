"""Try a way to pay against its service: begun once, paid in whole tiyn, given back within bounds.

A vendor derives a class from ``ProviderSuite`` in the plugin's own tests and gives it the service,
most often an object of memory that stands in the place of what is outside.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

import pytest

from kundelik_core.kernel import clock
from kundelik_core.sdk import (
    ForSchool,
    PaymentQuery,
    PaymentsBetween,
    PaymentSeen,
    PaymentsSeen,
    PaymentStart,
    PaymentStarted,
    PaymentTrouble,
    RefundSeen,
    RefundStart,
    Taken,
    WebhookReply,
    WebhookRequest,
)

if TYPE_CHECKING:
    from kundelik_core.plugins.declared import DeclaredProvider
    from kundelik_core.testing.core import Core
    from kundelik_core.testing.town import School

__all__ = ["PaymentService", "ProviderSuite"]

STRANGE: Final = ("", "nobody-began-this-1", "../../etc/passwd", "a?b=c&d", "ә" * 50, "x" * 200)
_USUAL: Final = 150_000
_MOST_PAGES: Final = 100
_numbers: Final = itertools.count(1)


class PaymentService(Protocol):
    """What stands in the place of the service outside."""

    @property
    def secrets(self) -> Mapping[str, str]:
        """Return what the operator has set of the plugin's secrets."""
        ...

    def pay(self, asked: PaymentStart, started: PaymentStarted) -> None:
        """Let the payer pay a payment that was begun, all of it."""
        ...

    def message(self, started: PaymentStarted, at: datetime) -> tuple[str, WebhookRequest] | None:
        """Return the plugin's door and the signed message about a payment; None: it sends none."""
        ...


class Till:
    """The plugin and a school that pays through it."""

    def __init__(self, core: Core, school: School, service: PaymentService) -> None:
        self.core, self.school, self.service = core, school, service
        declared = core.ground.registry.loaded[core.plugin].declared.provider
        assert declared is not None, f"{core.plugin} is no way to pay"
        self.declared: DeclaredProvider = declared
        self.taken: Taken = declared.terms.takes[0]
        most = self.taken.most_minor or _USUAL
        self.amount = max(self.taken.least_minor, min(_USUAL, most))

    def request(self, amount: int | None = None, currency: str = "") -> PaymentStart:
        """Return a payment that nobody has begun yet."""
        number = next(_numbers)
        return PaymentStart(
            reference=f"{self.school.id}-KTEST{number:05d}-1",
            amount_minor=self.amount if amount is None else amount,
            currency=currency or self.taken.currency,
            key=f"key-{number}",
            expires_at=clock.now() + timedelta(hours=1),
            return_url="https://diary.example/x/payments/back/1",
            cancel_url="https://diary.example/x/payments/back/1?left=1",
            locale="kk",
        )

    def ask(self, step: str, asked: object) -> Any:  # noqa: ANN401 - the answer of that step
        """Ask the plugin as the core does; what it raises is raised."""
        return self.core.call(self.school, "payment", step, asked)

    def begin(self, asked: PaymentStart) -> PaymentStarted:
        """Begin a payment."""
        started = self.ask("start", asked)
        assert isinstance(started, PaymentStarted), f"{asked} was not begun: {started}"
        return started

    def paid(self) -> tuple[PaymentStart, PaymentStarted]:
        """Begin a payment and let it be paid."""
        asked = self.request()
        started = self.begin(asked)
        self.service.pay(asked, started)
        return asked, started

    def seen(self, started: PaymentStarted) -> PaymentSeen:
        """Return how a payment stands."""
        found = self.ask("status", PaymentQuery(known=started.known))
        assert isinstance(found, PaymentsSeen), f"the status of {started.known}: {found}"
        assert len(found.payments) == 1, f"{len(found.payments)} payments are {started.known}"
        return found.payments[0]

    def back(self, asked: PaymentStart, started: PaymentStarted, n: int, minor: int) -> Any:  # noqa: ANN401
        """Ask for the nth refund of a payment."""
        return self.ask(
            "refund",
            RefundStart(
                payment=started.known,
                reference=f"{asked.reference.rpartition('-')[0]}-r{n}",
                amount_minor=minor,
                currency=asked.currency,
                key=f"{asked.key}-r{n}",
            ),
        )


class ProviderSuite:
    """What every way to pay keeps to; derive ``class TestProvider(ProviderSuite)`` from it."""

    @pytest.fixture
    def service(self) -> PaymentService:
        """Return what stands in the place of the service; a vendor's own."""
        pytest.fail("the class needs a fixture `service`, which returns a PaymentService")

    @pytest.fixture
    def till(self, core: Core, school: School, service: PaymentService) -> Till:
        """Return the plugin with its secrets, in a school that has it on."""
        if core.ground.mode == "host":
            pytest.skip("the service of these tests stands in this process")
        core.secrets(**service.secrets)
        return Till(core, school, service)

    def test_a_payment_begins_once_for_a_key(self, till: Till) -> None:
        asked = till.request()
        first, second = till.begin(asked), till.begin(asked)
        assert first.known == second.known, "asked again, it began another payment"
        assert till.begin(till.request()).known != first.known, "two payments have one id"

    def test_the_payer_is_led_to_a_page(self, till: Till) -> None:
        url = till.begin(till.request()).url
        starts = ("https://", "http://127.0.0.1", f"/x/{till.core.plugin}/")
        assert url.startswith(starts), f"{url} is neither a secured page nor one of its own"

    def test_amounts_out_of_range_are_declined(self, till: Till) -> None:
        odd = [till.request(0), till.request(currency="XTS")]
        if till.taken.least_minor > 1:
            odd.append(till.request(till.taken.least_minor - 1))
        if till.taken.most_minor:
            odd.append(till.request(till.taken.most_minor + 1))
        for asked in odd:
            told = till.ask("start", asked)
            kind = told.kind if isinstance(told, PaymentTrouble) else "begun"
            assert kind == "declined", f"{asked.amount_minor} {asked.currency}: {kind}"

    def test_nothing_is_paid_before_it_is_paid(self, till: Till) -> None:
        started = till.begin(till.request())
        found = till.ask("status", PaymentQuery(known=started.known))
        assert isinstance(found, PaymentsSeen), f"the status of a payment just begun: {found}"
        assert all(one.outcome == "pending" for one in found.payments), f"it says {found}"

    def test_what_was_paid_is_told_in_the_smallest_unit(self, till: Till) -> None:
        asked, started = till.paid()
        seen = till.seen(started)
        assert seen.outcome == "done", f"it was paid, and is {seen.outcome}"
        wanted = asked.amount_minor, asked.currency
        assert (seen.amount_minor, seen.currency) == wanted, f"{seen} is not {wanted}"
        assert seen.known == started.known or started.known in seen.others
        assert seen.reference in {"", asked.reference}, f"{seen.reference} is not our word"

    @pytest.mark.parametrize("known", STRANGE, ids=range(len(STRANGE)))
    def test_what_nobody_began_is_nothing(self, till: Till, known: str) -> None:
        told = till.ask("status", PaymentQuery(known=known))
        assert told == PaymentsSeen(), f"{known!r}: {told}"

    def test_money_goes_back_once_for_a_key(self, till: Till) -> None:
        if "refund" not in till.declared.steps():
            pytest.skip("it gives nothing back")
        asked, started = till.paid()
        first, second = (till.back(asked, started, 1, asked.amount_minor) for _ in range(2))
        assert isinstance(first, RefundSeen), f"a refund of all of it: {first}"
        assert isinstance(second, RefundSeen), f"the same refund again: {second}"
        assert first.known == second.known, "asked again, it gave back once more"
        assert first.amount_minor == asked.amount_minor, f"{first.amount_minor} went back"
        total = sum(one.amount_minor for one in till.seen(started).refunds)
        assert total == asked.amount_minor, f"the status says that {total} went back"

    def test_more_than_was_paid_stays(self, till: Till) -> None:
        if "refund" not in till.declared.steps():
            pytest.skip("it gives nothing back")
        asked, started = till.paid()
        over = till.back(asked, started, 1, asked.amount_minor + 1)
        assert isinstance(over, PaymentTrouble), f"more than was paid: {over}"
        assert over.kind == "declined", f"more than was paid is {over.kind}"
        unpaid = till.request()
        early = till.back(unpaid, till.begin(unpaid), 1, unpaid.amount_minor)
        assert isinstance(early, PaymentTrouble), f"what nobody has paid: {early}"
        assert till.seen(started).refunds == (), "what was declined stands there as a refund"

    def test_parts_go_back_as_far_as_there_is_something_left(self, till: Till) -> None:
        if not till.declared.can.refund_partial:
            pytest.skip("it gives back whole payments only")
        asked, started = till.paid()
        part = asked.amount_minor - 1
        first = till.back(asked, started, 1, part)
        assert isinstance(first, RefundSeen), f"a part of it: {first}"
        over = till.back(asked, started, 2, 2)
        assert isinstance(over, PaymentTrouble), f"more than is left: {over}"
        last = till.back(asked, started, 3, 1)
        assert isinstance(last, RefundSeen), f"what is left: {last}"
        total = sum(one.amount_minor for one in till.seen(started).refunds)
        assert total == asked.amount_minor, f"the status says that {total} went back"

    def test_what_changed_is_listed_to_its_end(self, till: Till) -> None:
        _, started = till.paid()
        since, until = clock.now() - timedelta(days=1), clock.now() + timedelta(days=1)
        names: set[str] = set()
        after = ""
        for _ in range(_MOST_PAGES):
            page = till.ask("reconcile", PaymentsBetween(since=since, until=until, after=after))
            assert isinstance(page, PaymentsSeen), f"the page after {after!r}: {page}"
            names |= {name for one in page.payments for name in (one.known, *one.others)}
            if not page.after:
                break
            assert page.after != after, f"it is led from {after!r} to the same page"
            after = page.after
        assert started.known in names, f"{started.known} was paid just now, and is not listed"

    def test_a_message_is_led_to_its_school_and_believed_by_nobody(self, till: Till) -> None:
        asked, started = till.paid()
        sent = till.service.message(started, clock.now())
        if sent is None:
            pytest.skip("its service sends no messages")
        door, message = sent
        first = till.core.call(None, "webhook", door, message)
        assert first == ForSchool(school_id=till.school.id), f"{asked.reference} leads to {first}"
        # Nobody here keeps orders, so nobody has noted it.
        second = till.core.call(till.school, "webhook", door, message)
        assert isinstance(second, WebhookReply), f"in its school: {second}"
        assert second.status == 503, f"nobody noted it, and the service is told {second.status}"
