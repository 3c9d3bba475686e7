"""A way to pay is a plugin: what it declares, who may ask it, and what it gets to know."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from kundelik_core.plugins.context import Facades
from kundelik_core.plugins.database.grants import asking_of
from kundelik_core.plugins.declared import Declared
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.host.checks import checked
from kundelik_core.plugins.registry import Registry
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner
from kundelik_core.plugins.services import Broker
from kundelik_core.sdk import (
    PAYMENT_NEWS,
    PAYMENT_PROVIDER,
    PageShown,
    PaymentNews,
    PaymentNoted,
    PaymentQuery,
    PaymentsBetween,
    PaymentsSeen,
    PaymentStart,
    PaymentStarted,
    PaymentTrouble,
    PayoutReturn,
    PayoutSeen,
    PayoutStart,
    ProviderAnswer,
    ProviderQuestion,
    RefundSeen,
    RefundStart,
    RenewalEnd,
    RenewalPage,
    RenewalRest,
    RenewalSeen,
    school_in,
)
from tests.unit.plugins.dists import Site
from tests.unit.plugins.paying import both, fault
from tests.unit.plugins.test_plugin_calls import call

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)


def start(minor: int = 150_000) -> PaymentStart:
    return PaymentStart(
        reference="7-ABC-1", amount_minor=minor, currency="KZT", key="k", expires_at=AT,
        return_url="https://d.example/b", cancel_url="https://d.example/c", locale="kk",
    )  # fmt: skip


class Yard:
    """A broker over the two plugins, with what it woke."""

    def __init__(self, registry: Registry, on: set[str]) -> None:
        self.registry, self.on, self.woken = registry, on, list[tuple[str, str, int]]()

        async def active(_school: int) -> set[str]:
            return self.on

        async def wake(plugin: str, job: str, school: int) -> None:
            self.woken.append((plugin, job, school))

        self.halted = set[str]()
        self.broker = Broker(registry, active, wake, lambda: self.halted)
        runner = LocalRunner(registry, ask=self.broker.ask)
        self.broker.use(Dispatcher(registry, runner, JinjaRenderer(registry)))

    async def ask(self, ask: Any, provider: str = "bank") -> Any:
        question = ProviderQuestion(provider=provider, ask=ask)
        found = await self.broker.ask("till", call(), PAYMENT_PROVIDER, question)
        return found.told if isinstance(found, ProviderAnswer) else found

    def module(self, name: str) -> Any:
        """Return the globals of a plugin's code."""
        key = {"bank": ("payment", "start"), "till": ("service", PAYMENT_NEWS)}[name]
        return self.registry.loaded[name].handlers[key].__globals__  # type: ignore[index]


@pytest.fixture
def yard(site: Site) -> Yard:
    return Yard(both(site), {"bank", "till"})


def test_what_it_is_can_be_sent_and_every_handler_is_there(site: Site) -> None:
    registry = both(site)
    bank = registry.loaded["bank"]
    packed = msgspec.msgpack.encode(bank.declared)
    assert msgspec.msgpack.decode(packed, type=Declared) == bank.declared
    assert {*bank.handlers} == {*bank.declared.keys()}
    assert checked(bank.declared, bank.manifest) == bank.declared
    assert [*registry.ways_to_pay] == ["bank"]


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('needs=("key",)', 'needs=("other",)', "undeclared", "uses.secrets"),
        ("refund_full=True, ", "", "declaration", "refund and what it says"),
        ("payout=payout, ", "", "declaration", "payout and what it says"),
        ("take_back=payout", "take_back=None", "declaration", "take_back and what it says"),
        ("page=page,", "", "declaration", "page and what it says"),
        ("recurring=True, ", "", "declaration", "end_renewal and what it says"),
        ("most_minor=900000", "most_minor=99", "declaration", "below the least"),
        ('currency="KZT", least', 'currency="tenge", least', "declaration", "takes[0].currency"),
        ("least_minor=100", "least_minor=0", "declaration", "least_minor"),
        ("takes=(Taken", "takes=() and (Taken", "declaration", "takes"),
        ("fee_bp=95", "fee_bp=9500", "declaration", "fee_bp"),
        ("refund_days=365", "refund_days=1.5", "declaration", "refund_days"),
        ("async def start", "def start", "declaration", "not an async function"),
        ("return PaymentProvider(", "return 7 or dict(", "declaration", "is no PaymentProvider"),
        ("    @hookimpl\n    def payment_provider", "    def payment_provider", "lacking",
         "payment_provider"),
    ],
)  # fmt: skip
def test_a_provider_that_is_refused(site: Site, old: str, new: str, code: str, says: str) -> None:
    got, text = fault(site, old, new)
    assert (got, says in text) == (code, True), text


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('provides = ["payment.provider.v1"]', "", "declaration", "only who provides"),
        ('kind = "payment"', 'kind = "module"', "declaration", "kind payment"),
        ("[uses]", '[data]\nreads = ["student.v1"]\n[uses]', "declaration", "reads nothing"),
        ("[uses]", '[uses]\nproducts = ["bank.more"]', "declaration", "sells nothing"),
    ],
)
def test_a_manifest_that_is_refused(site: Site, old: str, new: str, code: str, says: str) -> None:
    got, text = fault(site, manifest=(old, new))
    assert (got, says in text) == (code, True), text


def test_its_service_is_the_hooks_to_declare(site: Site) -> None:
    code = "return [Service(name=PAYMENT_PROVIDER, handle=start)]"
    old = "    @hookimpl\n    def payment_provider"
    got, text = fault(site, old, f"    @hookimpl\n    def services(self):\n        {code}\n{old}")
    assert (got, "payment_provider" in text) == ("declaration", True)


def test_a_provider_may_ask_the_core_for_nothing(site: Site) -> None:
    loaded = both(site).loaded
    assert (asking_of(loaded["bank"].manifest), asking_of(loaded["till"].manifest)) == ("", "money")


async def test_every_question_finds_its_handler(yard: Yard) -> None:
    assert await yard.ask(start()) == PaymentStarted(
        known="B-7-ABC-1", url="https://bank.example/1"
    )
    assert len((await yard.ask(PaymentQuery(known="B-1"))).payments) == 1
    assert await yard.ask(PaymentQuery(known="x")) == PaymentsSeen()
    page = await yard.ask(PaymentsBetween(since=AT, until=AT, after="1"))
    assert (page.payments[0].known, page.after) == ("B-1", "2")
    back = RefundStart(payment="B", reference="7-ABC-r1", amount_minor=7, currency="KZT", key="r")
    assert await yard.ask(back) == RefundSeen(known="R", outcome="done", amount_minor=7)
    out = PayoutStart(reference="t", amount_minor=7, currency="KZT", destination="d", key="t")
    for ask in (out, PayoutReturn(payout="P", amount_minor=7, key="t2")):
        assert await yard.ask(ask) == PayoutSeen(known="P", outcome="done", returned_minor=3)


async def test_what_renews_itself_is_ended_rested_and_shown(yard: Yard) -> None:
    ended = await yard.ask(RenewalEnd(renewal="S", key="e"))
    rested = await yard.ask(RenewalRest(renewal="S", until=AT, key="r"))
    assert isinstance(ended, RenewalSeen)
    assert isinstance(rested, RenewalSeen)
    assert (ended.ends, rested.state, rested.ends) == (True, "paused", False)
    shown = await yard.ask(RenewalPage(renewal="S", return_url="https://d.example/o"))
    assert shown == PageShown(url="/x/bank/card/1")


async def test_a_provider_gets_to_know_nobody(yard: Yard) -> None:
    assert call().actor is not None
    await yard.ask(start())
    ((ctx, asked),) = yard.module("bank")["seen"]
    assert (ctx.actor, ctx.catalogue, ctx.providers) == (None, (), ())
    assert ctx.school.id == call().school_id
    assert asked == start()
    assert await ctx.services.ask(PAYMENT_NEWS, PaymentNews(event="e", known="k")) is None
    with pytest.raises(PermissionError):
        await ctx.services.ask(PAYMENT_PROVIDER, ProviderQuestion(provider="bank", ask=start()))


async def test_a_refusal_is_an_answer_and_a_failure_is_none(yard: Yard) -> None:
    assert await yard.ask(start(13)) == PaymentTrouble(kind="declined", text="13")
    assert await yard.ask(start(17)) is None
    assert await yard.ask(start(19)) is None


@pytest.mark.parametrize("provider", ["till", "nobody", ""])
async def test_only_a_way_to_pay_is_asked(yard: Yard, provider: str) -> None:
    assert await yard.ask(start(), provider) is None


async def test_a_way_that_is_off_or_cannot_is_not_asked(yard: Yard, site: Site) -> None:
    yard.on = {"till"}
    assert await yard.ask(start()) is None
    asked = yard.module("bank")["seen"]
    assert asked == []


async def test_a_way_that_the_school_has_switched_off_still_gives_back(yard: Yard) -> None:
    """What is owed to a family outlives a switch; nothing new begins, and an operator is obeyed."""
    yard.on = {"till"}
    back = RefundStart(
        payment="B-1", reference="12-ABCDE23456-r1", amount_minor=5, currency="KZT", key="k"
    )
    assert await yard.ask(back) is not None
    assert await yard.ask(PaymentQuery(known="B-1")) is not None
    assert await yard.ask(start()) is None
    out = PayoutStart(reference="t", amount_minor=5, currency="KZT", destination="d", key="k2")
    assert await yard.ask(out) is None
    yard.halted = {"bank"}
    assert await yard.ask(back) is None


async def test_news_say_whose_they_are_and_wake_who_keeps_the_orders(yard: Yard) -> None:
    news = PaymentNews(event="e1", known="B-1", provider="somebody")
    noted = await yard.broker.ask("bank", call(), PAYMENT_NEWS, news)
    assert noted == PaymentNoted(then="till.work")
    assert yard.module("till")["heard"] == [PaymentNews(event="e1", known="B-1", provider="bank")]
    assert yard.woken == [("till", "till.work", call().school_id)]
    yard.on = {"bank"}
    assert await yard.broker.ask("bank", call(), PAYMENT_NEWS, news) is None


async def test_only_whom_the_manifest_names_may_ask(yard: Yard) -> None:
    bank = yard.registry.loaded["bank"]
    ctx = Facades("bank", call(), manifest=bank.manifest, ask=yard.broker.ask)
    with pytest.raises(PermissionError):
        await ctx.services.ask(PAYMENT_PROVIDER, ProviderQuestion(provider="bank", ask=start()))
    assert await ctx.services.ask(PAYMENT_NEWS, PaymentNews(event="e", known="k"))


@pytest.mark.parametrize(
    ("text", "school"),
    [
        ("12-ABCDE23456-1", 12), ("12-ABCDE23456-r1", 12), ("1-A", 1), ("12", None), ("12-", None),
        ("", None), ("-A-1", None), ("0-A", None), ("012-A", None), ("١٢-A", None),
        ("1234567890-A", None), (" 1-A", None),
    ],
)  # fmt: skip
def test_our_word_leads_to_its_school(text: str, school: int | None) -> None:
    assert school_in(text) == school
