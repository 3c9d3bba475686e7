"""Play a group's year through: works are set, lessons are marked, pupils do as well as they can."""

import datetime as dt
import random
from collections import defaultdict

from kundelik_core.schools.calendar import Period, SchoolCalendar
from kundelik_core.schools.generate.absences import Absences, of_lesson
from kundelik_core.schools.generate.model import (
    Cell,
    Column,
    GeneratedLesson,
    Group,
    Person,
    Work,
)
from kundelik_core.schools.generate.texts import (
    correction,
    language_of,
    summative_title,
    summative_topic,
)

# How much harder than usual (in shares of the maximum) a subject is marked.
_DIFFICULTY = {
    "mathematics": 0.04,
    "algebra": 0.06,
    "geometry": 0.06,
    "algebra_analysis": 0.06,
    "physics": 0.05,
    "chemistry": 0.04,
    "russian_second": 0.02,
    "kazakh_second": 0.03,
    "foreign": 0.01,
    "informatics": -0.05,
    "visual_arts": -0.12,
    "labour": -0.12,
    "world_knowledge": -0.06,
}
# Summative works a class may write in a day; terms' works crowd more than units' do.
_SOR_DAY = 2
_SOCH_DAY = 3


def held(day: dt.date, number: int, today: dt.date) -> bool:
    """Whether a lesson is over; of today's lessons the first three are."""
    return day < today or (day == today and number <= 3)


class Talents:
    """What each pupil is able to, in general and in one subject."""

    def __init__(self, rng: random.Random, people: list[Person]) -> None:
        self._general = {p.key: rng.gauss(0.12 if p.sex == "f" else -0.12, 1.0) for p in people}

    def expected(self, group: Group, pupil: int, subject_rng: random.Random) -> tuple[float, float]:
        """The share of a maximum a pupil reaches in a group's subject, and its change a year."""
        talent = 0.85 * self._general[pupil] + 0.5 * subject_rng.gauss(0.0, 1.0)
        easier = 0.05 if group.grade <= 4 else 0.0
        level = 0.765 + easier - _DIFFICULTY.get(group.subject, 0.0) + 0.105 * talent
        return level, subject_rng.gauss(0.01, 0.04)


class ClassLoad:
    """Counts the summative works of a class by day, so that no day gets too many."""

    def __init__(self) -> None:
        self._works: dict[tuple[int, dt.date, str], int] = defaultdict(int)

    def free(self, school_class: int, day: dt.date, kind: str) -> bool:
        """Whether the day can take one more."""
        all_works = sum(self._works[school_class, day, k] for k in ("sor", "soch"))
        return all_works < (_SOCH_DAY if kind == "soch" else _SOR_DAY)

    def take(self, school_class: int, day: dt.date, kind: str) -> None:
        """Count one work."""
        self._works[school_class, day, kind] += 1


def set_works(
    rng: random.Random,
    group: Group,
    lessons: list[GeneratedLesson],
    calendar: SchoolCalendar,
    load: ClassLoad,
    first_key: int,
) -> list[Work]:
    """The summative works of the year, written into the topics of their lessons."""
    if group.scheme not in ("kz-cba-2022", "kz-cba-2022-halfyear"):
        return []
    works: list[Work] = []
    quarters = [p for p in calendar.periods if p.kind == "quarter"]
    for number, quarter in enumerate(quarters, 1):
        mine = [i for i, x in enumerate(lessons) if quarter.holds(x.date)]
        last: list[tuple[int, str]] = []
        if group.scheme == "kz-cba-2022":
            last = _soch_lesson(group, mine, lessons, quarter, load)
        # Unit works come before the term's work, never on its day.
        if last:
            term_day = lessons[last[0][0]].date
            mine = [i for i in mine if lessons[i].date < term_day]
        picks = _sor_lessons(rng, group, mine, lessons, load) + last
        for order, (index, kind) in enumerate(picks, 1):
            key = first_key + len(works)
            works.append(_work(rng, key, group, lessons[index], kind, order, quarter, number))
            if index + 1 < len(lessons) and kind == "sor":
                language = language_of(group.subject, group.language)
                following = lessons[index + 1]
                following.topic = correction(language, following.topic)
    return works


def _sor_lessons(
    rng: random.Random,
    group: Group,
    mine: list[int],
    lessons: list[GeneratedLesson],
    load: ClassLoad,
) -> list[tuple[int, str]]:
    """Unit works at the ends of units, which each subject has at its own time."""
    count = 1 if group.hours <= 2 else 2 if group.hours <= 8 else 3
    found: list[tuple[int, str]] = []
    taken: set[dt.date] = set()
    for order in range(count):
        at = int(len(mine) * (order + rng.uniform(0.6, 1.25)) / (count + 0.6)) - 1
        for index in mine[max(at, 0) : at + 4]:
            day = lessons[index].date
            if day not in taken and load.free(group.school_class, day, "sor"):
                load.take(group.school_class, day, "sor")
                taken.add(day)
                found.append((index, "sor"))
                break
    return found


def _soch_lesson(
    group: Group,
    mine: list[int],
    lessons: list[GeneratedLesson],
    quarter: Period,
    load: ClassLoad,
) -> list[tuple[int, str]]:
    """The term work in the last two weeks, but not on the last day."""
    for index in reversed(mine[:-1]):
        day = lessons[index].date
        if (quarter.ends - day).days > 18:
            break
        if (quarter.ends - day).days > 3 and load.free(group.school_class, day, "soch"):
            load.take(group.school_class, day, "soch")
            return [(index, "soch")]
    return []


def _work(
    rng: random.Random,
    key: int,
    group: Group,
    lesson: GeneratedLesson,
    kind: str,
    order: int,
    quarter: Period,
    number: int,
) -> Work:
    language = language_of(group.subject, group.language)
    if kind == "sor":
        top = rng.choice((8, 10, 12) if group.grade <= 4 else (10, 12, 13, 14, 15, 16, 20))
        title = summative_title("sor", group.language, order)
        lesson.topic = summative_topic("sor", language, order, number)
        lesson.homework = ""
        return Work(key, group.key, lesson.key, "sor", title, top, lesson.date, quarter.code)
    senior = (20, 25, 30) if group.grade < 9 else (25, 30, 40)
    top = rng.choice((15, 20) if group.grade <= 4 else senior)
    lesson.topic = summative_topic("soch", language, order, number)
    lesson.homework = ""
    title = summative_title("soch", group.language, order)
    return Work(key, group.key, lesson.key, "soch", title, top, lesson.date, quarter.code)


class Marker:
    """Fills a group's journal up to today."""

    def __init__(
        self, talents: Talents, away: Absences, calendar: SchoolCalendar, today: dt.date
    ) -> None:
        self._talents = talents
        self._away = away
        self._today = today
        self._begins = calendar.begins
        self._quarters = {p.code: p for p in calendar.periods if p.kind == "quarter"}

    def fill(
        self, rng: random.Random, group: Group, lessons: list[GeneratedLesson], works: list[Work]
    ) -> list[Column]:
        """The filled columns of the journal: marks and absences of lessons, points of works."""
        levels = {p: self._talents.expected(group, p, rng) for p in group.pupils}
        summative = {w.lesson for w in works}
        columns = []
        for lesson in lessons:
            if not held(lesson.date, lesson.number, self._today):
                break
            cells = self._lesson(rng, group, lesson, levels, lesson.key in summative)
            if cells:
                columns.append(Column("lesson", lesson.key, cells))
        written = [w for w in works if w.date < self._today]
        columns += [Column("work", w.key, self._work(rng, w, levels)) for w in written]
        return columns

    def _lesson(
        self,
        rng: random.Random,
        group: Group,
        lesson: GeneratedLesson,
        levels: dict[int, tuple[float, float]],
        summative: bool,
    ) -> list[Cell]:
        away = self._away.get(lesson.date, {})
        rate = 0.0 if summative else _rate(rng, group)
        year = (lesson.date - self._begins).days / 267
        points = group.scheme in ("kz-cba-2022", "kz-cba-2022-halfyear")
        cells = []
        for pupil, (level, drift) in levels.items():
            absence = away.get(pupil) or of_lesson(rng, group.grade, lesson.number)
            value = ""
            if absence in ("", "late") and rng.random() < rate:
                if points:
                    share = level + 0.025 + drift * year + rng.gauss(0.0, 0.10)
                    value = str(min(10, max(2, round(share * 10))))
                else:
                    value = "+" if level + rng.gauss(0.2, 0.15) > 0.5 else "-"
            if value or absence:
                cells.append(Cell(pupil, value, absence))
        return cells

    def _work(
        self, rng: random.Random, work: Work, levels: dict[int, tuple[float, float]]
    ) -> list[Cell]:
        """Points of a work. Who was away writes it later, nearly always before the period ends."""
        away = self._away.get(work.date, {})
        closed = self._quarters[work.period].ends < self._today
        year = (work.date - self._begins).days / 267
        harder = rng.gauss(0.02 if work.kind == "sor" else 0.04, 0.03)
        cells = []
        for pupil, (level, drift) in levels.items():
            if pupil in away and rng.random() > (0.97 if closed else 0.6):
                continue
            share = level - harder + drift * year + rng.gauss(0.0, 0.085)
            cells.append(Cell(pupil, str(min(work.max, max(0, round(share * work.max)))), ""))
        return cells


def _rate(rng: random.Random, group: Group) -> float:
    """The share of pupils who get a mark in a lesson: small subjects mark nearly everybody."""
    if group.scheme == "kz-grade1-none":
        return 0.0
    if group.scheme == "kz-passfail":
        return 0.15
    usual = min(0.88, 0.15 + 12 / (group.hours * 4 + 6))
    return usual * rng.choice((0.3, 0.6, 0.8, 1.0, 1.1, 1.3, 1.6))
