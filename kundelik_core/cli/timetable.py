"""Take over the weekly timetable: ``kundelik timetable import``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

import click
import msgspec

from kundelik_core.cli.install import (
    data_dir_option,
    echo_json,
    installation,
    json_option,
    run,
    settings_with,
)
from kundelik_core.cli.roster import say_errors, say_summary
from kundelik_core.gradebook.timetable_import import Options, apply_timetable, look_timetable
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import use_locale
from kundelik_core.kernel.settings import Settings
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.roster import RowError, open_source
from kundelik_core.schools.roster.apply import facts_of
from kundelik_core.schools.roster.sheet import annotate
from kundelik_core.schools.timetable_file import TimetableFile, is_timetable, read_timetable
from kundelik_core.schools.timetable_file.export import present_timetable
from kundelik_core.schools.timetable_file.model import TimetablePlan
from kundelik_core.schools.timetable_file.queries import (
    read_slots,
    staff_logins,
    timetable_state,
)
from kundelik_core.schools.timetable_file.sample import sample_timetable

__all__ = ["command"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    file: Path
    school: int
    options: Options
    apply: bool
    errors: Path | None
    locale: Literal["kk", "ru", "en"]
    as_json: bool


class Part(msgspec.Struct, frozen=True):
    """A new group that begins without pupils, and the page on which they are chosen."""

    title: str
    subject: str
    page: str


class Told(msgspec.Struct, kw_only=True):
    """What came of it, as scripts read it."""

    school: int
    begins: dt.date
    applied: bool
    lessons: int = 0
    removed: int = 0
    moved: int = 0
    kept: int = 0
    parts: list[Part] = []
    counts: dict[str, dict[str, int]]
    errors: list[RowError]


@click.group("timetable")
def command() -> None:
    """Take over the weekly timetable from a file."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--school", type=click.IntRange(min=1), required=True,
              help="The number of the school.")  # fmt: skip
@click.option("--year", type=click.IntRange(2000, 2100),
              help="The school year, 2026 for 2026-27; the present one unless given.")  # fmt: skip
@click.option("--from", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
              help="The day from which the week counts; today unless given.")  # fmt: skip
@click.option("--apply", is_flag=True, help="Write; without it you only see what would change.")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the file here again, with what to mend beside each row.")  # fmt: skip
@click.option("--locale", type=click.Choice(["kk", "ru", "en"]), default="kk", show_default=True,
              help="Of the file of --errors.")  # fmt: skip
@json_option
@data_dir_option
def import_(
    file: Path, school: int, year: int | None, day: dt.datetime | None, apply: bool,
    errors: Path | None, locale: Literal["kk", "ru", "en"], as_json: bool, data_dir: Path | None,
) -> None:  # fmt: skip
    """Bring in the week of classes: CSV or XLSX with class, weekday, lesson, subject, teacher.

    Several classes in one cell are taught together; a column Week tells odd and even weeks.
    Teaching groups that are missing are made, and the lessons of the year from the day on. A class
    with a wrong row stays as it is; the exit code is then 1. No lesson with marks is taken away,
    and the same file twice changes nothing.

    Example:  kundelik timetable import week.xlsx --school 1 --from 2026-09-01
    """
    today = clock.today()
    begins = None if day is None else day.date()
    options = Options(year=year or school_year_of(begins or today), today=today, day=begins)
    asked = Asked(
        file=file, school=school, options=options, apply=apply, errors=errors, locale=locale,
        as_json=as_json,
    )  # fmt: skip
    told = run(_import(settings_with(data_dir=data_dir), asked))
    if as_json:
        echo_json(told)
    else:
        _say(asked, told)
    if any(error.severity == "error" for error in told.errors):
        raise click.exceptions.Exit(1)


@command.command("sample")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--locale", type=click.Choice(["kk", "ru", "en"]), default="kk", show_default=True)
def sample(file: Path, locale: Literal["kk", "ru", "en"]) -> None:
    """Write an empty timetable to fill in.

    Example:  kundelik timetable sample week.xlsx --locale ru
    """
    file.write_bytes(sample_timetable(locale))
    click.echo(f"Written: {file}")


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--school", type=click.IntRange(min=1), required=True,
              help="The number of the school.")  # fmt: skip
@click.option("--locale", type=click.Choice(["kk", "ru", "en"]), default="kk", show_default=True)
@data_dir_option
def export(
    file: Path, school: int, locale: Literal["kk", "ru", "en"], data_dir: Path | None
) -> None:
    """Write the present week, to change it and bring it in again.

    Example:  kundelik timetable export week.xlsx --school 1 --locale ru
    """
    file.write_bytes(run(_present(settings_with(data_dir=data_dir), school, locale)))
    click.echo(f"Written: {file}")


async def _present(settings: Settings, school: int, locale: Literal["kk", "ru", "en"]) -> bytes:
    today = clock.today()
    async with installation(settings):
        async with tenant(school) as tx:
            state = await timetable_state(tx, school_year_of(today), today)
            await read_slots(tx, state, today)
        state.staff = await staff_logins(state.staff)
    return present_timetable(state, today, locale)


async def _import(settings: Settings, asked: Asked) -> Told:
    with open_source(asked.file) as source:
        if not is_timetable(source):
            raise click.UsageError(
                "This file has no headings such as Class, Weekday, Lesson, Subject, Teacher. "
                "An empty one: kundelik timetable sample week.xlsx"
            )
        file = read_timetable(source)
        async with installation(settings, events=True):
            told = await _bring(asked, file)
        if asked.errors:
            with use_locale(asked.locale):
                asked.errors.write_bytes(annotate(source, told.errors))
    return told


async def _bring(asked: Asked, file: TimetableFile) -> Told:
    if not asked.apply:
        return _told(asked, await look_timetable(asked.school, file, asked.options))
    done = await apply_timetable(asked.school, file, asked.options, Doer(), facts_of(asked.file))
    return msgspec.structs.replace(
        _told(asked, done.plan),
        applied=True, lessons=done.lessons, removed=done.removed, moved=done.moved, kept=done.kept,
    )  # fmt: skip


def _told(asked: Asked, plan: TimetablePlan) -> Told:
    return Told(
        school=asked.school,
        begins=plan.begins,
        applied=False,
        parts=[
            Part(group.title, group.subject_title, f"/office/groups/{group.id}")
            for group in plan.empty_parts
        ],
        counts=plan.summary(),
        errors=plan.errors,
    )


def _say(asked: Asked, told: Told) -> None:
    click.echo(f"{asked.file.name}: from {told.begins}")
    say_summary(told.counts)
    say_errors(told.errors)
    for part in told.parts:
        page = f"; choose them at {part.page}" if told.applied else ""
        click.echo(f"  {part.title}, {part.subject}: begins without pupils{page}")
    if not told.applied:
        click.echo("Nothing was written. To write the classes without errors, add --apply.")
        return
    click.echo(
        f"Written to school {told.school}: {told.lessons} lessons made, {told.removed} empty ones "
        f"taken away, {told.moved} with another teacher or room, {told.kept} kept with what is "
        "written on them."
    )
