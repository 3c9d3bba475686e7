"""Give out and erase what the plugin holds about a pupil; of nobody else it holds anything."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kundelik_core.sdk import (
    Erased,
    Erasure,
    PersonalField,
    PluginContext,
    Record,
    Subject,
    Text,
)
from kundelik_rating.rounds import new_edition, take_gate, take_out

__all__ = ["FIELDS", "erase", "export"]

_KEPT: Final = "P2Y"

_WHOSE = Text(kk="Қай оқушының рейтингі екені", ru="Чей это рейтинг", en="Whose rating it is")
_RESULTS = Text(
    kk="Оқушының жарияланған нәтижелері",
    ru="Опубликованные результаты ученика",
    en="The pupil's results as published",
)
_BANDS = Text(
    kk="Нәтиженің топтың қай бөлігінде екені",
    ru="В какой части группы результат",
    en="In which part of the group the result lies",
)
_CHOSEN = Text(
    kk="Отбасының баласы үшін таңдағаны",
    ru="Что семья выбрала для ребёнка",
    en="What the family chose for its child",
)
_OUT = Text(
    kk="Отбасы баласын есепке алмауды сұрады",
    ru="Семья попросила не учитывать ребёнка",
    en="The family asked that its child is not counted",
)
_GIVEN = Text(
    kk="Көрсететін ештеңе болмаған күндерді қайтару",
    ru="Возврат дней, когда показать было нечего",
    en="Days given back on which there was nothing to show",
)


def _field(table: str, column: str, purpose: Text, keep: str | None = _KEPT) -> PersonalField:
    return PersonalField(
        table=table,
        column=column,
        subject="student",
        purpose=purpose,
        ground="contract" if table == "credit" else "consent",
        keep=keep,
    )


FIELDS: Final = (
    _field("standing", "student_id", _WHOSE),
    _field("standing", "results", _RESULTS),
    _field("standing", "bands", _BANDS),
    _field("choice", "student_id", _CHOSEN, None),
    _field("opt_out", "student_id", _OUT, None),
    _field("credit", "student_id", _GIVEN),
)

_STANDINGS: Final = """
select s.group_id, s.period, n.day, s.results[at.place] as result, s.bands[at.place] as band
  from standing s
 cross join lateral generate_subscripts(s.numbers, 1) as at (place)
  join snapshot n on n.group_id = s.group_id and n.period = s.period
   and n.number = s.numbers[at.place]
 where s.student_id = $1
 order by n.day, s.group_id
"""
_CHOICES: Final = "select hidden, dismissed from choice where student_id = $1"
_OUTS: Final = "select since, until from opt_out where student_id = $1 order by since"
_CREDITS: Final = """
select feature, scope, school_year, period, days, day from credit
 where student_id = $1 and days > 0 order by day, scope
"""


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON can hold it."""
    return {
        key: value if value is None or isinstance(value, bool | int) else str(value)
        for key, value in row.items()
    }


async def export(ctx: PluginContext, subject: Subject) -> Sequence[Record]:
    """Return a pupil's own standings, and what its family chose and was given back."""
    if subject.kind != "student":
        return []
    found: list[Record] = []
    async with ctx.db.read() as tx:
        for title, statement in (
            (_RESULTS, _STANDINGS),
            (_CHOSEN, _CHOICES),
            (_OUT, _OUTS),
            (_GIVEN, _CREDITS),
        ):
            rows = await tx.fetch(statement, subject.id)
            found += [Record(title=title, values=_plain(row)) for row in rows]
    return found


async def erase(ctx: PluginContext, erasure: Erasure) -> Erased:
    """Delete a pupil's lines, in either mode: no count needs them.

    Where a group is still measured, the last published result stays in its sums without a name.
    """
    if erasure.subject.kind != "student":
        return Erased(rows=0)
    student, rows = erasure.subject.id, 0
    async with ctx.db.write() as tx:
        await take_gate(tx, ctx.school.id)
        await take_out(tx, ctx.school.id, student)
        for table in ("standing", "choice", "opt_out", "credit"):
            done = await tx.execute(f"delete from {table} where student_id = $1", student)
            rows += int(done.rpartition(" ")[2])
        if rows:
            await new_edition(tx, ctx.school.id)
    return Erased(rows=rows)
