"""A way to pay and who keeps the orders, each in a process of its own, ask through the core."""

from collections.abc import Iterator

import pytest

from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.services import Broker
from kundelik_core.sdk import CommandRequest, PaymentQuery, PaymentsSeen
from tests.integration.plugin_host.hosting import Hosting, call_of, found_in, hosting
from tests.unit.plugins import paying
from tests.unit.plugins.dists import Site

COMMAND = """
    @hookimpl
    def commands(self):
        return [Command(name="do", help="Do it.", run=do)]

plugin = Plugin()
"""
TILL = """
async def do(ctx, request):
    if request.arguments:
        said = ["heard", *(f"{one.provider} {one.event} {one.known}" for one in heard)]
        return CommandAnswer(lines=tuple(said))
    from datetime import datetime, UTC
    start = PaymentStart(
        reference="7-ABC-1", amount_minor=150000, currency="KZT", key="k",
        expires_at=datetime.now(UTC), return_url="https://d.example/b",
        cancel_url="https://d.example/c", locale="kk")
    lines = []
    for ask in (start, PaymentQuery(known="B-1"), PaymentQuery(known="x")):
        found = await ctx.services.ask(PAYMENT_PROVIDER, ProviderQuestion(provider="bank", ask=ask))
        lines.append(str(found and found.told)[:200])
    nobody = await ctx.services.ask(PAYMENT_PROVIDER, ProviderQuestion(provider="till", ask=start))
    return CommandAnswer(lines=(*lines, str(nobody)))

class Plugin:"""
BANK = """
async def do(ctx, request):
    noted = await ctx.services.ask(
        PAYMENT_NEWS, PaymentNews(event="e1", known="B-1", provider="somebody"))
    return CommandAnswer(lines=(str(noted),))

class Plugin:"""
USES = '[uses]\ncommands = ["do"]'


@pytest.fixture
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosting]:
    site = Site(tmp_path_factory.mktemp("site"))
    for name, code, more, text in (
        ("bank", paying.CODE, BANK, paying.MANIFEST),
        ("till", paying.TILL_CODE, TILL, paying.TILL_MANIFEST),
    ):
        whole = code.replace("\nplugin = Plugin()\n", COMMAND)
        whole = whole.replace("class Plugin:", more.strip())
        site.add(name, code=whole, manifest=text.replace("[uses]", USES))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site.folder)
        found = [found_in(site, name) for name in ("bank", "till")]
        with hosting(tmp_path_factory.mktemp("data"), site, *found) as made:
            made.load(*found)
            yield made


async def test_they_ask_each_other_through_the_core(both: Hosting) -> None:
    assert [*both.registry.ways_to_pay] == ["bank"], both.registry.plugins
    woken: list[tuple[str, str, int]] = []
    on = {"bank", "till"}

    async def active(_school: int) -> set[str]:
        return on

    async def wake(plugin: str, job: str, school: int) -> None:
        woken.append((plugin, job, school))

    broker = Broker(both.registry, active, wake)
    both.hosted.answer_with(broker.ask)
    dispatcher = Dispatcher(both.registry, both.hosted.runner, JinjaRenderer(both.registry))
    broker.use(dispatcher)

    async def do(plugin: str, **arguments: str) -> tuple[str, ...]:
        ref = HandlerRef(plugin, "command", "do")
        outcome = await dispatcher.call(
            ref, CommandRequest(arguments=arguments), on, call_of("school")
        )
        assert outcome.done, outcome.error
        lines: tuple[str, ...] = outcome.value.lines
        return lines

    begun, seen, unknown, nobody = await do("till")
    assert begun.startswith("PaymentStarted(known='B-7-ABC-1'")
    assert "outcome='done'" in seen
    assert unknown == str(PaymentsSeen())
    assert nobody == "None"
    assert await do("bank") == ("PaymentNoted(then='till.work')",)
    assert await do("till", x="1") == ("heard", "bank e1 B-1")
    assert woken == [("till", "till.work", 7)]
    ref = HandlerRef("bank", "payment", "status")
    outcome = await dispatcher.call(ref, PaymentQuery(known="B-1"), on, call_of("school"))
    assert outcome.done
    assert isinstance(outcome.value, PaymentsSeen)
    await both.hosted.close()
