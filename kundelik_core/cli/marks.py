"""Take over marks: ``kundelik marks import``."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from kundelik_core.cli.install import (
    data_dir_option,
    echo_json,
    installation,
    json_option,
    owner,
    run,
    settings_with,
)
from kundelik_core.cli.progress import Progress
from kundelik_core.cli.roster import say_errors, say_summary, write_private
from kundelik_core.gradebook.markfile import MarkFile, MarkMapping, load_mapping, read_marks
from kundelik_core.gradebook.marks_import import Marks, import_marks, look_marks
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.i18n import as_locale
from kundelik_core.kernel.settings import Settings
from kundelik_core.schools.actions.schools import NewSchool, add_school
from kundelik_core.schools.roster import RowError
from kundelik_core.schools.roster.apply import facts_of
from kundelik_core.schools.roster.apply_accounts import slips_csv, slips_for
from kundelik_core.schools.roster.apply_model import Plan

__all__ = ["command"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    file: Path
    school: int | None
    create: bool
    apply: bool
    slips: Path | None
    as_json: bool


class Told(msgspec.Struct, kw_only=True):
    """What came of it, as scripts read it."""

    school: int | None
    applied: bool
    repeated: bool = False
    pupils: int = 0
    marks: int = 0
    lessons: int = 0
    accounts: int = 0
    counts: dict[str, dict[str, int]] = {}
    errors: list[RowError] = []


@click.group("marks")
def command() -> None:
    """Take over marks from a file."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", required=True,
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="What the columns mean; see docs/examples.")  # fmt: skip
@click.option("--school", type=click.IntRange(min=1), help="The number of the school.")
@click.option("--create-school", "create", is_flag=True,
              help="Make the school that the mapping describes.")  # fmt: skip
@click.option("--only", multiple=True, help="Which school of a file that holds several.")
@click.option("--apply", is_flag=True, help="Write; without it you only see what would change.")
@click.option("--slips", type=click.Path(dir_okay=False, path_type=Path),
              help="Write logins and one-time codes here; needs --apply.")  # fmt: skip
@json_option
@data_dir_option
def import_(
    file: Path, mapping: Path, school: int | None, create: bool, only: tuple[str, ...],
    apply: bool, slips: Path | None, as_json: bool, data_dir: Path | None,
) -> None:  # fmt: skip
    """Bring in marks, with the pupils, classes and journals in which they stand.

    Marks that teachers have set are never overwritten, and the same file twice changes nothing.

    Example:  kundelik marks import marks.csv --mapping marks.toml --create-school --apply
    """
    if (school is None) != create:
        raise click.UsageError("Say either --school NUMBER or --create-school.")
    if slips and not apply:
        raise click.UsageError("--slips needs --apply: codes are for accounts that are there.")
    asked = Asked(
        file=file, school=school, create=create, apply=apply, slips=slips, as_json=as_json
    )
    read_as = load_mapping(mapping)
    marks = read_marks(file, read_as, only=only)
    told = run(_import(settings_with(data_dir=data_dir), asked, marks, read_as))
    if as_json:
        echo_json(told)
    else:
        _say(told)
    if any(error.severity == "error" for error in told.errors):
        raise click.exceptions.Exit(1)


async def _import(settings: Settings, asked: Asked, file: MarkFile, mapping: MarkMapping) -> Told:
    told = Told(
        school=asked.school, applied=False, pupils=len(file.pupils), marks=len(file.marks),
        errors=list(file.errors),
    )  # fmt: skip
    if asked.school is None:
        # Whatever would stop the import is told before a school is made.
        _look(told, file, await look_marks(None, file, mapping))
        if not asked.apply:
            return told
    async with installation(settings, events=True) as urls:
        if not asked.apply:
            _look(told, file, await look_marks(asked.school, file, mapping))
            return told
        school = asked.school or await _new_school(urls.migrate_tenant, file)
        with Progress(file.title, quiet=asked.as_json) as progress:
            done = await import_marks(
                school, file, mapping, Doer(), facts_of(asked.file), progress.say
            )
        if asked.slips and done.plan is not None:
            slips = await slips_for(school, done.plan.account_people)
            write_private(asked.slips, slips_csv(slips, file.language))
    return _told(told, school, done)


def _look(told: Told, file: MarkFile, plan: Plan) -> None:
    told.counts, told.errors = plan.summary(), [*file.errors, *plan.errors]


async def _new_school(dsn: str, file: MarkFile) -> int:
    locale = as_locale(file.language, "ru")
    async with owner(dsn) as conn:
        return await add_school(
            conn, NewSchool(title_kk=file.school_name, locale=locale, languages=locale)
        )


def _told(told: Told, school: int, done: Marks) -> Told:
    return msgspec.structs.replace(
        told,
        school=school,
        applied=True,
        repeated=done.repeated is not None,
        lessons=done.lessons,
        accounts=done.accounts,
        counts=done.summary() if done.repeated is None else {},
        errors=done.errors,
    )


def _say(told: Told) -> None:
    click.echo(f"The file has {told.pupils} pupils and {told.marks} marks.")
    say_summary(told.counts)
    say_errors(told.errors)
    if told.repeated:
        click.echo("The very same file had been imported before; nothing was changed.")
    elif told.applied:
        click.echo(
            f"Written to school {told.school}: {told.lessons} lessons planned, "
            f"{told.accounts} new accounts."
        )
    else:
        click.echo("Nothing was written. To write, add --apply.")
