"""Let the first people of a school in: ``kundelik school staff``."""

from pathlib import Path
from typing import Literal

import click
import msgspec

from kundelik_core.cli.install import data_dir_option, echo_json, installation, json_option, run
from kundelik_core.cli.install import settings_with as settings_of
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.settings import Settings

__all__ = ["staff"]

Role = Literal["admin", "director", "deputy", "teacher", "psychologist"]


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """Who was added, and what opens the account for the first time."""

    person: str
    login: str
    code: str
    role: str


@click.command("staff")
@click.argument("school", type=click.IntRange(min=1))
@click.argument("surname")
@click.argument("given")
@click.option("--patronymic", default="")
@click.option("--role", type=click.Choice(["admin", "director", "deputy", "teacher",
                                           "psychologist"]),
              default="director", show_default=True)  # fmt: skip
@click.option("--locale", type=click.Choice(["kk", "ru", "en"]), default="kk", show_default=True)
@data_dir_option
@json_option
def staff(
    school: int, surname: str, given: str, patronymic: str, role: Role, locale: str,
    data_dir: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Add somebody to the staff of SCHOOL, with an account that a one-time code opens.

    The first one lets in all others: by lists, in the school's office.

    Example:  kundelik school staff 1 Сейітқызы Айгерім --role director
    """
    name = (surname.strip(), given.strip(), patronymic.strip())
    if not name[0] or not name[1]:
        raise click.UsageError("A surname and a first name are needed.")
    made = run(_add(settings_of(data_dir=data_dir), school, name, role, locale))
    if as_json:
        echo_json(made)
    else:
        click.echo(f"Added {' '.join(filter(None, name))} ({role}) to school {school}.")
        click.echo(f"Login {made.login}, one-time code {made.code}: type it in at /activate.")


async def _add(
    settings: Settings, school: int, name: tuple[str, str, str], role: Role, locale: str
) -> Made:
    from kundelik_core.identity.actions import issue_activation
    from kundelik_core.identity.rules import show_code
    from kundelik_core.kernel import clock
    from kundelik_core.kernel.audit import Doer, audit
    from kundelik_core.kernel.db import directory, tenant
    from kundelik_core.kernel.errors import Problem
    from kundelik_core.kernel.ids import new_id
    from kundelik_core.schools.actions.accounts import ensure_account
    from kundelik_core.schools.actions.people import (
        MembershipRow,
        PersonRow,
        write_memberships,
        write_people,
    )

    person = PersonRow(id=new_id(), surname=name[0], given=name[1], patronymic=name[2])
    async with installation(settings, events=True):
        async with tenant(school, write=True) as tx:
            title = await tx.fetchval(
                "select s.title_kk from core.school s where s.id = $1", school
            )
            if title is None:
                raise Problem("no-school", "There is no school %(n)s.", params={"n": school})
            await _check_twins(tx, name, role)
            await write_people(tx, [person])
            await write_memberships(
                tx, [MembershipRow(person_id=person.id, role=role, from_date=clock.today())]
            )
            facts = {"surname": name[0], "given": name[1], "role": role}
            await audit(tx, Doer(), "person.add", "person", person.id, after=facts)
        account = await ensure_account(school, person.id, locale)
        login = await directory().fetchval(
            "select l.login from directory.login l where l.account_id = $1", account
        )
        code = show_code(await issue_activation(account))
    return Made(person=str(person.id), login=login, code=code, role=role)


async def _check_twins(tx: Tenant, name: tuple[str, str, str], role: Role) -> None:
    """Refuse somebody who is there: typed twice, it would be two people who share a name.

    Raises:
        Problem: the school has somebody of this name and role.
    """
    from kundelik_core.kernel.errors import Problem
    from kundelik_core.kernel.names import full_name, search_key

    twin = await tx.fetchval(
        "select p.id from core.person p join core.membership m "
        "on m.school_id = p.school_id and m.person_id = p.id "
        "where p.school_id = $1 and m.school_id = $1 and p.search_key = $2 and m.role = $3 limit 1",
        tx.school_id,
        search_key(full_name(*name)),
        role,
    )
    if twin is not None:
        raise Problem(
            "there-already",
            "School %(n)s has somebody of this name and role. For a new password: "
            "kundelik user reset LOGIN",
            params={"n": tx.school_id},
        )
