"""Say how a plugin has to answer when staff search: whatever is typed, with lines that open."""

from collections.abc import Iterator
from typing import Final

from kundelik_core.plugins.searching import FoundKind
from kundelik_core.sdk import ROLES, Role
from kundelik_core.testing.conformance_data import demo_school
from kundelik_core.testing.core import Core
from kundelik_core.testing.subject import LOCALES, Subject
from kundelik_core.testing.town import School

__all__ = ["SEARCH_CHECKS"]

STAFF: Final[tuple[Role, ...]] = tuple(role for role in ROLES if role not in {"pupil", "parent"})
_ODD: Final = ("аб", "5а", "100%", "_%'\"\\;--", "<b>x</b>", "Щ" * 80, "a b c d e f", "00000-00000")


def search(subject: Subject) -> list[str]:
    """It finds what can be opened, whatever is typed, and nothing in a school without it."""
    if not subject.loaded().declared.search:
        return []
    core = Core(subject.ground)
    without = core.school(enabled=False)
    found = [
        f"a school without it is shown {kind.title.en!r}"
        for kind in core.search(without, without.students[0].name)
    ]
    demo = subject.loaded().declared.demo
    for school in (core.school(), *((demo_school(subject, core),) if demo else ())):
        for role in STAFF:
            found += _told(core, school, role)
    return [*dict.fromkeys(found)]


def _told(core: Core, school: School, role: Role) -> Iterator[str]:
    visitor, seen = core.visitor(school, role), set[str]()
    for place, text in enumerate((*(one.name for one in school.students[:2]), *_ODD)):
        locale = LOCALES[place % len(LOCALES)]
        who = f"{text!r} of a {role}"
        try:
            kinds: list[FoundKind] = core.search(school, text, role=role, lang=locale)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the plugin raises
            yield f"{who}: {type(error).__name__}: {error}"
            continue
        for href in {line.href for kind in kinds for line in kind.lines} - seen:
            seen.add(href)
            status = visitor.get(href, calm=True).status_code
            if status not in {200, 303}:
                yield f"{who} leads to {href}, which answers {status}"


SEARCH_CHECKS: Final = (search,)
