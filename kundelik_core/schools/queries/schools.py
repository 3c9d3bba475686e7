"""Read the schools and regions of the installation, and a school in numbers; no names of people."""

from collections.abc import Collection
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant, reference
from kundelik_core.schools.titles import Title

__all__ = [
    "PAGE",
    "RegionRow",
    "SchoolCounts",
    "SchoolRow",
    "account_ids",
    "counts",
    "list_schools",
    "regions",
    "school_titles",
]

PAGE: Final = 50


class SchoolRow(msgspec.Struct, frozen=True):
    """A school of the installation."""

    id: int
    region: str
    title: Title
    kind: str
    is_demo: bool


class RegionRow(msgspec.Struct, frozen=True):
    """A region, a city or a district as it is called today."""

    code: str
    parent: str | None
    kind: str
    title: Title


class SchoolCounts(msgspec.Struct, array_like=True, frozen=True):
    """A school in numbers."""

    classes: int
    pupils: int
    staff: int
    guardians: int


def _title(row: object) -> Title:
    return Title(kk=row["title_kk"], ru=row["title_ru"], en=row["title_en"])  # type: ignore[index]


async def list_schools(
    within: Collection[str] | None = None, *, first: int = 0
) -> tuple[list[SchoolRow], int]:
    """Return a page of schools, of some regions only when ``within`` is given, and their number."""
    rows = await reference().fetch(
        f"select s.id, s.region, s.title_kk, s.title_ru, s.title_en, s.kind, s.is_demo, "
        f"count(*) over () as total from core.school s "
        f"where $1::text[] is null or s.region = any($1) "
        f"order by s.region, s.id limit {PAGE} offset $2",
        None if within is None else list(within),
        first,
    )
    schools = [SchoolRow(r["id"], r["region"], _title(r), r["kind"], r["is_demo"]) for r in rows]
    return schools, rows[0]["total"] if rows else 0


async def school_titles(ids: Collection[int] | None = None) -> dict[int, dict[str, str]]:
    """Return the names of schools by language, of all or of some."""
    rows = await reference().fetch(
        "select s.id, s.title_kk, s.title_ru, s.title_en from core.school s "
        "where $1::int[] is null or s.id = any($1)",
        None if ids is None else list(ids),
    )
    return {r["id"]: {"kk": r["title_kk"], "ru": r["title_ru"], "en": r["title_en"]} for r in rows}


async def regions(today: date) -> list[RegionRow]:
    """Return the regions of a day, by code."""
    rows = await reference().fetch(
        "select r.code, r.parent, r.kind, r.title_kk, r.title_ru, r.title_en "
        "from core.region r where r.valid_from <= $1 "
        "and (r.valid_to is null or r.valid_to >= $1) order by r.code",
        today,
    )
    return [RegionRow(r["code"], r["parent"], r["kind"], _title(r)) for r in rows]


_COUNTS: Final = """
select json_build_array(
  (select count(*) from core.school_class c where c.school_id = $1 and c.year = $2),
  (select count(distinct cp.pupil_id)
     from core.class_pupil cp
     join core.school_class c on c.school_id = cp.school_id and c.id = cp.class_id
    where cp.school_id = $1 and c.year = $2 and cp.from_date <= $3
      and (cp.to_date is null or cp.to_date >= $3)),
  (select count(distinct m.person_id) from core.membership m
    where m.school_id = $1 and m.role not in ('pupil', 'parent') and m.from_date <= $3
      and (m.to_date is null or m.to_date >= $3)),
  (select count(distinct k.guardian_id) from core.guardianship k
    where k.school_id = $1 and k.from_date <= $3 and (k.to_date is null or k.to_date >= $3))
)::text
"""
_counts: Final = msgspec.json.Decoder(SchoolCounts)


async def counts(tx: Tenant, year: int, today: date) -> SchoolCounts:
    """Return how many classes and people a school has."""
    return _counts.decode(await tx.fetchval(_COUNTS, tx.school_id, year, today))


async def account_ids(tx: Tenant) -> list[UUID]:
    """Return the accounts of everybody in the school, for questions to the directory."""
    rows = await tx.fetch(
        "select p.account_id from core.person p where p.school_id = $1 and p.status = 'active' "
        "and p.account_id is not null",
        tx.school_id,
    )
    return [row["account_id"] for row in rows]
