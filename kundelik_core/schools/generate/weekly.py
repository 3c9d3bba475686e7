"""Find a weekly timetable: every class gets full days without gaps, nobody is in two places.

Each class has exactly as many places in its week as lessons. Lessons are placed one by one, the
most constrained first; one that finds no free place takes the cheapest occupied one and sends
whoever stood there to look again. A lesson that was sent away often becomes dear to move, so
the search does not run in circles.
"""

import random
from collections import defaultdict, deque
from collections.abc import Iterable

import msgspec

from kundelik_core.schools.generate.model import Group, SchoolClass, Size, Unplaced
from kundelik_core.schools.timetable import Audience, Cycle, Slot

DAYS = 5
_HALLS: dict[Size, int] = {"S": 1, "M": 4, "L": 6}
# How many tries a lesson gets on average before the search gives up on the hardest ones.
_PATIENCE = 25
_ATTEMPTS = 12
_HARD = frozenset(
    {"mathematics", "algebra", "geometry", "algebra_analysis", "physics", "chemistry"}
)
_LIGHT = frozenset({"physical_education", "music", "visual_arts", "labour", "crafts", "class_hour"})
_FIRST_TO_DROP = ("class_hour", "global_competences", "graphics", "entrepreneurship", "military")


class Block(msgspec.Struct, gc=False):
    """What is placed as one: the groups that are taught at the same time by arrangement."""

    key: int
    groups: tuple[int, ...]
    classes: tuple[int, ...]
    teachers: tuple[int, ...]
    subjects: tuple[str, ...]
    shift: int
    cycle: Cycle
    hall: bool
    place: int = -1
    moved: int = 0


def make_blocks(groups: list[Group], classes: list[SchoolClass]) -> list[Block]:
    """The week's lessons; joint classes of a small school are taught together where they can."""
    lessons: dict[int, dict[str, list[list[int]]]] = defaultdict(lambda: defaultdict(list))
    for group in groups:
        parts = lessons[group.school_class][group.subject]
        parts.append([group.key])
    units: dict[int, list[tuple[tuple[int, ...], Cycle]]] = {}
    for key, subjects in lessons.items():
        units[key] = []
        for parts in subjects.values():
            members = tuple(k for part in parts for k in part)
            hours = groups[members[0]].hours
            units[key] += [(members, "")] * (hours // 2)
            units[key] += [(members, "A")] * (hours % 2)
    return _merge(units, groups, classes)


def _merge(
    units: dict[int, list[tuple[tuple[int, ...], Cycle]]],
    groups: list[Group],
    classes: list[SchoolClass],
) -> list[Block]:
    blocks: list[Block] = []
    partners: dict[int, int] = {}
    for school_class in classes:
        if school_class.joint is None:
            continue
        other = partners.setdefault(school_class.joint, school_class.key)
        if other != school_class.key:
            _pair(units[other], units[school_class.key], groups, blocks)
    for mine in units.values():
        blocks += [_block(0, members, cycle, groups) for members, cycle in mine]
    for key, block in enumerate(blocks):
        block.key = key
        block.shift = classes[block.classes[0]].shift
    return blocks


def _pair(
    first: list[tuple[tuple[int, ...], Cycle]],
    second: list[tuple[tuple[int, ...], Cycle]],
    groups: list[Group],
    blocks: list[Block],
) -> None:
    """Move lessons that one teacher holds for both classes at once from the lists to blocks.

    Where the grades do not have the same subject left, one works alone while the other is taught.
    """
    for same_subject in (True, False):
        for unit in list(first):
            one = groups[unit[0][0]]
            for match in second:
                other = groups[match[0][0]]
                fits = other.teacher == one.teacher and match[1] == unit[1]
                if fits and (other.subject == one.subject or not same_subject):
                    first.remove(unit)
                    second.remove(match)
                    blocks.append(_block(0, unit[0] + match[0], unit[1], groups))
                    break


def _block(key: int, members: tuple[int, ...], cycle: Cycle, groups: list[Group]) -> Block:
    mine = [groups[m] for m in members]
    return Block(
        key=key,
        groups=members,
        classes=tuple(dict.fromkeys(g.school_class for g in mine)),
        teachers=tuple(dict.fromkeys(g.teacher for g in mine)),
        subjects=tuple(dict.fromkeys(g.subject for g in mine)),
        shift=1,
        cycle=cycle,
        hall=mine[0].subject == "physical_education",
    )


class Week:
    """The timetable while it is being made. A place is day * lessons a day + lesson (from 0)."""

    def __init__(self, rng: random.Random, blocks: list[Block], lessons: int, halls: int) -> None:
        self.blocks = blocks
        self.lessons = lessons
        self.dropped: list[Block] = []
        self._rng = rng
        self._halls = halls
        places = DAYS * lessons
        self._class_at: dict[int, list[int]] = defaultdict(lambda: [-1] * places)
        self._teacher_at: dict[int, list[int]] = defaultdict(lambda: [-1] * (3 * places))
        self._halls_at: list[list[int]] = [[] for _ in range(3 * places)]
        self._on_day: dict[tuple[int, int, str], int] = defaultdict(int)
        self._open: dict[int, frozenset[int]] = {}
        self._open_days()

    def _open_days(self) -> None:
        """Give every class as many places as it has lessons, the days as even as can be."""
        mine: dict[int, list[Block]] = defaultdict(list)
        for block in self.blocks:
            for school_class in block.classes:
                mine[school_class].append(block)
        for school_class, wanted in mine.items():
            surplus = len(wanted) - DAYS * self.lessons
            if surplus > 0:
                rank = {subject: i for i, subject in enumerate(_FIRST_TO_DROP)}
                wanted.sort(key=lambda b: rank.get(b.subjects[0], len(rank)))
                self.dropped += wanted[:surplus]
            count = min(len(wanted), DAYS * self.lessons)
            lengths = [count // DAYS + (day < count % DAYS) for day in range(DAYS)]
            self._open[school_class] = frozenset(
                day * self.lessons + n for day in range(DAYS) for n in range(lengths[day])
            )

    def solve(self) -> None:
        """Place all blocks, or leave those that cannot be placed in `dropped`."""
        dropped = {b.key for b in self.dropped}
        load: dict[int, int] = defaultdict(int)
        for block in self.blocks:
            for teacher in block.teachers:
                load[teacher] += 1
        todo = [b for b in self.blocks if b.key not in dropped]
        self._rng.shuffle(todo)
        todo.sort(
            key=lambda b: (-len(b.teachers), -len(b.classes), -max(load[t] for t in b.teachers))
        )
        queue = deque(todo)
        budget = _PATIENCE * len(todo)
        while queue and budget:
            budget -= 1
            block = queue.popleft()
            place, evicted = self._best(block)
            for key in evicted:
                other = self.blocks[key]
                self._remove(other)
                other.moved += 1
                queue.append(other)
            self._put(block, place)
        self.dropped += [b for b in queue if not self._lengthen(b)]
        self._close_gaps()

    def _lengthen(self, block: Block) -> bool:
        """Put a lesson that found no place after the last one of some day."""
        for day in range(DAYS):
            whole = range(day * self.lessons, (day + 1) * self.lessons)
            ends = {max(self._open[c].intersection(whole)) + 1 for c in block.classes}
            place = ends.pop()
            if not ends and place in whole and not self._conflicts(block, place):
                for school_class in block.classes:
                    self._open[school_class] |= {place}
                self._put(block, place)
                return True
        return False

    def _best(self, block: Block) -> tuple[int, set[int]]:
        options = frozenset.intersection(*(self._open[c] for c in block.classes))
        best: tuple[float, int, set[int]] | None = None
        for place in sorted(options):
            hit = self._conflicts(block, place)
            cost = sum(8.0 + 4.0 * self.blocks[key].moved for key in hit)
            cost += self._taste(block, place) + self._rng.random()
            if best is None or cost < best[0]:
                best = (cost, place, hit)
        if best is None:
            raise ValueError("a joint lesson whose classes have no hour in common")
        return best[1], best[2]

    def _conflicts(self, block: Block, place: int) -> set[int]:
        hit = {self._class_at[c][place] for c in block.classes}
        clock = block.shift * DAYS * self.lessons + place
        hit |= {self._teacher_at[t][clock] for t in block.teachers}
        if block.hall and len(self._halls_at[clock]) >= self._halls:
            hit.add(min(self._halls_at[clock], key=lambda key: self.blocks[key].moved))
        hit.discard(-1)
        return hit

    def _taste(self, block: Block, place: int) -> float:
        """What a deputy head would dislike about the place."""
        day, lesson = divmod(place, self.lessons)
        cost = 0.0
        for school_class in block.classes:
            for subject in block.subjects:
                cost += 7.0 * self._on_day[school_class, day, subject]
        subject = block.subjects[0]
        if subject in _HARD:
            cost += 1.5 * (lesson == 0) + 1.0 * max(0, lesson - 3)
        elif subject in _LIGHT:
            cost += 1.0 * max(0, 3 - lesson)
        if subject == "class_hour":
            cost += 6.0 * (day > 0)
        return cost

    def _put(self, block: Block, place: int) -> None:
        self._mark(block, place, block.key)
        block.place = place

    def _remove(self, block: Block) -> None:
        self._mark(block, block.place, -1)
        block.place = -1

    def _mark(self, block: Block, place: int, value: int) -> None:
        day = place // self.lessons
        clock = block.shift * DAYS * self.lessons + place
        step = 1 if value >= 0 else -1
        for school_class in block.classes:
            self._class_at[school_class][place] = value
            for subject in block.subjects:
                self._on_day[school_class, day, subject] += step
        for teacher in block.teachers:
            self._teacher_at[teacher][clock] = value
        if block.hall and value >= 0:
            self._halls_at[clock].append(block.key)
        elif block.hall:
            self._halls_at[clock].remove(block.key)

    def gaps(self) -> int:
        """How many hours a class waits for a later lesson of the day."""
        count = 0
        for at in self._class_at.values():
            for day in range(DAYS):
                held = [n for n in range(self.lessons) if at[day * self.lessons + n] >= 0]
                count += max(held, default=-1) + 1 - len(held)
        return count

    def _close_gaps(self) -> None:
        """Where a lesson was dropped, pull later ones of the day forward if their teachers can."""
        for school_class, at in self._class_at.items():
            for place in sorted(self._open[school_class]):
                day = place // self.lessons
                if at[place] >= 0:
                    continue
                for later in range((day + 1) * self.lessons - 1, place, -1):
                    block = self.blocks[at[later]] if at[later] >= 0 else None
                    if block and len(block.classes) == 1 and not self._conflicts(block, place):
                        self._remove(block)
                        self._put(block, place)
                        break


def make_week(
    rng: random.Random,
    groups: list[Group],
    classes: list[SchoolClass],
    rooms: dict[int, str],
    size: Size,
) -> tuple[list[Slot], list[Unplaced]]:
    """The slots of a week, and what had no place. `rooms` tells each teacher's room."""
    week = _best_week(rng, groups, classes, size)
    slots: list[Slot] = []
    halls: dict[tuple[int, int], int] = defaultdict(int)
    for block in week.blocks:
        if block.place < 0:
            continue
        hall = ""
        if block.hall:
            halls[block.shift, block.place] += 1
            hall = f"Спортзал {halls[block.shift, block.place]}"
        slots += _slots(block, groups, classes, rooms, week.lessons, hall, len(slots))
    return slots, _unplaced(week.dropped)


def _best_week(
    rng: random.Random, groups: list[Group], classes: list[SchoolClass], size: Size
) -> Week:
    """The first week that holds everything the days have room for, or the fullest of some."""
    weeks = []
    for _ in range(_ATTEMPTS):
        week = Week(rng, make_blocks(groups, classes), 7 if size == "L" else 8, _HALLS[size])
        surplus = len(week.dropped)
        week.solve()
        weeks.append(week)
        if len(week.dropped) == surplus and not week.gaps():
            break
    return min(weeks, key=lambda week: (len(week.dropped), week.gaps()))


def _slots(
    block: Block,
    groups: list[Group],
    classes: list[SchoolClass],
    rooms: dict[int, str],
    lessons: int,
    hall: str,
    first: int,
) -> list[Slot]:
    day, lesson = divmod(block.place, lessons)
    found = []
    for index, key in enumerate(block.groups):
        group = groups[key]
        school_class = classes[group.school_class]
        at_home = school_class.grade <= 4 and school_class.homeroom == group.teacher
        room = hall or (school_class.room if at_home else rooms[group.teacher])
        found.append(
            Slot(
                id=first + index,
                group=key,
                weekday=day + 1,
                lesson=lesson + 1,
                teacher=group.teacher,
                room=room,
                audience=(Audience(group.school_class, group.split, group.part),),
                shift=block.shift,
                cycle=block.cycle,
                joint=f"j{block.key}" if len(block.classes) > 1 else None,
            )
        )
    return found


def _unplaced(blocks: Iterable[Block]) -> list[Unplaced]:
    counts: dict[int, int] = defaultdict(int)
    for block in blocks:
        for group in block.groups:
            counts[group] += 1
    return [Unplaced(group, count) for group, count in sorted(counts.items())]
