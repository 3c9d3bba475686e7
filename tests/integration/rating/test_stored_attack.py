"""Attack what is stored and read: every world is a group of its own in one school.

The families of two children read all that the pages' functions give them, over weeks in which
somebody leaves, opts out or comes. What they got is held against the method's own account of the
same weeks, and handed to the search that the method is attacked with.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from kundelik_rating.store import Seen

from kundelik_core.kernel.ids import new_id
from kundelik_core.sdk import Erasure, Subject
from plugins.rating.tests.test_rating_attack import (
    COARSE,
    LEFT,
    MARKS,
    SOME,
    groups,
    lived,
    numbered,
    worst,
)
from tests.integration.rating.conftest import MONDAY, Rated

Week = Mapping[int, int]
OWN = (0, 1)
"""The children of the two families who put together what they see."""


MANY = 80
"""So many worlds at least have snapshots: the rest only refuse."""


class Worlds:
    """The same pupils in many groups: a group for each way in which all of it may have happened."""

    def __init__(self, rated: Rated, pupils: Sequence[UUID], worlds: Sequence[Any]) -> None:
        self.rated, self.pupils, self.worlds = rated, pupils, worlds
        self.groups = [new_id() for _world in worlds]
        self.views: list[list[Hashable]] = [[] for _world in worlds]
        self.raw: list[list[Hashable]] = [[] for _world in worlds]

    async def begin(self) -> None:
        """Write the groups with all but those who come later."""
        rated, owner = self.rated, self.rated.factory.tenant
        subject = new_id()
        await owner.execute(
            "insert into core.subject (school_id, id, code, title_kk, title_ru, title_en) "
            "values ($1, $2, 'x', 'x', 'x', 'x')", rated.school, subject,
        )  # fmt: skip
        await owner.execute(
            "insert into core.teaching_group (school_id, id, year, subject_id, title, grade, "
            "scheme_code, scheme_version, period_kind) select $1, x, 2026, $2, 'x', 5, "
            "'kz-cba-2022', 1, 'quarter' from unnest($3::uuid[]) x",
            rated.school, subject, self.groups,
        )  # fmt: skip

    async def enrol(self, child: int, since: date = date(2026, 9, 1)) -> None:
        """Let a child be in every group from a day."""
        await self.rated.factory.tenant.execute(
            "insert into core.group_pupil (school_id, group_id, pupil_id, from_date) "
            "select $1, x, $2, $3 from unnest($4::uuid[]) x",
            self.rated.school, self.pupils[child], since, self.groups,
        )  # fmt: skip

    async def leave(self, child: int, day: date) -> None:
        """Let a child leave every group on a day."""
        await self.rated.factory.tenant.execute(
            "update core.group_pupil set to_date = $3 where school_id = $1 and pupil_id = $2",
            self.rated.school, self.pupils[child], day,
        )  # fmt: skip

    async def week(self, number: int, results: Sequence[Week]) -> None:
        """Let everybody in every world have a result, newly marked; publish; let them look."""
        rows = [
            (group, self.pupils[child], str(result))
            for group, world in zip(self.groups, results, strict=True)
            for child, result in world.items()
        ]
        await self.rated.factory.tenant.execute(
            "insert into core.period_result as r (school_id, pupil_id, group_id, period, raw, "
            "terms, percent, mark, computed_at) select $1, x.pupil, x.grp, 'q2', x.raw, "
            "json_build_array(json_build_array('fo', 1, 1, 1, 1, 100, $2::integer, '1', '1')), "
            "x.raw::smallint, '4', now() "
            "from unnest($3::uuid[], $4::uuid[], $5::text[]) x (grp, pupil, raw) "
            "on conflict (school_id, pupil_id, group_id, period) do update "
            "set raw = excluded.raw, terms = excluded.terms, percent = excluded.percent",
            self.rated.school, 3 + number, *(list(column) for column in zip(*rows, strict=True)),
        )  # fmt: skip
        await self.rated.night(MONDAY + timedelta(weeks=number))
        await self.look()

    async def look(self) -> None:
        """Let both families read everything that there is for them to read."""
        for child in OWN:
            choices = (await self.rated.family(self.pupils[child])).choices
            seen = {one.group_id: one for one in await self.rated.looks(self.pupils[child])}
            for group, view in zip(self.groups, self.views, strict=True):
                view.append((choices, told(seen[group])))
        lists = {row["group_id"]: row for row in await self.rated.rows("select * from round")}
        for group, raw in zip(self.groups, self.raw, strict=True):
            raw.append(tuple(lists[group]["nameless"]))


def told(seen: Seen) -> Hashable:
    """Return all that a page can make of a group, but for ids, which are the same for everybody."""
    return (
        *(seen.period, seen.period_begins, seen.period_ends, seen.subject_code, seen.scale),
        *(seen.outcome, seen.looks, seen.on_list, seen.published, seen.now),
    )


def as_lived(views: Sequence[Any]) -> list[Hashable]:
    """Return what was read week by week in the form in which the method tells it."""
    found: list[Hashable] = []
    for both in zip(views[::2], views[1::2], strict=True):
        looks = [seen[6] for _choices, seen in both]
        latest = next((one[-1] for one in looks if one), None)
        bands = tuple((one[-1].result, one[-1].band) if one else 0 for one in looks)
        found.append((latest.day, bands, latest.middle, latest.spread) if latest else None)
    return found


def by_method(weeks: Sequence[Week]) -> list[Hashable]:
    seen = lived(weeks, OWN)
    assert isinstance(seen, tuple)
    # The method's account begins with the own results, and its weeks on another Monday.
    shift = MONDAY - date(2026, 11, 2)
    return [(one[1] + shift, *one[2:]) if len(one) == 5 else None for one in seen]


def check(worlds: Worlds, weeks: Sequence[Sequence[Week]]) -> None:
    """Hold what was read against the method's own account, world by world."""
    published = 0
    for view, lives in zip(worlds.views, weeks, strict=True):
        expected = by_method(lives)
        assert as_lived(view) == expected
        published += expected[-1] is not None
    assert published > MANY


async def made(rated: Rated, children: int, worlds: Sequence[Any], late: int = 0) -> Worlds:
    school = await rated.group(children)
    found = Worlds(rated, school.pupils, worlds)
    await found.begin()
    for child in range(children - late):
        await found.enrol(child)
    return found


Leaving = tuple[int, tuple[int, ...], tuple[int, int], tuple[int, int]]


def leavings() -> list[Leaving]:
    """Of ten one goes; nobody else's result changes but the attackers' own."""
    return [
        (leaver, others, before, after)
        for leaver in MARKS
        for others in groups(MARKS, 7)
        for before in SOME[1:2]
        for after in SOME[2:3]
    ]


def lives_of(worlds: Iterable[Leaving]) -> list[list[Week]]:
    return [
        [
            numbered(0, before) | {2: leaver} | numbered(3, others),
            numbered(0, after) | numbered(3, others),
        ]
        for leaver, others, before, after in worlds
    ]


def cases(worlds: Worlds, seen: Sequence[Sequence[Hashable]]) -> list[Any]:
    return [
        (tuple(view), {"leaver": [leaver], "others": others})
        for view, (leaver, others, _before, _after) in zip(seen, worlds.worlds, strict=True)
    ]


@pytest.mark.parametrize("how", ["leaves", "opts out", "is erased"])
async def test_whoever_goes_is_not_found_out_by_what_is_stored_and_read(
    rated: Rated, how: str
) -> None:
    worlds = await made(rated, 10, leavings())
    weeks = lives_of(worlds.worlds)
    await worlds.week(0, [one[0] for one in weeks])
    await worlds.look()
    gone = worlds.pupils[2]
    if how == "opts out":
        await rated.choose(gone, opted_out=True)
    else:
        await worlds.leave(2, MONDAY)
    if how == "is erased":
        erasure = Erasure(subject=Subject(kind="student", id=gone), mode="erase")
        await rated.call("privacy", "erase", erasure)
    # Looked at between the days as well: nothing has changed for anybody.
    await worlds.look()
    assert all(view[0:2] == view[2:4] == view[4:6] for view in worlds.views)
    await worlds.week(1, [one[1] for one in weeks])
    check(Every(worlds, (0, 1, 6, 7)), weeks)
    assert worst(cases(worlds, worlds.views)) >= LEFT
    # The search finds what is to be found: with the nameless results in sight, the leaver.
    assert worst(cases(worlds, worlds.raw)) == 1


class Every(Worlds):
    """Some of the looks of other worlds."""

    def __init__(self, worlds: Worlds, places: Sequence[int]) -> None:
        super().__init__(worlds.rated, worlds.pupils, worlds.worlds)
        self.views = [[view[at] for at in places] for view in worlds.views]


async def test_opting_out_and_in_again_is_no_tool(rated: Rated) -> None:
    """One of the attackers is taken out for a week, to see the group without their own child."""
    ways = [
        (others, always, first, last)
        for others in groups(COARSE, 8)
        for always in COARSE
        for first in COARSE[::2]
        for last in COARSE[::2]
    ]
    worlds = await made(rated, 10, ways)
    weeks: list[list[Week]] = [
        [
            {0: always, 1: first} | numbered(2, others),
            {0: always} | numbered(2, others),
            {0: always, 1: last} | numbered(2, others),
        ]
        for others, always, first, last in ways
    ]
    await worlds.week(0, [one[0] for one in weeks])
    await rated.choose(worlds.pupils[1], MONDAY + timedelta(days=1), opted_out=True)
    await worlds.week(1, [one[1] for one in weeks])
    await rated.choose(worlds.pupils[1], MONDAY + timedelta(days=8), opted_out=False)
    await worlds.week(2, [one[2] for one in weeks])
    found = [
        (tuple(view), {"others": way[0]}) for view, way in zip(worlds.views, ways, strict=True)
    ]
    assert worst(found) >= LEFT
    assert any(len(view[-2][1][6]) == 3 for view in worlds.views)  # type: ignore[index]


async def test_nothing_at_all_hangs_on_who_comes_or_was_never_counted(rated: Rated) -> None:
    """Worlds that differ by a newcomer's and an opted-out child's results look the same."""
    ways = [
        (others, new, out) for others in groups(MARKS, 8)[::9] for new in MARKS for out in MARKS
    ]
    worlds = await made(rated, 12, ways, late=1)
    await rated.choose(worlds.pupils[10], opted_out=True)
    base = [numbered(0, (50, 75)) | numbered(2, others) for others, _new, _out in ways]
    both = zip(base, ways, strict=True)
    await worlds.week(0, [week | {10: out} for week, (_others, _new, out) in both])
    await worlds.enrol(11, MONDAY + timedelta(days=1))
    for number in (1, 2):
        turned = [
            week | {10: 125 - out, 11: new if number == 1 else 125 - new}
            for week, (_others, new, out) in zip(base, ways, strict=True)
        ]
        await worlds.week(number, turned)
    by_others: dict[Any, set[Hashable]] = {}
    for view, (others, _new, _out) in zip(worlds.views, ways, strict=True):
        by_others.setdefault(others, set()).add(tuple(view))
    assert all(len(views) == 1 for views in by_others.values())
    assert len({view for views in by_others.values() for view in views}) > 3
