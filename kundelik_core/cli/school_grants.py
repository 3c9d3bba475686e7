"""Grant services to a pupil or a whole school by hand: ``kundelik school grant``.

Three commands of the group ``kundelik school``: grant, grants, revoke. What is granted is kept as
a history; the free diary never asks for any of it.
"""

from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import click

from kundelik_core.cli.install import (
    data_dir_option,
    echo_json,
    echo_list,
    installation,
    json_option,
    run,
    settings_with,
)
from kundelik_core.entitlements.model import Granted
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.settings import Settings

__all__ = ["grant", "grants", "revoke"]


@click.command("grant")
@click.argument("school", type=click.IntRange(1))
@click.argument("feature")
@click.argument("pupil", required=False)
@click.option("--all-pupils", is_flag=True, help="For the whole school instead of one PUPIL.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day; else without end.")
@click.option("--ref", help="Your number for it: the same number grants once.")
@data_dir_option
@json_option
def grant(
    school: int,
    feature: str,
    pupil: str | None,
    all_pupils: bool,
    until: datetime | None,
    ref: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Grant FEATURE to PUPIL (a login, an id, or the beginning of a name) of SCHOOL (its number).

    Example:  kundelik school grant 1 rating.view aisha.2014 --until 2027-05-25
    """
    if (pupil is None) is not all_pupils:
        raise click.UsageError("Name a PUPIL, or say --all-pupils.")
    last = until.date() if until else None
    line = run(_grant(settings_with(data_dir=data_dir), school, feature, pupil, last, ref))
    if as_json:
        echo_json(line)
        return
    click.echo(_said(line))


@click.command("grants")
@click.argument("school", type=click.IntRange(1))
@click.argument("pupil", required=False)
@data_dir_option
@json_option
def grants(school: int, pupil: str | None, data_dir: Path | None, as_json: bool) -> None:
    """List what was ever granted to PUPIL, or to the whole SCHOOL.

    Example:  kundelik school grants 1 aisha.2014
    """
    lines = run(_grants(settings_with(data_dir=data_dir), school, pupil))
    echo_list(lines, _said, "Nothing was granted.", as_json)


@click.command("revoke")
@click.argument("school", type=click.IntRange(1))
@click.argument("grant_id", type=click.UUID)
@click.option("--reason", required=True, help="Why; it is kept.")
@data_dir_option
def revoke(school: int, grant_id: UUID, reason: str, data_dir: Path | None) -> None:
    """End a grant now. It stays in the history.

    Example:  kundelik school revoke 1 019a7f0e-... --reason "granted by mistake"
    """
    ended = run(_revoke(settings_with(data_dir=data_dir), school, grant_id, reason))
    click.echo("Revoked." if ended else "It had been revoked before.")


async def _grant(
    settings: Settings,
    school: int,
    feature: str,
    pupil: str | None,
    last: date | None,
    ref: str | None,
) -> Granted:
    from kundelik_core.entitlements import actions
    from kundelik_core.entitlements.model import Wanted
    from kundelik_core.entitlements.rules import end_of_day
    from kundelik_core.kernel.audit import Doer
    from kundelik_core.kernel.db import tenant
    from kundelik_core.kernel.ids import new_id

    async with installation(settings):
        zone = await _zone(school)
        who = await _pupil(school, pupil) if pupil else None
        wanted = Wanted(
            feature=feature, source="operator", source_ref=ref or str(new_id()), pupil=who
        )
        async with tenant(school, write=True) as tx:
            until = end_of_day(last, zone) if last else None
            made = await actions.grant(tx, wanted, until, Doer())
    return made


async def _grants(settings: Settings, school: int, pupil: str | None) -> list[Granted]:
    from kundelik_core.entitlements.queries import history
    from kundelik_core.kernel.db import tenant

    async with installation(settings):
        await _zone(school)
        who = await _pupil(school, pupil) if pupil else None
        async with tenant(school) as tx:
            return await history(tx, who)


async def _revoke(settings: Settings, school: int, grant_id: UUID, reason: str) -> bool:
    from kundelik_core.entitlements import actions
    from kundelik_core.kernel.audit import Doer
    from kundelik_core.kernel.db import tenant

    async with installation(settings), tenant(school, write=True) as tx:
        return await actions.revoke(tx, grant_id, reason, Doer())


async def _zone(school: int) -> str:
    """Return the time zone of a school.

    Raises:
        Problem: there is no such school.
    """
    from kundelik_core.kernel.db import tenant

    async with tenant(school) as tx:
        zone = await tx.fetchval("select s.time_zone from core.school s where s.id = $1", school)
    if zone is None:
        raise Problem("no-such-school", "There is no school with the number %(school)s.",
                      status=404, params={"school": school})  # fmt: skip
    return str(zone)


async def _pupil(school: int, text: str) -> UUID:
    """Find one pupil by id, login or the beginning of the name.

    Raises:
        Problem: nobody is found, or several are.
    """
    from kundelik_core.identity.queries import account_by_login
    from kundelik_core.identity.rules import normal_login
    from kundelik_core.kernel import clock
    from kundelik_core.kernel.db import tenant
    from kundelik_core.kernel.names import full_name
    from kundelik_core.schools.calendar import school_year_of
    from kundelik_core.schools.queries.directory_of_people import Search, find_people

    try:
        return UUID(text)
    except ValueError:
        pass
    account = await account_by_login(normal_login(text))
    today = clock.today()
    search = Search(text=text, account=account, roles=frozenset({"pupil"}))
    async with tenant(school) as tx:
        found, total = await find_people(tx, search, school_year_of(today), today)
    if total != 1:
        names = "; ".join(
            f"{full_name(p.surname, p.given, p.patronymic)} {p.id}" for p in found[:5]
        )
        message = "%(total)s pupils fit “%(text)s”. %(names)s"
        raise Problem("which-pupil", message, status=404,
                      params={"total": total, "text": text, "names": names})  # fmt: skip
    return found[0].id


def _said(line: Granted) -> str:
    until = f"until {line.valid_until:%Y-%m-%d %H:%M} UTC" if line.valid_until else "without an end"
    whom = f"pupil {line.pupil_id}" if line.pupil_id else "the whole school"
    tail = f", revoked {line.revoked_at:%Y-%m-%d %H:%M}" if line.revoked_at else ""
    return f"{line.id}  {line.feature} for {whom}, {until}{tail}"
