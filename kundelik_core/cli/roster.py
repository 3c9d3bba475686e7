"""Take over people, classes and groups: ``kundelik roster import``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

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
from kundelik_core.gradebook.group_scheme import scheme_chooser
from kundelik_core.gradebook.periods.roster_changes import recompute_groups
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.i18n import use_locale
from kundelik_core.kernel.keys import installation_key
from kundelik_core.kernel.settings import Settings
from kundelik_core.schools.actions.schools import NewSchool, add_school
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.iin_hash import iin_hasher
from kundelik_core.schools.roster import Roster, RowError, open_source, read_roster
from kundelik_core.schools.roster.apply import apply, facts_of, look, look_new
from kundelik_core.schools.roster.apply_accounts import slips_csv, slips_for
from kundelik_core.schools.roster.apply_model import Options, Plan
from kundelik_core.schools.roster.sample import sample_list, sample_staff
from kundelik_core.schools.roster.sheet import annotate, describe

__all__ = ["command", "say_errors", "say_summary", "write_private"]

SHOWN = 200


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    file: Path
    school: int | None
    new_school: str
    year: int | None
    org: str
    grade: int | None
    class_name: str
    apply: bool
    errors: Path | None
    slips: Path | None
    locale: Literal["kk", "ru", "en"]
    as_json: bool


class Told(msgspec.Struct, kw_only=True):
    """What came of it, as scripts read it."""

    school: int | None
    format: str
    applied: bool
    repeated: bool = False
    accounts: int = 0
    counts: dict[str, dict[str, int]]
    errors: list[RowError]


@click.group("roster")
def command() -> None:
    """Take over people, classes and groups from files."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--school", type=click.IntRange(min=1), help="The number of the school.")
@click.option("--create-school", "new_school", default="", metavar="NAME",
              help="Make a school of this name and bring the file into it.")  # fmt: skip
@click.option("--locale", type=click.Choice(["kk", "ru", "en"]), default="kk", show_default=True,
              help="Of a school that is made, and of the file of --errors.")  # fmt: skip
@click.option("--year", type=click.IntRange(2000, 2100),
              help="The school year, 2026 for 2026-27; the present one unless given.")  # fmt: skip
@click.option(
    "--org",
    default="",
    metavar="CODE",
    help="Which school of a file that holds several, by its code or name in the file.",
)
@click.option("--default-grade", "grade", type=click.IntRange(0, 12),
              help="For classes whose grade nothing tells.")  # fmt: skip
@click.option("--class", "class_name", default="", help="For a list that names no class.")
@click.option("--apply", is_flag=True, help="Write; without it you only see what would change.")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the file here again, with what to mend beside each row.")  # fmt: skip
@click.option("--slips", type=click.Path(dir_okay=False, path_type=Path),
              help="Write logins and one-time codes here; needs --apply.")  # fmt: skip
@json_option
@data_dir_option
def import_(
    file: Path, school: int | None, new_school: str, locale: Literal["kk", "ru", "en"],
    year: int | None, org: str, grade: int | None, class_name: str, apply: bool,
    errors: Path | None, slips: Path | None, as_json: bool, data_dir: Path | None,
) -> None:  # fmt: skip
    """Bring in a OneRoster or School Data Sync bundle (ZIP or folder), lists of staff or pupils.

    A list is CSV or XLSX with Kazakh, Russian or English headings; one of the staff says what
    somebody is (teacher, deputy, director, psychologist) and which class they lead. Nobody is
    removed whom a file leaves out, and the same file twice changes nothing. Rows with errors are
    left out and listed; the exit code is then 1.

    Example:  kundelik roster import 5a.xlsx --school 1 --errors mend.csv
    """
    if (school is None) == (not new_school):
        raise click.UsageError("Say either --school NUMBER or --create-school NAME.")
    if slips and not apply:
        raise click.UsageError("--slips needs --apply: codes are for accounts that are there.")
    asked = Asked(
        file=file, school=school, new_school=new_school, year=year, org=org, grade=grade,
        class_name=class_name, apply=apply, errors=errors, slips=slips, locale=locale,
        as_json=as_json,
    )  # fmt: skip
    told = run(_import(settings_with(data_dir=data_dir), asked))
    if as_json:
        echo_json(told)
    if any(error.severity == "error" for error in told.errors):
        raise click.exceptions.Exit(1)


@command.command("sample")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(["staff", "class"]), default="staff", show_default=True)
@click.option("--locale", type=click.Choice(["kk", "ru", "en"]), default="kk", show_default=True)
def sample(file: Path, kind: Literal["staff", "class"], locale: Literal["kk", "ru", "en"]) -> None:
    """Write an empty list to fill in, of the staff or of a class.

    Example:  kundelik roster sample teachers.xlsx --kind staff --locale ru
    """
    file.write_bytes(sample_staff(locale) if kind == "staff" else sample_list(locale))
    click.echo(f"Written: {file}")


async def _import(settings: Settings, asked: Asked) -> Told:
    year = asked.year or school_year_of(clock.today())
    options = Options(
        year=year,
        today=clock.today(),
        scheme=scheme_chooser(year, asked.locale),
        org=asked.org,
        default_grade=asked.grade,
        iin_hash=iin_hasher(installation_key(settings.data_dir, "iin")),
    )
    # The file is judged before anything is made.
    with open_source(asked.file) as source:
        roster = read_roster(source, default_class=asked.class_name)
        told = await _bring(settings, asked, roster, options)
        if asked.errors:
            with use_locale(asked.locale):
                asked.errors.write_bytes(annotate(source, told.errors))
    return told


async def _bring(settings: Settings, asked: Asked, roster: Roster, options: Options) -> Told:
    if asked.school is None:
        plan = look_new(roster, options, asked.new_school, asked.locale)
        told = _planned(None, plan)
        if asked.apply:
            async with installation(settings) as urls:
                new = NewSchool(
                    title_kk=asked.new_school, locale=asked.locale, languages=asked.locale
                )
                async with owner(urls.migrate_tenant) as conn:
                    school = await add_school(conn, new)
                told = await _apply(asked, school, roster, options)
    else:
        async with installation(settings, events=True):
            if asked.apply:
                told = await _apply(asked, asked.school, roster, options)
            else:
                told = _planned(asked.school, await look(asked.school, roster, options))
    if not asked.as_json:
        _say(asked, roster, told)
    return told


def _planned(school: int | None, plan: Plan) -> Told:
    return Told(
        school=school, format=plan.format, applied=False, counts=plan.summary(), errors=plan.errors
    )


async def _apply(asked: Asked, school: int, roster: Roster, options: Options) -> Told:
    done = await apply(school, roster, options, Doer(), facts_of(asked.file))
    await recompute_groups(school, done.plan.changed_groups)
    if asked.slips:
        slips = await slips_for(school, done.plan.account_people)
        write_private(asked.slips, slips_csv(slips, done.locale))
    return Told(
        school=school,
        format=roster.format,
        applied=True,
        repeated=done.repeated is not None,
        accounts=done.accounts,
        counts=done.plan.summary(),
        errors=done.plan.errors,
    )


def _say(asked: Asked, roster: Roster, told: Told) -> None:
    click.echo(f"{asked.file.name}: {roster.format_title}")
    say_summary(told.counts)
    say_errors(told.errors)
    if not told.applied:
        click.echo("Nothing was written. To write the rows without errors, add --apply.")
        return
    click.echo(f"Written to school {told.school}; {told.accounts} new accounts.")
    if told.repeated:
        click.echo("The very same file had been imported before.")


def say_summary(counts: dict[str, dict[str, int]]) -> None:
    """Print the numbers of an import as a table."""
    if not counts:
        return
    heads = list(dict.fromkeys(head for numbers in counts.values() for head in numbers))
    click.echo(f"  {'':12}" + "".join(f"{head:>9}" for head in heads))
    for label, numbers in counts.items():
        cells = "".join(f"{numbers.get(head, ''):>9}" for head in heads)
        click.echo(f"  {label:12}{cells}")


def say_errors(errors: Sequence[RowError]) -> None:
    """Print each remark with the place it is about: file:line:column."""
    for error in errors[:SHOWN]:
        place = f"{error.file}:{error.line}" if error.line else error.file
        value = f" [{error.value}]" if error.value else ""
        with use_locale("en"):
            text = describe(error)
        click.echo(f"{error.severity}: {place}: {text}{value}", err=True)
    if len(errors) > SHOWN:
        click.echo(f"... and {len(errors) - SHOWN} more", err=True)


def write_private(path: Path, content: bytes) -> None:
    """Write a file with secrets so that only its owner reads it."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(content)
