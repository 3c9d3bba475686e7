"""Good statements pass, bad ones are named; else the lint of the whole suite proves nothing."""

import pytest

from tests.lints.sql_lint import lint

TABLES = {
    *("core.person", "core.class", "core.subject", "core.lesson", "core.mark", "core.homework"),
    "plugin_rating.score",
}

GOOD = [
    "select 1",
    "select * from core.school",
    "select * from core.mark where school_id = $1 and id = $2",
    "select * from mark where school_id = 7 and id = $2",
    'select "core"."mark"."id" from "core"."mark" where "core"."mark"."school_id" = $1',
    "select * from core.mark m where $1::int = m.school_id",
    "select * from core.mark where (school_id, id) = ($1, $2)",
    (
        "select m.id, l.date from core.mark m join core.lesson l"
        " on l.school_id = m.school_id and l.id = m.lesson_id where m.school_id = $1"
    ),
    (
        "select m.id from core.mark m join core.lesson l"
        " on l.school_id = $1 and l.id = m.lesson_id where m.school_id = $1"
    ),
    "select m.id from core.mark m join core.lesson l using (school_id) where school_id = $1",
    (
        "select l.id from core.lesson l left join core.mark m"
        " on m.school_id = l.school_id and m.lesson_id = l.id where l.school_id = $1"
    ),
    (
        "select l.id from core.mark m right join core.lesson l"
        " on m.school_id = l.school_id and m.lesson_id = l.id where l.school_id = $1"
    ),
    (
        "select p.id, (select count(*) from core.mark m"
        " where m.school_id = p.school_id and m.pupil_id = p.id)"
        " from core.person p where p.school_id = $1"
    ),
    (
        "select p.id from core.person p, lateral (select m.id from core.mark m"
        " where m.school_id = p.school_id limit 3) last where p.school_id = $1"
    ),
    "select 1 from core.person p where p.school_id = $1 and (p.id = $2 or p.id = $3)",
    "with a as (select id from core.person where school_id = $1) select * from a",
    (
        "with a as (select school_id, id from core.person where school_id = $1)"
        " select m.id from core.mark m join a on a.school_id = m.school_id and a.id = m.pupil_id"
    ),
    "with mark as (select $1::int as id) select * from mark",
    (
        "with recursive up as (select school_id, id from core.person where school_id = $1"
        " union all select p.school_id, p.id from core.person p join up"
        " on p.school_id = up.school_id and p.id = up.id) select * from up"
    ),
    (
        "select x.id from (select school_id, id from core.person where school_id = $1) x"
        " join core.mark m on m.school_id = x.school_id"
    ),
    (
        "select id from core.person where school_id = $1 union all"
        " select id from core.class where school_id = $1"
    ),
    "insert into core.mark (school_id, id) values ($1, $2)",
    (
        "insert into core.mark (school_id, id) values ($1, $2)"
        " on conflict (school_id, id) do update set value = excluded.value"
        " where core.mark.value <> excluded.value returning id"
    ),
    "insert into core.mark (school_id, id) select $1, * from unnest($2::uuid[]) returning id",
    (
        "insert into core.mark (school_id, id) select l.school_id, l.id from core.lesson l"
        " where l.school_id = $1"
    ),
    "update core.subject set name = $1 where school_id = 3 and id = $2 returning id",
    (
        "update core.mark m set value = v.value from unnest($2::uuid[], $3::text[]) v(id, value)"
        " where m.school_id = $1 and m.id = v.id"
    ),
    "delete from core.mark where school_id = $1 and lesson_id = any($2)",
    (
        "delete from core.mark m using core.lesson l"
        " where m.school_id = l.school_id and m.lesson_id = l.id and l.school_id = $1"
    ),
    "BEGIN READ ONLY; SET LOCAL app.school_id = '3'",
    (
        "BEGIN; SET LOCAL app.school_id = '3';"
        " SELECT 1 FROM core.lesson WHERE school_id = 3 AND id = $1 FOR NO KEY UPDATE"
    ),
    "select relname from pg_catalog.pg_class",
    "select * from other.mark",
    "/* tenant-lint: off, row security itself is tried */ select * from core.mark",
]

BAD = [
    ("select * from core.mark where id = $1", "core.mark: no school_id"),
    ("select * from mark where id = $1", "mark: no school_id"),
    ("select * from plugin_rating.score", "plugin_rating.score: no school_id"),
    ("select * from core.mark where school_id = any($1)", "no school_id"),
    ("select * from core.mark where school_id in (1, 2)", "no school_id"),
    ("select * from core.mark where school_id = $1 or id = $2", "no school_id"),
    ("select * from core.mark where not school_id = $1", "no school_id"),
    ("select * from core.mark where school_id > $1", "no school_id"),
    ("select * from core.mark where school_id = null", "no school_id"),
    ("select * from core.mark where school_id = school_id", "no school_id"),
    (
        "select * from core.mark where school_id = current_setting('app.school_id')::int",
        "no school_id",
    ),
    (
        (
            "select m.id from core.mark m join core.lesson l on l.id = m.lesson_id"
            " where m.school_id = $1"
        ),
        "core.lesson l: no school_id",
    ),
    ("select a.id from core.person a join core.person b on a.id = b.id", "core.person b"),
    (
        (
            "select l.id from core.lesson l left join core.mark m"
            " on m.school_id = l.school_id and l.school_id = $1"
        ),
        "core.lesson l: no school_id",
    ),
    (
        (
            "select l.id from core.lesson l full join core.mark m on m.school_id = l.school_id"
            " and l.school_id = $1"
        ),
        "core.mark m: no school_id",
    ),
    (
        (
            "select p.id from core.person p where exists"
            " (select 1 from core.mark m where m.school_id = $1 and m.school_id = p.school_id)"
        ),
        "core.person p: no school_id",
    ),
    (
        (
            "select p.id, (select count(*) from core.mark m where m.pupil_id = p.id)"
            " from core.person p where p.school_id = $1"
        ),
        "core.mark m: no school_id",
    ),
    (
        "with a as (select id from core.person) select id from a",
        "core.person: no school_id",
    ),
    (
        (
            "with a as (select id from core.person where school_id = $1)"
            " select m.id from core.mark m join a on a.id = m.pupil_id"
        ),
        "core.mark m: no school_id",
    ),
    (
        (
            "select m.id from core.mark m join unnest($1::int[]) u(school_id)"
            " on m.school_id = u.school_id"
        ),
        "core.mark m: no school_id",
    ),
    (
        "select m.id from core.mark m where m.school_id = (select min(id) from core.school)",
        "core.mark m: no school_id",
    ),
    (
        "select id from core.person where school_id = $1 union all select id from core.class",
        "core.class: no school_id",
    ),
    ("select * from core.mark natural join core.lesson where school_id = $1", "NATURAL JOIN"),
    ("insert into core.subject (id) values ($1)", "does not name school_id"),
    ("insert into core.subject values ($1, $2)", "does not name school_id"),
    (
        (
            "insert into core.subject (school_id, id) select school_id, id from core.person"
            " where school_id = $1 returning id"
        ),
        "insert .. select from a table .. returning",
    ),
    (
        "insert into core.subject (school_id, id) select school_id, id from core.person",
        "core.person: no school_id",
    ),
    (
        "insert into core.mark (school_id, id) values ($1, $2) on conflict (id) do nothing",
        "on conflict without school_id",
    ),
    (
        (
            "insert into core.mark (school_id, id) values ($1, $2)"
            " on conflict (school_id, id) do update set school_id = 4"
        ),
        "update sets school_id",
    ),
    ("update core.subject set school_id = 4 where school_id = 3", "update sets school_id"),
    ("update core.subject set name = 'x' where id = $1", "core.subject: no school_id"),
    ("delete from core.mark where id = $1", "core.mark: no school_id"),
    (
        "with gone as (delete from core.mark where id = $1 returning id) select * from gone",
        "core.mark: no school_id",
    ),
    (
        (
            "merge into core.subject t using (values (1)) v(x) on t.school_id = v.x"
            " when not matched then insert values (1)"
        ),
        "MERGE",
    ),
    ("truncate core.mark", "TRUNCATE"),
    (
        "select kind, avg(value) from core.mark where school_id = $1 group by rollup(kind)",
        "ROLLUP",
    ),
    ("select set_config('app.school_id', $1, true)", "set_config"),
    ("set app.school_id = '3'", "SET without LOCAL"),
    ("select pg_advisory_xact_lock(1)", "advisory"),
    ("select pg_notify('jobs', '')", "pg_notify"),
    ("notify jobs", "NOTIFY"),
    (
        "create index a on core.mark (school_id, id); create index b on core.mark (school_id)",
        "several statements with DDL",
    ),
    (
        "BEGIN; SET LOCAL app.school_id = '3'; SELECT 1 FROM core.lesson WHERE id = $1 FOR UPDATE",
        "core.lesson: no school_id",
    ),
]


@pytest.mark.parametrize("sql", GOOD)
def test_a_good_statement_passes(sql: str) -> None:
    assert lint(sql, TABLES) == []


@pytest.mark.parametrize(("sql", "expected"), BAD)
def test_a_bad_statement_is_named(sql: str, expected: str) -> None:
    problems = lint(sql, TABLES)
    assert any(expected in problem for problem in problems), problems


def test_bare_table_names_serve_too() -> None:
    assert lint("select * from core.mark", {"mark"}) == ["core.mark: no school_id = $n"]
    assert lint("select * from core.mark", {"person"}) == []
