"""Name what is measured, and make its requests: real sessions of many people in all schools."""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from bench.client import Ask, Unit
from bench.files import Asset
from bench.server import BenchError
from kundelik_core.identity.rules import new_token, token_hash
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.calendar import iso_week

__all__ = ["Operation", "Town", "operations"]

PARENTS_A_SCHOOL: Final = 10


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the result."""

    name: str
    connections: tuple[int, ...] = (1, 16)
    units: Callable[[int], Iterator[Unit]]
    cost: int = 1
    """How many of the usual rounds' requests one unit is worth."""
    parts: tuple[bytes, int] = (b"", 0)
    """A mark that the page has to hold so many times, or it is not the page that was promised."""
    settled: bool = True
    """Whether the statements are counted once everything is known, as in a session's later pages"""
    before: Callable[[], Iterator[Unit]] = lambda: iter(())
    """What is sent before each round, and not measured."""
    sample: Callable[[], Iterator[Unit]] | None = None
    """The requests whose statements are counted, where any of ``units`` do not tell."""


class Journal(msgspec.Struct, kw_only=True):
    """A journal with the cells that its teacher writes into, as they are now."""

    school: int
    group: UUID
    token: str
    cells: dict[tuple[str, str], str]
    shown: dict[str, tuple[str, str]]
    """By pupil one of the cells that lies in the week of the diaries."""


class Family(msgspec.Struct, frozen=True):
    """A parent with a session, and their child."""

    school: int
    account: UUID
    pupil: UUID
    token: str


class Town(msgspec.Struct, kw_only=True):
    """Everybody who visits, signed in."""

    week: str
    families: list[Family]
    strangers: list[Family]
    """More of them, for what is measured only once with each."""
    journals: list[Journal]
    fresh: Callable[[int], Iterator[tuple[Family, str]]]

    @classmethod
    async def open(
        cls,
        conn: Any,  # noqa: ANN401 - asyncpg has no types
        monday: date,
        visits: int,
    ) -> "Town":
        """Sign people in, over a connection of the owner; ``visits`` of them once more each."""
        rows = await conn.fetch(
            "select * from (select c.school_id, c.account_id, c.pupil_id, row_number() over "
            "(partition by c.school_id order by md5(c.pupil_id::text)) as n "
            "from directory.account_child c) x order by x.n, x.school_id"
        )
        everybody = [
            Family(r["school_id"], _id(r["account_id"]), _id(r["pupil_id"]), new_token())
            for r in rows
        ]
        await _sign_in(conn, [(f.account, f.token) for f in everybody])
        known = sum(r["n"] <= PARENTS_A_SCHOOL for r in rows)
        families = everybody[:known]
        journals = await _journals(conn, monday)
        again = itertools.islice(itertools.cycle(families), visits)
        more = [(family, new_token()) for family in again]
        await _sign_in(conn, [(family.account, token) for family, token in more])
        unused = iter(more)
        return cls(
            week=iso_week(monday),
            families=families,
            strangers=everybody[known:],
            journals=journals,
            fresh=lambda count: itertools.islice(unused, count),
        )


def _id(value: Any) -> UUID:  # noqa: ANN401 - asyncpg's own kind of UUID
    return UUID(int=value.int)


async def _sign_in(conn: Any, who: list[tuple[UUID, str]]) -> None:  # noqa: ANN401
    now = datetime.now(UTC)
    await conn.execute(
        "insert into directory.session (token_hash, account_id, created_at, seen_at, expires_at) "
        "select x.hash, x.account, $3, $3, $4 from unnest($1::bytea[], $2::uuid[]) "
        "as x (hash, account)",
        [token_hash(token) for _account, token in who],
        [account for account, _token in who],
        now,
        now + timedelta(days=1),
    )


async def _journals(conn: Any, monday: date) -> list[Journal]:  # noqa: ANN401
    """Return one journal of each class, in a subject of five lessons a week."""
    rows = await conn.fetch(
        "select g.school_id, g.id, n.account_id from core.teaching_group g "
        "join core.subject s on s.school_id = g.school_id and s.id = g.subject_id "
        "join core.group_teacher t on t.school_id = g.school_id and t.group_id = g.id "
        "join core.person n on n.school_id = t.school_id and n.id = t.teacher_id "
        "where s.position = 0 order by g.grade, g.school_id"
    )
    found: list[Journal] = []
    for row in rows:
        cells = await conn.fetch(
            "select l.id, l.date, p.pupil_id, trim_scale(m.points)::text as points, a.code "
            "from core.lesson l "
            "join core.group_pupil p on p.school_id = l.school_id and p.group_id = l.group_id "
            "left join core.mark m on m.school_id = l.school_id and m.work_id = l.id "
            "and m.pupil_id = p.pupil_id "
            "left join core.absence a on a.school_id = l.school_id and a.lesson_id = l.id "
            "and a.pupil_id = p.pupil_id "
            "where l.school_id = $1 and l.group_id = $2 and l.date between $3 and $4 "
            "order by md5(l.id::text || p.pupil_id)",
            row["school_id"],
            row["id"],
            monday - timedelta(days=14),
            monday + timedelta(days=4),
        )
        values = {
            (str(c["id"]), str(c["pupil_id"])): c["points"] or "" for c in cells if not c["code"]
        }
        shown = {
            str(c["pupil_id"]): (str(c["id"]), str(c["pupil_id"]))
            for c in cells
            if not c["code"] and c["date"] >= monday
        }
        token = new_token()
        await _sign_in(conn, [(_id(row["account_id"]), token)])
        found.append(
            Journal(
                school=row["school_id"], group=row["id"], token=token, cells=values, shown=shown
            )
        )
    return found


def operations(town: Town, first: list[Asset], rounds: int = 1) -> list[Operation]:
    """Return everything that is measured; ``first`` are the files of a diary's first visit."""
    # Neighbouring requests are those of different schools: nothing is near in any cache.
    people, journals = itertools.cycle(town.families), itertools.cycle(town.journals)
    looks = itertools.count()
    saves = _Saves(town.journals)
    constant = Ask(path="/healthz")
    return [
        Operation(name="constant", units=lambda n: ([constant] for _ in range(n))),
        Operation(
            name="diary_week",
            units=lambda n: ([_diary(town, f, f.token)] for f in itertools.islice(people, n)),
            parts=(b'<li class="les', 45),
        ),
        *_first_looks(town, saves, rounds),
        Operation(
            name="diary_week_session_unknown",
            units=lambda n: ([_diary(town, f, token)] for f, token in town.fresh(n)),
            parts=(b'<li class="les', 45),
            settled=False,
        ),
        Operation(
            name="journal_page",
            units=lambda n: ([_journal(j)] for j in itertools.islice(journals, n)),
            parts=(b"<td>", 1200),
            cost=3,
        ),
        Operation(
            name="journal_page_first_look",
            units=lambda n: (
                [_journal(j, f"?look={next(looks)}")] for j in itertools.islice(journals, n)
            ),
            parts=(b"<td>", 1200),
            cost=3,
        ),
        *_saving(saves),
        *_visits(town, first, people),
    ]


def _first_looks(town: Town, saves: "_Saves", rounds: int) -> list[Operation]:
    """Give weeks that have to be made: a mark came since, or the worker never showed them."""
    marked = [family for family in town.families if saves.shows(family)]
    # A worker shows a week for the first time only once: each round and line takes others.
    share = max(len(town.strangers) // ((rounds + 1) * 2 + 1), 1)
    strangers = iter(town.strangers)
    met: list[Family] = []

    def meet() -> Iterator[Unit]:
        # Their sessions are known to the worker, their children's weeks are not.
        met[:] = itertools.islice(strangers, share)
        return ([Ask(path="/help", token=f.token)] for f in met)

    def look(family: Family) -> Unit:
        return [_diary(town, family, family.token)]

    def unmet() -> Iterator[Unit]:
        meet()
        # After the others every class's week is known.
        return map(look, [*town.families, met[0]])

    return [
        Operation(
            name="diary_week_first_look",
            units=lambda n: map(look, marked[:n]),
            parts=(b'<li class="les', 45),
            before=lambda: (saves.one_for(family) for family in marked),
            sample=lambda: iter([look(marked[0]), saves.one_for(marked[0]), look(marked[0])]),
        ),
        Operation(
            name="diary_week_never_shown",
            units=lambda n: map(look, met[:n]),
            parts=(b'<li class="les', 45),
            before=meet,
            sample=unmet,
        ),
    ]


def _saving(saves: "_Saves") -> list[Operation]:
    """Give saves of one mark, in a journal that the worker holds and in one that it does not."""
    return [
        Operation(
            name="save_mark", units=saves.units, before=saves.settled, sample=lambda: saves.near(3)
        ),
        # Somebody else has written into every journal since this worker saved in it.
        Operation(
            name="save_mark_journal_unknown",
            units=saves.once_each,
            before=saves.moved,
            sample=lambda: itertools.chain(saves.moved(), saves.once_each(1)),
            cost=3,
        ),
    ]


def _visits(town: Town, first: list[Asset], people: Iterator[Family]) -> list[Operation]:
    """Give a diary with its files, by somebody new and by somebody who has been here."""
    return [
        Operation(
            name="diary_first_visit",
            connections=(1,),
            units=lambda n: (
                [_diary(town, f, f.token), *(Ask(path=a.path) for a in first)]
                for f in itertools.islice(people, n)
            ),
            parts=(b'<li class="les', 45),
            cost=4,
        ),
        Operation(
            name="diary_next_visit",
            connections=(1,),
            units=lambda n: (
                [_diary(town, f, f.token), *(Ask(path=a.path) for a in first if not a.kept)]
                for f in itertools.islice(people, n)
            ),
            parts=(b'<li class="les', 45),
        ),
    ]


def _diary(town: Town, family: Family, token: str, query: str = "") -> Ask:
    path = f"/diary/{family.pupil}/{town.week}{query}"
    return Ask(path=path, token=token, school=family.school)


def _journal(journal: Journal, query: str = "") -> Ask:
    path = f"/journal/{journal.group}/q2{query}"
    return Ask(path=path, token=journal.token, school=journal.school)


class _Saves:
    """Makes saves, each into another cell, and remembers what is in it then."""

    def __init__(self, journals: list[Journal]) -> None:
        rng = random.Random(2)
        picked = [(journal, cell) for journal in journals for cell in journal.cells]
        rng.shuffle(picked)
        self._journals = journals
        self._shown = {pupil: (j, cell) for j in journals for pupil, cell in j.shown.items()}
        self._next = itertools.cycle(picked)
        # What waits for the first saves of journals and for saves into one of them.
        rng.shuffle(picked)
        self._cells = {id(j): itertools.cycle([c for k, c in picked if k is j]) for j in journals}

    def units(self, count: int) -> Iterator[Unit]:
        """Give so many saves."""
        return self._made(itertools.islice(self._next, count))

    def near(self, count: int) -> Iterator[Unit]:
        """Give so many saves into one journal."""
        return self._made((self._journals[0], self._cell(self._journals[0])) for _ in range(count))

    def shows(self, family: Family) -> bool:
        """Tell whether there is a cell in the week of a family's diary."""
        return str(family.pupil) in self._shown

    def one_for(self, family: Family) -> Unit:
        """Give a save of a mark that a family's diary shows."""
        return next(self._made([self._shown[str(family.pupil)]]))

    def once_each(self, count: int) -> Iterator[Unit]:
        """Give one save into each journal, at most so many."""
        return self._made((j, self._cell(j)) for j in self._journals[:count])

    def settled(self) -> Iterator[Unit]:
        """Give two saves into each journal: with the second one a worker holds it."""
        for _ in range(2):
            yield from self.once_each(len(self._journals))

    def moved(self) -> Iterator[Unit]:
        """Give a remark in each journal, which any save has to take note of."""
        for number, journal in enumerate(self._journals):
            column, pupil = next(iter(journal.cells))
            remark = {"id": str(new_id()), "comment": f"{number} {new_id().hex}"}
            yield [
                Ask(
                    method="POST",
                    path=f"/api/v1/journal/{journal.group}/cells/{column}/{pupil}/comment",
                    token=journal.token,
                    body=msgspec.json.encode(remark),
                    school=journal.school,
                )
            ]

    def _cell(self, journal: Journal) -> tuple[str, str]:
        return next(self._cells[id(journal)])

    def _made(self, cells: Iterable[tuple[Journal, tuple[str, str]]]) -> Iterator[Unit]:
        for journal, cell in cells:
            base = journal.cells[cell]
            value = str(4 + (int(base or 0) + 1) % 7)
            column, pupil = cell
            change = {"id": str(new_id()), "column": column, "pupil": pupil, "value": value,
                      "base": base}  # fmt: skip

            def seen(body: bytes, journal: Journal = journal, cell: tuple[str, str] = cell) -> None:
                result = msgspec.json.decode(body)["results"][0]
                if result["state"] != "saved":
                    raise BenchError(f"a mark was not saved: {result}")
                journal.cells[cell] = result["value"]

            yield [
                Ask(
                    method="POST",
                    path=f"/api/v1/journal/{journal.group}/cells",
                    token=journal.token,
                    body=msgspec.json.encode({"changes": [change]}),
                    school=journal.school,
                    seen=seen,
                )
            ]
