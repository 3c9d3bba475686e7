"""A provider that is a plugin: what is asked of it, and what is made of its answers or of none."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kundelik_payments.domain.model import DisputeState
from kundelik_payments.providers.plugged import PluginProvider, plugged
from kundelik_payments.providers.spi import (
    Busy,
    Declined,
    DisputeFact,
    Forged,
    Misconfigured,
    Outcome,
    PaymentFact,
    PaysVendors,
    Redirect,
    RefundFact,
    RefundRequest,
    Renews,
    StartRequest,
    TransferRequest,
    Unclear,
)

from kundelik_core.sdk import (
    DisputeSeen,
    ListedProvider,
    PaymentCan,
    PaymentSeen,
    PaymentsSeen,
    PaymentStart,
    PaymentStarted,
    PaymentTerms,
    PaymentTrouble,
    PayoutSeen,
    ProviderAnswer,
    ProviderQuestion,
    RefundSeen,
    RefundStart,
    Taken,
    Text,
)

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
WORD = Text(kk="Б", ru="Б", en="Bank")
SEEN = PaymentSeen(
    known="B1", outcome="done", amount_minor=99_000, currency="KZT", reference="7-ABC-2",
    others=("C1",), refunds=(
        RefundSeen(known="R1", outcome="done", amount_minor=500, reference="7-ABC-r3"),
        RefundSeen(known="R2", outcome="failed", amount_minor=600, reason="no"),
    ),
    disputes=(DisputeSeen(known="D1", state="inquiry", amount_minor=9, currency="KZT"),),
)  # fmt: skip


class Core:
    """What the core answers, in turn, and what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = [*answers], list[ProviderQuestion]()
        self.now, self.most = 0, 0

    async def ask(self, name: str, question: Any) -> Any:
        assert name == "payment.provider.v1"
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        self.asked.append(question)
        told = self.answers.pop(0)
        return None if told is None else ProviderAnswer(told=told)


def listed(**can: bool) -> ListedProvider:
    terms = PaymentTerms(
        takes=(Taken(currency="KZT", least_minor=100, most_minor=9_000_000),
               Taken(currency="USD")),
        fee_bp=95, fee_minor=7, refund_days=365,
    )  # fmt: skip
    return ListedProvider(plugin="bank", title=WORD, can=PaymentCan(**can), terms=terms, ready=True)


def made(core: Core, **can: bool) -> PluginProvider:
    return plugged(listed(**can), core)


START = StartRequest(
    order="7-ABC", payment=2, amount_minor=99_000, currency="KZT", idempotency_key="k",
    expires_at=NOW, return_url="https://d/b", cancel_url="https://d/c", locale="kk",
    phone="+77010000000", again=True, reference="B0",
)  # fmt: skip
REFUND = RefundRequest(
    order="7-ABC", refund=3, amount_minor=500, currency="KZT", idempotency_key="r",
    payment_references=("B1", "C1"),
)  # fmt: skip


def test_its_terms_are_ours() -> None:
    one = made(Core(), refund_full=True)
    assert (one.name, one.title) == ("bank", WORD)
    assert [one.terms.takes(minor, "KZT") for minor in (99, 100, 9_000_000, 9_000_001)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert (one.terms.takes(1, "USD"), one.terms.takes(1, "EUR")) == (True, False)
    assert (one.terms.fee(100_000), one.terms.refund_within) == (957, timedelta(days=365))
    can = one.capabilities
    assert (can.redirect, can.refund_full, can.refund_partial, can.recurring) == (
        True, True, False, False,
    )  # fmt: skip
    assert not isinstance(one, (Renews, PaysVendors))
    assert isinstance(made(Core(), payout=True), PaysVendors)


def test_a_start_tells_our_word_and_no_telephone() -> None:
    core = Core(PaymentStarted(known="B1", url="https://bank/1"))
    started = asyncio.run(made(core).start(START))
    assert (started.reference, started.action) == ("B1", Redirect(url="https://bank/1"))
    (question,) = core.asked
    assert question == ProviderQuestion(
        provider="bank",
        ask=PaymentStart(
            reference="7-ABC-2", amount_minor=99_000, currency="KZT", key="k", expires_at=NOW,
            return_url="https://d/b", cancel_url="https://d/c", locale="kk", again=True, known="B0",
        ),
    )  # fmt: skip


def test_what_it_sees_become_facts() -> None:
    payment, ours, outside, dispute = asyncio.run(
        made(Core(PaymentsSeen(payments=(SEEN,)))).look("news", "B1")
    )
    assert payment == PaymentFact(
        reference="B1", outcome=Outcome.DONE, amount_minor=99_000, currency="KZT",
        order="7-ABC", payment=2, references=("C1",),
    )  # fmt: skip
    assert ours == RefundFact(
        reference="R1", payment_references=("B1",), outcome=Outcome.DONE, amount_minor=500,
        currency="KZT", refund=3, order="7-ABC",
    )  # fmt: skip
    assert isinstance(outside, RefundFact)
    assert (outside.refund, outside.outcome, outside.reason) == (0, Outcome.FAILED, "no")
    assert dispute == DisputeFact(
        reference="D1", payment_references=("B1",), state=DisputeState.INQUIRY,
        amount_minor=9, currency="KZT",
    )  # fmt: skip


@pytest.mark.parametrize("reference", ["", "7-ABC", "7-ABC-r1", "7-ABC-٢", "7-ABC-"])
def test_a_word_that_is_not_ours_names_no_payment(reference: str) -> None:
    seen = PaymentSeen(
        known="B", outcome="done", amount_minor=1, currency="KZT", reference=reference
    )
    (fact,) = asyncio.run(made(Core(PaymentsSeen(payments=(seen,)))).poll("B"))
    assert isinstance(fact, PaymentFact)
    assert (fact.order, fact.payment) == ("", 0)


def test_a_refund_names_the_payment_by_their_word() -> None:
    core = Core(RefundSeen(known="R", outcome="pending", amount_minor=500))
    answer = asyncio.run(made(core).refund(REFUND))
    assert (answer.reference, answer.outcome) == ("R", Outcome.PENDING)
    assert core.asked[0].ask == RefundStart(
        payment="B1", reference="7-ABC-r3", amount_minor=500, currency="KZT", key="r"
    )


@pytest.mark.parametrize(
    ("kind", "error"),
    [("declined", Declined), ("busy", Busy), ("unclear", Unclear), ("setup", Misconfigured)],
)
def test_trouble_is_what_it_says(kind: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="why"):
        asyncio.run(made(Core(PaymentTrouble(kind=kind, text="why"))).start(START))


@pytest.mark.parametrize("told", [None, PaymentsSeen(), PayoutSeen(known="P", outcome="done")])
def test_no_answer_and_another_than_was_asked_for_are_unclear(told: Any) -> None:
    for call in ("start", "refund"):
        provider = made(Core(told))
        asked: Any = START if call == "start" else REFUND
        with pytest.raises(Unclear):
            asyncio.run(getattr(provider, call)(asked))


def test_pages_are_read_to_the_end_and_no_further() -> None:
    page = PaymentsSeen(payments=(SEEN,))
    pages = [PaymentsSeen(payments=(SEEN,), after=str(n)) for n in range(3)]
    core = Core(*pages, page, page)
    facts = asyncio.run(made(core).reconcile(NOW, NOW))
    assert (len(facts), len(core.asked)) == (16, 4)
    circle = Core(PaymentsSeen(after="a"), PaymentsSeen(after="a"), page)
    assert asyncio.run(made(circle).reconcile(NOW, NOW)) == []
    endless = Core(*(PaymentsSeen(after=str(n)) for n in range(600)))
    with pytest.raises(Unclear):
        asyncio.run(made(endless).reconcile(NOW, NOW))


def test_a_few_are_asked_at_a_time() -> None:
    core = Core(*[PaymentsSeen()] * 20)
    provider = made(core)

    async def many() -> None:
        await asyncio.gather(*(provider.poll(str(n)) for n in range(20)))

    asyncio.run(many())
    assert (len(core.asked), core.most) == (20, 4)


def test_payouts_and_messages() -> None:
    core = Core(*[PayoutSeen(known="P", outcome="done", returned_minor=3)] * 2)
    one = made(core, payout=True)
    assert isinstance(one, PaysVendors)
    wanted = TransferRequest(
        reference="7-ABC", amount_minor=9, currency="KZT", destination="d", idempotency_key="t"
    )  # fmt: skip
    assert asyncio.run(one.transfer(wanted)).reference == "P"
    assert asyncio.run(one.take_back("P", 3, "b")).reversed_minor == 3
    with pytest.raises(Forged):
        made(Core()).verify({}, b"", NOW)
