"""A school with the rating on, a class of twelve, two families, staff: who look at its pages."""

import re
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.names import search_key, sort_key
from kundelik_core.plugins.actions import disable_plugin, enable_plugin
from kundelik_core.web.middleware import Shell
from tests.factories import Factory, Journal
from tests.integration.rating.conftest import MONDAY, Rated
from tests.web import browser, open_session

RESULTS = (31, 42, 55, 58, 60, 67, 73, 77, 80, 86, 91, 98)
WEEK = timedelta(weeks=1)
TODAY = MONDAY + timedelta(days=2)

OWN = re.compile(
    r'<section class="card">(?:(?!</section>).)*/x/rating(?:(?!</section>).)*</section>', re.DOTALL
)
"""What the rating shows on a page of the core."""


def at_noon(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), ZoneInfo(SCHOOL_ZONE)).replace(hour=12)


class Home:
    """A school with twelve pupils in mathematics, of whom two have families with an account."""

    def __init__(self, app: Shell, rated: Rated, journal: Journal) -> None:
        self.app, self.rated, self.journal = app, rated, journal
        self.accounts: dict[str, UUID] = {}

    @property
    def child(self) -> UUID:
        return self.journal.pupils[0]

    async def ask(
        self, role: str, path: str, data: dict[str, str] | None = None, lang: str = "en",
        day: date = TODAY, later: int = 0, headers: dict[str, str] | None = None,
    ) -> httpx.Response:  # fmt: skip
        """Ask for a page as somebody, at noon or minutes later; or send a form."""
        with set_now(at_noon(day) + timedelta(minutes=later)):
            token = await open_session(self.accounts[role])
            async with browser(self.app, token=token, **(headers or {})) as client:
                client.cookies.set("kundelik_lang", lang, domain="kundelik.test")
                if data is None:
                    return await client.get(path)
                return await client.post(path, data=data)

    async def choose(self, role: str, choice: str, child: UUID | None = None) -> httpx.Response:
        sent = {"student": str(child or self.child), "choice": choice}
        return await self.ask(role, "/x/rating/choices", sent)

    async def open(self, scope: str = "*", child: UUID | None = None) -> None:
        """Let the child's family have it from the start of the quarter to the end of the month."""
        await self.rated.factory.tenant.execute(
            "insert into core.entitlement (school_id, id, pupil_id, feature, scope, valid_from, "
            "valid_until, source, source_ref, granted_at) "
            "values ($1, $2, $3, 'rating.view', $4, $5, $6, 'grant', $7, $5)",
            self.rated.school, new_id(), child or self.child, scope,
            at_noon(date(2026, 11, 2)), at_noon(date(2026, 12, 1)).replace(hour=0), new_id().hex,
        )  # fmt: skip

    async def subject(self, code: str, pupils: int = 12) -> UUID:
        """Let the first pupils have one more subject."""
        other = await self.rated.group(0, subject=code, letter="М")
        for pupil in self.journal.pupils[:pupils]:
            await self.rated.factory.tenant.execute(
                "insert into core.group_pupil (school_id, group_id, pupil_id, from_date) "
                "values ($1, $2, $3, $4)",
                self.rated.school, other.group, pupil, date(2026, 9, 1),
            )  # fmt: skip
        return other.group

    async def publish(self, group: UUID, day: date = MONDAY, *, marks: int = 3) -> None:
        values = dict(zip(self.journal.pupils, RESULTS, strict=True))
        await self.rated.results(group, values, marks=marks)
        await self.rated.night(day)

    async def rename(self, pupil: UUID, given: str) -> None:
        await self.rated.factory.tenant.execute(
            "update core.person set surname = $3, given = $4, sort_key = $5, search_key = $6 "
            "where school_id = $1 and id = $2",
            self.rated.school, pupil, f"Тегі{given}", given, sort_key(given), search_key(given),
        )  # fmt: skip


async def make_home(app: Shell, rated: Rated, factory: Factory) -> Home:
    """Make the school."""
    school = rated.school
    journal = await rated.group(12)
    found = Home(app, rated, journal)
    for number, pupil in enumerate(journal.pupils):
        await found.rename(pupil, f"Бала{number:02}")
    other = await rated.group(1, subject="art", letter="Б")

    async def member(role: str, person: UUID) -> UUID:
        return await factory.account(
            f"{role}.{person.hex[-12:]}", memberships=[(school, person, role)], name=role
        )

    for name, pupil in (("parent", journal.pupils[0]), ("other_parent", journal.pupils[1])):
        guardian = await factory.person(school, "Ата", "Ана", role="parent")
        found.accounts[name] = await member("parent", guardian)
        await factory.child(found.accounts[name], school, guardian, pupil)
    found.accounts["pupil"] = await member("pupil", journal.pupils[0])
    found.accounts["teacher"] = await member("teacher", journal.teacher)
    found.accounts["other_teacher"] = await member("teacher", other.teacher)
    head = await factory.person(school, "Бас", "Директор", role="director")
    found.accounts["director"] = await member("director", head)
    return found


def names_no_other(home: Home, text: str) -> None:
    """Hold that a page says nothing of any pupil but the first."""
    for number, pupil in enumerate(home.journal.pupils[1:], 1):
        assert str(pupil) not in text
        assert pupil.hex not in text
        assert f"Бала{number:02}" not in text
    assert "Оқушы0" not in text


async def turn(home: Home, *, on: bool, plugin: str = "rating") -> None:
    """Let the head of the school switch a module on or off."""
    head, later = home.journal.teacher, at_noon(TODAY) + timedelta(minutes=2 if on else 1)
    with set_now(later):
        async with tenant(home.rated.school, write=True) as tx:
            if on:
                await enable_plugin(tx, home.rated.host.registry, plugin, head)
            else:
                await disable_plugin(tx, plugin, head)
