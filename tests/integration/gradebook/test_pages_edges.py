"""Whose page it is and what day it was, through the door that browsers use."""

import re
from datetime import UTC, datetime

import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.ids import new_id
from tests.integration.gradebook.test_pages import Town, cell, save
from tests.integration.gradebook.test_pages import town as town  # noqa: PLC0414 - the fixture

pytestmark = pytest.mark.usefixtures("at_school")


async def test_a_page_of_another_account_writes_nothing(town: Town) -> None:
    body = {"changes": [cell(town, "8")], "period": "q2"}
    other = {"Kundelik-Account": str(new_id())}
    answer = await town.teacher.post(f"{town.api}/cells", json=body, headers=other)
    assert (answer.status_code, answer.json()["code"]) == (401, "other-account")
    answer = await town.teacher.get(f"{town.api}/q2/changes?since=0", headers=other)
    assert answer.status_code == 401
    page = await town.teacher.get(f"/journal/{town.journal.group}")
    (account,) = re.findall(r'data-account="([^"]+)"', page.text)
    mine = {"Kundelik-Account": account}
    answer = await town.teacher.post(f"{town.api}/cells", json=body, headers=mine)
    assert answer.json()["results"][0]["state"] == "saved"
    assert answer.json()["beside"] == []


async def test_the_day_of_the_last_look_is_the_schools_own(town: Town) -> None:
    address = f"/diary/{town.journal.pupils[0]}"
    # Half past one in the night of Wednesday in Almaty, still Tuesday in UTC.
    with set_now(datetime(2026, 11, 3, 20, 30, tzinfo=UTC)):
        assert (await town.parent.post(f"{address}/2026-W45/seen")).status_code == 303
    await save(town, cell(town, "8"))
    page = await town.parent.get(address)
    (note,) = re.findall(r'class="since note">(.*?)</summary>', page.text, re.DOTALL)
    assert "сред" in note.lower()
