"""Two made-up modules: ``till`` takes messages, sells and leads away, ``asker`` asks what it sells.

A message of the till's is JSON with a signature that anybody can make who knows how: the word
``signed`` in a header. It says for which school it is, and what the till is to do with it.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from kundelik_core import sdk
from kundelik_core.plugins.declared import (
    Declared,
    DeclaredJob,
    DeclaredPage,
    DeclaredProvider,
    DeclaredService,
    DeclaredWebhook,
)
from kundelik_core.plugins.registry import Loaded
from kundelik_core.sdk import (
    Away,
    Every,
    ForSchool,
    JsonAnswer,
    OfferLine,
    OfferQuestion,
    OfferShown,
    PageRequest,
    Permission,
    PluginContext,
    Text,
    Vendor,
    WebhookReply,
    WebhookRequest,
)

WORD: Final = Text(kk="Касса", ru="Касса", en="Till")
SERVICE: Final = "checkout.offer.v1"
SECRET: Final = "a child's name, which nobody is to read in a log"

got: list[tuple[int | None, WebhookRequest]] = []
"""What the till was given, with the school of the call."""

asked: list[tuple[PluginContext, OfferQuestion]] = []


async def message(ctx: PluginContext, request: WebhookRequest) -> Any:
    try:
        school = ctx.school.id
    except LookupError:
        school = None
    got.append((school, request))
    if request.headers.get("x-signature") != "signed":
        return WebhookReply(status=400, text="not signed")
    told: dict[str, Any] = json.loads(request.body)
    match told.get("do"):
        case "raise":
            raise RuntimeError(request.body.decode())
        case "raise inside" if school is not None:
            raise RuntimeError(request.body.decode())
        case "odd":
            return {"status": 200}
        case "sleep":
            await asyncio.sleep(30)
        case "teapot":
            return WebhookReply(status=418)
        case "long":
            return WebhookReply(text="x" * 5000)
    if school is None or told.get("do") == "twice":
        return ForSchool(school_id=told["school"])
    return WebhookReply(text="taken", then=told.get("then"))


async def offer(ctx: PluginContext, question: OfferQuestion) -> Any:
    asked.append((ctx, question))
    match question.scope:
        case "raise":
            raise RuntimeError("no")
        case "odd":
            return {"lines": []}
        case "sleep":
            await asyncio.sleep(30)
        case "circle":
            inner = await ctx.services.ask(SERVICE, question)
            return OfferShown(refusal=f"inside: {inner}")
    price = f"{question.feature} {','.join(ctx.actor.permissions if ctx.actor else ())}"
    return OfferShown(lines=(OfferLine(price=price, period="a month"),), address="/x/till/buy")


async def away(_ctx: PluginContext, request: PageRequest) -> Away:
    return Away(url=request.asked("to"))


async def ask(ctx: PluginContext, request: PageRequest) -> JsonAnswer:
    """Ask for an offer, or in a way that nobody may; say what came of it."""
    name = request.asked("name", SERVICE)
    question: Any = OfferQuestion(
        feature="asker.view", student_id=UUID(int=7), scope=request.asked("scope", "*")
    )
    if request.asked("wrong"):
        question = {"feature": "asker.view"}
    try:
        shown = await ctx.services.ask(name, question)
    except (PermissionError, TypeError) as error:
        return JsonAnswer(value={"error": type(error).__name__})
    if shown is None:
        return JsonAnswer(value=None)
    return JsonAnswer(value={"lines": [one.price for one in shown.lines], "refusal": shown.refusal})


async def work(_ctx: PluginContext, _run: sdk.JobRun) -> None:
    """Do nothing: only that it is queued is looked at."""


def _manifest(name: str, kind: sdk.Kind, uses: sdk.Uses, provides: tuple[str, ...]) -> sdk.Manifest:
    vendor = Vendor(name="X", url="https://x.example", support="x", security="x")
    return sdk.Manifest(
        manifest=1, name=name, api=">=0", kind=kind, level="school", title=WORD,
        vendor=vendor, uses=uses, provides=provides,
    )  # fmt: skip


def till(root: Path) -> Loaded:
    uses = sdk.Uses(
        pages=True, permissions=("till.sell",), jobs=("till.work", "till.all"),
        webhooks=("bank",), services=(SERVICE, sdk.PAYMENT_PROVIDER), http_out=("pay.example",),
    )  # fmt: skip
    declared = Declared(
        pages=tuple(
            DeclaredPage(path="away", title=WORD, permission=None, method=method)
            for method in ("GET", "POST")
        ),
        permissions=(Permission(code="till.sell", title=WORD, allows=WORD, roles=("teacher",)),),
        jobs=(_job("till.work"), _job("till.all", per_school=False)),
        webhooks=(DeclaredWebhook(name="bank"),),
        services=(DeclaredService(name=SERVICE),),
    )
    handlers: Mapping[Any, Any] = {
        ("page", "GET away"): away, ("page", "POST away"): away, ("webhook", "bank"): message,
        ("service", SERVICE): offer, ("job", "till.work"): work, ("job", "till.all"): work,
    }  # fmt: skip
    manifest = _manifest("till", "payment", uses, (SERVICE,))
    return Loaded(manifest=manifest, version="1", root=root, declared=declared, handlers=handlers)


def asker(root: Path) -> Loaded:
    uses = sdk.Uses(pages=True, permissions=("asker.look",), services=(SERVICE,))
    declared = Declared(
        pages=(DeclaredPage(path="ask", title=WORD, permission=None, method="GET"),),
        permissions=(Permission(code="asker.look", title=WORD, allows=WORD, roles=("teacher",)),),
    )
    return Loaded(
        manifest=_manifest("asker", "module", uses, ()), version="1", root=root,
        declared=declared, handlers={("page", "GET ask"): ask},
    )  # fmt: skip


def purse(root: Path) -> Loaded:
    """Return a way to pay; nobody asks it anything here."""
    declared = Declared(
        provider=DeclaredProvider(
            title=WORD, terms=sdk.PaymentTerms(takes=(sdk.Taken(currency="KZT"),)),
            can=sdk.PaymentCan(), needs=(),
        )
    )  # fmt: skip
    uses = sdk.Uses(http_out=("purse.example",))
    manifest = _manifest("purse", "payment", uses, (sdk.PAYMENT_PROVIDER,))
    return Loaded(manifest=manifest, version="1", root=root, declared=declared)


def _job(name: str, *, per_school: bool = True) -> DeclaredJob:
    return DeclaredJob(
        name=name, schedule=Every(seconds=60), timeout_s=60, max_tries=3, concurrency=1,
        per_school=per_school,
    )  # fmt: skip
