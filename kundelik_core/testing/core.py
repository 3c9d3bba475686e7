"""Play everybody around a plugin in a test: schools, people, events, the clock, the operator."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from kundelik_core import sdk
from kundelik_core.gradebook.find.queries import MOST
from kundelik_core.gradebook.find.rules import wanted
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import Locale
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.outbox.deliver import Unwanted, deliver_due, plugins_due
from kundelik_core.plugins.actions import store_settings
from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.database import PluginPools
from kundelik_core.plugins.declared import HandlerKind, HandlerRef
from kundelik_core.plugins.outcome import Outcome
from kundelik_core.plugins.queries import stored_settings
from kundelik_core.plugins.searching import FoundKind, search_plugins
from kundelik_core.plugins.switching import Switch
from kundelik_core.plugins.taking import give_back, take_for_all
from kundelik_core.plugins.work import school_call
from kundelik_core.sdk import (
    EVENTS,
    Actor,
    ClassPage,
    CommandAnswer,
    CommandRequest,
    DemoRequest,
    DiaryWeek,
    EraseMode,
    Erasure,
    Event,
    EventData,
    JobRun,
    Record,
    Role,
    SearchQuery,
    SlotArgs,
    StudentCard,
    Subject,
    SubjectKind,
    Viewer,
)
from kundelik_core.testing.ground import Ground
from kundelik_core.testing.town import BORN, School, make_school
from kundelik_core.testing.visitor import Visitor

__all__ = ["Core"]

_TYPES: Final = {data: name for name, data in EVENTS.items()}


class Core:
    """The core with the plugin in it; nothing here is a stand-in.

    All of it is for tests that are not async: the core has a loop of its own.
    """

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.plugin = ground.name

    # -- schools and people
    # ---------------------------------------------------------------------------------------------

    def school(self, *, students: int = 3, enabled: bool = True) -> School:
        """Make a school with one class; ``enabled`` says whether it switches the plugin on."""

        async def make() -> School:
            return await make_school(self.ground.factory, students=students, first=_monday())

        made = self.ground.run(make())
        if enabled:
            self.enable(made)
        return made

    def enable(self, school: School) -> None:
        """Switch the plugin on, with those that it requires, as the head of the school does.

        Where everybody decides on it for themselves, everybody has then taken it.
        """
        for name in self.ground.registry.loaded:
            self.ground.run(self._switch(school, name, on=True))
            self.ground.raise_failures()

    def disable(self, school: School) -> None:
        """Switch the plugin off."""
        self.ground.run(self._switch(school, self.plugin, on=False))
        self.ground.raise_failures()

    async def _switch(self, school: School, name: str, *, on: bool) -> None:
        switch = Switch(self.ground.registry, self.ground.dispatcher, self.ground.allowed)
        turn = switch.on if on else switch.off
        if self.ground.registry.loaded[name].manifest.level != "platform":
            head = school.people["director"]
            await turn(school.id, name, head, await self._call(school, role="director"))
        if on and self.ground.registry.loaded[name].manifest.level == "user":
            async with tenant(school.id, write=True, quiet=True) as tx:
                await take_for_all(tx, name)

    def give_back(self, school: School, role: Role) -> None:
        """Let somebody not have a plugin of level ``user`` any more."""

        async def leave() -> None:
            async with tenant(school.id, write=True, quiet=True) as tx:
                await give_back(tx, self.plugin, school.people[role])

        self.ground.run(leave())

    def configure(self, school: School, **values: object) -> None:
        """Store the school's settings of the plugin."""

        async def store() -> None:
            async with tenant(school.id, write=True) as tx:
                seen, _values = await stored_settings(tx, self.plugin)
                await store_settings(tx, self.plugin, values, seen, school.people["director"])

        self.ground.run(store())

    def secrets(self, **values: str) -> None:
        """Set secrets of the plugin, as the operator does; those not named are unset."""
        self.ground.set_secrets(values)

    def visitor(self, school: School, role: Role | None, lang: str = "en") -> Visitor:
        """Return somebody of a school in front of its pages; None has not signed in."""
        return Visitor(self.ground, school.accounts[role] if role else None, lang)

    def told(self, school: School) -> sdk.School:
        """Return the school as the plugin is told of it."""
        made = self.ground.run(self._call(school)).school
        assert made is not None
        return made

    def slot_args(self, school: School) -> list[SlotArgs]:
        """Return the arguments of every slot for the class and each of its students."""
        students = tuple(
            sdk.Student(id=one.id, name=one.name, birth_date=BORN) for one in school.students
        )
        monday = clock.today() - timedelta(days=clock.today().weekday())
        found: list[SlotArgs] = [ClassPage(class_id=school.class_id, students=students)]
        viewers: tuple[Viewer, ...] = ("student", "guardian", "staff")
        for one in students:
            found.append(StudentCard(student_id=one.id, student=one))
            found += [
                DiaryWeek(student_id=one.id, monday=monday, viewer=viewer, student=one)
                for viewer in viewers
            ]
        return found

    # -- the plugin
    # ---------------------------------------------------------------------------------------------

    def search(
        self, school: School, text: str, *, role: Role = "director", lang: Locale = "en"
    ) -> list[FoundKind]:
        """Return what the plugin shows somebody of the staff who searches; faults are raised."""

        async def ask() -> list[FoundKind]:
            asked = wanted(text)
            query = SearchQuery(text=asked.text, words=asked.words, most=MOST)
            on = await self._on(school)
            call = await self._call(school, role=role, locale=lang)
            registry, dispatcher = self.ground.registry, self.ground.dispatcher
            return await search_plugins(registry, dispatcher, query, on, call)

        found = self.ground.run(ask())
        self.ground.raise_failures()
        return [kind for kind in found if kind.plugin == self.plugin]

    def rows(self, school: School, sql: str, *args: object) -> list[Mapping[str, Any]]:
        """Run a statement as the plugin does in this school, and return its rows; it may write."""

        async def ask() -> list[Mapping[str, Any]]:
            pools = PluginPools(self.ground.keys.logins.url_for)
            token = self.ground.keys.signer.mint(self.plugin, school.id, 60)
            try:
                async with pools.of(self.plugin).transaction(token, write=True) as tx:
                    return [*await tx.fetch(sql, *args)]
            finally:
                await pools.close()

        return self.ground.run(ask())

    def demo(self, school: School, seed: int = 1) -> None:
        """Fill the plugin's tables as for a demo school."""
        self.call(school, "demo", "fill", DemoRequest(size="small", seed=seed))

    def run_job(self, school: School | None, name: str) -> None:
        """Run a job once; without a school for one that is not ``per_school``."""
        self.call(school, "job", name, JobRun(due_at=clock.now()))

    def command(self, school: School | None, name: str, **arguments: str) -> CommandAnswer:
        """Run a command of the operator; a dash in an argument's name is written as ``_``."""
        given = {key.replace("_", "-"): value for key, value in arguments.items()}
        declared = self.ground.registry.loaded[self.plugin].declared.commands
        for one in next((c.arguments for c in declared if c.name == name), ()):
            if one.name not in given and one.default is not None:
                given[one.name] = one.default
        answer: CommandAnswer = self.call(school, "command", name, CommandRequest(arguments=given))
        return answer

    def export(self, school: School, person: UUID, kind: SubjectKind = "student") -> list[Record]:
        """Return what the plugin gives out about somebody."""
        return [*self.call(school, "privacy", "export", Subject(kind=kind, id=person))]

    def erase(
        self,
        school: School,
        person: UUID,
        kind: SubjectKind = "student",
        *,
        mode: EraseMode = "erase",
    ) -> int:
        """Erase somebody's data and return how many rows the plugin says went."""
        erasure = Erasure(subject=Subject(kind=kind, id=person), mode=mode)
        return int(self.call(school, "privacy", "erase", erasure).rows)

    def call(
        self,
        school: School | None,
        kind: HandlerKind,
        name: str,
        payload: object,
        *,
        role: Role | None = None,
    ) -> Any:  # noqa: ANN401
        """Call one handler as the server does, and return its answer; what it raises is raised."""

        async def ask() -> Outcome:
            ref = HandlerRef(self.plugin, kind, name)
            on = await self._on(school)
            within = await self._call(school, role=role)
            return await self.ground.dispatcher.call(ref, payload, on, within)

        outcome = self.ground.run(ask())
        self.ground.raise_failures()
        if not outcome.done:
            where = f"school {school.id}" if school else "the installation"
            raise LookupError(f"{self.plugin} is {outcome.state.value} in {where}")
        return outcome.value

    async def _on(self, school: School | None) -> frozenset[str]:
        if school is None:
            return frozenset(self.ground.registry.loaded)
        return await self.ground.allowed.active(school.id)

    async def _call(
        self, school: School | None, *, role: Role | None = None, locale: Locale | None = None
    ) -> CallContext:
        call = await school_call(school.id if school else None)
        actor = Actor(person_id=school.people[role], roles=(role,)) if school and role else None
        return msgspec.structs.replace(call, actor=actor, locale=locale or call.locale)

    # -- events
    # ---------------------------------------------------------------------------------------------

    def tell(self, school: School, *data: EventData, times: int = 1) -> None:
        """Tell the plugin what happened, each event ``times`` times, under one id."""
        for one in data:
            event = _event(school, one)
            for _ in range(times):
                self.call(school, "event", event.type, event)

    def deliver(self, school: School, *, times: int = 1) -> list[Event[Any]]:
        """Deliver what waits in the outbox, each event ``times`` times, and return it."""
        heard: list[Event[Any]] = []

        async def hand_over(plugin: str, event: Event[Any]) -> None:
            on, call = await self._on(school), await self._call(school)
            if plugin not in on:
                raise Unwanted
            heard.append(event)
            ref = HandlerRef(plugin, "event", event.type)
            for _ in range(times):
                await self.ground.dispatcher.call(ref, event, on, call)

        async def drain() -> None:
            if self.plugin in await plugins_due(school.id):
                await deliver_due(school.id, self.plugin, hand_over)

        self.ground.run(drain())
        self.ground.raise_failures()
        return heard


def _event(school: School, data: EventData) -> Event[Any]:
    return Event(
        id=new_id(),
        type=_TYPES[type(data)],
        school_id=school.id,
        occurred_at=clock.now(),
        actor_id=None,
        data=data,
    )


def _monday() -> date:
    """Return the Monday of last week by the clock of the test."""
    today = clock.today()
    return date.fromordinal(today.toordinal() - today.weekday() - 7)
