"""Say how a plugin has to behave when nobody looks: events, jobs, commands."""

from typing import Any, Final
from uuid import UUID

import msgspec

from kundelik_core.kernel import clock
from kundelik_core.kernel.ids import new_id
from kundelik_core.sdk import EVENTS, Event, EventData
from kundelik_core.testing.conformance_data import demo_school, snapshot
from kundelik_core.testing.core import Core
from kundelik_core.testing.subject import Subject
from kundelik_core.testing.town import School

__all__ = ["WORK_CHECKS"]


def events_twice(subject: Subject) -> list[str]:
    """An event that comes a second time changes nothing more."""
    found = []
    core = Core(subject.ground)
    for name in sorted({one.event for one in subject.loaded().declared.subscriptions}):
        school = _school(subject, core)
        event = _event(school, name)
        core.call(school, "event", name, event)
        once = snapshot(subject, core, school)
        core.call(school, "event", name, event)
        if snapshot(subject, core, school) != once:
            found.append(f"{name}: told twice, it leaves other rows than told once; look at its id")
    return found


def events_of_strangers(subject: Subject) -> list[str]:
    """An event about somebody or something that is gone by now does no harm."""
    found = []
    core = Core(subject.ground)
    for name in sorted({one.event for one in subject.loaded().declared.subscriptions}):
        school = _school(subject, core)
        try:
            core.call(school, "event", name, _event(school, name, stranger=True))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the plugin raises
            found.append(f"{name}: {type(error).__name__}: {error}")
    return found


def jobs(subject: Subject) -> list[str]:
    """Every job runs in an empty school too, and a second time without doing its work again."""
    found = []
    core = Core(subject.ground)
    for job in subject.loaded().declared.jobs:
        schools = [core.school(), _school(subject, core)] if job.per_school else [None]
        for school in schools:
            try:
                core.run_job(school, job.name)
                once = snapshot(subject, core, school) if school else {}
                core.run_job(school, job.name)
            except (Exception, SystemExit) as error:  # noqa: BLE001
                found.append(f"{job.name}: {type(error).__name__}: {error}")
                continue
            if school and snapshot(subject, core, school) != once:
                found.append(f"{job.name}: run twice at one time, it changes rows the second time")
    return [*dict.fromkeys(found)]


def commands(subject: Subject) -> list[str]:
    """Every command that needs no words runs and ends well."""
    found = []
    core = Core(subject.ground)
    for command in subject.loaded().declared.commands:
        if any(argument.default is None for argument in command.arguments):
            continue
        school = _school(subject, core) if command.per_school else None
        try:
            answer = core.command(school, command.name)
        except (Exception, SystemExit) as error:  # noqa: BLE001
            found.append(f"{command.name}: {type(error).__name__}: {error}")
            continue
        if answer.exit_code:
            found.append(f"{command.name} ends with {answer.exit_code}: {' '.join(answer.lines)}")
    return found


def _school(subject: Subject, core: Core) -> School:
    return demo_school(subject, core) if subject.loaded().declared.demo else core.school()


def _event(school: School, name: str, *, stranger: bool = False) -> Event[Any]:
    known: dict[str, object] = {
        "student_id": school.students[0].id,
        "class_id": school.class_id,
        "group_id": school.group_id,
        "lesson_id": school.lessons[0],
        "work_id": school.lessons[0],
    }
    kind: type[EventData] = EVENTS[name]
    values = {
        field.name: new_id() if stranger and field.type is UUID else known.get(field.name, "q1")
        for field in msgspec.structs.fields(kind)
    }
    return Event(
        id=new_id(),
        type=name,
        school_id=school.id,
        occurred_at=clock.now(),
        actor_id=None,
        data=msgspec.convert(values, kind),
    )


WORK_CHECKS: Final = (events_twice, events_of_strangers, jobs, commands)
