"""A handler's wishes are fulfilled before its answer goes on, and never at its cost."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from kundelik_core.entitlements.catalogue.model import Price
from kundelik_core.entitlements.queries import grants_of
from kundelik_core.kernel.db import tenant
from kundelik_core.plugins.context import CallContext, Facades, call_for
from kundelik_core.plugins.declared import HandlerKind, HandlerRef
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.outcome import OutcomeState
from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.plugins.wishes import settle_after_call
from kundelik_core.sdk import Bought, JobRun, School, WebhookReply
from tests.integration.entitlements.desk import Family
from tests.integration.wishes.conftest import Asker, price_id


class Till:
    """Calls one handler of the plugin, in this process."""

    def __init__(
        self, asker: Asker, wish: Bought, *, fails: bool = False, answer: object = None
    ) -> None:
        self._asker, self._wish, self._fails, self._answer = asker, wish, fails, answer

    async def call(self, ref: HandlerRef, call: CallContext, _payload: object) -> object:
        ctx = Facades(
            ref.plugin, call, pool_for=lambda _name: self._asker.half.pool,
            manifest=self._asker.manifest,
        )  # fmt: skip
        async with ctx.db.write() as tx:
            await ctx.wishes.ask(tx, self._wish)
        if self._fails:
            raise RuntimeError("after it was saved")
        return self._answer


class NoPages:
    """There are no pages here."""

    def pieces(self, *_rest: object) -> Any:
        return iter(())

    def steady(self) -> bool:
        return True


def dispatcher(asker: Asker, till: Till) -> Dispatcher:
    one = Loaded(manifest=asker.manifest, version="1", root=Path())
    return Dispatcher(
        Registry(loaded={asker.name: one}), till, NoPages(),
        equip=lambda _plugin, call: msgspec.structs.replace(
            call, db_token=asker.half.token(call.school_id or 0)
        ),
        settle=settle_after_call,
    )  # fmt: skip


async def call(asker: Asker, till: Till, school: int, kind: HandlerKind = "job") -> OutcomeState:
    place = School(id=school, name="x", zone="Asia/Almaty")
    made = await dispatcher(asker, till).call(
        HandlerRef(asker.name, kind, f"{asker.name}.work"),
        JobRun(due_at=call_for(None, "kk").now),
        {asker.name},
        call_for(place, "kk"),
    )
    return made.state


@pytest.fixture
async def wish(family: Family, month: Price) -> Bought:
    return Bought(
        ref="c:1", price_id=price_id(month), amount_minor=100_000, student_id=family.pupil,
        holder_id=family.mother,
    )  # fmt: skip


async def _granted(family: Family) -> int:
    async with tenant(family.school) as tx:
        return len(await grants_of(tx, [family.pupil]))


async def test_it_is_there_when_the_answer_is(till: Asker, family: Family, wish: Bought) -> None:
    assert await call(till, Till(till, wish), family.school) is OutcomeState.DONE
    assert await _granted(family) == 1


async def test_what_a_handler_saved_counts_though_it_failed_later(
    till: Asker, family: Family, wish: Bought
) -> None:
    assert await call(till, Till(till, wish, fails=True), family.school) is OutcomeState.RAISED
    assert await _granted(family) == 1


async def test_a_service_is_not_kept_waiting(till: Asker, family: Family, wish: Bought) -> None:
    await call(till, Till(till, wish), family.school, "service")
    assert await _granted(family) == 0
    assert (await till.states(family.school))[0][1] == "pending"


async def test_a_sender_whose_message_a_job_works_off_is_not_kept_waiting(
    till: Asker, family: Family, wish: Bought
) -> None:
    later = Till(till, wish, answer=WebhookReply(then=f"{till.name}.work"))
    assert await call(till, later, family.school, "webhook") is OutcomeState.DONE
    assert await _granted(family) == 0
    # The job does it, as would a message that no job follows.
    at_once = Till(till, wish, answer=WebhookReply())
    assert await call(till, at_once, family.school, "webhook") is OutcomeState.DONE
    assert await _granted(family) == 1


async def test_trouble_with_a_wish_is_not_the_handler_s(
    till: Asker, family: Family, wish: Bought, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kundelik_core.plugins import wishes

    async def broken(*_rest: object) -> None:
        raise OSError("no database")

    monkeypatch.setattr(wishes, "settle", broken)
    assert await call(till, Till(till, wish), family.school) is OutcomeState.DONE
    assert await _granted(family) == 0
