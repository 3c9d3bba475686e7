"""Set a market up in the village: a class that is large enough, families, prices, publications.

``python -m tests.e2e.market DATA_DIR SCHOOL BEGIN END`` publishes what is due in a period.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from kundelik_rating.domain.schedule import publication_days

from kundelik_core.cli.install import installation
from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.life.here import called_here
from kundelik_core.plugins.work import school_call
from kundelik_core.sdk import JobRun
from kundelik_core.testing.factory import Factory
from tests.e2e.conftest import ROOT, Site
from tests.server import COMMAND

ACCOUNT = {
    "Name of the payee": "«Ауыл мектебі» КММ", "BIN (12 digits)": "123456789012",
    "Account number (IBAN)": "KZ86125KZT5004100100", "Bank": "«Банк» АҚ", "BIC": "BANKKZKA",
}  # fmt: skip
RESULTS = (38, 47, 52, 58, 61, 66, 70, 74, 79, 83, 88, 91, 95, 97)

_GROUP = """
select g.id, gc.class_id, p.code, p.begins, p.ends
  from core.teaching_group g
  join core.group_class gc on gc.school_id = g.school_id and gc.group_id = g.id
  join core.period p on p.school_id = g.school_id and p.year = g.year and p.code = $3
 where g.school_id = $1 and g.scheme_code = 'kz-cba-2022' and left(g.period_kind, 1) = left($3, 1)
   and gc.class_id <> $2 and g.grade >= 5
 order by (select count(*) from core.group_pupil m
            where m.school_id = $1 and m.group_id = g.id and m.to_date is null) desc, g.id
 limit 1
"""
_PUPILS = """
select n.id from core.group_pupil m
  join core.person n on n.school_id = m.school_id and n.id = m.pupil_id
 where m.school_id = $1 and m.group_id = $2 and m.to_date is null order by n.sort_key, n.id
"""
_RESULT = (
    "insert into core.period_result as r (school_id, pupil_id, group_id, period, raw, terms, "
    "percent, mark, computed_at) values ($1, $2, $3, $4, $5::text, "
    """'[["fo", 1, 1, 1, 1, 100, 5, "1", "1"]]', $5::text::integer, '4', $6) """
    "on conflict (school_id, pupil_id, group_id, period) do update "
    "set raw = excluded.raw, terms = excluded.terms, percent = excluded.percent"
)


class Market(msgspec.Struct, kw_only=True):
    """A class with a rating in one subject, and whose children are in it."""

    site: Any
    group: UUID
    pupils: list[UUID]
    subject: str
    period: str
    begins: date
    ends: date

    async def family(self, login: str, *places: int) -> list[UUID]:
        """Let somebody be a parent of the children at these places of the class."""
        site, factory = self.site, Factory(self.site.tenant, self.site.directory)
        person = await factory.person(site.cast.school, "Сейітова", "Мәриям", role="parent")
        account = await factory.account(
            login, memberships=[(site.cast.school, person, "parent")], name="Мәриям Сейітова"
        )
        children = [self.pupils[place] for place in places]
        for child in children:
            given = await site.tenant.fetchval(
                "select given from core.person where school_id = $1 and id = $2",
                site.cast.school, child,
            )  # fmt: skip
            await factory.child(account, site.cast.school, person, child, given)
        return children

    async def name(self, pupil: UUID) -> str:
        found: str = await self.site.tenant.fetchval(
            "select surname || ' ' || given from core.person where school_id = $1 and id = $2",
            self.site.cast.school, pupil,
        )  # fmt: skip
        return found

    async def fetch(self, sql: str) -> list[dict[str, Any]]:
        """Read something of the school's."""
        return [dict(row) for row in await self.site.tenant.fetch(sql, self.site.cast.school)]


async def make_market(site: Site) -> Market:
    """Let one class be as large as those of towns, and have results in one subject."""
    cast, factory = site.cast, Factory(site.tenant, site.directory)
    row = await site.tenant.fetchrow(_GROUP, cast.school, UUID(cast.school_class), cast.period)
    assert row, "no group fits"
    pupils = [one["id"] for one in await site.tenant.fetch(_PUPILS, cast.school, row["id"])]
    for number in range(len(pupils), len(RESULTS)):
        pupil = await factory.person(cast.school, f"Жаңабек{number}", "Дана", role="pupil", sex="f")
        pupils.append(pupil)
        for table, column, place in (
            ("class_pupil", "class_id", row["class_id"]), ("group_pupil", "group_id", row["id"]),
        ):  # fmt: skip
            await site.tenant.execute(
                f"insert into core.{table} (school_id, {column}, pupil_id, from_date) "
                "values ($1, $2, $3, $4)", cast.school, place, pupil, row["begins"],
            )  # fmt: skip
    for pupil, result in zip(pupils, RESULTS, strict=False):
        await site.tenant.execute(
            _RESULT, cast.school, pupil, row["id"], row["code"], str(result), datetime.now(UTC)
        )
    subject = await site.tenant.fetchval(
        "select s.title_en from core.teaching_group g join core.subject s "
        "on s.school_id = g.school_id and s.id = g.subject_id where g.school_id = $1 and g.id = $2",
        cast.school, row["id"],
    )  # fmt: skip
    return Market(
        site=site, group=row["id"], pupils=pupils, subject=subject, period=row["code"],
        begins=row["begins"], ends=row["ends"],
    )  # fmt: skip


def run(site: Site, *arguments: str) -> str:
    """Run a command beside the server, and return what it printed."""
    place = str(site.server.data_dir)
    plain = {k: v for k, v in os.environ.items() if not k.startswith("KUNDELIK_")}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, check=False, text=True,
        env=plain | {"KUNDELIK_DATA_DIR": place},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def price(site: Site, *arguments: str) -> None:
    """Set a price as an operator does, while the server runs."""
    run(site, "-c", COMMAND, "price", "set", *arguments)


def publish(market: Market) -> None:
    """Let the nights of publication come."""
    site = market.site
    span = (market.begins.isoformat(), market.ends.isoformat())
    run(site, "-m", "tests.e2e.market", str(site.server.data_dir), str(site.cast.school), *span)


async def _nights(data_dir: Path, school: int, begins: date, ends: date) -> None:
    days = publication_days(begins, ends, "week")
    past = [day for day in days if day <= datetime.now(ZoneInfo(SCHOOL_ZONE)).date()]
    settings = Settings(data_dir=data_dir)
    async with installation(settings) as urls, called_here(settings, urls.tenant) as here:
        ref = HandlerRef("rating", "job", "rating.publish")
        for day in past or days[:1]:
            with set_now(datetime.combine(day, time(2, 30), ZoneInfo(SCHOOL_ZONE))):
                call, on = await school_call(school), await here.allowed.active(school)
                done = await here.dispatcher.call(ref, JobRun(due_at=datetime.now(UTC)), on, call)
                assert done.done, done


def main(arguments: Sequence[str]) -> None:
    place, school, begins, ends = arguments
    asyncio.run(
        _nights(Path(place), int(school), date.fromisoformat(begins), date.fromisoformat(ends))
    )


if __name__ == "__main__":
    main(sys.argv[1:])
