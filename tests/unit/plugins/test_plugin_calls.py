"""Every kind of handler through the one interface: allowed, in time, of the right type, or not."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import msgspec
import pytest

from kundelik_core.plugins.breaker import MIN_FAILURES, LocalBoard
from kundelik_core.plugins.context import CallContext, call_for
from kundelik_core.plugins.declared import HandlerKind, HandlerRef
from kundelik_core.plugins.dispatch import BUDGETS, Dispatcher
from kundelik_core.plugins.outcome import Outcome, OutcomeState
from kundelik_core.plugins.registry import Registry
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner, answer_type, payload_type, plain_answer
from kundelik_core.sdk import (
    Actor,
    ClassPage,
    CommandAnswer,
    CommandRequest,
    DemoRequest,
    Erased,
    Erasure,
    Event,
    Health,
    Html,
    JobRun,
    JsonAnswer,
    MarkRecorded,
    PageRequest,
    PluginTx,
    Record,
    Redirect,
    School,
    Subject,
    Text,
)
from tests.unit.plugins.dists import Site
from tests.unit.plugins.whole import add

ON = frozenset({"whole"})
ID = UUID(int=5)
AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
TEACHER = Actor(person_id=ID, roles=("teacher",))
SUBJECT = Subject(kind="student", id=ID)
EVENT = Event(
    id=ID,
    type="mark.recorded.v1",
    school_id=7,
    occurred_at=AT,
    actor_id=None,
    data=MarkRecorded(student_id=ID, group_id=ID, work_id=ID),
)


def ref(kind: HandlerKind, name: str) -> HandlerRef:
    return HandlerRef("whole", kind, name)


def call(actor: Actor | None = TEACHER) -> CallContext:
    return call_for(School(id=7, name="№ 7", zone="Asia/Almaty"), "en", actor, "r1")


def dispatcher(registry: Registry, **rest: object) -> Dispatcher:
    runner = LocalRunner(registry)
    return Dispatcher(registry, runner, JinjaRenderer(registry), **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("where", "payload", "value"),
    [
        (("page", "GET "), PageRequest(query={"q": ("a", "b")}),
         Html(template="show.html", context={"text": "a"})),
        (("page", "GET of/{id:uuid}/{n:int}"), PageRequest(params={"n": "1"}),
         JsonAnswer(value={"params": {"n": "1"}, "may": True})),
        (("page", "POST "), PageRequest(), Redirect(to="")),
        (("event", "mark.recorded.v1"), EVENT, None),
        (("job", "whole.tidy"), JobRun(due_at=AT), None),
        (("command", "recount"), CommandRequest(arguments={"class": "5А"}),
         CommandAnswer(lines=("5А", "№ 7"))),
        (("lifecycle", "on_enable"), None, None),
        (("lifecycle", "health"), None, Health(ok=True, note="fine")),
        (("privacy", "export"), SUBJECT,
         (Record(title=Text(kk="к", ru="р", en="e"), values={"id": str(ID)}),)),
        (("privacy", "erase"), Erasure(subject=SUBJECT, mode="erase"), Erased(rows=1)),
        (("demo", "fill"), DemoRequest(size="small", seed=1), None),
    ],
)  # fmt: skip
async def test_each_kind_of_handler_answers(
    site: Site, where: tuple[HandlerKind, str], payload: object, value: object
) -> None:
    add(site)
    outcome = await dispatcher(site.load()).call(ref(*where), payload, ON, call())
    assert outcome == Outcome(ref=ref(*where), state=OutcomeState.DONE, value=value)
    assert outcome.done
    # What went in is of the type that a process of its own would decode it to.
    wanted = payload_type(ref(*where))
    if payload is None:
        assert wanted is None
    else:
        raw = msgspec.msgpack.encode(payload)
        assert msgspec.msgpack.decode(raw, type=wanted) == payload


async def test_what_is_off_is_not_called(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    add(site)
    there = dispatcher(site.load())
    outcome = await there.call(ref("lifecycle", "on_disable"), None, frozenset(), call())
    assert outcome.state is OutcomeState.OFF
    gone = HandlerRef("gone", "lifecycle", "on_disable")
    assert (await there.call(gone, None, {"gone"}, call())).state is OutcomeState.OFF
    assert not outcome.failed
    assert not caplog.records


@pytest.mark.parametrize("kind", [kind for kind in get_args(HandlerKind) if kind != "slot"])
async def test_one_allow_list_is_asked_for_every_channel(site: Site, kind: HandlerKind) -> None:
    """Whatever a plugin is called for: where it is off, the runner is not even reached."""
    add(site)
    registry = site.load()

    class Unreached:
        async def call(self, *_args: object) -> object:
            raise AssertionError("it is off")

    there = Dispatcher(registry, Unreached(), JinjaRenderer(registry))
    for name in ("", "on_enable", "export", "fill", "GET ", "mark.recorded.v1"):
        outcome = await there.call(ref(kind, name), None, frozenset({"other"}), call())
        assert outcome.state is OutcomeState.OFF
    assert await there.render_slot("class.page", ClassPage(class_id=ID), {"other"}, call()) == []


async def test_what_raises_is_told_once_and_costs_nobody_else(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    add(site)
    with caplog.at_level(logging.WARNING, "kundelik_core.plugins"):
        outcome = await dispatcher(site.load()).call(
            ref("lifecycle", "on_disable"), None, ON, call()
        )
    assert outcome.state is OutcomeState.RAISED
    assert outcome.failed
    assert isinstance(outcome.error, RuntimeError)
    (record,) = caplog.records
    assert record.getMessage() == (
        "plugin whole failed in lifecycle on_disable of school 7: RuntimeError [r1]"
    )


@pytest.mark.parametrize(
    "error", ["SystemExit(3)", "KeyboardInterrupt()", "asyncio.CancelledError()"]
)
async def test_nothing_that_is_raised_gets_out(site: Site, error: str) -> None:
    add(site, 'raise RuntimeError("no")', f"import asyncio; raise {error}")
    outcome = await dispatcher(site.load()).call(ref("lifecycle", "on_disable"), None, ON, call())
    assert outcome.state is OutcomeState.RAISED


@pytest.mark.parametrize(
    ("old", "new", "where", "payload"),
    [
        ('Redirect(to="")', '"/list"', ("page", "POST "), PageRequest()),
        ('Redirect(to="")', "None", ("page", "POST "), PageRequest()),
        ('Redirect(to="")', "Redirect(to=7)", ("page", "POST "), PageRequest()),
        ('Redirect(to="")', "JsonAnswer(value=object())", ("page", "POST "), PageRequest()),
        ('Redirect(to="")', "JsonAnswer(value=2 ** 70)", ("page", "POST "), PageRequest()),
        ("Erased(rows=1 ", "Erased(rows='1' ", ("privacy", "erase"),
         Erasure(subject=SUBJECT, mode="erase")),
        ("[Record(title=T", "[Record(title='T'", ("privacy", "export"), SUBJECT),
        ("return [Record", "return 5 or [Record", ("privacy", "export"), SUBJECT),
        ('ctx.log.info("told of %s", event.type)', "return 5",
         ("event", "mark.recorded.v1"), EVENT),
    ],
)  # fmt: skip
async def test_an_answer_of_another_type_is_a_misfit(
    site: Site, old: str, new: str, where: tuple[HandlerKind, str], payload: object
) -> None:
    add(site, old, new)
    outcome = await dispatcher(site.load()).call(ref(*where), payload, ON, call())
    assert outcome.state is OutcomeState.MISFIT, outcome


async def test_what_is_late_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    add(site, 'return Redirect(to="")', "import asyncio; await asyncio.sleep(5)")
    there = dispatcher(site.load())
    monkeypatch.setattr(there, "budget", lambda _ref: 0.02)
    outcome = await there.call(ref("page", "POST "), PageRequest(), ON, call())
    assert outcome.state is OutcomeState.LATE
    await asyncio.sleep(0)


def test_each_kind_has_its_time(site: Site) -> None:
    add(site)
    there = dispatcher(site.load())
    assert there.budget(ref("page", "GET ")) == 10
    assert there.budget(ref("event", "student.left.v1")) == 5
    assert there.budget(ref("event", "mark.removed.v1")) == BUDGETS["event"]
    assert there.budget(ref("job", "whole.tidy")) == 60
    assert there.budget(ref("lifecycle", "health")) < there.budget(ref("lifecycle", "on_enable"))


async def test_a_plugin_that_keeps_failing_is_left_alone(site: Site) -> None:
    add(site)
    board = LocalBoard()
    there = dispatcher(site.load(), board=board, report=lambda _outcome, _call: None)
    states = [
        (await there.call(ref("lifecycle", "on_disable"), None, ON, call())).state
        for _ in range(MIN_FAILURES + 2)
    ]
    assert states[:MIN_FAILURES] == [OutcomeState.RAISED] * MIN_FAILURES
    assert states[MIN_FAILURES:] == [OutcomeState.TRIPPED] * 2
    # Its places on pages stay empty too, without a call.
    page = ClassPage(class_id=ID)
    assert await there.render_slot("class.page", page, ON, call()) == []


async def test_a_slot_with_a_permission_is_for_those_who_have_it(site: Site) -> None:
    add(site)
    there = dispatcher(site.load())
    page = ClassPage(class_id=ID)
    seen = [
        [str(one.html) for one in await there.render_slot("class.page", page, ON, call(actor))]
        for actor in (TEACHER, Actor(person_id=ID, roles=("director",)), None)
    ]
    assert seen == [["<b>7</b>"], [], []]


async def test_each_plugin_gets_its_own_settings_and_key(site: Site) -> None:
    add(site)

    def equip(plugin: str, call: CallContext) -> CallContext:
        return msgspec.structs.replace(call, settings={"days": 9, "gone": 1}, db_token=plugin)

    there = dispatcher(site.load(), equip=equip)
    (shown,) = await there.render_slot("class.page", ClassPage(class_id=ID), ON, call())
    assert str(shown.html) == "<b>9</b>"


def test_a_page_is_rendered_for_the_frame(site: Site) -> None:
    add(site)
    there = dispatcher(site.load())
    page = Html(template="show.html", context={"text": "<i>"})
    outcome = there.render_page(ref("page", "GET "), page, call())
    assert str(outcome.value) == "<b>&lt;i&gt;</b>"
    lost = Html(template="../kundelik.toml")
    assert there.render_page(ref("page", "GET "), lost, call()).state is OutcomeState.MISFIT


async def test_a_template_knows_its_own_addresses(site: Site) -> None:
    site.add("aaa", template='<a href="{{ url("list?q=1&x=2") }}">x</a>')
    there = dispatcher(site.load())
    (shown,) = await there.render_slot("class.page", ClassPage(class_id=ID), {"aaa"}, call())
    assert str(shown.html) == '<a href="/x/aaa/list?q=1&amp;x=2">x</a>'


def test_the_context_says_what_there_is_not(site: Site) -> None:
    from kundelik_core.plugins.context import Facades

    bare = Facades("whole", call_for(None, "kk"))
    with pytest.raises(LookupError, match="whole installation"):
        _ = bare.school
    assert (bare.actor, bare.settings) == (None, None)
    assert bare.clock.today() == bare.clock.now().date()
    with pytest.raises(LookupError, match="no database in this call"):
        bare.db.read()
    assert bare.request_id


async def test_the_database_is_opened_with_the_key_of_the_call(site: Site) -> None:
    from kundelik_core.plugins.context import Facades

    asked: list[tuple[str, str, bool]] = []

    class Pool:
        def __init__(self, plugin: str) -> None:
            self.plugin = plugin

        def transaction(
            self, token: str, *, write: bool = False
        ) -> AbstractAsyncContextManager[PluginTx]:
            asked.append((self.plugin, token, write))

            @asynccontextmanager
            async def opened() -> AsyncIterator[PluginTx]:
                yield None  # type: ignore[misc]  # nothing is asked of it here

            return opened()

    given = msgspec.structs.replace(call(), db_token="key")
    ctx = Facades("whole", given, pool_for=Pool)
    async with ctx.db.read():
        pass
    async with ctx.db.write():
        pass
    assert asked == [("whole", "key", False), ("whole", "key", True)]


def test_the_log_names_plugin_school_and_request(caplog: pytest.LogCaptureFixture) -> None:
    from kundelik_core.plugins.context import Facades

    with caplog.at_level(logging.INFO, "kundelik.plugin.whole"):
        Facades("whole", call()).log.info("100 %% of %s", "it")
    (record,) = caplog.records
    assert record.getMessage() == "100 % of it [school 7, r1]"
    assert record.name == "kundelik.plugin.whole"


def test_an_answer_goes_there_and_back() -> None:
    slot = ref("slot", "class.page")
    with pytest.raises(TypeError, match="returned str, not"):
        plain_answer(slot, "text")
    assert plain_answer(slot, None) is None
    assert answer_type(ref("event", "mark.recorded.v1")) is None
