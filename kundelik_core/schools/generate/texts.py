"""Write what teachers write: lesson topics and homework, in the language of the lesson."""

import random
import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Literal

Texts = tuple[str, ...]

_FILES = ("topics-languages", "topics-sciences", "topics-society")
# Subjects whose lessons are held, and written about, in one language everywhere.
_OWN_LANGUAGE = {
    "kazakh": "kk",
    "kazakh_literature": "kk",
    "kazakh_second": "kk",
    "russian": "ru",
    "russian_literature": "ru",
    "russian_second": "ru",
    "foreign": "en",
}
# How a topic that takes several lessons goes on; by what kind of subject it is.
_NEXT: dict[tuple[str, str], Texts] = {
    ("", "kk"): ("Жаттығулар орындау", "Бекіту сабағы", "Практикалық жұмыс", "Қайталау"),
    ("", "ru"): ("Выполнение упражнений", "Закрепление", "Практическая работа", "Повторение"),
    ("", "en"): ("Practice", "Speaking", "Reading and writing", "Revision"),
    ("exact", "kk"): ("Есептер шығару", "Есептер шығару. Бекіту", "Өзіндік жұмыс", "Қайталау"),
    ("exact", "ru"): (
        "Решение задач", "Решение задач. Закрепление", "Самостоятельная работа", "Повторение",
    ),
    ("science", "kk"): ("Жұппен жұмыс", "Зертханалық жұмыс", "Бекіту сабағы", "Қайталау"),
    ("science", "ru"): ("Работа в парах", "Лабораторная работа", "Закрепление", "Обобщение"),
    ("history", "kk"): ("Деректермен жұмыс", "Топтық жұмыс", "Бекіту сабағы", "Қорытындылау"),
    ("history", "ru"): ("Работа с источниками", "Работа в группах", "Закрепление", "Обобщение"),
    ("reading", "kk"): ("Шығарманы талдау", "Кейіпкерлер бейнесі", "Мәнерлеп оқу", "Қорытынды"),
    ("reading", "ru"): ("Анализ произведения", "Образы героев", "Выразительное чтение", "Итог"),
    ("sport", "kk"): ("Техниканы жетілдіру", "Оқу ойыны", "Жаттығулар кешені", "Нормативтер"),
    ("sport", "ru"): ("Совершенствование техники", "Учебная игра", "Комплекс ОРУ", "Нормативы"),
    ("arts", "kk"): ("Шығармашылық жұмыс", "Практикалық жұмыс", "Жұмысты аяқтау"),
    ("arts", "ru"): ("Творческая работа", "Практическая работа", "Завершение работы"),
    ("hour", "kk"): ("Пікірталас", "Кездесу", "Қорытынды"),
    ("hour", "ru"): ("Дискуссия", "Встреча", "Подведение итогов"),
}  # fmt: skip
_MANNER = {
    **dict.fromkeys(
        ["mathematics", "algebra", "geometry", "algebra_analysis", "physics", "chemistry"], "exact"
    ),
    **dict.fromkeys(["natural_science", "biology", "geography"], "science"),
    **dict.fromkeys(["kazakhstan_history", "world_history", "law", "world_knowledge"], "history"),
    **dict.fromkeys(["kazakh_literature", "russian_literature", "literary_reading"], "reading"),
    **dict.fromkeys(["music", "visual_arts", "labour", "crafts"], "arts"),
    "physical_education": "sport",
    **dict.fromkeys(["class_hour", "global_competences"], "hour"),
}
_SUMMATIVE = {
    "kk": ("Бөлім бойынша жиынтық бағалау №{n}", "{q}-тоқсан бойынша жиынтық бағалау"),
    "ru": ("Суммативное оценивание за раздел №{n}", "Суммативное оценивание за {q} четверть"),
    "en": ("Summative assessment for the unit {n}", "Summative assessment for term {q}"),
}
_CORRECTION = {"kk": "Қатемен жұмыс", "ru": "Работа над ошибками", "en": "Correction work"}
_TITLES = {"kk": ("БЖБ {n}", "ТЖБ"), "ru": ("СОР {n}", "СОЧ")}

_Homework = Callable[[random.Random, int], str]


@cache
def _tables() -> dict[str, dict[str, str]]:
    folder = resources.files("kundelik_core.schools") / "data" / "generate"
    found: dict[str, dict[str, str]] = {}
    for name in _FILES:
        found |= tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
    return found


def language_of(subject: str, class_language: str) -> str:
    """The language a subject's journal is written in."""
    return _OWN_LANGUAGE.get(subject, class_language)


@cache
def topics(subject: str, grade: int, language: str) -> Texts:
    """The topics of a subject's year in a grade, in order."""
    for key, row in _tables().items():
        name, _, band = key.partition("-")
        first, _, last = band.partition("-")
        if name == subject and int(first) <= grade <= int(last or first):
            return tuple(row[language].split(" | "))
    raise KeyError(f"no topics for {subject} in grade {grade}")


def lesson_topics(subject: str, grade: int, language: str, lessons: int) -> list[str]:
    """A topic for each lesson of the year; a long topic goes on in different ways."""
    mine = topics(subject, grade, language)
    following = _NEXT[_MANNER.get(subject, ""), language]
    found = []
    since, last = 0, -1
    for index in range(lessons):
        at = index * len(mine) // max(lessons, 1)
        since = since + 1 if at == last else 0
        last = at
        how = following[(since - 1) % len(following)] if since else ""
        found.append(f"{mine[at]}. {how}" if how else mine[at])
    return found


def summative_topic(kind: Literal["sor", "soch"], language: str, number: int, quarter: int) -> str:
    """The topic of a lesson in which a summative work is written."""
    return _SUMMATIVE[language][kind == "soch"].format(n=number, q=quarter)


def summative_title(kind: Literal["sor", "soch"], language: str, number: int) -> str:
    """What the column of a summative work is called."""
    return _TITLES[language][kind == "soch"].format(n=number)


def correction(language: str, topic: str) -> str:
    """The topic of the lesson after a summative work."""
    return f"{_CORRECTION[language]}. {topic}"


def homework(rng: random.Random, subject: str, grade: int, language: str, index: int) -> str:
    """Homework after the lesson with this index in the year; empty when none is set."""
    if grade == 1 or subject in _NO_HOMEWORK or rng.random() < _FREE.get(subject, 0.12):
        return ""
    family = _FAMILY.get(subject, "oral")
    return rng.choice(_HOMEWORK[family, language])(rng, index)


_NO_HOMEWORK = frozenset(
    {
        "music",
        "visual_arts",
        "labour",
        "physical_education",
        "class_hour",
        "global_competences",
        "digital_literacy",
        "military",
        "graphics",
    }
)
_FREE = {"crafts": 0.7, "informatics": 0.5, "natural_science": 0.3, "world_knowledge": 0.4}
_FAMILY = {
    **dict.fromkeys(("mathematics", "algebra", "geometry", "algebra_analysis"), "sums"),
    **dict.fromkeys(("physics", "chemistry"), "problems"),
    **dict.fromkeys(("kazakh", "kazakh_second", "russian", "russian_second"), "exercises"),
    **dict.fromkeys(("kazakh_literature", "russian_literature", "literary_reading"), "reading"),
    **dict.fromkeys(("crafts", "informatics", "entrepreneurship"), "making"),
    "foreign": "english",
}


def _number(rng: random.Random, index: int) -> int:
    return 12 + index * 5 + rng.randint(0, 4)


def _page(rng: random.Random, index: int) -> int:
    return 6 + index + rng.randint(0, 2)


def _fill(template: str) -> _Homework:
    """A homework with its numbers: n exercise, m a later one, p page, r a later one, s section."""

    def write(rng: random.Random, index: int) -> str:
        n, p = _number(rng, index), _page(rng, index)
        more, later = n + rng.randint(1, 4), p + rng.randint(2, 5)
        return template.format(n=n, m=more, k=more + 2, p=p, r=later, s=1 + index // 3)

    return write


def _all(*templates: str) -> tuple[_Homework, ...]:
    return tuple(_fill(t) for t in templates)


_HOMEWORK: dict[tuple[str, str], tuple[_Homework, ...]] = {
    ("sums", "kk"): _all(
        "№{n}, №{m}", "№{n}–{m}", "{p}-бет, №{n}", "§{s}. №{n}, {m}, {k}", "Ережені жаттау, №{n}"
    ),
    ("sums", "ru"): _all(
        "№ {n}, {m}", "№ {n}–{m}", "Стр. {p}, № {n}", "§ {s}, № {n}, {m}, {k}", "Правило, № {n}"
    ),
    ("problems", "kk"): _all(
        "§{s} оқу, сұрақтарға жауап беру", "§{s}, {n}-есеп", "§{s}. Формулаларды жаттау",
        "Есептер: №{n}, №{m}", "§{s} конспект жазу",
    ),
    ("problems", "ru"): _all(
        "§ {s} читать, ответить на вопросы", "§ {s}, задача {n}", "§ {s}. Выучить формулы",
        "Задачи № {n}, {m}", "Конспект § {s}",
    ),
    ("exercises", "kk"): _all(
        "{n}-жаттығу", "{n}-жаттығу, {p}-бет", "Ережені жаттау, {n}-жаттығу",
        "Жаңа сөздерді жаттау, {p}-бет", "Шағын мәтін құрастыру", "{n}, {m}-тапсырмалар",
    ),
    ("exercises", "ru"): _all(
        "Упр. {n}", "Стр. {p}, упр. {n}", "Выучить правило на стр. {p}, упр. {n}",
        "Словарные слова, упр. {n}", "Составить рассказ по теме", "Упр. {n}, {m}",
    ),
    ("reading", "kk"): _all(
        "{p}–{r}-беттерді оқу", "Мазмұнын айту, {p}-бет", "Үзіндіні жаттау",
        "{p}-бет, сұрақтарға жауап беру", "Кейіпкерге мінездеме жазу", "Өлеңді мәнерлеп оқу",
    ),
    ("reading", "ru"): _all(
        "Читать стр. {p}–{r}", "Пересказ, стр. {p}–{r}", "Выучить отрывок наизусть",
        "Стр. {p}, ответить на вопросы", "Характеристика героя", "Выразительное чтение",
    ),
    ("making", "kk"): _all("Презентация дайындау", "Эскиз салу", "Материалдар әкелу", "§{s} оқу"),
    ("making", "ru"): _all(
        "Подготовить презентацию", "Сделать эскиз", "Принести материалы", "§ {s} читать"
    ),
    ("english", "en"): _all(
        "Ex. {s} p. {p}", "Learn the words, p. {p}", "Workbook p. {p}, ex. {s}",
        "Read the text on p. {p}, retell", "Write 8–10 sentences on the topic",
    ),
    ("oral", "kk"): _all(
        "§{s} оқу", "§{s} оқу, мазмұндау", "§{s}, {p}-бет, 1–3-сұрақтар", "Картамен жұмыс, §{s}",
        "Дәптермен жұмыс, {p}-бет", "Хабарлама дайындау",
    ),
    ("oral", "ru"): _all(
        "§ {s} читать", "§ {s}, пересказ", "§ {s}, вопросы 1–3 на стр. {p}", "§ {s}, термины",
        "Рабочая тетрадь, стр. {p}", "Подготовить сообщение",
    ),
}  # fmt: skip
