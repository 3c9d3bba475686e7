"""Add a made-up school: ``kundelik generate``."""

import secrets
import time
from datetime import date, datetime
from typing import Literal, get_args

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
from kundelik_core.cli.load import Loaded, School, analyze, new_school, write_school
from kundelik_core.cli.progress import Progress
from kundelik_core.kernel import clock
from kundelik_core.kernel.passwords import hash_password
from kundelik_core.kernel.settings import Settings
from kundelik_core.schools.calendar import load_national, published_years, school_year_of
from kundelik_core.schools.generate import SchoolLanguage, Size, World

__all__ = ["command", "school_day"]

Language = Literal["kk", "ru", "mixed"]


def school_day(day: date) -> date:
    """Give the day on which made-up schools live: today, or the nearest day of a known year."""
    known = [load_national(year) for year in published_years()]
    calendar = next((c for c in known if c.year == school_year_of(day)), known[-1])
    return min(max(day, calendar.begins), calendar.ends)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    size: Size
    language: SchoolLanguage
    count: int
    seed: str
    day: date
    region: str
    password: str
    quiet: bool


@click.command("generate")
@click.option(
    "--size",
    type=click.Choice(get_args(Size)),
    default="M",
    show_default=True,
    help="S: a village school of 75 pupils, M: 720, L: 2,500 in two shifts.",
)
@click.option(
    "--language",
    type=click.Choice(get_args(Language)),
    default="mixed",
    show_default=True,
    help="Of instruction.",
)
@click.option("--seed", default="1", show_default=True, help="The same seed, the same school.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Up to when journals are filled.")
@click.option("--region", default="KZ-35", show_default=True, help="Where it lies.")
@click.option("--count", type=click.IntRange(1, 10_000), default=1, show_default=True)
@click.option("--password", help="Of all its accounts; made up and printed unless given.")
@data_dir_option
@json_option
def command(
    size: Size, language: SchoolLanguage, seed: str, today: datetime | None, region: str,
    count: int, password: str | None, data_dir: object, as_json: bool,
) -> None:  # fmt: skip
    """Add made-up schools with a year of journals and accounts for everybody in them.

    They are marked as such, and never stand beside real schools in one installation.

    Example:  kundelik generate --size L --seed 7
    """
    day = school_day(today.date() if today else clock.today())
    plan = Plan(
        size=size,
        language=language,
        count=count,
        seed=seed,
        day=day,
        region=region,
        password=password or secrets.token_urlsafe(9),
        quiet=as_json,
    )
    made = run(_generate(settings_with(data_dir=data_dir), plan))
    if as_json:
        echo_json(made)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What one school came to, as the command prints it."""

    school: int
    title: str
    pupils: int
    people: int
    journals: int
    lessons: int
    marks: int
    absences: int
    results: int
    seconds: float
    director: str
    password: str


async def _generate(settings: Settings, plan: Plan) -> list[Made]:
    made: list[Made] = []
    async with installation(settings, migrate=True) as urls:
        hashed = await hash_password(plan.password)
        for number in range(plan.count):
            began = time.monotonic()
            seed = f"{plan.seed}:{number}"
            generated = World(seed).make_school(
                plan.size, plan.language, school_year_of(plan.day), plan.day
            )
            locale: Literal["kk", "ru"] = "ru" if plan.language == "ru" else "kk"
            with Progress(generated.outline.title.en, quiet=plan.quiet) as progress:
                async with new_school(
                    urls.migrate_tenant, generated.outline, plan.region, locale
                ) as school_id:
                    school = School(
                        school_id=school_id,
                        generated=generated,
                        today=plan.day,
                        seed=seed,
                        locale=locale,
                        password_hash=hashed,
                        # Two worlds may give one login twice; a school's number keeps them apart.
                        login_suffix=f".{school_id}",
                    )
                    done = await write_school(school, progress.say)
            made.append(_made(school, done, time.monotonic() - began, plan.password))
            if not plan.quiet:
                click.echo(_line(made[-1]))
        await analyze(urls.migrate_tenant)
    return made


def _made(school: School, done: Loaded, seconds: float, password: str) -> Made:
    outline = school.generated.outline
    director = next(m.person for m in outline.staff if m.position == "director")
    return Made(
        school=school.school_id,
        title=outline.title.kk,
        pupils=sum(len(c.pupils) for c in outline.classes),
        people=len(outline.people),
        journals=len(outline.groups),
        lessons=done.lessons,
        marks=done.marks,
        absences=done.absences,
        results=done.results,
        seconds=round(seconds, 1),
        director=f"{outline.people[director].login}{school.login_suffix}",
        password=password,
    )


def _line(made: Made) -> str:
    return (
        f"School {made.school}, {made.title}: {made.pupils} pupils, {made.journals} journals, "
        f"{made.lessons} lessons, {made.marks} marks in {made.seconds} s.\n"
        f"  Its director signs in as {made.director} with the password {made.password}"
    )
