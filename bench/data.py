"""Fill a database with schools that weigh what real ones do: half a year of marks each.

Structure is made here, what is counted in thousands by ``data.sql``; a school of the benchmark has
4 classes of 30 pupils, 45 lessons a week, some 20 marks a pupil and week.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from bench import texts
from kundelik_core.gradebook.results import scheme_of, store
from kundelik_core.gradebook.schemes.engine import Work, compute_period
from kundelik_core.kernel import clock
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.names import search_key, sort_key
from kundelik_core.schools.calendar import monday_of, school_year_of

__all__ = ["MARKER", "SCHEME", "fill"]

SCHEME: Final = ("kz-cba-2022", 1)
MARKER: Final = "bench.json"
CLASSES: Final = 4
PUPILS: Final = 30
# Results differ from pupil to pupil; so many different ones are as good as all different.
RESULTS: Final = 20_000
_SQL: Final = Path(__file__).with_name("data.sql")

Row = tuple[object, ...]
Say = Callable[[str], None]


class Rows:
    """Rows by table, collected and copied in at once."""

    def __init__(self) -> None:
        self.by_table: dict[tuple[str, ...], list[Row]] = {}

    def add(self, table: str, columns: str, *values: object) -> None:
        """Add a row; ``columns`` are the names, in the order of the values."""
        self.by_table.setdefault((table, *columns.split()), []).append(values)

    async def write(self, conn: Any) -> None:  # noqa: ANN401 - asyncpg ships no types
        """Copy everything."""
        for (table, *columns), rows in self.by_table.items():
            schema, _, name = table.rpartition(".")
            await conn.copy_records_to_table(
                name, schema_name=schema or None, columns=columns, records=rows
            )


async def fill(owner_dsn: str, schools: int, say: Say) -> date:
    """Write the schools; return the Monday of the week that is measured."""
    monday = monday_of(clock.today())
    async with _loading(owner_dsn) as conn:
        await conn.execute(
            "create temp table bench_slot (school_id int, group_id uuid, teacher_id uuid, "
            "weekday int, slot int); create temp table bench_journal (group_id uuid); "
            "create temp table bench_result (n int, raw text, terms text, percent int, mark text, "
            "status text, provisional bool)"
        )
        rows, rng = Rows(), random.Random(1)
        for school_id in range(1, schools + 1):
            _School(school_id, monday, rows, rng).make()
        _results(rows, rng)
        await rows.write(conn)
        await conn.execute("analyze bench_slot; analyze bench_result; analyze core.group_pupil")
        args: list[object] = [
            monday, list(texts.TOPICS), list(texts.TAILS), list(texts.HOMEWORK), RESULTS,
        ]  # fmt: skip
        await _run_file(conn, args, say)
    return monday


@asynccontextmanager
async def _loading(dsn: str) -> AsyncIterator[Any]:
    """Connect for a load: rows are known to fit each other, and may be lost if it is cut short."""
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(
            "set session_replication_role = replica; set synchronous_commit = off; "
            "set work_mem = '256MB'; set search_path = pg_catalog; select setseed(0.5)"
        )
        yield conn
        await conn.execute("set session_replication_role = origin")
        await conn.execute("vacuum (analyze)")
        await conn.execute("checkpoint")
    finally:
        await conn.close()


async def _run_file(conn: Any, args: list[object], say: Say) -> None:  # noqa: ANN401 - no types
    text = "\n".join(x for x in _SQL.read_text("utf-8").splitlines() if not x.startswith("--"))
    for statement in text.split(";\n"):
        if not statement.strip():
            continue
        wanted = max((n for n in range(1, 10) if f"${n}::" in statement), default=0)
        if "create function" in statement:
            await conn.execute(statement)
            continue
        # Numbers are counted from 1 without a gap in each statement that is sent.
        used = [n for n in range(1, wanted + 1) if f"${n}::" in statement]
        numbered = statement
        for place, n in enumerate(used, 1):
            numbered = numbered.replace(f"${n}::", f"${place}::")
        done = await conn.execute(numbered, *(args[n - 1] for n in used))
        say(f"{statement.split()[2]}: {done.split()[-1]}")
        if "core.work" in statement or "core.lesson" in statement:
            await conn.execute("analyze core.lesson; analyze core.work")


class _School:
    """One school: its year, people, classes and groups."""

    def __init__(self, school_id: int, monday: date, rows: Rows, rng: random.Random) -> None:
        self.id, self.monday, self.rows, self.rng = school_id, monday, rows, rng
        self.now = datetime.now(UTC)
        self.begins = monday - timedelta(days=105)
        self.year = school_year_of(monday + timedelta(days=6))
        self.locale = "kk" if school_id % 2 else "ru"

    def make(self) -> None:
        """Collect all rows."""
        self.rows.add(
            "core.school", "id region title_kk title_ru title_en locale is_demo created_at",
            self.id, "KZ-75", f"№{self.id} мектеп-гимназия", f"Школа-гимназия № {self.id}",
            f"School {self.id}", self.locale, True, self.now,
        )  # fmt: skip
        self._year()
        teachers = [self._person("teacher") for _ in texts.SUBJECTS]
        subjects = [self._subject(n) for n in range(len(texts.SUBJECTS))]
        for number in range(CLASSES):
            self._class(number, teachers, subjects)

    def _year(self) -> None:
        day = self.monday
        spans = {
            "q1": (self.begins, day - timedelta(days=50)),
            "q2": (day - timedelta(days=46), day + timedelta(days=6)),
            "q3": (day + timedelta(days=14), day + timedelta(days=84)),
            "q4": (day + timedelta(days=91), day + timedelta(days=147)),
        }
        spans["h1"] = (spans["q1"][0], spans["q2"][1])
        spans["h2"] = (spans["q3"][0], spans["q4"][1])
        spans["y"] = (spans["q1"][0], spans["q4"][1])
        self.rows.add(
            "core.school_year", "school_id year begins ends", self.id, self.year, *spans["y"]
        )
        for code, span in spans.items():
            state = "closed" if code == "q1" else "open"
            self.rows.add(
                "core.period", "school_id year code begins ends state",
                self.id, self.year, code, *span, state,
            )  # fmt: skip

    def _person(self, role: str) -> tuple[UUID, UUID, str]:
        person, account = new_id(), new_id()
        surname, given = self.rng.choice(texts.SURNAMES), self.rng.choice(texts.GIVEN)
        name = f"{surname} {given}"
        self.rows.add(
            "core.person",
            "school_id id account_id surname given sort_key search_key created_at changed_at",
            self.id, person, account, surname, given, sort_key(name), search_key(name),
            self.now, self.now,
        )  # fmt: skip
        self.rows.add(
            "core.membership", "school_id id person_id role from_date",
            self.id, new_id(), person, role, self.begins,
        )  # fmt: skip
        self.rows.add(
            "directory.account", "id display_name locale created_at",
            account, name, self.locale, self.now,
        )  # fmt: skip
        self.rows.add("directory.login", "login account_id", f"b{account.hex}", account)
        self.rows.add(
            "directory.account_school", "account_id school_id person_id role from_date",
            account, self.id, person, role, self.begins,
        )  # fmt: skip
        return person, account, given

    def _subject(self, number: int) -> UUID:
        code, kk, ru, en, _hours = texts.SUBJECTS[number]
        key = new_id()
        self.rows.add(
            "core.subject", "school_id id code title_kk title_ru title_en position",
            self.id, key, code, kk, ru, en, number,
        )  # fmt: skip
        return key

    def _class(
        self, number: int, teachers: list[tuple[UUID, UUID, str]], subjects: list[UUID]
    ) -> None:
        key, grade = new_id(), 7 + number
        self.rows.add(
            "core.school_class", "school_id id year grade letter language homeroom_id",
            self.id, key, self.year, grade, "А", self.locale, teachers[number][0],
        )  # fmt: skip
        groups = self._groups(grade, teachers, subjects)
        for _pupil in range(PUPILS):
            pupil, _, given = self._person("pupil")
            self.rows.add(
                "core.class_pupil", "school_id class_id pupil_id from_date",
                self.id, key, pupil, self.begins,
            )  # fmt: skip
            for group in groups:
                self.rows.add(
                    "core.group_pupil", "school_id group_id pupil_id from_date",
                    self.id, group, pupil, self.begins,
                )  # fmt: skip
            self._parent(pupil, given)
        for group in groups:
            self.rows.add("core.group_class", "school_id group_id class_id", self.id, group, key)

    def _groups(
        self, grade: int, teachers: list[tuple[UUID, UUID, str]], subjects: list[UUID]
    ) -> list[UUID]:
        groups: list[UUID] = []
        place = 0
        for number, (_code, _kk, _ru, _en, hours) in enumerate(texts.SUBJECTS):
            group, teacher = new_id(), teachers[number][0]
            groups.append(group)
            self.rows.add(
                "core.teaching_group",
                "school_id id year subject_id title grade scheme_code scheme_version period_kind "
                "hours_per_week",
                self.id, group, self.year, subjects[number], f"{grade} «А»", grade, *SCHEME,
                "quarter", hours,
            )  # fmt: skip
            self.rows.add(
                "core.group_teacher", "school_id group_id teacher_id from_date",
                self.id, group, teacher, self.begins,
            )  # fmt: skip
            for _hour in range(hours):
                self.rows.add(
                    "bench_slot", "school_id group_id teacher_id weekday slot",
                    self.id, group, teacher, place % 5, place // 5 + 1,
                )  # fmt: skip
                place += 1
            if number == 0:
                self.rows.add("bench_journal", "group_id", group)
        return groups

    def _parent(self, pupil: UUID, given: str) -> None:
        parent, account, _ = self._person("parent")
        self.rows.add(
            "core.guardianship", "school_id guardian_id pupil_id from_date",
            self.id, parent, pupil, self.begins,
        )  # fmt: skip
        self.rows.add(
            "directory.account_child",
            "account_id school_id guardian_id pupil_id given_name from_date",
            account, self.id, parent, pupil, given, self.begins,
        )  # fmt: skip
        seen = datetime.combine(self.monday + timedelta(days=1), time(18), UTC)
        self.rows.add(
            "core.diary_seen", "school_id pupil_id viewer_id seen_at before_at",
            self.id, pupil, parent, seen, seen - timedelta(days=3),
        )  # fmt: skip


def _results(rows: Rows, rng: random.Random) -> None:
    scheme = scheme_of(*SCHEME)
    for number in range(RESULTS):
        kept = store(compute_period(scheme, list(_works(rng))))
        terms = None if kept.terms is None else msgspec.json.encode(kept.terms).decode()
        rows.add(
            "bench_result", "n raw terms percent mark status provisional",
            number, kept.raw, terms, kept.percent, kept.mark, kept.status, kept.provisional,
        )  # fmt: skip


def _works(rng: random.Random) -> Iterable[Work]:
    for _lesson in range(rng.randint(6, 18)):
        yield Work("fo", rng.randint(4, 10), 10)
    for _work in range(2):
        yield Work("sor", rng.randint(6, 15), 15)
    yield Work("soch", rng.randint(10, 25), 25)


if __name__ == "__main__":
    import sys

    print(asyncio.run(fill(sys.argv[1], int(sys.argv[2]), print)))
