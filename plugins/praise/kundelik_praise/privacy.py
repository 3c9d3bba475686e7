"""Give out and erase what the plugin holds about somebody."""

from collections.abc import Sequence
from typing import Final

from kundelik_core.sdk import (
    Erased,
    Erasure,
    PersonalField,
    PluginContext,
    Record,
    Subject,
    Text,
)

__all__ = ["FIELDS", "erase", "export"]

FIELDS: Final = (
    PersonalField(
        table="note",
        column="student_id",
        subject="student",
        purpose=Text(
            kk="Жазба қай оқушыға арналғаны",
            ru="Кому из учеников адресована запись",
            en="Which pupil a note is for",
        ),
        ground="public_task",
    ),
    PersonalField(
        table="note",
        column="body",
        subject="student",
        purpose=Text(
            kk="Мұғалімнің оқушыға айтқан сөзі",
            ru="Что учитель сказал ученику",
            en="What the teacher said to the pupil",
        ),
        ground="public_task",
    ),
    PersonalField(
        table="note",
        column="author_id",
        subject="staff",
        purpose=Text(
            kk="Жазбаны қай мұғалім жазғаны",
            ru="Кто из учителей сделал запись",
            en="Which teacher wrote a note",
        ),
        ground="public_task",
    ),
)

_TO = Text(kk="Сізге арналған жазба", ru="Запись для вас", en="A note to you")
_BY = Text(kk="Сіз жазған жазба", ru="Ваша запись", en="A note that you wrote")


async def export(ctx: PluginContext, subject: Subject) -> Sequence[Record]:
    """Return the notes to a pupil, or by one of the staff; guardians have none of their own."""
    if subject.kind == "guardian":
        return []
    column = "student_id" if subject.kind == "student" else "author_id"
    async with ctx.db.read() as tx:
        rows = await tx.fetch(
            f"select kind, body, day, written_at from note where {column} = $1 order by written_at",
            subject.id,
        )
    return [
        Record(
            title=_TO if subject.kind == "student" else _BY,
            values={
                "kind": row["kind"],
                # What was said to a pupil is the pupil's; the author gets no copy of it.
                **({"text": row["body"]} if subject.kind == "student" else {}),
                "day": row["day"].isoformat(),
                "written_at": row["written_at"].isoformat(),
            },
        )
        for row in rows
    ]


async def erase(ctx: PluginContext, erasure: Erasure) -> Erased:
    """Delete a pupil's notes, or leave bare counts; of the staff only the author's id goes."""
    match erasure.subject.kind, erasure.mode:
        case "student", "erase":
            sql = "delete from note where student_id = $1"
        case "student", _:
            sql = (
                "update note set student_id = null, body = '', group_id = null "
                "where student_id = $1"
            )
        case "staff", _:
            sql = "update note set author_id = null where author_id = $1"
        case _:
            return Erased(rows=0)
    async with ctx.db.write() as tx:
        done = await tx.execute(sql, erasure.subject.id)
    return Erased(rows=int(done.rpartition(" ")[2]))
