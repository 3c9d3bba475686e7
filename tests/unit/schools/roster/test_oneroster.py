import datetime as dt
import io
import zipfile
from decimal import Decimal

import pytest

from kundelik_core.schools.roster import FileRefusedError, Roster, read_roster

ORGS = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n"
CLASSES = (
    "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,"
    "location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods\n"
)
USERS = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,"
    "givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password\n"
)
ENROLLMENTS = (
    "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,"
    "primary,beginDate,endDate\n"
)
BASE = {
    "orgs.csv": ORGS + "o1,active,,Мектеп,school,,\n",
    "classes.csv": CLASSES + "c1,active,,5А,5,,,homeroom,,o1,,,,\n",
    "users.csv": USERS
    + "p1,active,,TRUE,o1,student,u1,,Қайрат,Әбдіров,,,,,,g1,5,\n"
    + "g1,active,,true,o1,parent,u2,,Гүлнар,Әбдірова,,,,+7 701 123 45 67,,p1,,\n"
    + "t1,active,,TRUE,o1,teacher,u3,,Ерлан,Ахметов,,,,,,,,\n",
    "enrollments.csv": ENROLLMENTS + "e1,active,,c1,o1,p1,student,,2026-09-01,",
}


def manifest(mode: str = "bulk", version: str = "1.1", **modes: str) -> str:
    files = {name.removesuffix(".csv"): mode for name in BASE} | modes
    lines = [f"file.{name},{value}" for name, value in files.items()]
    return "\n".join(["propertyName,value", f"oneroster.version,{version}", *lines])


def bundle(**changed: str) -> bytes:
    files = {"manifest.csv": manifest()} | BASE
    files |= {f"{name}.csv": text for name, text in changed.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def read(**changed: str) -> Roster:
    return read_roster(bundle(**changed), name="bundle.zip")


def found(roster: Roster) -> list[tuple[str, int, str, str]]:
    return [(error.file, error.line, error.column, error.code) for error in roster.errors]


def test_a_whole_bundle() -> None:
    roster = read()
    assert found(roster) == []
    assert roster.format == "oneroster-1.1"
    assert not roster.delta
    pupil = roster.users["p1"]
    assert pupil.full_name == "Әбдіров Қайрат"
    assert roster.users["g1"].phone == "+77011234567"
    assert [(tie.pupil, tie.guardian) for tie in roster.relationships] == [("p1", "g1")]
    (place,) = roster.enrollments
    assert (place.class_id, place.role, place.begin) == ("c1", "pupil", dt.date(2026, 9, 1))
    assert (place.source.file, place.source.line) == ("enrollments.csv", 2)


def test_an_unknown_class_costs_its_row_and_names_the_place() -> None:
    rows = "e1,,,c9,o1,p1,student,,,\ne2,,,c1,o1,p1,student,,,\n"
    roster = read(enrollments=ENROLLMENTS + rows)
    assert found(roster) == [("enrollments.csv", 2, "classSourcedId", "unknown_class")]
    assert roster.errors[0].value == "c9"
    assert [place.id for place in roster.enrollments] == ["e2"]


def test_a_delta_may_name_what_only_we_know() -> None:
    roster = read(
        manifest=manifest("delta"), enrollments=ENROLLMENTS + "e1,,,c9,o9,p9,student,,,\n"
    )
    assert roster.delta
    assert found(roster) == []
    assert [place.class_id for place in roster.enrollments] == ["c9"]


def test_what_is_marked_as_deleted_is_ended_and_kept() -> None:
    users = USERS + "p1,tobedeleted,,TRUE,o1,student,u1,,Қайрат,Әбдіров,,,,,,,5,\n"
    roster = read(users=users)
    assert roster.users["p1"].ended
    assert roster.users["p1"].roles[0].role == "pupil"


def test_a_teacher_named_as_agent_is_no_guardian() -> None:
    users = BASE["users.csv"].replace(",g1,5,", ",t1,5,")
    roster = read(users=users)
    assert ("users.csv", 2, "agentSourcedIds", "agent_not_guardian") in found(roster)
    assert all(tie.guardian != "t1" for tie in roster.relationships)


def test_powers_over_others_do_not_come_out_of_a_file() -> None:
    users = USERS + "x,,,TRUE,o1,districtAdministrator,u,,A,B,,,,,,,,\n"
    roster = read(users=users, enrollments=ENROLLMENTS)
    assert [held.role for held in roster.users["x"].roles] == [""]
    assert roster.errors[0].code == "role_not_given"


@pytest.mark.parametrize(
    ("dates", "read_as", "code"),
    [
        (["1/05/2023"], dt.date(2023, 5, 1), "date_ambiguous"),
        (["1/05/2023", "5/31/2023"], dt.date(2023, 1, 5), "date_order_found"),
        (["1/05/2023", "31/05/2023"], dt.date(2023, 5, 1), "date_order_found"),
        (["01.05.2023"], dt.date(2023, 5, 1), ""),
        (["2023-05-01T18:25:43.511Z"], dt.date(2023, 5, 1), ""),
    ],
)
def test_dates_in_doubt_are_decided_and_told(dates: list[str], read_as: dt.date, code: str) -> None:
    rows = [f"e{n},,,c1,o1,p1,student,,{day}," for n, day in enumerate(dates)]
    roster = read(enrollments=ENROLLMENTS + "\n".join(rows))
    assert roster.enrollments[0].begin == read_as
    assert [error.code for error in roster.errors] == ([code] if code else [])


def test_a_day_that_does_not_exist_costs_its_row() -> None:
    roster = read(enrollments=ENROLLMENTS + "e1,,,c1,o1,p1,student,,2026-02-30,\n")
    assert found(roster) == [("enrollments.csv", 2, "beginDate", "date_unreadable")]


def test_typing_errors_in_headings_are_mended_and_told() -> None:
    users = BASE["users.csv"].replace("familyName", "famlyName")
    roster = read(users=users)
    assert roster.users["p1"].family_name == "Әбдіров"
    assert found(roster) == [("users.csv", 1, "famlyName", "heading_corrected")]


def test_a_column_given_twice_is_told() -> None:
    orgs = "sourcedId,name,name\no1,Мектеп,Школа\n"
    roster = read(orgs=orgs)
    assert roster.orgs["o1"].name == "Мектеп"
    assert found(roster) == [("orgs.csv", 1, "name", "column_twice")]


def test_a_missing_column_costs_the_file_alone() -> None:
    roster = read(orgs="name\nМектеп\n")
    assert ("orgs.csv", 1, "sourcedId", "column_missing") in found(roster)
    assert len(roster.users) == 3


def test_ragged_rows() -> None:
    rows = "e1,,,c1,o1,p1,student\ne2,,,c1,o1,p1,student,,,,surplus\n"
    roster = read(enrollments=ENROLLMENTS + rows)
    assert [(error.line, error.code, error.severity) for error in roster.errors] == [
        (2, "row_padded", "warning"),
        (3, "row_too_long", "error"),
    ]


def test_rows_without_or_with_a_used_identifier() -> None:
    orgs = ORGS + ",active,,Мектеп,school,,\no1,,,А,school,,\no1,,,Б,school,,\n"
    roster = read(orgs=orgs)
    assert [(error.line, error.code) for error in roster.errors] == [
        (2, "id_missing"),
        (4, "id_twice"),
    ]
    assert roster.errors[1].params == {"id": "o1", "line": "3"}


def test_a_manifest_and_its_bundle_that_disagree() -> None:
    roster = read(manifest=manifest(courses="bulk", orgs="absent", users=""))
    codes = {error.code: error.params["file"] for error in roster.errors}
    assert codes == {
        "file_missing": "courses.csv",
        "file_unannounced": "orgs.csv",
        "manifest_unclear": "users.csv",
    }
    assert len(roster.users) == 3


def test_version_1_2_keeps_roles_in_a_file_of_their_own() -> None:
    users = "sourcedId,enabledUser,username,givenName,familyName\nx,TRUE,u,Асель,Сұлтан\n"
    roles = (
        "sourcedId,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId\n"
        "r1,x,primary,teacher,,,o1\nr2,x,secondary,parent,,,o1\nr3,nobody,primary,student,,,o1\n"
    )
    roster = read(
        manifest=manifest(version="1.2", roles="bulk"),
        users=users,
        roles=roles,
        enrollments=ENROLLMENTS,
    )
    assert roster.format == "oneroster-1.2"
    assert [(held.role, held.primary) for held in roster.users["x"].roles] == [
        ("teacher", True),
        ("parent", False),
    ]
    assert found(roster) == [("roles.csv", 4, "userSourcedId", "unknown_person")]


def test_demographics_and_results() -> None:
    roster = read(
        manifest=manifest(demographics="bulk", lineItems="bulk", results="bulk"),
        demographics="sourcedId,birthDate,sex\np1,2015-09-01,male\np9,2015-09-01,male\n",
        lineItems="sourcedId,title,classSourcedId,dueDate,resultValueMin,resultValueMax\n"
        "l1,БЖБ 1,c1,2026-10-01,0,12.5\n",
        results="sourcedId,lineItemSourcedId,studentSourcedId,score,scoreStatus\n"
        "r1,l1,p1,7.10,fully graded\nr2,l9,p1,7,\nr3,l1,p1,NaN,\n",
    )
    assert roster.users["p1"].birth_date == dt.date(2015, 9, 1)
    assert roster.users["p1"].sex == "male"
    assert roster.line_items["l1"].maximum == Decimal("12.5")
    assert [str(result.score) for result in roster.results] == ["7.10"]
    assert [(error.file, error.line, error.code) for error in roster.errors] == [
        ("demographics.csv", 3, "unknown_person"),
        ("results.csv", 3, "unknown_line_item"),
        ("results.csv", 4, "number_unreadable"),
    ]


def test_parents_that_lead_round_in_a_circle_are_let_go() -> None:
    orgs = ORGS + "o1,,,А,school,,o2\no2,,,Б,district,,o1\n"
    roster = read(orgs=orgs)
    assert "loose_parent" in {error.code for error in roster.errors}
    assert "" in {org.parent for org in roster.orgs.values()}


def test_a_flood_of_errors_is_cut_and_counted() -> None:
    rows = "".join(f"e{n},,,c9,o1,p1,student,,,\n" for n in range(1500))
    roster = read(enrollments=ENROLLMENTS + rows)
    assert len(roster.errors) == 1001
    assert roster.errors[-1].params == {"count": "500"}


def test_something_else_is_refused_with_the_files_seen() -> None:
    with pytest.raises(FileRefusedError) as caught:
        read_roster(b"alpha,beta\n1,2\n", name="numbers.csv")
    assert caught.value.code == "format_unknown"
    assert caught.value.params["seen"] == "numbers.csv"
