"""Webhooks, secrets and services of a plugin in a process of its own; what it asks is bounded."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.host import questions
from kundelik_core.plugins.outcome import Outcome, OutcomeState
from kundelik_core.plugins.registry import load_plugins
from kundelik_core.sdk import (
    ForSchool,
    OfferLine,
    OfferQuestion,
    OfferShown,
    WebhookReply,
    WebhookRequest,
)
from kundelik_core.testing.packages import manifest
from tests.integration.plugin_host.hosting import Hosting, call_of, done, hosting
from tests.unit.plugins.dists import Site

NAME = "outward"
MANIFEST = manifest(
    NAME,
    """\
commands = ["do"]
webhooks = ["bank"]
services = ["checkout.offer.v1"]
products = ["outward.view"]
secrets = ["key"]""",
    top='provides = ["checkout.offer.v1"]',
    api=">=0.2,<1",
)
CODE = '''
import asyncio
from uuid import UUID
import msgspec
from kundelik_core.sdk import *

T = Text(kk="к", ru="р", en="e")
SERVICE = "checkout.offer.v1"

def question(scope="*"):
    return OfferQuestion(feature="outward.view", student_id=UUID(int=7), scope=scope)

async def message(ctx, request):
    if request.body == b"raise":
        raise RuntimeError(request.headers["name"])
    try:
        return WebhookReply(text=f"{ctx.school.id} {len(request.body)}", then="outward.work")
    except LookupError:
        return ForSchool(school_id=int(request.query["school"][0]))

async def offer(ctx, question):
    inner = await ctx.services.ask(SERVICE, question)
    return OfferShown(refusal=f"{question.scope} {inner}")

async def do(ctx, request):
    match request.arguments["what"]:
        case "secrets":
            said = f"{dict(ctx.secrets)} {ctx.address}"
        case "ask":
            shown = await ctx.services.ask(SERVICE, question())
            said = shown.lines[0].price if shown else "nothing"
        case "other":
            try:
                said = str(await ctx.services.ask("other.v1", question()))
            except PermissionError:
                said = "refused"
        case "type":
            try:
                said = str(await ctx.services.ask(SERVICE, {"a": 1}))
            except TypeError:
                said = "refused"
        case "many":
            several = [ctx.services.ask(SERVICE, question(str(n))) for n in range(40)]
            said = str(sum(one is not None for one in await asyncio.gather(*several)))
        case "after":
            # Goes on when its call is over: nothing it asks then counts.
            async def later():
                await asyncio.sleep(0.1)
                await ctx.services.ask(SERVICE, question("after"))
            globals()["kept"] = asyncio.create_task(later())
            said = "begun"
        case "forged":
            said = str(await forged("other.v1", 1))
        case "stolen":
            said = str(await forged(SERVICE, 999_999))
    return CommandAnswer(lines=(said,))

async def forged(service, step):
    """Ask as a vendor who has read our source: past the facade, within what call it likes."""
    from kundelik_core.plugins.host import protocol, server
    line, number = server._under_way.get()
    waiter = asyncio.get_running_loop().create_future()
    line._waiting[77] = waiter
    body = msgspec.Raw(msgspec.msgpack.encode(question()))
    line._send(protocol.Asked(77, number if step == 1 else step, service, body))
    return msgspec.msgpack.decode(await waiter)

class Plugin:
    @hookimpl
    def commands(self):
        what = Argument(name="what", help="What.")
        return [Command(name="do", help="Do.", run=do, arguments=(what,))]
    @hookimpl
    def webhooks(self):
        return [Webhook(name="bank", handle=message)]
    @hookimpl
    def services(self):
        return [Service(name=SERVICE, handle=offer)]
    @hookimpl
    def products(self):
        return [Product(sku="outward.view", feature="outward.view", title=T)]

plugin = Plugin()
'''
QUESTION = OfferQuestion(feature="outward.view", student_id=UUID(int=7))


class Desk:
    """Stands for the other plugins; notes who asks what, and answers slowly if it is to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, CallContext, Any]] = []
        self.hold: asyncio.Event | None = None
        self.dropped = asyncio.Event()

    async def ask(self, plugin: str, call: CallContext, _name: str, question: Any) -> OfferShown:
        self.asked.append((plugin, call, question))
        try:
            await (self.hold.wait() if self.hold else asyncio.sleep(0.05))
        except asyncio.CancelledError:
            self.dropped.set()
            raise
        return OfferShown(lines=(OfferLine(price="1 500 ₸", period="a month"),))


@pytest.fixture(scope="module")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hosting]:
    site = Site(tmp_path_factory.mktemp("site"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site.folder)
        site.add(NAME, code=CODE, manifest=MANIFEST)
        (found,) = site.find()
        with hosting(tmp_path_factory.mktemp("data"), site, found) as made:
            assert made.load(found).loaded, made.registry.plugins
            here = load_plugins([found], {NAME}).loaded[NAME]
            assert made.registry.loaded[NAME].declared == here.declared
            yield made
            await made.hosted.close()


@pytest.fixture
def desk(host: Hosting) -> Desk:
    made = Desk()
    host.hosted.answer_with(made.ask)
    return made


async def do(host: Hosting, what: str, **more: Any) -> str:
    outcome = await done(host.dispatcher(), what, NAME, **more)
    assert outcome.done, outcome
    line: str = outcome.value.lines[0]
    return line


async def hook(host: Hosting, message: WebhookRequest, **more: Any) -> Outcome:
    ref = HandlerRef(NAME, "webhook", "bank")
    return await host.dispatcher().call(ref, message, {NAME}, call_of("s", **more))


async def test_a_message_gets_there_whole(host: Hosting) -> None:
    body = bytes(range(256)) * 1024
    first = WebhookRequest(body=body, query={"school": ("7",)})
    assert (await hook(host, first, school=None)).value == ForSchool(school_id=7)
    assert (await hook(host, first)).value == WebhookReply(
        text=f"7 {len(body)}", then="outward.work"
    )


async def test_what_it_raises_over_a_message_does_not_quote_it(
    host: Hosting, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = await hook(host, WebhookRequest(body=b"raise", headers={"name": "Aisha"}))
    assert outcome.state is OutcomeState.RAISED
    assert "in message" in caplog.text
    assert "Aisha" not in caplog.text


async def test_it_has_its_secrets_and_nothing_of_the_environment(host: Hosting) -> None:
    said = await do(host, "secrets", secrets={"key": "k"}, address="https://diary.example")
    assert said == "{'key': 'k'} https://diary.example"


async def test_it_asks_and_is_answered(host: Hosting, desk: Desk) -> None:
    assert await do(host, "ask", secrets={"key": "k"}) == "1 500 ₸"
    ((plugin, call, question),) = desk.asked
    assert (plugin, question) == (NAME, QUESTION)
    # The call as the core made it, not as the process says that it was.
    assert call == call_of("s", now=call.now, secrets={"key": "k"})


async def test_it_answers_others(host: Hosting, desk: Desk) -> None:
    ref = HandlerRef(NAME, "service", "checkout.offer.v1")
    outcome = await host.dispatcher().call(ref, QUESTION, {NAME}, call_of("s"))
    assert outcome.value.refusal.startswith("* OfferShown(lines=(OfferLine(")
    assert len(desk.asked) == 1


@pytest.mark.parametrize("what", ["other", "type"])
async def test_what_it_may_not_ask(host: Hosting, desk: Desk, what: str) -> None:
    assert await do(host, what) == "refused"
    assert not desk.asked


async def test_a_forged_question_gets_no_answer(host: Hosting, desk: Desk) -> None:
    assert await do(host, "forged") == "None"
    assert not desk.asked
    outcome = await done(host.dispatcher(), "stolen", NAME)
    assert outcome.failed
    assert not desk.asked
    # The line was cut, and the next call opens another.
    assert await do(host, "ask") == "1 500 ₸"


async def test_too_many_at_once_are_not_answered(host: Hosting, desk: Desk) -> None:
    assert int(await do(host, "many")) == questions.AT_ONCE
    assert len(desk.asked) == questions.AT_ONCE


async def test_nobody_asks_after_the_call(host: Hosting, desk: Desk) -> None:
    assert await do(host, "after") == "begun"
    await asyncio.sleep(0.3)
    assert await do(host, "ask") == "1 500 ₸"
    assert [question.scope for _plugin, _call, question in desk.asked] == ["*"]


async def test_a_question_ends_with_its_call(host: Hosting, desk: Desk) -> None:
    desk.hold = asyncio.Event()
    ref_done = await done(host.dispatcher(budget=0.3), "ask", NAME)
    assert ref_done.state is OutcomeState.LATE
    await asyncio.wait_for(desk.dropped.wait(), 5)
    assert len(desk.asked) == 1


async def test_without_anybody_to_ask_there_is_nothing(host: Hosting) -> None:
    async def nobody(*_asked: object) -> None:
        return None

    host.hosted.answer_with(nobody)
    assert await do(host, "ask") == "nothing"
