"""Answer the plugin's pages: whom to write to, the form, the notes of a pupil, a list to save."""

from datetime import date
from typing import Final
from uuid import UUID, uuid4

from kundelik_core.sdk import (
    Actor,
    File,
    Html,
    Json,
    NotFound,
    PageAnswer,
    PageRequest,
    PluginContext,
    PluginTx,
    Redirect,
)
from kundelik_praise import people
from kundelik_praise.domain import (
    HEAD,
    LONGEST,
    RECENT_DAYS,
    as_csv,
    class_name,
    faults_of,
    leads,
    looks_after,
    months_before,
    recent,
    school_year,
    unnoticed,
)
from kundelik_praise.notes import (
    Note,
    described,
    of_author,
    of_student,
    of_students,
    take_back,
    write,
    written_on,
)

__all__ = ["front", "list_file", "note_form", "notes", "send_note", "withdraw"]

_MONTHS_SHOWN: Final = 24
_CELLS: Final = ("label", "body", "subject", "by")


def _actor(ctx: PluginContext) -> Actor:
    assert ctx.actor is not None
    return ctx.actor


def _teachers(ctx: PluginContext) -> bool:
    return bool(ctx.settings.writers == "teachers")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def front(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Show the pupils of a class to whoever may write to them, with who was praised of late."""
    actor, today, teachers = _actor(ctx), ctx.clock.today(), _teachers(ctx)
    if not actor.may("praise.write"):
        return Redirect(to="notes")
    asked = _uuid(request.asked("class"))
    async with ctx.db.read() as tx:
        classes = await people.classes(tx, actor, today, teachers=teachers)
        chosen = next((one for one in classes if asked in {None, one["class_id"]}), None)
        if asked is not None and chosen is None:
            return NotFound()
        shown: list[dict[str, Json]] = []
        silent = 0
        if chosen is not None:
            found = await people.pupils(tx, actor, chosen["class_id"], today, teachers=teachers)
            ids = [one["student_id"] for one in found]
            first = months_before(today, 2)
            counts = recent(await of_students(tx, ids, first), today)
            silent = unnoticed(ids, counts)
            shown = [
                {
                    "id": str(one["student_id"]),
                    "name": f"{one['family_name']} {one['given_name']}",
                    **counts.get(one["student_id"], {"praise": 0, "remark": 0}),
                }
                for one in found
            ]
    context: dict[str, Json] = {
        "classes": [
            {
                "id": str(one["class_id"]),
                "name": class_name(one["grade"], one["letter"]),
                "current": one is chosen,
            }
            for one in classes
        ],
        "pupils": shown,
        "silent": silent,
        "days": RECENT_DAYS,
        "saves": chosen is not None and (leads(actor) or chosen["own"]),
    }
    return Html(template="front.html", context=context)


async def note_form(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Show the form for a note to one pupil."""
    sent = {"id": str(uuid4()), "kind": "praise", "group": "", "body": ""}
    return await _form(ctx, UUID(request.params["student"]), sent, {})


async def _form(
    ctx: PluginContext, student: UUID, sent: dict[str, str], faults: dict[str, str]
) -> PageAnswer:
    actor, today = _actor(ctx), ctx.clock.today()
    async with ctx.db.read() as tx:
        if not await people.may_write_to(tx, actor, student, today, teachers=_teachers(ctx)):
            return NotFound()
        groups = await _groups(ctx, tx, actor, student, today)
        found = await people.students(tx, [student])
        if not found:
            return NotFound()
        rows = await of_student(tx, student, months_before(today, 2), today, most=30)
        every = await _sees_all(tx, actor, student, today)
        mine = actor.person_id
        rows = [row for row in rows if every or row["author_id"] == mine][:5]
        earlier = await described(ctx, tx, rows)
    one = found[0]
    return Html(
        template="form.html",
        title=f"{one['family_name']} {one['given_name']}",
        status=422 if faults else 200,
        context={
            "student": str(student),
            "class_id": str(one["class_id"] or ""),
            "class_name": class_name(one["grade"], one["class_letter"]),
            "groups": [{"id": str(key), "title": title} for key, title in groups.items()],
            "remarks": bool(ctx.settings.remarks),
            "longest": LONGEST,
            "most": ctx.settings.most_a_day,
            "sent": sent,
            "faults": {"form": "", "kind": "", "body": "", **faults},
            "earlier": earlier,
        },
    )


async def _groups(
    ctx: PluginContext, tx: PluginTx, actor: Actor, student: UUID, today: date
) -> dict[UUID, str]:
    if actor.person_id is None:
        return {}
    ids = await people.taught(tx, actor.person_id, student, today)
    return await people.subjects(tx, ids, ctx.i18n.locale) if ids else {}


async def send_note(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Take a note; what does not fit is said beside its field."""
    actor, today = _actor(ctx), ctx.clock.today()
    student, author = UUID(request.params["student"]), actor.person_id
    kind, group = request.field("kind"), _uuid(request.field("group"))
    # Browsers send line ends as two signs, which would count twice.
    body = request.field("body").replace("\r\n", "\n").strip()
    key = _uuid(request.field("id")) or uuid4()
    options = ctx.settings
    async with ctx.db.write() as tx:
        if author is None or not await people.may_write_to(
            tx, actor, student, today, teachers=_teachers(ctx)
        ):
            return NotFound()
        faults = faults_of(
            kind,
            body,
            remarks=options.remarks,
            written_today=await written_on(tx, author, today),
            most_a_day=options.most_a_day,
        )
        if not faults:
            about = await people.taught(tx, author, student, today)
            note = Note(
                id=key,
                student_id=student,
                author_id=author,
                kind=kind,
                group_id=group if group in about else None,
                body=body,
                day=today,
                written_at=ctx.clock.now(),
            )
            await write(tx, ctx.school.id, note)
    if faults:
        sent = {"id": str(key), "kind": kind, "group": str(group or ""), "body": body}
        return await _form(ctx, student, sent, faults)
    return Redirect(to=f"notes?student={student}&done=written")


async def notes(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Show the notes to a pupil; to the staff, without one, what they wrote themselves."""
    actor = _actor(ctx)
    asked = _uuid(request.asked("student"))
    if request.asked("student") and asked is None:
        return NotFound()
    done = request.asked("done") if request.asked("done") in {"written", "gone"} else ""
    own = asked is None and not actor.students
    async with ctx.db.read() as tx:
        if own:
            return await _written(ctx, tx, actor, done)
        student = asked or actor.students[0]
        today = ctx.clock.today()
        every = await _sees_all(tx, actor, student, today)
        may = actor.may("praise.write")
        writes = may and await people.may_write_to(
            tx, actor, student, today, teachers=_teachers(ctx)
        )
        found = await people.students(tx, {student, *actor.students})
        there = {one["student_id"]: one for one in found}
        if student not in there or not (every or writes):
            return NotFound()
        rows = await of_student(tx, student, months_before(today, _MONTHS_SHOWN), today)
        if not every:
            rows = [row for row in rows if row["author_id"] == actor.person_id]
        shown = await described(ctx, tx, rows, mine=actor.person_id)
    one = there[student]
    context: dict[str, Json] = {
        "student": str(student),
        "name": f"{one['family_name']} {one['given_name']}",
        "class_name": class_name(one["grade"], one["class_letter"]),
        "children": [
            {
                "id": str(key),
                "name": there[key]["given_name"],
                "current": key == student,
            }
            for key in actor.students
            if key in there
        ],
        "notes": shown,
        "writes": writes,
        "removes": may and leads(actor),
        "own": False,
        "done": done,
    }
    return Html(template="notes.html", context=context, title=str(context["name"]))


async def _written(ctx: PluginContext, tx: PluginTx, actor: Actor, done: str) -> PageAnswer:
    rows = await of_author(tx, actor.person_id) if actor.person_id else []
    shown = await described(ctx, tx, rows, mine=actor.person_id)
    who = {
        str(one["student_id"]): f"{one['family_name']} {one['given_name']}"
        for one in await people.students(tx, {row["student_id"] for row in rows})
    }
    context: dict[str, Json] = {
        "student": "",
        "name": "",
        "class_name": "",
        "children": [],
        "notes": [{**one, "by": "", "name": who.get(str(one["student"]), "")} for one in shown],
        "writes": False,
        "removes": False,
        "own": True,
        "done": done,
    }
    return Html(template="notes.html", context=context)


async def _sees_all(tx: PluginTx, actor: Actor, student: UUID, today: date) -> bool:
    """Say whether somebody may read the notes of every author to a pupil."""
    if student in actor.students or looks_after(actor):
        return True
    # With no teachers among them only the homeroom teacher is left.
    return await people.may_write_to(tx, actor, student, today, teachers=False)


async def withdraw(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Take a note back: the author, or whoever leads the school."""
    actor = _actor(ctx)
    author = None if leads(actor) else actor.person_id
    if author is None and not leads(actor):
        return NotFound()
    async with ctx.db.write() as tx:
        student = await take_back(tx, UUID(request.params["note"]), author)
    if student is None:
        return NotFound()
    return Redirect(to=f"notes?student={student}&done=gone")


async def list_file(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Give the notes of a class in this school year, for a parents' meeting."""
    actor, today = _actor(ctx), ctx.clock.today()
    class_id = UUID(request.params["class_id"])
    async with ctx.db.read() as tx:
        classes = await people.classes(tx, actor, today, teachers=False)
        chosen = next((one for one in classes if one["class_id"] == class_id), None)
        if chosen is None or not (leads(actor) or chosen["own"]):
            return NotFound()
        found = await people.pupils(tx, actor, class_id, today, teachers=False)
        who = {one["student_id"]: f"{one['family_name']} {one['given_name']}" for one in found}
        rows = await of_students(tx, list(who), date(school_year(today), 8, 1))
        shown = await described(ctx, tx, rows)
    locale = ctx.i18n.locale
    days = [row["day"].isoformat() for row in rows]
    table = [
        [day, who[UUID(str(one["student"]))], *(str(one[key]) for key in _CELLS)]
        for day, one in zip(days, shown, strict=True)
    ]
    return File(
        name=f"praise-{class_name(chosen['grade'], chosen['letter'])}-{today}.csv",
        media_type="text/csv",
        content=as_csv([text.of(locale) for text in HEAD], table),
    )
