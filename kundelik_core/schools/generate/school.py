"""Make a whole school out of a seed: people, classes, staff, a timetable and a year of journals."""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator

from kundelik_core.schools.bells import load_bells
from kundelik_core.schools.calendar import load_national
from kundelik_core.schools.generate.absences import absences
from kundelik_core.schools.generate.classes import SHAPES, make_classes, make_groups
from kundelik_core.schools.generate.marks import (
    ClassLoad,
    Marker,
    Talents,
    held,
    set_works,
)
from kundelik_core.schools.generate.model import (
    GeneratedLesson,
    Group,
    Journal,
    Outline,
    SchoolLanguage,
    Size,
)
from kundelik_core.schools.generate.names import Logins
from kundelik_core.schools.generate.people import Register
from kundelik_core.schools.generate.staff import Hiring
from kundelik_core.schools.generate.texts import homework, language_of, lesson_topics
from kundelik_core.schools.generate.weekly import make_week
from kundelik_core.schools.timetable import PlannedLesson, Slot, expand
from kundelik_core.schools.titles import Title

# Whose names schools bear: poets, scholars and leaders of the past.
_PATRONS = (
    ("Абай", "Абая", "Abai"),
    ("Шоқан Уәлиханов", "Чокана Валиханова", "Shoqan Walikhanov"),
    ("Ыбырай Алтынсарин", "Ыбрая Алтынсарина", "Ybyrai Altynsarin"),
    ("Мұхтар Әуезов", "Мухтара Ауэзова", "Mukhtar Auezov"),
    ("Қаныш Сәтбаев", "Каныша Сатпаева", "Qanysh Satbayev"),
    ("Ахмет Байтұрсынұлы", "Ахмета Байтурсынулы", "Akhmet Baitursynuly"),
    ("Әл-Фараби", "аль-Фараби", "Al-Farabi"),
    ("Мағжан Жұмабаев", "Магжана Жумабаева", "Magzhan Zhumabayev"),
)


class GeneratedSchool:
    """A made-up school. `outline` is all of it but the journals, which are made when asked for."""

    def __init__(self, outline: Outline, seed: str, today: dt.date) -> None:
        self.outline = outline
        self._seed = seed
        self._today = today

    def journals(self) -> Iterator[Journal]:
        """Every group's year, in the order of the groups; the same each time it is asked for."""
        outline = self.outline
        calendar = outline.calendar
        rng = random.Random(f"{self._seed}:year")
        days = list(calendar.teaching_days(calendar.begins, calendar.ends))
        away = absences(rng, outline.classes, days)
        marker = Marker(Talents(rng, outline.people), away, calendar, self._today)
        load = ClassLoad()
        planned = self._planned()
        lesson_key = work_key = 0
        for group in outline.groups:
            own = random.Random(f"{self._seed}:group:{group.key}")
            lessons = self._lessons(own, group, planned[group.key], lesson_key)
            lesson_key += len(lessons)
            works = set_works(own, group, lessons, calendar, load, work_key)
            work_key += len(works)
            yield Journal(group, lessons, works, marker.fill(own, group, lessons, works))

    def _planned(self) -> dict[object, list[PlannedLesson]]:
        outline = self.outline
        grades: dict[object, int] = {g.key: g.grade for g in outline.groups}
        planned: dict[object, list[PlannedLesson]] = defaultdict(list)
        year = outline.calendar
        for lesson in expand(
            outline.slots, year, outline.bells, year.begins, year.ends, grades.get
        ):
            planned[lesson.group].append(lesson)
        return planned

    def _lessons(
        self, rng: random.Random, group: Group, planned: list[PlannedLesson], first: int
    ) -> list[GeneratedLesson]:
        language = language_of(group.subject, group.language)
        planned = sorted(planned, key=lambda p: (p.date, p.lesson))
        topics = lesson_topics(group.subject, group.grade, language, len(planned))
        found = []
        for index, plan in enumerate(planned):
            topic = topics[index]
            task = homework(rng, group.subject, group.grade, language, index)
            late = rng.random()
            if not held(plan.date, plan.lesson, self._today):
                task = ""
            elif late < 0.012 and (self._today - plan.date).days < 12:
                # Nobody's journal is quite up to date.
                task = topic = ""
            found.append(
                GeneratedLesson(
                    key=first + index,
                    group=group.key,
                    date=plan.date,
                    slot=_number(plan.slot),
                    number=plan.lesson,
                    begins=plan.begins,
                    ends=plan.ends,
                    room=str(plan.room or ""),
                    teacher=group.teacher,
                    topic=topic,
                    homework=task,
                )
            )
        return found


class World:
    """Schools that belong together: nobody's login is taken twice in a world."""

    def __init__(self, seed: int | str) -> None:
        self._seed = str(seed)
        self._logins = Logins()
        self._schools = 0

    def make_school(
        self, size: Size, language: SchoolLanguage, year: int, today: dt.date
    ) -> GeneratedSchool:
        """One more school; what it is depends on the seed and on the schools made before it."""
        seed = f"{self._seed}:{self._schools}:{size}:{language}:{year}"
        self._schools += 1
        rng = random.Random(seed)
        register = Register(rng, year, self._logins)
        classes = make_classes(rng, size, language, register)
        groups = make_groups(classes, register, size)
        register.add_parents()
        hiring = Hiring(rng, register, language, size)
        hiring.hire_heads(year)
        hiring.hire_teachers(classes, groups, year)
        rooms = {member.person: member.room for member in hiring.staff}
        slots, unplaced = make_week(rng, groups, classes, rooms, size)
        _count_hours(hiring, slots)
        number = str(rng.randint(1, 199))
        outline = Outline(
            title=_title(rng, size, number),
            number=number,
            size=size,
            language=language,
            year=year,
            calendar=load_national(year),
            bells=load_bells(SHAPES[size].bells),
            people=register.people,
            guardianships=register.guardianships,
            staff=hiring.staff,
            classes=classes,
            groups=groups,
            slots=slots,
            unplaced=unplaced,
        )
        return GeneratedSchool(outline, seed, today)


def make_school(
    seed: int | str, size: Size, language: SchoolLanguage, year: int, today: dt.date
) -> GeneratedSchool:
    """A school in a world of its own."""
    return World(seed).make_school(size, language, year, today)


def _count_hours(hiring: Hiring, slots: list[Slot]) -> None:
    """A lesson that is held for two classes at once is one hour of its teacher's load."""
    times: dict[object, set[tuple[int, int, int]]] = defaultdict(set)
    for slot in slots:
        times[slot.teacher].add((slot.shift, slot.weekday, slot.lesson))
    for member in hiring.staff:
        member.hours = len(times[member.person])


def _number(key: object) -> int:
    if not isinstance(key, int):
        raise TypeError("slots of made-up schools have whole numbers as keys")
    return key


def _title(rng: random.Random, size: Size, number: str) -> Title:
    kk, ru, en = rng.choice(_PATRONS)
    if size == "S":
        return Title(
            kk=f"{kk} атындағы жалпы білім беретін мектеп",
            ru=f"Общеобразовательная школа имени {ru}",
            en=f"{en} School",
        )
    return Title(
        kk=f"{kk} атындағы №{number} мектеп-гимназия",
        ru=f"Школа-гимназия № {number} имени {ru}",
        en=f"School No. {number} named after {en}",
    )
