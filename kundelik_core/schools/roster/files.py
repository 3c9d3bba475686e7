"""Open whatever a school sends: a .zip bundle, a folder, one .csv or an .xlsx.

Sizes are judged before anything is unpacked, paths inside an archive are never followed, and
tables are read as streams, so that a wrong file costs the server nothing.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self, cast

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

from .csvtext import DELIMITERS, MAX_LINE, Record, records, sniff
from .encoding import detect
from .model import FileNote, Where
from .report import Report
from .workbook import BrokenWorkbookError, sheet_records, sheet_titles

DEFAULT_LIMIT = 50 * 1024 * 1024
MAX_MEMBERS = 200
_XLSX, _CSV = (".xlsx", ".xlsm"), (".csv", ".txt", ".tsv")
_CLUTTER = ("__MACOSX/", "._", ".DS_Store", "Thumbs.db", "desktop.ini", "~$")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_NOT_TEXT = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")


class FileRefusedError(Problem):
    """The one error that reading a file may raise: the file as a whole is of no use."""

    def __init__(
        self, code: str, message: str, *, params: Mapping[str, object] | None = None
    ) -> None:
        status = 413 if code == "file_too_large" else 422
        super().__init__(code, message, status=status, params=params or {})


class _Member(NamedTuple):
    """One readable file of a source, able to be opened again and again."""

    name: str
    size: int
    open: Callable[[], BinaryIO]


def _in_memory(name: str, content: bytes) -> _Member:
    return _Member(name, len(content), lambda: io.BytesIO(content))


def _on_disk(path: Path) -> _Member:
    return _Member(path.name, path.stat().st_size, lambda: path.open("rb"))


def _in_archive(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    # zipfile stops at the declared size, so that a lying header cannot unpack more.
    name = PurePosixPath(info.filename).name
    return _Member(name, info.file_size, lambda: cast("BinaryIO", archive.open(info)))


class Table:
    """One CSV file or one sheet: records that may be walked through several times."""

    def __init__(
        self,
        note: FileNote,
        report: Report,
        walk: Callable[[Report], Iterator[Record]],
        lines: Callable[[], Iterator[str]] = lambda: iter(()),
        title: str = "",
    ) -> None:
        self.name, self.note, self.report, self.title = note.name, note, report, title
        # The physical lines as written, where there are such (CSV).
        self.lines = lines
        self._walk = walk

    def records(self) -> Iterator[Record]:
        """The rows, the header among them, each with its line number."""
        return self._walk(self.report)

    def at(self, line: int = 0, column: str = "") -> Where:
        """A place in this table."""
        return Where(self.name, line, column)


class _Csv:
    """How one CSV file is written, found out by looking at all of it."""

    def __init__(self, member: _Member) -> None:
        self._member = member
        with _reading(member.name), member.open() as stream:
            detected = detect(stream)
        if detected.name is None:
            raise FileRefusedError(
                "encoding_unknown",
                N_("%(file)s is in no encoding we know. Tried: %(tried)s. Save it as CSV UTF-8."),
                params={"file": member.name, "tried": ", ".join(detected.tried)},
            )
        self.encoding, self.tried = detected.name, detected.tried
        with self._text() as text:
            first = [
                line.rstrip("\n") for line in islice(iter(lambda: text.readline(4096), ""), 30)
            ]
        # Excel writes and reads a first line such as "sep=;".
        self._skip = int(bool(first) and first[0].lower().startswith("sep="))
        mark = first[0][4:5] if self._skip else ""
        self.delimiter = mark if mark and mark in DELIMITERS else sniff(first[self._skip :])

    @contextmanager
    def _text(self) -> Iterator[io.TextIOWrapper]:
        with _reading(self._member.name), self._member.open() as stream:
            yield io.TextIOWrapper(stream, encoding=self.encoding, newline=None)

    def records(self, report: Report) -> Iterator[Record]:
        with self._text() as text:
            if self._skip:
                text.readline(MAX_LINE)
            for record in records(text, self.delimiter, self._member.name, report):
                yield Record(record.line + self._skip, record.cells)

    def lines(self) -> Iterator[str]:
        with self._text() as text:
            while line := text.readline(MAX_LINE):
                yield line.rstrip("\n")


def _csv_table(member: _Member, report: Report) -> Table:
    csv = _Csv(member)
    note = FileNote(
        name=member.name, encoding=csv.encoding, tried=list(csv.tried), delimiter=csv.delimiter
    )
    table = Table(note, report, csv.records, csv.lines)
    if not csv.encoding.startswith("utf"):
        report.once(
            table.at(),
            "encoding_guessed",
            N_(
                "The file is not in UTF-8; it was read as %(encoding)s (tried: %(tried)s). "
                "Check the letters of the names."
            ),
            params={"encoding": csv.encoding, "tried": ", ".join(csv.tried)},
        )
    return table


def _sheet_table(member: _Member, sheet: str, name: str, report: Report) -> Table:
    def walk(into: Report) -> Iterator[Record]:
        try:
            with _reading(member.name), member.open() as stream:
                yield from sheet_records(stream, sheet, name, into)
        except BrokenWorkbookError as error:
            raise _broken(member.name) from error

    note = FileNote(name=name, encoding="xlsx", tried=["xlsx"], delimiter="")
    return Table(note, report, walk, title=sheet)


class Source:
    """An opened source: its tables by lower-case name, and a common report."""

    def __init__(self, name: str, members: list[_Member], held: ExitStack | None = None) -> None:
        self.name, self.report = name, Report()
        self._members = {member.name.lower(): member for member in members}
        self._held = held or ExitStack()
        self._tables: dict[str, Table] = {}
        try:
            for member in members:
                for table in self._open(member):
                    self._tables[table.name.lower()] = table
        except BaseException:
            self.close()
            raise

    def _open(self, member: _Member) -> Iterator[Table]:
        if member.name.lower().endswith(_XLSX):
            try:
                with _reading(member.name), member.open() as stream:
                    _check_workbook(stream, member.name)
                    stream.seek(0)
                    titles = sheet_titles(stream)
            except BrokenWorkbookError as error:
                raise _broken(member.name) from error
            for title in titles:
                name = member.name if len(titles) == 1 else f"{member.name}:{title}"
                yield _sheet_table(member, title, name, self.report)
        else:
            yield _csv_table(member, self.report)

    @property
    def tables(self) -> dict[str, Table]:
        """Every table, by its lower-case file name."""
        return self._tables

    def table(self, name: str) -> Table | None:
        """The table of a file, whatever the case of its name."""
        return self._tables.get(name.lower())

    def raw(self, name: str) -> bytes:
        """The untouched bytes of a file, for an annotated copy."""
        with _reading(name), self._members[name.lower()].open() as stream:
            return stream.read()

    def close(self) -> None:
        """Let go of the archive."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_source(
    source: Path | str | bytes, *, name: str = "", limit: int = DEFAULT_LIMIT
) -> Source:
    """Open a path (file or folder) or the bytes of an upload called ``name``."""
    if isinstance(source, bytes):
        return _open_file(_in_memory(name or "file.csv", source), limit)
    path = Path(source)
    try:
        if path.is_dir():
            return _open_folder(path, limit)
        return _open_file(_on_disk(path), limit)
    except (OSError, ValueError) as error:
        raise FileRefusedError(
            "file_unreadable",
            N_("%(file)s cannot be opened. Check the path and who may read it."),
            params={"file": path.name or str(path)},
        ) from error


def _open_folder(path: Path, limit: int) -> Source:
    files = [
        entry
        for entry in sorted(path.iterdir())
        if entry.is_file() and not entry.name.startswith(_CLUTTER)
        and entry.suffix.lower() in (*_CSV, *_XLSX)
    ]  # fmt: skip
    members: list[_Member] = [_on_disk(entry) for entry in files]
    _check_total(path.name, sum(member.size for member in members), limit)
    if not members:
        raise _empty(path.name)
    return Source(path.name, members)


def _open_file(member: _Member, limit: int) -> Source:
    _check_total(member.name, member.size, limit)
    with _reading(member.name), member.open() as stream:
        head = stream.read(8)
    if not head:
        raise _empty(member.name)
    if head.startswith(_OLD_EXCEL):
        raise FileRefusedError(
            "old_excel",
            N_("%(file)s is an old Excel file (.xls). Save it as .xlsx or CSV UTF-8."),
            params={"file": member.name},
        )
    if head.startswith(_NOT_TEXT):
        raise FileRefusedError(
            "not_a_table",
            N_("%(file)s is not a table. Send a .csv, an .xlsx or a .zip of CSV files."),
            params={"file": member.name},
        )
    if head.startswith((_ZIP, b"PK\x05\x06")):
        return _open_zip(member, limit)
    if member.name.lower().endswith((".zip", *_XLSX)):
        raise _broken(member.name)
    return Source(member.name, [member])


def _open_zip(member: _Member, limit: int) -> Source:
    held = ExitStack()
    try:
        with _reading(member.name):
            archive = held.enter_context(zipfile.ZipFile(held.enter_context(member.open())))
        infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
        _check_archive(member.name, infos, limit)
        if any(info.filename == "[Content_Types].xml" for info in infos):
            held.close()
            if not member.name.lower().endswith(_XLSX):
                member = member._replace(name=f"{member.name}.xlsx")
            return Source(member.name, [member])
        members: list[_Member] = []
        for info in infos:
            path = PurePosixPath(info.filename)
            clutter = info.filename.startswith(_CLUTTER) or path.name.startswith(_CLUTTER)
            if not clutter and path.suffix.lower() in (*_CSV, *_XLSX):
                members.append(_in_archive(archive, info))
        _check_names(member.name, members)
        if not members:
            raise _empty(member.name)
        return Source(member.name, members, held)
    except BaseException:
        held.close()
        raise


def _check_total(name: str, size: int, limit: int) -> None:
    if size > limit:
        raise FileRefusedError(
            "file_too_large",
            N_("%(file)s holds %(size)s MB; at most %(limit)s MB are read at once. "
               "Split it by school or by class."),
            params={"file": name, "size": -(-size // 2**20), "limit": max(limit // 2**20, 1)},
        )  # fmt: skip


def _check_archive(name: str, infos: list[zipfile.ZipInfo], limit: int) -> None:
    """Judge an archive by its table of contents, before one byte is unpacked."""
    _check_total(name, sum(info.file_size for info in infos), limit)
    if len(infos) > MAX_MEMBERS:
        raise FileRefusedError(
            "too_many_files",
            N_("%(file)s holds %(count)s files; at most %(limit)s are expected."),
            params={"file": name, "count": len(infos), "limit": MAX_MEMBERS},
        )
    for info in infos:
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        if ".." in parts or info.filename.startswith(("/", "\\")) or ":" in info.filename[:3]:
            raise FileRefusedError(
                "unsafe_path",
                N_("%(file)s holds the unsafe path %(path)s and was refused."),
                params={"file": name, "path": info.filename[:100]},
            )
        if info.flag_bits & 0x1:
            raise FileRefusedError(
                "encrypted",
                N_("%(file)s is protected by a password. Send it without one."),
                params={"file": name},
            )


def _check_workbook(stream: BinaryIO, name: str) -> None:
    """A workbook is an archive too: one inside a bundle gets the same judgement."""
    with zipfile.ZipFile(stream) as archive:
        _check_archive(name, archive.infolist(), DEFAULT_LIMIT)


def _check_names(name: str, members: list[_Member]) -> None:
    seen: set[str] = set()
    for member in members:
        if member.name.lower() in seen:
            raise FileRefusedError(
                "same_name_twice",
                N_("%(file)s holds more than one file called %(name)s."),
                params={"file": name, "name": member.name},
            )
        seen.add(member.name.lower())


def _empty(name: str) -> FileRefusedError:
    return FileRefusedError(
        "file_empty", N_("%(file)s holds no table to read."), params={"file": name}
    )


def _broken(name: str) -> FileRefusedError:
    return FileRefusedError(
        "file_damaged",
        N_("%(file)s is damaged or not what its name says. Save it again and resend it."),
        params={"file": name},
    )


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn every way in which reading bytes may fail into the one declared error.

    zipfile has no error of its own for offsets and sizes that make no sense.
    """
    try:
        yield
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError,
        NotImplementedError, RuntimeError, ValueError, struct.error,
    ) as error:  # fmt: skip
        raise _broken(name) from error
