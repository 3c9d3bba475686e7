"""Load the regions into the tenant database; by deployment, never by a request."""

from datetime import date
from typing import Final

import msgspec

from kundelik_core.kernel.wire import Connection
from kundelik_core.schools.regions import all_regions, country

__all__ = ["fingerprint", "load"]

# Before this day we keep no records, so a region without a first day holds from here.
FIRST_DAY: Final = date(2000, 1, 1)

_UPSERT: Final = """
insert into core.region
  (code, valid_from, valid_to, parent, kind, title_kk, title_ru, title_en)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (code, valid_from) do update
   set valid_to = excluded.valid_to, parent = excluded.parent, kind = excluded.kind,
       title_kk = excluded.title_kk, title_ru = excluded.title_ru, title_en = excluded.title_en
"""


async def load(conn: Connection) -> None:
    """Write the regions as the data file has them; what is there already is brought up to date."""
    root = country()
    for region in (root, *all_regions()):
        kind = "country" if region is root else "city" if region.city else "region"
        await conn.execute(
            _UPSERT,
            region.code,
            region.begins or FIRST_DAY,
            region.ends,
            None if region is root else root.code,
            kind,
            region.title.kk,
            region.title.ru,
            region.title.en,
        )


def fingerprint() -> bytes:
    """Return what a prepared database must have been made with."""
    return msgspec.json.encode((country(), all_regions()))
