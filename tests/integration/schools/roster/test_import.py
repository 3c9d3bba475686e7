"""Rosters into a school: twice is once, a part drops nobody, and doubts are left to people."""

import asyncio
import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kundelik_core.gradebook.group_scheme import scheme_chooser
from kundelik_core.identity.actions import activate
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.errors import Problem
from kundelik_core.schools.roster import read_roster
from kundelik_core.schools.roster.apply import Applied, apply, facts_of, look
from kundelik_core.schools.roster.apply_accounts import slips_csv, slips_for
from kundelik_core.schools.roster.apply_model import Options, Plan
from tests.factories import Factory
from tests.interop import testdata

TODAY = date(2026, 11, 4)
TABLES = ("person", "membership", "school_class", "class_pupil", "guardianship", "subject",
          "teaching_group", "group_class", "group_teacher", "group_pupil", "import_run",
          "audit_log")  # fmt: skip
LIST = (
    "Тегі;Аты;Сынып;Туған күні;Жынысы;Анасы;Анасының телефоны;Сынып жетекшісі\n"
    "Ахметов;Арман;5 «Ә»;01.03.2015;ұл;Ахметова Гүлнар;87011234567;Оспанова Гүлнар\n"
    "Ахметова;Айша;5 «А»;02.04.2015;қыз;Ахметова Гүлнар;87011234567;Сапарова Дина\n"
    "Ким;Лев;5 «А»;03.05.2015;ұл;;;\n"
)


def options(**more: Any) -> Options:
    return Options(year=2026, today=TODAY, scheme=scheme_chooser(2026), **more)


async def run(school: int, source: bytes | Path, name: str = "list.csv", **more: Any) -> Applied:
    roster = read_roster(source, name=name)
    return await apply(school, roster, options(**more), Doer(), facts_of(source, name))


async def rehearse(school: int, text: str, name: str = "list.csv") -> Plan:
    return await look(school, read_roster(text.encode(), name=name), options())


async def contents(factory: Factory, school: int) -> dict[str, list[str]]:
    found = {}
    for table in TABLES:
        rows = await factory.tenant.fetch(
            f"select to_jsonb(t)::text as row from core.{table} t where t.school_id = $1 "
            "order by 1", school,
        )  # fmt: skip
        found[table] = [row["row"] for row in rows]
    return found


async def names(factory: Factory, school: int, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await factory.tenant.fetch(sql, school)]


def told(plan: Plan) -> list[tuple[int, str, str]]:
    return [(e.line, e.code, e.severity) for e in plan.errors]


def bundle(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        manifest = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\n"
        manifest += "".join(f"file.{name},bulk\n" for name in files)
        archive.writestr("manifest.csv", manifest)
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return packed.getvalue()


USERS = (
    "sourcedId,status,enabledUser,orgSourcedIds,role,username,givenName,familyName,grades,"
    "agentSourcedIds\n"
    "p1,active,true,s1,student,lev.kim.or,Лев,Ким,7,\n"
    "p2,{p2},true,s1,student,,Яна,Пак,7,\n"
    "t1,active,true,s1,teacher,,Анна,Ли,,\n"
    "g1,active,true,s1,parent,,Ира,Ким,,p1\n"
)
CLASSES = (
    "sourcedId,status,title,grades,courseSourcedId,classType,schoolSourcedId\n"
    "c1,active,7 «Б»,7,,homeroom,s1\n"
    "m1,active,Algebra 7B,7,k1,scheduled,s1\n"
)
ENROLLMENTS = (
    "sourcedId,status,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,"
    "endDate\n"
    "e1,active,c1,s1,p1,student,,,\n"
    "e2,active,c1,s1,p2,student,,,\n"
    "e3,active,m1,s1,p1,student,,,\n"
    "e4,{e4},m1,s1,p2,student,,,\n"
    "e5,active,m1,s1,t1,teacher,true,,\n"
    "e6,active,c1,s1,t1,teacher,true,,\n"
)
ORGS = "sourcedId,status,name,type\ns1,active,№1 мектеп,school\n"
COURSES = "sourcedId,status,title,courseCode,orgSourcedId\nk1,active,Алгебра,A7,s1\n"


def oneroster(p2: str = "active", e4: str = "active") -> bytes:
    return bundle(orgs=ORGS, courses=COURSES, classes=CLASSES, users=USERS.format(p2=p2),
                  enrollments=ENROLLMENTS.format(e4=e4))  # fmt: skip


async def test_a_look_writes_nothing(factory: Factory) -> None:
    school = await factory.school()
    before = await contents(factory, school)
    plan = await rehearse(school, LIST)
    assert plan.summary()["pupils"] == {"new": 3, "changed": 0, "same": 0, "wrong": 0}
    assert plan.summary()["parents"]["new"] == 1
    assert plan.summary()["guardians"]["new"] == 2
    assert plan.summary()["classes"]["new"] == 2
    assert await contents(factory, school) == before


async def test_a_class_list_twice_is_once(factory: Factory) -> None:
    school = await factory.school()
    first = await run(school, LIST.encode())
    assert first.accounts == 6
    assert not first.plan.has_errors
    before = await contents(factory, school)
    again = await run(school, LIST.encode())
    assert await contents(factory, school) == before
    assert again.repeated is not None
    assert again.accounts == 0
    counts = again.plan.summary().values()
    assert not any(c["new"] or c["changed"] or c["wrong"] for c in counts)
    assert again.plan.summary()["pupils"]["same"] == 3
    # А and Ә are two classes; one mother of two children is one person.
    assert await names(
        factory, school,
        "select c.letter, n.surname, h.surname from core.class_pupil x "
        "join core.school_class c on c.id = x.class_id join core.person n on n.id = x.pupil_id "
        "join core.person h on h.id = c.homeroom_id where x.school_id = $1 "
        "order by c.letter, n.surname",
    ) == [("А", "Ахметова", "Сапарова"), ("А", "Ким", "Сапарова"),
          ("Ә", "Ахметов", "Оспанова")]  # fmt: skip
    ids = await names(factory, school, "select source_id from core.person where school_id = $1")
    assert not [text for (text,) in ids if "хмет" in text]


async def test_everybody_can_sign_in_by_a_slip_and_is_what_the_school_says(
    factory: Factory,
) -> None:
    school = await factory.school()
    done = await run(school, LIST.encode())
    slips = await slips_for(school, done.plan.account_people)
    assert len(slips) == 6
    slip = next(s for s in slips if s.name == "Ахметова Гүлнар")
    assert slip.login.startswith("gulnar.akhmetova")
    signed = await activate(slip.code, "жеті рет өлшеп бір рет", "192.0.2.7")
    rows = await factory.directory.fetch(
        "select c.given_name from directory.account_child c where c.account_id = $1 "
        "and c.school_id = $2 order by 1", signed.account_id, school,
    )  # fmt: skip
    assert [row["given_name"] for row in rows] == ["Айша", "Арман"]
    # Whoever has a password gets no second slip.
    assert len(await slips_for(school, done.plan.account_people)) == 5
    printed = slips_csv([msgspec.structs.replace(slip, name="=1+1")], "ru").decode("utf-8-sig")
    assert printed.splitlines()[1].startswith("'=1+1,gulnar.akhmetova")


async def test_what_a_crash_left_undone_is_done_by_the_next_run(factory: Factory) -> None:
    school = await factory.school()
    done = await run(school, LIST.encode())
    accounts = [
        row["account_id"] for row in await factory.tenant.fetch(
            "select account_id from core.person where school_id = $1", school)
    ]  # fmt: skip
    for table, column in (("login", "account_id"), ("account_school", "account_id"),
                          ("account_child", "account_id"), ("account", "id")):  # fmt: skip
        await factory.directory.execute(
            f"delete from directory.{table} where {column} = any($1::uuid[])", accounts
        )
    assert (await run(school, LIST.encode())).accounts == done.accounts
    assert await factory.directory.fetchval(
        "select count(*) from directory.account_school where school_id = $1", school
    )


async def test_a_part_of_the_school_drops_nobody(factory: Factory) -> None:
    school = await factory.school()
    await run(school, LIST.encode())
    part = "Тегі;Аты;Сынып;Туған күні\nКим;Лев;5 «А»;03.05.2015\nПак;Яна;5 «А»;04.06.2015\n"
    done = await run(school, part.encode())
    assert done.plan.summary()["pupils"] == {"new": 1, "changed": 0, "same": 1, "wrong": 0}
    places = await names(
        factory, school,
        "select n.surname, x.from_date, x.to_date from core.class_pupil x "
        "join core.person n on n.id = x.pupil_id where x.school_id = $1 order by 1",
    )  # fmt: skip
    september = date(2026, 9, 1)
    assert places == [("Ахметов", september, None), ("Ахметова", september, None),
                      ("Ким", september, None), ("Пак", TODAY, None)]  # fmt: skip


async def test_two_imports_at_once_are_one(factory: Factory) -> None:
    school = await factory.school()
    done = await asyncio.gather(*(run(school, LIST.encode()) for _ in range(4)))
    assert sum(one.plan.summary()["pupils"]["new"] for one in done) == 3
    found = await contents(factory, school)
    assert (len(found["person"]), len(found["class_pupil"]), len(found["import_run"])) == (6, 3, 1)


async def test_doubts_are_left_to_people(factory: Factory) -> None:
    school = await factory.school()
    await run(school, LIST.encode())
    plan = await rehearse(
        school,
        "Тегі;Аты;Сынып;Туған күні\n"
        "Ким;Лев;5 «А»;03.05.2016\n"  # the same child, or another?
        "Ахметов;Арман;6 «А»;\n"  # a namesake in another class, no birth date
        "Ахметова;Айша;5 «Ә»;02.04.2015\n"  # moved?
        "Ахметова;Айша;;02.04.2015\n",
    )
    assert told(plan) == [
        (5, "class_missing", "error"),
        (2, "birth_date_differs", "error"),
        (3, "namesake_elsewhere", "error"),
        (4, "pupil_in_other_class", "error"),
    ]
    assert plan.summary()["pupils"] == {"new": 0, "changed": 0, "same": 1, "wrong": 3}
    assert plan.summary()["places"]["wrong"] == 1


async def test_two_people_of_one_name_and_birth_date_are_not_chosen_between(
    factory: Factory,
) -> None:
    school = await factory.school()
    for _ in range(2):
        await factory.person(school, "Ким", "Лев", role="pupil", birth_date=date(2015, 5, 3))
    plan = await rehearse(school, "Тегі;Аты;Сынып;Туған күні\nКим;Лев;5 «А»;03.05.2015\n")
    assert told(plan) == [(2, "person_ambiguous", "error")]
    assert not plan.people


async def test_an_iin_finds_a_person_under_another_name(factory: Factory) -> None:
    school = await factory.school()
    person = await factory.person(school, "Иванова", "Анна", role="pupil")
    await factory.tenant.execute(
        "update core.person set iin_hash = $3 where school_id = $1 and id = $2",
        school, person, b"hash of 150503500014",
    )  # fmt: skip
    roster = read_roster(
        "Тегі;Аты;Сынып;ЖСН\nПетрова;Анна;5 «А»;150503500014\n".encode(), name="l.csv"
    )
    plan = await look(school, roster, options(iin_hash=lambda iin: f"hash of {iin}".encode()))
    assert [(row.id, row.surname) for row in plan.people] == [(person, "Петрова")]


async def test_a_oneroster_bundle(factory: Factory) -> None:
    school = await factory.school()
    done = await run(school, oneroster(), "bundle.zip")
    assert not done.plan.has_errors
    assert await names(
        factory, school,
        "select g.title, s.code, g.grade, g.scheme_code, c.letter, h.surname "
        "from core.teaching_group g join core.subject s on s.id = g.subject_id "
        "join core.group_class x on x.group_id = g.id join core.school_class c "
        "on c.id = x.class_id join core.person h on h.id = c.homeroom_id "
        "where g.school_id = $1",
    ) == [("Algebra 7B", "algebra", 7, "kz-cba-2022", "Б", "Ли")]  # fmt: skip
    # The directory is one for all tests: a number is added where a namesake was first.
    made = {login.rstrip("0123456789") for (login,) in await _logins(factory, school)}
    assert made >= {"lev.kim.or", "anna.li"}
    before = await contents(factory, school)
    await run(school, oneroster(), "bundle.zip")
    assert await contents(factory, school) == before


async def _logins(factory: Factory, school: int) -> list[tuple[Any, ...]]:
    rows = await factory.directory.fetch(
        "select distinct l.login from directory.login l join directory.account_school a "
        "using (account_id) where a.school_id = $1", school,
    )  # fmt: skip
    return [tuple(row) for row in rows]


async def _open_places(factory: Factory, school: int, table: str) -> list[str]:
    rows = await names(
        factory, school,
        f"select n.surname from core.{table} x join core.person n on n.id = x.pupil_id "
        "where x.school_id = $1 and x.to_date is null order by 1",
    )  # fmt: skip
    return [name for (name,) in rows]


async def test_only_a_row_that_says_so_ends_something(factory: Factory) -> None:
    school = await factory.school()
    await run(school, oneroster(), "bundle.zip")
    await run(school, oneroster(e4="tobedeleted"), "bundle.zip")
    assert await _open_places(factory, school, "group_pupil") == ["Ким"]
    assert await _open_places(factory, school, "class_pupil") == ["Ким", "Пак"]
    gone = await run(school, oneroster(p2="tobedeleted", e4="tobedeleted"), "bundle.zip")
    assert gone.plan.summary()["pupils"] == {"new": 0, "changed": 1, "same": 1, "wrong": 0}
    assert await _open_places(factory, school, "class_pupil") == ["Ким"]
    assert await factory.directory.fetchval(
        "select max(a.to_date) from directory.account_school a where a.school_id = $1", school
    ) == TODAY  # fmt: skip
    # The old file does not bring back whom a newer one has ended.
    back = await run(school, oneroster(), "bundle.zip")
    assert "role_ended" in {e.code for e in back.plan.errors}
    assert await _open_places(factory, school, "class_pupil") == ["Ким"]


async def test_a_list_and_a_bundle_know_the_same_child(factory: Factory) -> None:
    school = await factory.school()
    await run(school, "Тегі;Аты;Сынып\nКим;Лев;7 «Б»\n".encode())
    done = await run(school, oneroster(), "bundle.zip")
    assert done.plan.summary()["pupils"] == {"new": 1, "changed": 1, "same": 0, "wrong": 0}
    sources = await names(
        factory, school,
        "select source, source_id from core.person where school_id = $1 and surname = 'Ким' "
        "and given = 'Лев'",
    )  # fmt: skip
    assert sources == [("oneroster", "p1")]


async def test_schools_never_meet(factory: Factory) -> None:
    one, other = await factory.school(), await factory.school()
    await run(one, LIST.encode())
    before = await contents(factory, one)
    done = await run(other, LIST.encode())
    assert done.repeated is None
    assert done.plan.summary()["pupils"]["new"] == 3
    assert await contents(factory, one) == before


async def test_a_year_that_is_not_known_is_refused(factory: Factory) -> None:
    school = await factory.school()
    roster = read_roster(LIST.encode(), name="l.csv")
    with pytest.raises(Problem) as caught:
        await look(school, roster, Options(year=2031, today=TODAY, scheme=scheme_chooser(2026)))
    assert caught.value.code == "no-year"


async def test_duplicate_rows_are_told_and_the_first_is_taken(factory: Factory) -> None:
    school = await factory.school()
    rows = "Ким;Лев;5 «А»;03.05.2015\n" * 2
    done = await run(school, f"Тегі;Аты;Сынып;Туған күні\n{rows}".encode())
    assert told(done.plan) == [(3, "pupil_twice", "error")]
    assert len(await _open_places(factory, school, "class_pupil")) == 1


@pytest.mark.interop
@pytest.mark.parametrize(
    ("folder", "org", "several"),
    [
        ("SDS Format/25 Users", "", False),
        ("UK Format/100 Users", "10001", True),
        ("SDS v2", "10001", True),
        ("SDS v2.1", "School of TwoDotOne", True),
    ],
)
async def test_sds_sets_of_several_schools_take_one(
    factory: Factory, folder: str, org: str, several: bool
) -> None:
    path = testdata("ms-sds-csv") / folder
    school = await factory.school()
    if several:
        with pytest.raises(Problem) as caught:
            await look(school, read_roster(path), options())
        assert caught.value.code == "several-schools"
    first = await run(school, path, org=org)
    assert not first.plan.has_errors
    assert first.plan.summary()["groups"]["new"] > 0
    before = await contents(factory, school)
    assert before["group_pupil"]
    assert before["class_pupil"]
    second = await run(school, path, org=org)
    assert not second.plan.has_changes
    assert await contents(factory, school) == before


@pytest.mark.interop
async def test_a_oneroster_bundle_of_another_system(factory: Factory) -> None:
    path = testdata("oneroster-moodle") / "Test_minimal_data_set.zip"
    school = await factory.school()
    plan = await look(school, read_roster(path), options())
    assert [e.code for e in plan.errors if e.severity == "error"] == ["grade_unclear"] * 2
    done = await run(school, path, default_grade=9)
    assert done.plan.summary()["groups"] == {"new": 1, "changed": 0, "same": 0, "wrong": 0}
    assert done.plan.summary()["classes"]["new"] == 1
    before: dict[str, list[str]] = await contents(factory, school)
    await run(school, path, default_grade=9)
    assert await contents(factory, school) == before
