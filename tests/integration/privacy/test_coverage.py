"""No column that may name a person is forgotten by the copy that people may take along."""

import asyncpg

from kundelik_core.kernel.boot import Urls
from kundelik_core.privacy.sections import LEFT_OUT, SECTIONS

# Columns of ids that lead to a row of another kind by a foreign key are no people; the rest may be.
SUSPECTS = """
select c.relname || '.' || a.attname as name
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relnamespace = 'core'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
   and a.atttypid = 'uuid'::regtype
   and exists (select from pg_attribute s where s.attrelid = c.oid and s.attname = 'school_id')
   and (a.attname <> 'id' or c.relname = 'person')
   and not exists (
     select from pg_constraint k
      where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any (k.conkey)
        and k.confrelid <> 'core.person'::regclass)
"""


async def test_every_column_that_may_name_a_person_is_given_or_left_out_for_a_reason(
    urls: Urls,
) -> None:
    conn = await asyncpg.connect(urls.migrate_tenant)
    try:
        suspects = {row["name"] for row in await conn.fetch(SUSPECTS)}
    finally:
        await conn.close()
    assert {"mark.pupil_id", "person.id", "guardianship.guardian_id"} <= suspects
    covered = {column for section in SECTIONS for column in section.covers}
    assert not covered & LEFT_OUT.keys()
    told = covered | LEFT_OUT.keys()
    advice = "give it in privacy/sections_*.py, or put it into LEFT_OUT with the reason"
    assert sorted(suspects - told) == [], advice
    assert sorted(told - suspects) == [], "there is no such column any more"
    assert all(len(reason) > 10 for reason in LEFT_OUT.values())


async def test_each_column_is_found_by_the_statement_that_claims_it() -> None:
    for section in SECTIONS:
        for column in section.covers:
            table, _, name = column.partition(".")
            assert f"core.{table} " in section.sql, column
            assert f".{name} = $2" in section.sql or f".{name} = h" in section.sql, column
