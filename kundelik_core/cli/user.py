"""Make accounts, list them, give new passwords: ``kundelik user``."""

import secrets
from pathlib import Path
from typing import Final

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
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.settings import Settings

__all__ = ["command"]

ROLES: Final = ("operator", "region", "vendor")

_password = click.option(
    "--password",
    envvar="KUNDELIK_CLI_PASSWORD",
    help="Made up and printed unless given; must be changed at the first sign-in.",
)


@click.group("user")
def command() -> None:
    """Make accounts, list them, give new passwords.

    Schools make the accounts of their own people; these commands are for the few above schools,
    and for help in need.

    Example:  kundelik user create aigerim --role operator --name "Айгерім Сейітқызы"
    """


@command.command("create")
@click.argument("login")
@click.option("--role", type=click.Choice(ROLES), default="operator", show_default=True)
@click.option("--region", default="", help="Code of the region that an officer sees, as KZ-71.")
@click.option("--name", help="As it is shown; the login unless given.")
@click.option("--locale", type=click.Choice(["kk", "ru", "en"]), default="kk", show_default=True)
@_password
@data_dir_option
@json_option
def create(
    login: str, role: str, region: str, name: str | None, locale: str, password: str | None,
    data_dir: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Make an account with a role above schools.

    Example:  kundelik user create aigerim --role region --region KZ-71
    """
    if role == "region" and not region:
        raise click.UsageError("an officer of a region needs --region, such as KZ-71")
    chosen = password or secrets.token_urlsafe(12)
    settings = settings_with(data_dir=data_dir)
    account = run(_create(settings, login, (role, region), name or login, chosen, locale))
    facts = {"login": login, "role": role, "account": account, "password": chosen}
    if as_json:
        echo_json(facts)
    else:
        click.echo(f"Made {login} ({role}). The password for the first sign-in: {chosen}")


async def _create(
    settings: Settings, login: str, role: tuple[str, str], name: str, password: str, locale: str
) -> str:
    from kundelik_core.identity.accounts import create_account, grant_platform
    from kundelik_core.identity.rules import check_password_rules

    check_password_rules(password, [login])
    async with installation(settings) as urls:
        account = await create_account(
            login, name, password=password, locale=locale, must_change_password=True
        )
        async with owner(urls.migrate_directory) as conn:
            await grant_platform(conn, account, *role)
    return str(account)


@command.command("reset")
@click.argument("login")
@_password
@data_dir_option
@json_option
def reset(login: str, password: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Give an account a new password and end all its sessions.

    Example:  kundelik user reset aigerim
    """
    chosen = password or secrets.token_urlsafe(12)
    run(_reset(settings_with(data_dir=data_dir), login, chosen))
    if as_json:
        echo_json({"login": login, "password": chosen})
    else:
        click.echo(f"{login} signs in with {chosen} once and then chooses another password.")


async def _reset(settings: Settings, login: str, password: str) -> None:
    from kundelik_core.identity.actions import set_password
    from kundelik_core.identity.queries import account_by_login
    from kundelik_core.identity.rules import normal_login

    async with installation(settings):
        account = await account_by_login(normal_login(login))
        if account is None:
            raise Problem(
                "unknown-login", "There is no login %(login)s.", params={"login": login}, status=404
            )
        await set_password(account, password)


@command.command("list")
@click.argument("match", default="")
@click.option("--platform", is_flag=True, help="Only those with a role above schools.")
@data_dir_option
@json_option
def list_(match: str, platform: bool, data_dir: Path | None, as_json: bool) -> None:
    """List accounts whose login begins with MATCH, at most 200.

    Example:  kundelik user list --platform
    """
    from kundelik_core.identity.listing import AccountRow, list_accounts

    async def work() -> list[AccountRow]:
        async with installation(settings_with(data_dir=data_dir)):
            return await list_accounts(match, platform=platform)

    def line(row: AccountRow) -> str:
        state = "" if row.status == "active" and row.has_password else f"  [{_state(row)}]"
        return f"{row.login:<28} {row.display_name:<32} {' '.join(row.roles)}{state}"

    echo_list(run(work()), line, "No such account.", as_json)


def _state(row: object) -> str:
    return "no password yet" if getattr(row, "status", "") == "active" else "blocked"
