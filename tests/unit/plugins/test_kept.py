"""Who is asked what it keeps about somebody, and what comes of it when one of them fails."""

from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from typing_extensions import override

from kundelik_core.plugins.context import CallContext, call_for
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.kept import Kept, ask_what_is_kept, keepers, out_of_reach
from kundelik_core.plugins.registry import Registry
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner
from kundelik_core.plugins.states import Found, Reason, State
from kundelik_core.sdk import School, Subject
from tests.unit.plugins.dists import Site
from tests.unit.plugins.whole import add

SUBJECTS = [Subject(kind=kind, id=UUID(int=5)) for kind in ("staff", "student")]


def call() -> CallContext:
    return call_for(School(id=7, name="№ 7", zone="Asia/Almaty"), "en")


class Broken(LocalRunner):
    """Fails for one kind of person."""

    @override
    async def call(self, ref: HandlerRef, call: CallContext, payload: object) -> object:
        if isinstance(payload, Subject) and payload.kind == "staff":
            raise RuntimeError("no luck")
        return await super().call(ref, call, payload)


def dispatcher(registry: Registry, runner: LocalRunner) -> Dispatcher:
    return Dispatcher(registry, runner, JinjaRenderer(registry))


def test_only_who_was_ever_on_is_asked(site: Site) -> None:
    add(site)
    registry = site.load()
    assert keepers(registry, {"whole"}) == ("whole",)
    assert keepers(registry, {"other"}) == ()
    assert out_of_reach(registry, {"whole"}) == ()


async def test_one_person_is_asked_about_in_every_part_that_is_kept(site: Site) -> None:
    also = 'PersonalField(table="praise", column="author_id", subject="staff", purpose=T, '
    field = "return [PersonalField("
    add(site, field, f'return [{also}ground="law"), PersonalField(')
    registry = site.load()
    there = dispatcher(registry, LocalRunner(registry))
    (kept,) = await ask_what_is_kept(registry, there, ("whole",), SUBJECTS, call())
    assert (kept.plugin, len(kept.records), kept.whole) == ("whole", 2, True)
    assert await ask_what_is_kept(registry, there, (), SUBJECTS, call()) == []
    # What fails is told of, and takes nothing from the rest.
    there = dispatcher(registry, Broken(registry))
    (kept,) = await ask_what_is_kept(registry, there, ("whole",), SUBJECTS, call())
    assert (kept.plugin, len(kept.records), kept.whole) == ("whole", 1, False)


async def test_nobody_is_asked_about_what_it_does_not_keep(site: Site) -> None:
    add(site)  # about pupils only
    registry = site.load()
    there = dispatcher(registry, Broken(registry))
    (kept,) = await ask_what_is_kept(registry, there, ("whole",), SUBJECTS, call())
    assert (len(kept.records), kept.whole) == (1, True)
    found = await ask_what_is_kept(registry, there, ("whole",), SUBJECTS[:1], call())
    assert found == [Kept(plugin="whole", records=(), whole=True)]


@pytest.mark.parametrize(
    ("state", "personal", "level", "reason", "ever_on", "told"),
    [
        (State.QUARANTINED, True, "school", True, True, True),
        (State.QUARANTINED, True, "school", True, False, False),
        (State.QUARANTINED, False, "school", True, True, False),
        (State.ERASED, True, "school", True, True, False),
        (State.RETAINED, None, "school", False, True, True),
        (State.RETAINED, None, "school", False, False, False),
        (State.FOUND, True, "platform", False, False, False),
        (State.FOUND, True, "platform", True, False, True),
    ],
)
def test_who_cannot_be_asked_is_named_while_its_data_may_be_there(
    site: Site, state: State, personal: bool | None, level: str, reason: bool, ever_on: bool,
    told: bool,
) -> None:  # fmt: skip
    add(site)
    manifest = site.load().loaded["whole"].manifest
    data = msgspec.structs.replace(manifest.data, personal=bool(personal))
    one = Found(
        name="whole", version="1", dist="whole", entry_point="whole", root=Path(),
        state=state, reason=Reason("x", "x") if reason else None,
        manifest=None if personal is None
        else msgspec.structs.replace(manifest, data=data, level=level),
    )  # fmt: skip
    found = out_of_reach(Registry(plugins=(one,)), {"whole"} if ever_on else set())
    assert found == ((one,) if told else ())
