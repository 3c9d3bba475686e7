"""Whatever people, banks and lost messages do to an order: no tiyn is made, none is lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from kundelik_payments.domain import desk, disputing, ordering, paying, refunding
from kundelik_payments.domain.balance import earned, given_on, held, kept, owed, short, to_pay
from kundelik_payments.domain.log import sums
from kundelik_payments.domain.model import (
    Access,
    DisputeState,
    Order,
    OrderLine,
    Refund,
    RefundSource,
    RefundState,
    Sale,
)
from kundelik_payments.domain.papers import issued, missing, number_of, series_of
from kundelik_payments.domain.refused import Refused
from kundelik_payments.domain.report import close_month
from kundelik_payments.domain.rights import rights
from kundelik_payments.domain.telling import tell
from kundelik_payments.domain.unused import Inert, ask_back, unused

from kundelik_core.sdk import Wish
from tests.depth import looks
from tests.fake_stripe.core import Core

BEGIN = datetime(2026, 11, 24, 7, tzinfo=UTC)
Step = Callable[[Sale, datetime], Sale]


class Bank:
    """What is true of the money outside, written down without asking the plugin."""

    def __init__(self) -> None:
        self.came: dict[int, int] = {}
        self.refunds: dict[str, tuple[int, int, bool]] = {}
        self.disputes: dict[str, tuple[int, int, str]] = {}

    def back(self, payment: int) -> int:
        return sum(a for p, a, live in self.refunds.values() if p == payment and live)

    def contested(self, payment: int) -> int:
        return sum(
            a for p, a, s in self.disputes.values() if p == payment and s in {"open", "lost"}
        )

    def left(self, payment: int) -> int:
        return self.came.get(payment, 0) - self.back(payment) - self.contested(payment)

    def balance(self) -> int:
        return sum(self.left(payment) for payment in self.came)


class Shop(RuleBasedStateMachine):
    """One order and its fate."""

    @initialize(
        prices=st.lists(st.integers(1, 900), min_size=1, max_size=3),
        bought=st.sampled_from([True, True, False]),
    )
    def begin(self, prices: list[int], bought: bool) -> None:
        self.now = BEGIN
        lines = tuple(
            OrderLine(
                number=n,
                sku="a.b",
                title="x",
                price_minor=p * 100,
                feature="a.b",
                price_id=UUID(int=9),
            )
            for n, p in enumerate(prices, 1)
        )
        self.sale = ordering.place(
            Order(
                id=UUID(int=1),
                public_id="A",
                school_id=1,
                payer=UUID(int=2),
                currency="KZT",
                placed_at=BEGIN,
                expires_at=BEGIN + timedelta(hours=2),
                lines=lines,
            )
        )
        self.bank = Bank()
        self.past: list[Step] = []
        self.wishes: list[Wish] = []
        self.core = Core(self.wishes)
        self.numbers: dict[str, int] = {}
        self.cash_when_paid: int | None = None
        if bought:
            total = self.sale.order.total_minor
            self.go_to_pay()
            self.bank.came[1] = total
            self.do(lambda s, now: paying.confirm(s, 1, total, "KZT", "p1", now))

    def do(self, step: Step, *, keep: bool = True, brings: int = 0) -> bool:
        """Take a step as the service does; what is refused changes nothing.

        Cash comes with the step itself: ``brings`` is how much.
        """
        try:
            after = ordering.settle(step(self.sale, self.now), self.now)
        except Refused:
            return False
        if self.sale.order.paid_at is None and after.order.paid_at is not None:
            self.cash_when_paid = self.bank.balance() + brings
        self.sale = after
        if keep:
            self.past.append(step)
        while papers := missing(self.sale):
            series = series_of(papers[0].kind, 1, self.now.year)
            self.numbers[series] = self.numbers.get(series, 0) + 1
            number = number_of(series, self.numbers[series])
            self.sale = issued(self.sale, papers[0], number, self.now)
        self.sale, asked = tell(self.sale)
        self.wishes += asked
        return True

    @rule(hours=st.sampled_from([0, 1, 3, 400]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def old_news_comes_again(self) -> None:
        """Everything that was ever told is told again, in order and backwards: nothing moves."""
        before = self.sale
        for step in [*self.past, *reversed(self.past)]:
            self.do(step, keep=False)
        assert held(self.sale) == held(before)
        assert self.sale.log == before.log

    @rule()
    def go_to_pay(self) -> None:
        made: list[int] = []

        def begin(sale: Sale, now: datetime) -> Sale:
            after, payment = paying.new_payment(sale, "bank", now)
            made.append(payment.number)
            return after

        self.do(begin, keep=False)

    @precondition(lambda self: self.sale.payments)
    @rule(data=st.data(), share=st.sampled_from([1, 2, 3]))
    def money_comes(self, data: st.DataObject, share: int) -> None:
        number = data.draw(st.sampled_from([one.number for one in self.sale.payments]))
        payment = self.sale.payment(number)
        if number in self.bank.came:
            amount = self.bank.came[number]
        else:
            amount = payment.amount_minor // share or 1
            self.bank.came[number] = amount
        self.do(lambda s, now: paying.confirm(s, number, amount, "KZT", f"p{number}", now))

    @precondition(lambda self: self.sale.payments)
    @rule(data=st.data(), how=st.sampled_from(["fail", "cancel", "pending"]))
    def an_attempt_ends(self, data: st.DataObject, how: str) -> None:
        number = data.draw(st.sampled_from([one.number for one in self.sale.payments]))
        match how:
            case "fail":
                self.do(lambda s, _: paying.fail(s, number, "no"))
            case "cancel":
                self.do(lambda s, _: paying.cancel_payment(s, number))
            case _:
                self.do(lambda s, _: paying.pending(s, number, f"p{number}"))

    @rule()
    def time_is_over(self) -> None:
        self.do(ordering.expire, keep=False)

    @rule()
    def the_order_is_cancelled(self) -> None:
        self.do(ordering.cancel)

    @rule(data=st.data())
    def a_line_is_cancelled(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from([one.number for one in self.sale.order.lines]))
        self.do(lambda s, now: ordering.cancel_lines(s, [number], now))

    @precondition(lambda self: self.bank.came)
    @rule(data=st.data(), extra=st.sampled_from([0, 1, 5_000, 10**7]))
    def a_refund_is_asked(self, data: st.DataObject, extra: int) -> None:
        payment = data.draw(st.sampled_from(sorted(self.bank.came)))
        line = data.draw(st.sampled_from(self.sale.order.lines))
        part = data.draw(st.integers(0, line.price_minor))
        parts = {line.number: part} if part else {}
        extra = min(extra, owed(self.sale))

        def ask(sale: Sale, now: datetime) -> Sale:
            return refunding.new_refund(sale, payment, parts, extra, RefundSource.BUYER, now)[0]

        self.do(ask, keep=False)

    @precondition(lambda self: self.sale.order.paid_at is not None)
    @rule(data=st.data(), share=st.integers(0, 100))
    def what_is_of_no_use_is_asked_back(self, data: st.DataObject, share: int) -> None:
        """Twice at once, as a double click does: the second finds nothing."""
        lines = data.draw(st.sets(st.sampled_from([one.number for one in self.sale.order.lines])))
        inert = {
            line.number: Inert(
                reason="left", since=self.now - timedelta(hours=1), ends=None,
                kept_minor=kept(self.sale, line), unused_minor=kept(self.sale, line) * share // 100,
            )
            for line in self.sale.order.lines
            if line.number in lines
        }  # fmt: skip
        before = len(self.sale.refunds)
        offered = unused(self.sale, inert, self.now)
        done = self.do(lambda s, now: ask_back(s, inert, now)[0], keep=False)
        made = self.sale.refunds[before:]
        if done:
            wanted = sum(one.amount_minor for one in offered)
            assert sum(one.amount_minor for one in made) == wanted > 0
            assert not self.do(lambda s, now: ask_back(s, inert, now)[0], keep=False)
        assert len(self.sale.refunds) == before + len(made)

    @precondition(lambda self: self.sale.order.state == "pending")
    @rule()
    def cash_is_taken_at_the_desk(self) -> None:
        amount = to_pay(self.sale)
        for _ in "ab":
            self.do(
                lambda s, now: desk.take_cash(s, amount, UUID(int=7), now),
                keep=False,
                brings=amount,
            )
        for one in self.sale.payments:
            if one.provider == desk.CASH and one.received_minor:
                self.bank.came.setdefault(one.number, one.received_minor)

    @rule()
    def what_is_owed_is_handed_over(self) -> None:
        for _ in "ab":
            self.do(lambda s, now: desk.paid_out_by_hand(s, UUID(int=7), now), keep=False)
        for one in self.sale.refunds:
            if one.reference and one.reference.startswith("hand-"):
                here = (one.payment, one.amount_minor, True)
                self.bank.refunds.setdefault(one.reference, here)

    @precondition(lambda self: any(desk.to_hand_over(self.sale, r) for r in self.sale.refunds))
    @rule()
    def cash_is_handed_over(self) -> None:
        acts = len(self.sale.acts)
        number = next(r.number for r in self.sale.refunds if desk.to_hand_over(self.sale, r))
        for _ in "ab":
            self.do(lambda s, now: desk.handed_over(s, number, UUID(int=7), now), keep=False)
        assert len(self.sale.acts) == acts + 1

    def own_refunds(self) -> list[Refund]:
        """Return what providers gave back for us; what people did by hand cannot fail."""
        return [
            one
            for one in self.sale.refunds
            if one.source != "external" and not (one.reference or "").startswith("hand-")
        ]

    @precondition(lambda self: self.own_refunds())
    @rule(data=st.data(), done=st.booleans())
    def a_refund_is_accepted(self, data: st.DataObject, done: bool) -> None:
        own = self.own_refunds()
        refund = data.draw(st.sampled_from(own))
        name = f"r{refund.number}"
        if name not in self.bank.refunds:
            if self.bank.left(refund.payment) < refund.amount_minor:
                return
            self.bank.refunds[name] = (refund.payment, refund.amount_minor, True)
        elif not self.bank.refunds[name][2]:
            return
        number = refund.number
        self.do(lambda s, now: refunding.accept(s, number, name, now, done=done))

    @precondition(lambda self: self.sale.refunds)
    @rule(data=st.data())
    def a_refund_fails(self, data: st.DataObject) -> None:
        refund = data.draw(st.sampled_from(self.sale.refunds))
        if (refund.reference or "").startswith("hand-"):
            return
        name = refund.reference or f"r{refund.number}"
        if name in self.bank.refunds:
            payment, amount, _ = self.bank.refunds[name]
            self.bank.refunds[name] = (payment, amount, False)
        else:
            # It was refused for good.
            self.bank.refunds[name] = (refund.payment, refund.amount_minor, False)
        number = refund.number
        self.do(lambda s, now: refunding.refuse(s, number, "no", now))

    @precondition(lambda self: any(self.bank.left(one) > 0 for one in self.bank.came))
    @rule(data=st.data())
    def somebody_refunds_outside(self, data: st.DataObject) -> None:
        payment = data.draw(st.sampled_from([p for p in self.bank.came if self.bank.left(p) > 0]))
        amount = data.draw(st.integers(1, self.bank.left(payment)))
        name = f"x{len(self.bank.refunds)}"
        if self.do(
            lambda s, now: refunding.seen_outside(
                s, payment, name, amount, RefundState.EXTERNAL, now
            )
        ):
            self.bank.refunds[name] = (payment, amount, True)

    @precondition(lambda self: any(one.state == "external" for one in self.sale.refunds))
    @rule(data=st.data())
    def a_person_decides(self, data: st.DataObject) -> None:
        waiting = [one for one in self.sale.refunds if one.state == "external"]
        refund = data.draw(st.sampled_from(waiting))
        line = data.draw(st.sampled_from(self.sale.order.lines))
        part = data.draw(st.integers(0, refund.amount_minor))
        parts = {line.number: part} if part else {}
        self.do(lambda s, now: refunding.decide(s, refund.number, parts, now))

    @precondition(lambda self: self.bank.came)
    @rule(data=st.data(), state=st.sampled_from([*DisputeState]))
    def the_bank_writes(self, data: st.DataObject, state: DisputeState) -> None:
        payment = data.draw(st.sampled_from(sorted(self.bank.came)))
        name = f"d{payment}"
        known = self.bank.disputes.get(name)
        if known and known[2] in {"won", "lost"}:
            state = DisputeState(known[2])
        elif known and known[2] == "open" and state is DisputeState.INQUIRY:
            return
        takes = state in {DisputeState.OPEN, DisputeState.LOST}
        amount = known[1] if known else self.bank.left(payment)
        already = bool(known and known[2] in {"open", "lost"})
        if amount <= 0 or (takes and not already and self.bank.left(payment) < amount):
            return
        self.bank.disputes[name] = (payment, amount, state.value)
        self.do(lambda s, now: disputing.disputed(s, payment, name, amount, state, now))

    @invariant()
    def what_we_hold_is_what_the_bank_says(self) -> None:
        assert held(self.sale) == self.bank.balance()

    @invariant()
    def the_log_says_the_same(self) -> None:
        found = sums(self.sale.log)
        assert (found.held_minor, found.earned_minor) == (held(self.sale), earned(self.sale))
        month = close_month(
            [self.sale], "KZT", BEGIN - timedelta(days=1), self.now + timedelta(seconds=1)
        )
        assert month.differences == ()

    @invariant()
    def every_tiyn_is_somebodys(self) -> None:
        assert held(self.sale) == earned(self.sale) + owed(self.sale) - short(self.sale)
        assert min(owed(self.sale), short(self.sale)) == 0

    @invariant()
    def nothing_is_granted_without_money_or_twice(self) -> None:
        if self.sale.order.paid_at is not None:
            assert self.cash_when_paid is not None
            assert self.cash_when_paid >= self.sale.order.total_minor
        self.core.settle()
        self.core.check(self.sale)

    @invariant()
    def access_is_what_the_order_says(self) -> None:
        self.core.settle()
        wanted = {"none", "active", "suspended", "revoked"}
        for right, state in zip(rights(self.sale), self.core.of(self.sale), strict=True):
            if right.access is Access.SUSPENDED and state != "suspended":
                # Nothing of its money is left that a bank could take.
                note = self.sale.told[right.line - 1]
                price = right.price_minor
                assert note.gone_minor + note.borne_minor == price or state == "revoked"
            elif right.access is Access.ACTIVE:
                assert state == "active"
            elif right.access is Access.REVOKED:
                # What was made a present of stays one: the core has nothing to take back for it.
                note = self.sale.told[right.line - 1]
                gift = given_on(self.sale, right.line)
                given = 0 < gift == right.price_minor - note.refunded_minor
                assert given or state in {"revoked", "suspended"}
            assert state in wanted

    @invariant()
    def papers_are_numbered_without_a_gap(self) -> None:
        numbers = sorted(one.number for one in self.sale.receipts)
        wanted = [number_of(s, n) for s, most in self.numbers.items() for n in range(1, most + 1)]
        assert numbers == sorted(wanted)
        assert len({one.cause for one in self.sale.receipts}) == len(numbers)


TestShop = Shop.TestCase
TestShop.settings = looks(200, steps=40, report_multiple_bugs=False)
