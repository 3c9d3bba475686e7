"""One value of everything that crosses the border between the core and a plugin."""

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from kundelik_core import sdk

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)
TEXT = sdk.Text(kk="Алғыс", ru="Похвала", en="Praise")
AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
SUBJECT = sdk.Subject(kind="student", id=ONE)
STUDENT = sdk.Student(id=ONE, name="Әсел", birth_date=date(2016, 2, 29))
FORM = {"name": ("a", "b")}

VALUES: tuple[msgspec.Struct, ...] = (
    TEXT,
    sdk.School(id=1, name="№ 1", zone="Asia/Almaty", languages=("kk",)),
    sdk.Actor(person_id=ONE, roles=("parent",), permissions=("praise.see",), students=(TWO,)),
    STUDENT,
    sdk.Student(id=ONE, name="Әсел"),
    sdk.ClassPage(class_id=TWO, students=(STUDENT,)),
    sdk.DiaryWeek(student_id=ONE, monday=date(2026, 11, 23), viewer="guardian", student=STUDENT),
    sdk.StudentCard(student_id=ONE),
    sdk.Fragment(template="a.html", context={"n": 1, "list": [{"x": None}], "on": True}),
    sdk.PageRequest(params={"id": "1"}, query=FORM, form=FORM),
    sdk.Upload(name="a.csv", media_type="text/csv", content=b"\xff\x00"),
    sdk.Html(template="a.html", context={"n": 1}, title="Әсел", status=422),
    sdk.Redirect(to="list"),
    sdk.JsonAnswer(value={"n": [1, None]}),
    sdk.File(name="a.bin", media_type="application/octet-stream", content=b"\xff\x00"),
    sdk.NotFound(),
    sdk.NavItem(label=TEXT, path="list"),
    sdk.Permission(
        code="praise.give", title=TEXT, allows=TEXT, roles=("teacher",), risks=("bulk",)
    ),
    *(
        kind(**dict.fromkeys(kind.__struct_fields__, ONE))
        for kind in sdk.EVENTS.values()
        if kind is not sdk.PeriodClosed
    ),
    sdk.PeriodClosed(group_id=ONE, period="q1"),
    sdk.Event(
        id=ONE,
        type="mark.recorded.v1",
        school_id=1,
        occurred_at=AT,
        actor_id=None,
        data=sdk.MarkRecorded(student_id=ONE, group_id=TWO, work_id=THREE),
    ),
    sdk.Every(seconds=60),
    sdk.Cron(spec="0 18 * * 5"),
    sdk.JobRun(due_at=AT, attempt=2),
    sdk.Argument(name="class", help="Which class."),
    sdk.CommandRequest(arguments={"class": "5А"}),
    sdk.CommandAnswer(lines=("done",), exit_code=1),
    sdk.Health(ok=False, note="no table"),
    sdk.DemoRequest(size="small", seed=7),
    SUBJECT,
    sdk.Erasure(subject=SUBJECT, mode="anonymise"),
    sdk.Erased(rows=3),
    sdk.Record(title=TEXT, values={"at": "2026-11-24", "n": 1}),
    sdk.PersonalField(
        table="praise", column="student_id", subject="student", purpose=TEXT, ground="public_task"
    ),
)
