import codecs
import datetime as dt
import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from kundelik_core.schools.roster import FileRefusedError, RowError, open_source
from kundelik_core.schools.roster.csvtext import Record
from kundelik_core.schools.roster.encoding import detect

KAZAKH = "Тегі;Аты;Сынып\nӘбдіғалиев;Қайрат;5 «Ә»\nЖүнісова;Іңкәр;5 «Ә»\nӨтегенова;Үміт;5 «Ә»\n"
RUSSIAN = "Фамилия;Имя;Класс\nКузнецов;Артём;5 «А»\nПетрова;Дарья;5 «А»\n"
WESTERN = "surname;name;class\nGonçalves;José;5A\nMüller;Zoë;5A\nLefèvre;Benoît;5A\n"


def read(content: bytes, name: str = "list.csv") -> tuple[list[Record], list[RowError]]:
    with open_source(content, name=name) as source:
        (table,) = source.tables.values()
        return list(table.records()), source.report.finish()


def refused(content: bytes, name: str = "list.csv", limit: int = 50 * 2**20) -> FileRefusedError:
    with pytest.raises(FileRefusedError) as caught:
        open_source(content, name=name, limit=limit).close()
    return caught.value


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (KAZAKH, "utf-8"),
        (KAZAKH, "utf-8-sig"),
        (KAZAKH, "utf-16"),
        (KAZAKH, "kz1048"),
        (KAZAKH, "ptcp154"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN.replace("«", "").replace("»", ""), "cp866"),
        (RUSSIAN.replace("«", "").replace("»", ""), "koi8-r"),
        (WESTERN, "cp1252"),
        ("surname;class\nSmith;5\n" * 3, "utf-16-le"),
        ("surname;class\nSmith;5\n" * 3, "utf-16-be"),
    ],
)
def test_letters_survive_whatever_the_encoding(text: str, encoding: str) -> None:
    records, _ = read(text.encode(encoding))
    assert [record.cells for record in records] == [line.split(";") for line in text.splitlines()]


def test_a_guessed_encoding_is_told_with_those_tried_before() -> None:
    _, errors = read(RUSSIAN.encode("cp1251"))
    (warning,) = errors
    assert (warning.code, warning.severity) == ("encoding_guessed", "warning")
    assert warning.params["encoding"] == "cp1251"
    assert "utf-8" in warning.params["tried"]


def test_bytes_in_no_encoding_are_refused_and_the_tried_ones_named() -> None:
    problem = refused(bytes(range(128, 256)) * 3)
    assert problem.code == "encoding_unknown"
    for name in ("utf-8", "cp1251", "kz1048", "cp1252"):
        assert name in problem.params["tried"]  # type: ignore[operator]
    assert refused(codecs.BOM_UTF16_LE + b"\x00\xd8\x41").code == "encoding_unknown"


def test_a_letter_cut_by_a_chunk_border_is_still_utf8() -> None:
    content = ("a" + "ә" * 100_000).encode()
    assert detect(io.BytesIO(content)).name == "utf-8"


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(mark: str) -> None:
    text = mark.join(("a", "b", "c")) + "\n" + mark.join(('"1,5"', '"2;5"', "3")) + "\n"
    records, _ = read(text.encode())
    assert records[1].cells == ["1,5", "2;5", "3"]


def test_a_decimal_comma_does_not_pass_for_a_delimiter() -> None:
    records, _ = read(b"name;m1;m2\nA;8,5;9,0\nB;7,5;6,0\nC;1,5;2,0\n")
    assert records[1].cells == ["A", "8,5", "9,0"]


def test_the_line_that_excel_puts_first_is_obeyed() -> None:
    records, _ = read(b"sep=;\na;b\n1;2\n")
    assert records == [Record(2, ["a", "b"]), Record(3, ["1", "2"])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_keep_their_numbers(end: str) -> None:
    text = end.join(["a,b", "", '"two', 'lines",x', "3,4"])
    records, _ = read(text.encode())
    assert [record.line for record in records] == [1, 3, 5]
    assert records[1].cells == ["two\nlines", "x"]


def test_a_forgotten_quote_costs_one_row_only() -> None:
    text = "a,b\n1,2\n" + '3,"open\n' + "".join(f"{n},x\n" for n in range(200))
    records, errors = read(text.encode())
    assert len(records) == 202
    assert [(error.code, error.line) for error in errors] == [("open_quote", 3)]


def test_a_nul_byte_costs_one_row_only() -> None:
    records, errors = read(b"a,b\n1,\x002\n3,4\n" + b"x,y\n" * 20)
    assert len(records) == 22
    assert [(error.code, error.line) for error in errors] == [("nul_byte", 2)]


def test_an_endless_line_costs_one_row_only() -> None:
    records, errors = read(b"a,b\n" + b"x" * 600_000 + b"\n3,4\n")
    assert [record.cells for record in records] == [["a", "b"], ["3", "4"]]
    assert [(error.code, error.line) for error in errors] == [("line_too_long", 2)]


def test_a_file_over_the_limit_is_refused_by_its_size_alone(tmp_path: Path) -> None:
    big = tmp_path / "big.csv"
    with big.open("wb") as sparse:
        sparse.truncate(200 * 2**20)
    with pytest.raises(FileRefusedError) as caught:
        open_source(big)
    assert (caught.value.code, caught.value.status) == ("file_too_large", 413)
    assert caught.value.params == {"file": "big.csv", "size": 200, "limit": 50}


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = zipped({"users.csv": b"0" * (3 * 2**20)})
    assert len(bomb) < 2**14
    assert refused(bomb, "bomb.zip", limit=2**20).code == "file_too_large"


def test_an_archive_that_lies_about_its_size_unpacks_no_more_than_it_says() -> None:
    honest = zipped({"users.csv": b"a,b\n" * 1000})
    lying = honest.replace((4000).to_bytes(4, "little"), (8).to_bytes(4, "little"))
    assert lying != honest
    assert refused(lying, "lie.zip").code == "file_damaged"


@pytest.mark.parametrize("path", ["../users.csv", "/etc/users.csv", "a/../../u.csv", "C:\\u.csv"])
def test_a_path_that_leaves_the_archive_is_refused(path: str) -> None:
    assert refused(zipped({path: b"a,b\n"}), "x.zip").code == "unsafe_path"


def test_other_refusals() -> None:
    assert refused(b"").code == "file_empty"
    assert refused(b"%PDF-1.7 ...", "list.csv").code == "not_a_table"
    assert refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 99, "list.xls").code == "old_excel"
    assert refused(b"PK\x03\x04 no archive", "x.zip").code == "file_damaged"
    assert refused(b"a,b\n", "x.zip").code == "file_damaged"
    assert refused(zipped({"a/users.csv": b"a", "b/users.csv": b"b"})).code == "same_name_twice"
    assert refused(zipped({f"{n}.csv": b"a" for n in range(300)})).code == "too_many_files"
    assert refused(zipped({"readme.md": b"a"})).code == "file_empty"
    broken = zipped({"[Content_Types].xml": b"<x", "xl/workbook.xml": b"<y"})
    assert refused(broken, "x.xlsx").code == "file_damaged"
    with pytest.raises(FileRefusedError):
        open_source(Path("no-such-file.csv"))


def test_a_locked_archive_is_refused() -> None:
    content = bytearray(zipped({"users.csv": b"a,b\n"}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    assert refused(bytes(content), "x.zip").code == "encrypted"


def test_what_operating_systems_leave_in_an_archive_is_passed_over() -> None:
    files = {"b/users.csv": b"a,b\n", "__MACOSX/b/._users.csv": b"\x00", "b/.DS_Store": b"\x00"}
    with open_source(zipped(files), name="x.zip") as source:
        assert list(source.tables) == ["users.csv"]


def book(rows: list[list[object]], title: str = "5А") -> bytes:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def test_a_workbook_reads_like_text() -> None:
    content = book(
        [
            ["Name", "Born", "Phone", "Sum"],
            ["Қайрат", dt.datetime(2015, 9, 1), 77011234567.0, "=1+1"],  # noqa: DTZ001
            [],
            ["Іңкәр", dt.date(2015, 9, 2), 5.5, True],
        ]
    )
    records, errors = read(content, "list.xlsx")
    assert records == [
        Record(1, ["Name", "Born", "Phone", "Sum"]),
        Record(2, ["Қайрат", "2015-09-01", "77011234567"]),
        Record(4, ["Іңкәр", "2015-09-02", "5.5", "TRUE"]),
    ]
    assert [(error.code, error.line) for error in errors] == [("formula", 2)]


def test_a_workbook_is_known_by_its_inside_and_not_by_its_name() -> None:
    assert read(book([["a", "b"]]), "upload")[0] == [Record(1, ["a", "b"])]


def test_names_typed_with_a_latin_i_do_not_mislead() -> None:
    text = "Тегi;Аты;Сынып\nСерiк;Бiржан;5 «А»\nIлияс;Iңкәр;5 «А»\nӘбдiр;Қайрат;5 «А»\n"
    assert read(text.encode("kz1048"))[0][2].cells == ["Iлияс", "Iңкәр", "5 «А»"]
