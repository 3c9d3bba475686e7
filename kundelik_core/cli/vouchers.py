"""Give out codes that open something for families who are not to pay: ``kundelik voucher``."""

from datetime import datetime
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
from kundelik_core.entitlements.vouchers import NewVoucher, Voucher
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.settings import Settings

__all__ = ["command"]

_school = click.option("--school", type=click.IntRange(1), required=True, help="Its number.")


@click.group("voucher")
def command() -> None:
    """Make codes that open a feature, and take them back.

    Example:  kundelik voucher make --school 1 --feature rating.view --months 3 --expires 2027-05-25
    """


@command.command("make")
@_school
@click.option("--feature", required=True, help="What a code opens, such as rating.view.")
@click.option("--scope", default="*", show_default=True, help="Which part of it, say a subject.")
@click.option("--months", type=click.IntRange(1, 60), default=1, show_default=True)
@click.option("--uses", type=click.IntRange(1, 100_000), default=1, show_default=True,
              help="For how many pupils each code works.")  # fmt: skip
@click.option("--codes", type=click.IntRange(1, 500), default=1, show_default=True)
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), required=True,
              help="The last day on which it can be used.")  # fmt: skip
@data_dir_option
@json_option
def make(
    school: int,
    feature: str,
    scope: str,
    months: int,
    uses: int,
    codes: int,
    expires: datetime,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Make codes and print them. They are shown this once; only their digests are kept.

    Example:  kundelik voucher make --school 1 --feature rating.view --uses 10 --expires 2027-05-25
    """
    new = (feature, scope, months, uses, expires)
    made = run(_make(settings_with(data_dir=data_dir), school, new, codes))
    if as_json:
        echo_json([{"id": str(voucher), "code": code} for voucher, code in made])
        return
    for voucher, code in made:
        click.echo(f"{code}  {voucher}")


@command.command("list")
@_school
@data_dir_option
@json_option
def list_(school: int, data_dir: Path | None, as_json: bool) -> None:
    """List the codes of a school by their numbers, with how often they were used.

    Example:  kundelik voucher list --school 1
    """
    found = run(_list(settings_with(data_dir=data_dir), school))
    echo_list(found, _said, "No codes were given out.", as_json)


@command.command("withdraw")
@_school
@click.argument("voucher", type=click.UUID)
@data_dir_option
def withdraw(school: int, voucher: UUID, data_dir: Path | None) -> None:
    """Let a code open nothing more. What it has opened stays.

    Example:  kundelik voucher withdraw --school 1 019a7f0e-...
    """
    done = run(_withdraw(settings_with(data_dir=data_dir), school, voucher))
    click.echo("Withdrawn." if done else "There is no such code, or it was withdrawn before.")


async def _make(
    settings: Settings, school: int, new: tuple[str, str, int, int, datetime], codes: int
) -> list[tuple[UUID, str]]:
    from kundelik_core.entitlements.rules import end_of_day
    from kundelik_core.entitlements.vouchers import make_voucher
    from kundelik_core.kernel.audit import Doer
    from kundelik_core.kernel.db import tenant

    feature, scope, months, uses, expires = new
    async with installation(settings):
        zone = await _zone(school)
        wanted = NewVoucher(
            feature=feature, scope=scope, months=months, uses=uses,
            expires_at=end_of_day(expires.date(), zone),
        )  # fmt: skip
        async with tenant(school, write=True) as tx:
            return [await make_voucher(tx, wanted, Doer()) for _ in range(codes)]


async def _list(settings: Settings, school: int) -> list[Voucher]:
    from kundelik_core.entitlements.vouchers import vouchers
    from kundelik_core.kernel.db import tenant

    async with installation(settings):
        await _zone(school)
        async with tenant(school) as tx:
            return await vouchers(tx)


async def _withdraw(settings: Settings, school: int, voucher: UUID) -> bool:
    from kundelik_core.entitlements.vouchers import withdraw_voucher
    from kundelik_core.kernel.audit import Doer
    from kundelik_core.kernel.db import tenant

    async with installation(settings):
        await _zone(school)
        async with tenant(school, write=True) as tx:
            return await withdraw_voucher(tx, voucher, Doer())


async def _zone(school: int) -> str:
    from kundelik_core.kernel.db import reference

    zone = await reference().fetchval(
        "select s.time_zone from core.school s where s.id = $1", school
    )
    if zone is None:
        raise Problem(
            "no-such-school", "There is no school with the number %(school)s.", status=404,
            params={"school": school}, help="See: kundelik school list",
        )  # fmt: skip
    return str(zone)


def _said(one: Voucher) -> str:
    state = "withdrawn" if one.withdrawn_at else f"used {one.used} of {one.uses}"
    return (
        f"{one.id}  {one.feature} for {one.months} months, {state}, "
        f"until {one.expires_at:%Y-%m-%d %H:%M} UTC"
    )
