"""A subject page names the points that the coming work has to bring, by what stands there."""

from typing import Any

from kundelik_core.kernel.ids import new_id
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.integration.gradebook.test_pages import Town, cell, save, town

__all__ = ["town"]


def work(kind: str, most: str, day: str) -> dict[str, Any]:
    return {"id": str(new_id()), "kind": kind, "title": "", "max": most, "date": day}


async def plan(town: Town, spec: dict[str, Any]) -> str:
    answer = await town.teacher.post(f"{town.api}/works", json=spec)
    assert answer.status_code == 200, answer.text
    return str(spec["id"])


async def page(town: Town) -> str:
    group, pupil = town.journal.group, town.journal.pupils[0]
    answer = await town.parent.get(f"/diary/{pupil}/marks/{group}/q2")
    assert answer.status_code == 200
    return answer.text


async def test_the_coming_work_is_reckoned_with_what_stands_in_the_journal(
    factory: Factory, app: Shell, town: Town
) -> None:
    await save(town, cell(town, "8"))
    assert "Впереди: СОЧ<" in await page(town), "none is planned: it is told in percent"
    assert "от 87 %" in await page(town)
    sor = await plan(town, work("sor", "10", "2026-11-10"))
    await save(town, cell(town, "7") | {"column": sor})
    await plan(town, work("soch", "25", "2026-12-22"))
    shown = await page(town)
    assert "Впереди: СОЧ, 22.12" in shown
    for text in ("от 24 из 25", "от 14 из 25", "от 1 из 25"):
        assert text in shown
    teacher = await town.teacher.get(f"/journal/{town.journal.group}/q2")
    assert "Впереди" not in teacher.text


async def test_an_absence_that_counts_as_nothing_is_reckoned_with(
    factory: Factory, app: Shell, town: Town
) -> None:
    await save(town, cell(town, "8"), cell(town, "н", lesson=1))
    assert "Впереди: СОЧ" in await page(town)
