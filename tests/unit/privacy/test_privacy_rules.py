"""Which looks count, and what a copy looks like in a file."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from kundelik_core.identity.model import Actor, Child, Membership
from kundelik_core.kernel.i18n import use_locale
from kundelik_core.kernel.ids import new_id
from kundelik_core.privacy.model import Added, Entry, Record, Section
from kundelik_core.privacy.package import Part, Sheet, added_sheets, as_csv, as_json, as_zip, sheets
from kundelik_core.privacy.rules import is_foreign, role_of
from kundelik_core.privacy.sections import ACCOUNT, SECTIONS

NOW = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)
PUPIL, ME = new_id(), new_id()


def actor(*roles: str, school: int = 1, person: UUID = ME, child: bool = False) -> Actor:
    return Actor(
        account_id=new_id(), display_name="Т", locale="kk", theme="auto",
        memberships=tuple(Membership(school, person, role) for role in roles),
        children=(Child(school, ME, PUPIL, "Айша"),) if child else (), platform=(),
        must_change_password=False, token_hash=b"",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("who", "foreign"),
    [
        (actor("deputy"), True),
        (actor("teacher", "homeroom"), True),
        (actor("psychologist"), True),
        (actor("deputy", child=True), False),
        (actor("parent", child=True), False),
        (actor("pupil", person=PUPIL), False),
        (actor("director", school=2), False),
    ],
)
def test_only_looks_of_the_staff_are_written_down(who: Actor, foreign: bool) -> None:
    assert is_foreign(who, 1, PUPIL) is foreign


def test_the_weightiest_role_is_named() -> None:
    assert role_of({"teacher", "deputy", "homeroom"}) == "deputy"
    assert role_of({"teacher", "homeroom"}) == "homeroom"
    assert role_of(set()) == ""


def test_every_section_selects_what_it_shows() -> None:
    keys = [section.key for section in (*ACCOUNT, *SECTIONS)]
    assert len(set(keys)) == len(keys)
    for section in SECTIONS:
        names = [name for name, _title in section.columns]
        assert len(set(names)) == len(names)
        assert "$1" in section.sql
        assert "school_id = $1" in section.sql


MARKS = Section(key="marks", title="Marks", columns=(("points", "Points"), ("at", "When")), sql="")
ROLES = Section(key="roles", title="Roles", columns=(("role", "Role"),), sql="")


def test_a_sheet_shows_words_and_leaves_empty_what_is_not_known() -> None:
    records = [
        Record("marks", {"points": "8", "at": "2026-11-04T08:00:00+00:00"}),
        Record("marks", {"points": None, "at": None}),
        Record("roles", {"role": "deputy"}),
    ]
    with use_locale("en"):
        found = sheets(records, [ROLES, MARKS], {"deputy": "Deputy director"})
    assert [sheet.key for sheet in found] == ["roles", "marks"]
    assert found[0].rows == [["Deputy director"]]
    assert found[1].rows == [["8", "2026-11-04 08:00"], ["", ""]]


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("+", "+"), ("-", "-"), ("+7 701 000 00 00", "+7 701 000 00 00"), ("-5", "-5"), ("8", "8"),
        ("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("+cmd|x", "'+cmd|x"), ("-A1", "'-A1"),
        ("a, \"b\"\nc", "a, \"b\"\nc"),
    ],
)  # fmt: skip
def test_no_cell_of_a_table_runs_as_a_formula(cell: str, kept: str) -> None:
    text = as_csv(Sheet("s", "S", ["Бағасы"], [[cell]])).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["Бағасы"], [kept]]


def test_the_json_keeps_exact_values_in_their_place() -> None:
    part = Part(place="№1", folder="school-1", records=[Record("results", {"raw": "193/3"})])
    read: dict[str, Any] = json.loads(as_json([part], NOW))
    assert read["format"] == "kundelik-person/1"
    assert read["places"] == [
        {"place": "№1", "held": {"results": [{"raw": "193/3"}]}, "modules": [], "not_asked": []}
    ]


ADDED = Added(module="praise", title="Praise", whole=False, entries=[
    Entry("A note", {"text": "Жарайсың", "read": True}),
    Entry("A prize", {"=cmd": 3}),
    Entry("A note", {"text": None, "for": ["a", 1], "written_at": "2026-11-04T08:00:00+00:00"}),
])  # fmt: skip


def test_what_modules_keep_becomes_tables_by_kind_of_thing() -> None:
    with use_locale("en"):
        notes, prizes = added_sheets([ADDED])
    assert (notes.key, notes.title) == ("praise-1", "Praise: A note")
    assert notes.columns == ["text", "read", "for", "written_at"]
    assert notes.rows == [["Жарайсың", "yes", "", ""], ["", "", '["a",1]', "2026-11-04 08:00"]]
    # A module's own words are no formula either.
    assert as_csv(prizes).decode("utf-8-sig").splitlines() == ["'=cmd", "3"]


def test_the_json_names_modules_that_could_not_be_asked() -> None:
    part = Part(place="№1", folder="school-1", records=[], added=[ADDED])
    (place,) = json.loads(as_json([part], NOW))["places"]
    (module,) = place["modules"]
    assert (module["module"], module["title"]) == ("praise", "Praise")
    assert module["records"][1] == {"title": "A prize", "values": {"=cmd": 3}}
    assert place["not_asked"] == [{"module": "praise", "title": "Praise"}]
    assert part.silent == ["Praise"]


def test_the_archive_opens_and_holds_its_files() -> None:
    body = as_zip({"index.html": b"<p>", "school-1/marks.csv": b"8"}, NOW)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["index.html", "school-1/marks.csv"]
        assert archive.read("school-1/marks.csv") == b"8"
