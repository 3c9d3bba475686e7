"""An operator grants a service by hand, sees it in the list, and takes it back."""

import json
from typing import Any

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases, tenant
from tests.commands import kundelik
from tests.factories import Factory


async def test_an_operator_grants_lists_and_revokes(
    urls: Urls, databases: Databases, factory: Factory
) -> None:
    school = await factory.school()
    pupil = await factory.person(school, "Жұмабаев", "Нұрлан", role="pupil")
    await factory.account(f"nurlan.{pupil.hex[-8:]}", memberships=[(school, pupil, "pupil")])
    args = (str(school), "rating.view", f"nurlan.{pupil.hex[-8:]}", "--until", "2090-05-25")
    code, out, err = await kundelik(urls, "school", "grant", *args, "--ref", "2026-17", "--json")
    assert (code, err) == (0, "")
    made: dict[str, Any] = json.loads(out)
    assert made["pupil_id"] == str(pupil)
    # The last day is over at the school's midnight.
    assert made["valid_until"] == "2090-05-25T19:00:00Z"
    assert (
        json.loads(
            (await kundelik(urls, "school", "grant", *args, "--ref", "2026-17", "--json"))[1]
        )
        == made
    )
    code, out, _ = await kundelik(
        urls, "school", "revoke", str(school), made["id"], "--reason", "қате"
    )
    assert (code, out) == (0, "Revoked.\n")
    code, out, _ = await kundelik(urls, "school", "grants", str(school), str(pupil))
    assert code == 0
    assert f"{made['id']}  rating.view for pupil {pupil}, until 2090-05-25" in out
    assert "revoked" in out
    async with tenant(school) as tx:
        reason = await tx.fetchval(
            "select e.revoke_reason from core.entitlement e where e.school_id = $1 and e.id = $2",
            school, made["id"],
        )  # fmt: skip
    assert reason == "қате"


async def test_a_slip_is_told_in_one_line(
    urls: Urls, databases: Databases, factory: Factory
) -> None:
    school = await factory.school()
    code, _, err = await kundelik(urls, "school", "grant", str(school), "rating.view")
    assert code == 2
    assert "--all-pupils" in err
    code, out, _ = await kundelik(
        urls, "school", "grant", str(school), "rating.view", "--all-pupils"
    )
    assert code == 0
    assert "for the whole school, without an end" in out
