"""The bundles that other systems publish, read as they are."""

import json

import pytest

from kundelik_core.schools.roster import FileRefusedError, Roster, open_source, read_roster
from kundelik_core.schools.roster.safe import safe_cell, unguarded
from tests.interop import testdata

pytestmark = pytest.mark.interop

SHOWN = ("orgs", "sessions", "courses", "classes", "users", "pupils", "teachers", "parents",
         "enrollments", "relationships", "errors")  # fmt: skip


def counts(roster: Roster) -> tuple[int, ...]:
    numbers = roster.counts()
    return tuple(numbers[name] for name in SHOWN)


@pytest.mark.parametrize(
    ("path", "format_", "expected"),
    [
        ("oneroster-moodle/Test_full_data_set.zip", "oneroster-1.1",
         (1, 5, 0, 2, 6, 3, 2, 1, 6, 1, 0)),
        ("oneroster-moodle/Test_minimal_data_set.zip", "oneroster-1.1",
         (1, 5, 0, 2, 6, 3, 2, 1, 6, 0, 0)),
        ("oneroster-moodle/oneroster_test_data.zip", "oneroster-1.2",
         (1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0)),
        ("ms-sds-csv/SDS Format/100 Users", "sds-1", (2, 1, 28, 28, 98, 86, 12, 0, 630, 0, 0)),
        ("ms-sds-csv/SDS Format/25 Users", "sds-1", (2, 1, 2, 2, 24, 22, 2, 0, 46, 0, 0)),
        ("ms-sds-csv/SDS Format/Min Required Attributes", "sds-1",
         (2, 0, 0, 2, 24, 22, 2, 0, 46, 0, 0)),
        ("ms-sds-csv/SDS v2", "sds-2", (5, 0, 0, 4, 29, 22, 5, 0, 27, 0, 0)),
        ("ms-sds-csv/SDS v2.1", "sds-2.1", (4, 2, 3, 2, 8, 4, 2, 2, 6, 3, 0)),
        ("ms-sds-csv/UK Format/100 Users", "sds-1-uk",
         (2, 1, 28, 28, 98, 86, 12, 0, 630, 0, 0)),
        ("ms-sds-csv/UK Format/25 Users", "sds-1-uk", (2, 1, 28, 28, 24, 22, 2, 0, 158, 0, 0)),
        ("ms-sds-csv/UK Format/Min Required Attributes", "sds-1-uk",
         (2, 0, 0, 28, 24, 22, 2, 0, 158, 0, 0)),
    ],
)  # fmt: skip
def test_a_published_bundle_is_recognised_and_read(
    path: str, format_: str, expected: tuple[int, ...]
) -> None:
    roster = read_roster(testdata(path))
    assert (roster.format, counts(roster)) == (format_, expected)


def test_what_the_full_bundle_says_of_its_people() -> None:
    roster = read_roster(testdata("oneroster-moodle/Test_full_data_set.zip"))
    assert [(tie.pupil, tie.guardian) for tie in roster.relationships] == [
        ("usr-222-66778899", "usr-222-1234561")
    ]
    assert roster.classes["cls-222-123478"].ended
    assert roster.classes["cls-222-123478"].terms == ["as-trm-222-1234", "as-trm-222-1235"]
    assert roster.sessions["as-grp-222-23456"].ended
    assert "Password1-" not in repr(roster)


def test_dates_of_another_country_are_proved_by_the_file() -> None:
    roster = read_roster(testdata("ms-sds-csv/SDS Format/25 Users"))
    born = {user.login: user.birth_date for user in roster.people("pupil")}
    assert str(born["OKlein"]) == "2000-04-02"
    assert {error.code for error in roster.errors} == {"date_order_found", "password_ignored"}


def test_marks_on_children_are_not_read() -> None:
    roster = read_roster(testdata("ms-sds-csv/SDS v2.1"))
    assert "freeLunch" not in repr(roster)
    assert {tie.kind for tie in roster.relationships} == {"guardian", "relative"}


def test_a_gradebook_is_no_roster() -> None:
    path = testdata("canvas-gradebook-csv/basic_course_with_sis_login_id.csv")
    with pytest.raises(FileRefusedError):
        read_roster(path)


def test_naughty_strings_are_names_or_row_errors() -> None:
    strings = json.loads(testdata("naughty-strings/blns.json").read_text("utf-8"))
    for text in strings:
        quoted = '"' + text.replace('"', '""') + '"'
        content = f"Тегі,Аты,Сынып\n{quoted},Аты,5А\nСоңғы,Жол,5А\n".encode("utf-8", "replace")
        roster = read_roster(content, name="list.csv")
        assert any(user.family_name == "Соңғы" for user in roster.users.values()), text
        assert len(roster.users) == 2 or roster.has_errors, text


def test_formula_payloads_come_out_as_text() -> None:
    payloads = testdata("csv-injection/Intruder/csv-payload.txt").read_text("utf-8").splitlines()
    assert len(payloads) == 6
    for payload in payloads:
        assert safe_cell(payload).startswith("'")
        assert unguarded(safe_cell(payload)) == payload


def test_the_whole_folder_can_be_opened_twice() -> None:
    with open_source(testdata("ms-sds-csv/SDS v2.1")) as source:
        first = read_roster(source)
    again = read_roster(testdata("ms-sds-csv/SDS v2.1"))
    assert first.counts() == again.counts()
