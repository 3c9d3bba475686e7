"""What a school switches on is on for that school alone, and the table remembers who did it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.actions import disable_plugin, enable_plugin
from kundelik_core.plugins.queries import Turn, enabled_plugins, plugin_history
from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.sdk import Level, Manifest, Text, Vendor

DAY = datetime(2026, 11, 24, 8, tzinfo=UTC)
BY, LATER_BY = new_id(), new_id()


def running(name: str, level: Level = "school", requires: tuple[str, ...] = ()) -> Loaded:
    manifest = Manifest(
        manifest=1,
        name=name,
        api=">=0",
        kind="module",
        level=level,
        title=Text(kk="t", ru="t", en="t"),
        vendor=Vendor(name="v", url="https://v.example", support="s", security="s"),
        requires=requires,
    )
    return Loaded(manifest=manifest, version="1.0", root=Path())


REGISTRY = Registry(
    (),
    {
        "money": running("money", "platform"),
        "birthdays": running("birthdays", requires=("money",)),
        "parties": running("parties", requires=("birthdays",)),
        "person": running("person", "user"),
    },
)


async def on(school_id: int) -> frozenset[str]:
    async with tenant(school_id) as tx:
        return await enabled_plugins(tx)


async def enable(school_id: int, plugin: str) -> bool:
    async with tenant(school_id, write=True) as tx:
        return await enable_plugin(tx, REGISTRY, plugin, BY)


async def disable(school_id: int, plugin: str) -> bool:
    async with tenant(school_id, write=True) as tx:
        return await disable_plugin(tx, plugin, LATER_BY)


async def test_on_and_off_again_for_one_school(databases: Databases) -> None:
    ours, theirs = 900_001, 900_002
    assert await on(ours) == frozenset()
    assert await enable(ours, "birthdays")
    assert not await enable(ours, "birthdays")
    assert await on(ours) == {"birthdays"}
    assert await on(theirs) == frozenset()
    assert not await disable(theirs, "birthdays")
    assert await disable(ours, "birthdays")
    assert not await disable(ours, "birthdays")
    assert await on(ours) == frozenset()


async def test_the_history_keeps_every_turn_with_its_author(databases: Databases) -> None:
    school = 900_003
    for hour, turn in enumerate((enable, disable, enable)):
        with set_now(DAY + timedelta(hours=hour)):
            assert await turn(school, "birthdays")
    async with tenant(school) as tx:
        assert await plugin_history(tx) == [
            Turn("birthdays", DAY + timedelta(hours=2), BY, None, None),
            Turn("birthdays", DAY, BY, DAY + timedelta(hours=1), LATER_BY),
        ]
    async with tenant(900_007) as tx:
        assert await plugin_history(tx) == []


@pytest.mark.parametrize("plugin", ["unknown", "money"])
async def test_what_a_school_cannot_switch_on(databases: Databases, plugin: str) -> None:
    with pytest.raises(Problem) as caught:
        await enable(900_004, plugin)
    assert (caught.value.code, caught.value.status) == ("plugin_unknown", 404)
    assert await on(900_004) == frozenset()


async def test_what_it_requires_comes_first(databases: Databases) -> None:
    school = 900_005
    with pytest.raises(Problem) as caught:
        await enable(school, "parties")
    assert caught.value.code == "plugin_requires"
    assert caught.value.params == {"plugins": "birthdays"}
    assert await enable(school, "birthdays")
    assert await enable(school, "parties")
