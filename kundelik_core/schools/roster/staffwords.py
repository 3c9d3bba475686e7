"""Know the headings of a staff list and the positions in it, in Kazakh, Russian and English.

A position gives powers, so only what plainly says a role gives one: a bursar who is called a deputy
leads no lessons, and a secretary of the director is no director.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from kundelik_core.kernel.names import search_key

from .columns import plain
from .csvtext import Record
from .headings import Heading, understand, without_owner

__all__ = ["StaffHeader", "is_about_staff", "parse_position", "staff_header"]

_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "position": ("лауазымы", "лауазым", "қызметі", "қызмет", "рөлі", "рөл", "должность",
                 "должности", "роль", "роли", "занимаемая должность", "position", "role", "roles",
                 "job title", "post"),
    "subject": ("пән", "пәні", "пәндер", "пәндері", "жүргізетін пәні", "предмет", "предметы",
                "преподаваемый предмет", "преподаваемые предметы", "subject", "subjects"),
    "lead": ("жетекші сыныбы", "сынып жетекшілігі", "жетекшілік ететін сыныбы",
             "классное руководство", "кл. руководство", "кл. рук.", "кл.рук",
             "руководит классом", "homeroom", "homeroom class", "homeroom of", "form tutor of"),
    "staff_full": ("мұғалім", "мұғалімі", "мұғалімдер", "мұғалімнің аты-жөні", "мұғалімнің т.а.ә.",
                   "қызметкер", "қызметкердің аты-жөні", "қызметкердің т.а.ә.", "педагог",
                   "педагогтің аты-жөні", "педагогтің т.а.ә.", "ұстаз", "учитель", "учителя",
                   "фио учителя", "ф.и.о. учителя", "фио педагога", "ф.и.о. педагога",
                   "фио сотрудника", "ф.и.о. сотрудника", "фио работника", "сотрудник",
                   "сотрудники", "преподаватель", "teacher", "teachers", "teacher name",
                   "employee", "staff member", "staff"),
    "family": ("мұғалімнің тегі", "қызметкердің тегі", "фамилия учителя", "фамилия сотрудника",
               "фамилия педагога"),
    "given": ("имя учителя", "имя сотрудника", "имя педагога"),
    "middle": ("отчество учителя", "отчество сотрудника", "отчество педагога",
               "отчество (при наличии)", "отчество при наличии"),
    "phone": ("рабочий телефон", "телефон учителя", "телефон сотрудника", "мұғалімнің телефоны",
              "teacher phone", "контактные данные"),
}  # fmt: skip
_KNOWN: Final = {plain(word): key for key, words in _WORDS.items() for word in words}
_OWNERS: Final = frozenset({"учителя", "учителей", "педагога", "педагогов", "педагогического",
                            "педагогических", "работника", "работников", "сотрудника",
                            "сотрудников", "преподавателя", "мұғалімнің", "мұғалімдердің",
                            "қызметкердің", "қызметкерлердің", "педагогтің", "педагог",
                            "ұстаздың", "teacher's", "teacher", "employee's",
                            "employee"})  # fmt: skip
_FAMILY_ONLY: Final = frozenset({"parent", "mother", "father", "mother_phone", "father_phone",
                                 "parent_phone", "pupil_phone", "subgroup", "letter"})  # fmt: skip
_ABOUT: Final = re.compile(r"учител|педагог|преподавател|сотрудник|кадр|мугалим|педагогт|устаз"
                           r"|кызметкер|teacher|staff|employee")  # fmt: skip
_ABOUT_PUPILS: Final = re.compile(r"учени|учащ|обучающ|воспитанник|родител|оку?шы|ата ана|бала"
                                  r"|pupil|student|parent|child")  # fmt: skip


class StaffHeader(NamedTuple):
    """The header row of a staff list; ``positions`` tells whether each row says what somebody is.

    ``homerooms``: the list names one teacher for each class and nobody else.
    """

    record: Record
    headings: list[Heading]
    positions: bool
    homerooms: bool = False


def is_about_staff(text: str) -> bool:
    """Whether a title or a file's name speaks of the staff and not of pupils."""
    key = search_key(text)
    return bool(_ABOUT.search(key)) and not _ABOUT_PUPILS.search(key)


def staff_header(record: Record, *, titled: bool, named: bool) -> StaffHeader | None:
    """Understand a header row as that of a staff list, None when it is none.

    ``titled``: a title above or the sheet's name speaks of staff; ``named``: the file's name does.
    """
    found: list[Heading] = []
    keys: set[str] = set()
    for place, text in enumerate(record.cells):
        key, corrected = _heading(text)
        if key and key not in keys:
            keys.add(key)
            found.append(Heading(key, place, text.strip(), corrected))
    if keys & _FAMILY_ONLY or "weekday" in keys:
        return None
    if {"homeroom", "class"} <= keys and not keys & {"full", "family", "given", "staff_full"}:
        renamed = {"homeroom": "full", "class": "lead"}
        found = [h._replace(key=renamed.get(h.key, h.key)) for h in found]
        return StaffHeader(record, found, positions=False, homerooms=True)
    by_position = "position" in keys
    by_name = "staff_full" in keys
    by_subject = "subject" in keys and not keys & {"class", "grade"}
    by_hint = titled or (named and not keys & {"class", "grade"})
    if not (by_position or by_name or by_subject or by_hint):
        return None
    found = [_as_staff(heading, keys) for heading in found]
    keys = {heading.key for heading in found}
    if not keys & {"full", "family", "given"} or len(keys - {"number"}) < 2 - by_hint:
        return None
    return StaffHeader(record, found, positions=by_position)


def _heading(text: str) -> tuple[str, bool]:
    key = _KNOWN.get(plain(text), "")
    own = without_owner(text, _OWNERS)
    if not key and own:
        key = _KNOWN.get(own, "") or understand(own)[0]
        key = "staff_full" if key == "full" else key
    return (key, False) if key else understand(text)


def _as_staff(heading: Heading, keys: set[str]) -> Heading:
    if heading.key == "staff_full" and not keys & {"full", "family"}:
        return heading._replace(key="full")
    # In a list of teachers the column of homeroom teachers holds the class that each leads.
    if heading.key == "homeroom" and "lead" not in keys:
        return heading._replace(key="lead")
    return heading


Told = Literal["known", "without", "unclear"]


class Position(NamedTuple):
    """Roles that a position gives; ``told`` "without": known, and with no place in a diary."""

    roles: frozenset[str]
    told: Told


_HOMEROOM: Final = re.compile(r"классн\w* руковод\w*|кл ?рук\w*|сынып жетекши\w*"
                              r"|homeroom(?: teacher)?|form (?:teacher|tutor)")  # fmt: skip
_DEPUTY: Final = re.compile(r"заместител\w*|\bзам\b|\bзам ?дир\w*|орынбасар\w*|\bзавуч\w*"
                            r"|менгеруши\w* окуи?с\w*|оку ис\w* менгеруши\w*|\bздувр\b|\bздвр\b"
                            r"|\bздур\b|\bdeputy\b|\bvice\b|\bассистент директора\b")  # fmt: skip
_ECONOMY: Final = re.compile(r"хозяйств\w*|\bхоз\w*|\bахч\b|\bахр\b|шаруашылык\w*|тылу|снабжен\w*"
                             r"|безопасност\w*|кауипсизд\w*|\bит\b|финанс\w*|\bbursar\b"
                             r"|business|facilit\w*")  # fmt: skip
_DIRECTOR: Final = re.compile(r"\bдиректор\b|\bдиректоры\b|\bи ?о директора\b"
                              r"|исполняющ\w+ обязанност\w+ директора"
                              r"|\bмектеп басшысы\b|\bруководитель школы\b|\bdirector\b"
                              r"|\bprincipal\b|\bhead ?teacher\b|\bheadmaster\b"
                              r"|\bheadmistress\b")  # fmt: skip
_OF_DIRECTOR: Final = re.compile(r"секретар|помощник|комекши|хатшы|secretary|assistant|советник")
_PSYCHOLOGIST: Final = re.compile(r"\b(?:педагог |school )?(?:психолог|psychologist|counsell?or)"
                                  r"\w*")  # fmt: skip
_ADMIN: Final = re.compile(r"(?:школьный )?администратор(?: школы| дневника| кунделика?)?"
                           r"|мектеп акимшиси|(?:school )?admin(?:istrator)?")  # fmt: skip
_ASSISTANT: Final = re.compile(r"помощник\w* учител\w*|педагог ассистент\w*|ассистент\w* педагог\w*"
                               r"|мугалимн\w* комекши\w*|teaching assistant|teacher s assistant"
                               r"|assistant teacher|социальн\w* педагог\w*|педагог социальн\w*"
                               r"|алеуметтик педагог\w*|педагог организатор\w*"
                               r"|педагог\w* доп\w*(?: образован\w*)?|косымша билим\w*.*педагог\w*"
                               r"|педагог\w* библиотекар\w*")  # fmt: skip
_TEACHER: Final = re.compile(r"учител\w*|преподавател\w*|мугалим\w*|окытушы\w*|\bустаз\w*"
                             r"|\bteacher\w*|\bпедагог\w*|\bинструктор\w*")  # fmt: skip
_WITHOUT: Final = re.compile(
    r"библиотек|китапхана|секретар|хатшы|лаборант|зертхана|вожат|талимгер|тарбиеши|воспитател"
    r"|социальн|алеуметтик|медсестр|мейирбике|медбике|фельдшер|врач|даригер|бухгалтер|есепши"
    r"|завхоз|хоз|шаруашылык|техник|техничк|тех персонал|уборщ|еден жуушы|тазалаушы|сторож|кузетши"
    r"|охран|вахтер|повар|аспаз|водител|жургизуши|инженер|организатор|уйымдастыр|ассистент|помощник"
    r"|комекши|методист|адискер|делопроизводител|кадр|дворник|рабоч|жумысшы|слесарь|электрик"
    r"|гардероб|кочегар|оператор|системн\w* администратор|librar|secretar|nurse|accountant|cleaner"
    r"|guard|driver|cook|assistant|operator|technician"
)


def parse_position(text: str) -> Position:
    """Tell the roles in a cell such as "зам. директора по УР, учитель истории"."""
    key = search_key(text)
    roles: set[str] = set()

    def found(pattern: re.Pattern[str]) -> bool:
        nonlocal key
        cut = pattern.sub(" ", key)
        there, key = cut != key, cut
        return there

    if found(_HOMEROOM):
        roles.add("homeroom")
    without = found(_ASSISTANT)
    if found(_PSYCHOLOGIST):
        roles.add("psychologist")
    if _DEPUTY.search(key):
        if _ECONOMY.search(key):
            without = True
        else:
            roles.add("deputy")
    elif _DIRECTOR.search(key) and not _OF_DIRECTOR.search(key):
        roles.add("director")
        found(_DIRECTOR)
    if _ADMIN.fullmatch(key.strip()):
        roles.add("admin")
    if _TEACHER.search(key):
        roles.add("teacher")
    if roles:
        return Position(frozenset(roles), "known")
    return Position(frozenset(), "without" if without or _WITHOUT.search(key) else "unclear")
