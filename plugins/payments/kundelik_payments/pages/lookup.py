"""Find orders by people, and read what the people and subjects on them are called."""

from collections.abc import Collection
from datetime import date
from typing import Final
from uuid import UUID

from kundelik_core.sdk import PluginTx

__all__ = ["MOST", "by_hand", "by_name", "counts", "payers", "pupils", "subjects"]

MOST: Final = 50
"""How many orders stand on one page."""


async def by_name(tx: PluginTx, search: str) -> list[UUID]:
    """Return orders by how a surname begins, of the payer or of a pupil; the latest first."""
    plain = search.strip().lower()
    for sign in ("\\", "%", "_"):
        plain = plain.replace(sign, f"\\{sign}")
    rows = await tx.fetch(
        """
        select p.id from purchase p
         where p.payer_id in (select g.guardian_id from core_api.guardian_v1 g
                               where lower(g.family_name) like $1)
            or exists (select 1 from jsonb_array_elements(p.lines) l
                         join core_api.student_v1 s on s.student_id = (l ->> 'student')::uuid
                        where lower(s.family_name) like $1)
         order by p.placed_at desc, p.id limit $2
        """,
        f"{plain}%",
        MOST,
    )
    return [row["id"] for row in rows]


async def by_hand(tx: PluginTx, *ways: str) -> list[UUID]:
    """Return orders of which money has to be transferred back by a person, the oldest first."""
    rows = await tx.fetch(
        "select r.purchase_id from refund r join payment y on y.purchase_id = r.purchase_id "
        "and y.number = r.payment where r.state = 'transit' and y.provider = any($1::text[]) "
        "group by 1 order by min(r.created_at) limit $2",
        list(ways),
        MOST,
    )
    return [row["purchase_id"] for row in rows]


async def counts(tx: PluginTx) -> dict[str, int]:
    """Return how many orders there are in each state."""
    rows = await tx.fetch("select state, count(*) as many from purchase group by state")
    return {row["state"]: row["many"] for row in rows}


async def pupils(tx: PluginTx, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return what pupils are called, in the order of a class register."""
    if not ids:
        return {}
    rows = await tx.fetch(
        "select student_id, family_name, given_name from core_api.student_v1 "
        "where student_id = any($1::uuid[]) order by sort_key",
        list(ids),
    )
    return {row["student_id"]: f"{row['family_name']} {row['given_name']}" for row in rows}


async def payers(tx: PluginTx, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return what those are called who pay: guardians, or somebody of the school."""
    if not ids:
        return {}
    rows = await tx.fetch(
        "select guardian_id as id, family_name, given_name from core_api.guardian_v1 "
        "where guardian_id = any($1::uuid[]) union "
        "select staff_id, family_name, given_name from core_api.staff_v1 "
        "where staff_id = any($1::uuid[])",
        list(ids),
    )
    return {row["id"]: f"{row['family_name']} {row['given_name']}" for row in rows}


async def subjects(
    tx: PluginTx, students: Collection[UUID], today: date, locale: str
) -> dict[UUID, dict[str, str]]:
    """Return the subjects that pupils have now, by their codes, in the reader's language."""
    rows = await tx.fetch(
        """
        select distinct e.student_id, g.subject_code, g.subject_kk, g.subject_ru, g.subject_en
          from core_api.enrolment_v1 e
          join core_api.group_v1 g on g.group_id = e.group_id
         where e.kind = 'group' and e.student_id = any($1::uuid[]) and g.subject_code is not null
           and e.begin_date <= $2 and (e.end_date is null or e.end_date >= $2)
        """,
        list(students),
        today,
    )
    found: dict[UUID, dict[str, str]] = {one: {} for one in students}
    for row in sorted(rows, key=lambda one: str(one[f"subject_{locale}"]).casefold()):
        found[row["student_id"]][row["subject_code"]] = str(row[f"subject_{locale}"])
    return found
