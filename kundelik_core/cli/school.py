"""Add schools and list them: ``kundelik school``."""

from pathlib import Path
from typing import Literal

import click

from kundelik_core.cli.install import (
    data_dir_option,
    echo_json,
    echo_list,
    installation,
    json_option,
    owner,
    run,
    settings_with,
)
from kundelik_core.cli.school_grants import grant, grants, revoke
from kundelik_core.cli.school_staff import staff
from kundelik_core.kernel.settings import Settings
from kundelik_core.schools.actions.schools import NewSchool, add_school

__all__ = ["command"]

KINDS = ("school", "small_school", "gymnasium", "lyceum", "boarding_school")


@click.group("school")
def command() -> None:
    """Add schools and list them.

    Example:  kundelik school add "№5 мектеп-гимназия" --region KZ-71
    """


@command.command("add")
@click.argument("title")
@click.option("--title-ru", default="", help="Its name in Russian, where it differs.")
@click.option("--title-en", default="", help="Its name in English, where it differs.")
@click.option("--region", default="KZ-71", show_default=True, help="ISO code of its region.")
@click.option("--kind", type=click.Choice(KINDS), default="school", show_default=True)
@click.option("--locale", type=click.Choice(["kk", "ru", "en"]), default="kk", show_default=True)
@click.option("--languages", default="kk", show_default=True, help="Of instruction, as kk,ru.")
@click.option("--year", type=int, help="First school year to open: 2026 is 2026-27.")
@data_dir_option
@json_option
def add(
    title: str, title_ru: str, title_en: str, region: str,
    kind: Literal["school", "small_school", "gymnasium", "lyceum", "boarding_school"],
    locale: Literal["kk", "ru", "en"], languages: str, year: int | None,
    data_dir: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Add a school, with the country's calendar for a year and the usual bells.

    People come after it: its first one by kundelik school staff, and then by the school's office or
    by kundelik roster import.

    Example:  kundelik school add "№5 мектеп" --title-ru "Школа № 5" --region KZ-71
    """
    school = NewSchool(
        title_kk=title,
        title_ru=title_ru,
        title_en=title_en,
        region=region,
        kind=kind,
        locale=locale,
        languages=languages,
    )
    school_id = run(_add(settings_with(data_dir=data_dir), school, year))
    if as_json:
        echo_json({"school": school_id})
    else:
        click.echo(f"Added school {school_id}, {title}.")
        click.echo(f"Its first person: kundelik school staff {school_id} SURNAME NAME")


async def _add(settings: Settings, school: NewSchool, year: int | None) -> int:
    from kundelik_core.kernel import clock
    from kundelik_core.kernel.db import tenant
    from kundelik_core.schools.actions import structure
    from kundelik_core.schools.bells import load_bells
    from kundelik_core.schools.calendar import load_national, published_years, school_year_of

    chosen = school_year_of(clock.today()) if year is None else year
    known = published_years()
    if chosen not in known:
        if year is not None:
            raise click.UsageError(
                f"no calendar for {year}; there are {', '.join(map(str, known))}"
            )
        chosen = known[-1]
    async with installation(settings) as urls:
        async with owner(urls.migrate_tenant) as conn:
            school_id = await add_school(conn, school)
        async with tenant(school_id, write=True) as tx:
            await structure.open_year(tx, load_national(chosen))
            await structure.write_bells(tx, load_bells("one-shift"), school.locale)
    return school_id


@command.command("list")
@click.option("--region", help="Only those of one region.")
@data_dir_option
@json_option
def list_(region: str | None, data_dir: Path | None, as_json: bool) -> None:
    """List the schools of this installation.

    Example:  kundelik school list --region KZ-71
    """
    from kundelik_core.schools.queries.schools import SchoolRow, list_schools

    async def work() -> list[SchoolRow]:
        found: list[SchoolRow] = []
        async with installation(settings_with(data_dir=data_dir)):
            total = 1
            while len(found) < total:
                page, total = await list_schools([region] if region else None, first=len(found))
                found += page
                if not page:
                    break
        return found

    def line(row: SchoolRow) -> str:
        demo = "  (made up)" if row.is_demo else ""
        return f"{row.id:>6}  {row.region}  {row.title.kk} | {row.title.ru}{demo}"

    echo_list(run(work()), line, "No school yet. Add one: kundelik school add TITLE", as_json)


for part in (staff, grant, grants, revoke):
    command.add_command(part)
