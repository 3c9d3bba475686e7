"""Whatever a file holds, reading it ends in a roster or in the one declared refusal."""

import io
import zipfile

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from openpyxl import Workbook

from kundelik_core.schools.roster import FileRefusedError, Roster, open_source, read_roster
from kundelik_core.schools.roster.sheet import annotate
from tests.depth import looks

QUICK = looks(60, suppress_health_check=list(HealthCheck))
HEADINGS = [
    "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
    "sourcedId,status,name,type,parentSourcedId",
    "sourcedId,status,title,classType,schoolSourcedId,termSourcedIds",
    "sourcedId,status,enabledUser,orgSourcedIds,role,username,familyName,agentSourcedIds,sms",
    "sourcedId,birthDate,sex",
    "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
    "userSourcedId,relationshipUserSourcedId,relationshipRole",
    "propertyName,value",
    "SIS ID,School SIS ID,First Name,Last Name,Username,Birthdate,Status",
    "ID,School DfE Number,Section Name,Term SIS ID,Term StartDate,Term EndDate",
    "Section SIS ID,SIS ID",
    "Тегі,Аты,Сынып,Туған күні,Жынысы,ЖСН,Ата-анасы,Телефон",
    "ФИО;Класс;Дата рождения;Пол;ИИН;Родитель;Телефон;Родитель;Телефон",
]
NAMES = ["orgs", "academicSessions", "classes", "users", "roles", "enrollments", "relationships",
         "demographics", "manifest", "results", "lineItems", "School", "Section", "Student",
         "Teacher", "StudentEnrollment", "TeacherRoster", "list"]  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(["", "1", "p1", "student", "Teacher", "TRUE", "01.02.2015", "1/2/2015", "5А",
                     "99/99/9999", "2015-13-45", "0000-00-00", "file.users", "bulk", "tobedeleted",
                     "\ud7ff", "１２.०१.2015", "'=1", '"', "+7 701 123 45 67"]),
    st.text(max_size=12),
)  # fmt: skip
ROWS = st.lists(st.lists(CELLS, max_size=12).map(",".join), max_size=8)


def outcome(content: bytes, name: str) -> tuple[Roster | None, FileRefusedError | None]:
    try:
        with open_source(content, name=name) as source:
            roster = read_roster(source)
            annotate(source, roster.errors)
    except FileRefusedError as refusal:
        return None, refusal
    return roster, None


def survives(content: bytes, name: str) -> None:
    roster, refusal = outcome(content, name)
    if refusal is not None:
        assert refusal.message % refusal.params
    if roster is None:
        return
    for error in roster.errors:
        assert error.message % error.params
        assert error.line >= 0
    for user in roster.users.values():
        assert "\0" not in user.full_name
        user.full_name.encode()


@QUICK
@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.zip", "a.xlsx", "users.csv", ""]))
def test_bytes(content: bytes, name: str) -> None:
    survives(content, name)


@QUICK
@given(
    st.sampled_from(HEADINGS),
    ROWS,
    st.sampled_from([*NAMES, "x"]),
    st.sampled_from(["utf-8", "utf-16", "cp1251", "kz1048"]),
)
def test_one_file(heading: str, rows: list[str], name: str, encoding: str) -> None:
    survives("\n".join([heading, *rows]).encode(encoding, "replace"), f"{name}.csv")


@QUICK
@given(st.dictionaries(st.sampled_from(NAMES), st.tuples(st.sampled_from(HEADINGS), ROWS)))
def test_bundles(files: dict[str, tuple[str, list[str]]]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, (heading, rows) in files.items():
            archive.writestr(f"{name}.csv", "\n".join([heading, *rows]).encode("utf-8", "replace"))
    survives(packed.getvalue(), "bundle.zip")


@QUICK
@given(st.integers(0, 8000), st.binary(min_size=1, max_size=30))
def test_damaged_workbooks(place: int, damage: bytes) -> None:
    survives(WORKBOOK[:place] + damage + WORKBOOK[place + len(damage) :], "list.xlsx")


@QUICK
@given(st.integers(0, 600), st.binary(min_size=1, max_size=8))
def test_damaged_archives(place: int, damage: bytes) -> None:
    survives(ARCHIVE[:place] + damage + ARCHIVE[place + len(damage) :], "bundle.zip")


def _workbook() -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Тегі", "Аты", "Сынып"])
    sheet.append(["Ким", "Лев", "5А"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("users.csv", HEADINGS[3] + "\np1,,TRUE,o1,student,u,Лев,Ким,,,\n")
        archive.writestr("manifest.csv", "propertyName,value\nfile.users,bulk\n")
    return content.getvalue()


WORKBOOK, ARCHIVE = _workbook(), _archive()
