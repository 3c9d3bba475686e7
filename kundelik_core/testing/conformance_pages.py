"""Say how a plugin's own pages have to answer: who may, who may not, in every language."""

import re
from collections.abc import Iterator
from typing import Final

from kundelik_core.plugins.declared import DeclaredPage
from kundelik_core.sdk import ROLES, Role
from kundelik_core.testing.conformance_data import demo_school
from kundelik_core.testing.core import Core
from kundelik_core.testing.html import left_open, refused_by_policy
from kundelik_core.testing.subject import LOCALES, Subject
from kundelik_core.testing.town import School

__all__ = ["PAGE_CHECKS"]

_PART: Final = re.compile(r"\{[a-z_]+(?::(int|uuid))?\}")
_MODULE: Final = re.compile(r'<div class="module">(.*)</div>\s*</main>', re.DOTALL)


def pages_off(subject: Subject) -> list[str]:
    """In a school without it, its pages are not found."""
    core = Core(subject.ground)
    pages = subject.loaded().declared.pages
    if not pages:
        return []
    school = core.school(enabled=False)
    found = []
    for page, path in _paths(subject, school):
        for role in _allowed(subject, page)[:1]:
            status = _status(core, school, role, page, path)
            if status != 404:
                found.append(f"{page.method} {path} answers {status}, not 404")
    return found


def pages_menu(subject: Subject) -> list[str]:
    """Its entries of the menu have icons that there are."""
    from kundelik_core.web.module_menu import ICONS

    there = ", ".join(sorted(ICONS))
    return [
        f"navigation[{place}]: there is no icon {item.icon!r}; there are: {there}"
        for place, item in enumerate(subject.loaded().declared.navigation)
        if item.icon not in ICONS
    ]


def pages_permission(subject: Subject) -> list[str]:
    """Who lacks the permission of a page is refused; so is who has not signed in."""
    core = Core(subject.ground)
    if not subject.loaded().declared.pages:
        return []
    school = core.school()
    found = []
    for page, path in _paths(subject, school):
        allowed = _allowed(subject, page)
        for role in ROLES:
            if role not in allowed:
                status = _status(core, school, role, page, path)
                if status not in {403, 404}:
                    found.append(f"{page.method} {path} answers {status} to a {role}, not 403")
        status = _status(core, school, None, page, path)
        if status not in {302, 303, 401, 403}:
            found.append(f"{page.method} {path} answers {status} to somebody not signed in")
    return found


def pages_open(subject: Subject) -> list[str]:
    """Every page shows itself in each language, in an empty school and in a full one."""
    core = Core(subject.ground)
    declared = subject.loaded().declared
    if not declared.pages:
        return []
    schools = [core.school()] + ([demo_school(subject, core)] if declared.demo else [])
    found: list[str] = []
    for school in schools:
        for page, path in _paths(subject, school):
            if page.method != "GET":
                continue
            for role in _allowed(subject, page):
                for locale in LOCALES:
                    found += _shown(core, school, role, path, locale, named="{" in page.path)
    return [*dict.fromkeys(found)]


def _shown(
    core: Core, school: School, role: Role, path: str, locale: str, *, named: bool
) -> Iterator[str]:
    where = f"GET {path} to a {role} in {locale}"
    try:
        answer = core.visitor(school, role, locale).get(path)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the plugin raises
        yield f"{where}: {type(error).__name__}: {' '.join(str(error).split())}"
        return
    # Behind a made-up id there may be nothing.
    if answer.status_code not in ({200, 303, 404} if named else {200, 303}):
        yield f"{where} answers {answer.status_code}"
    body = _MODULE.search(answer.text)
    if answer.status_code == 200 and body:
        for fault in (*left_open(body[1]), *refused_by_policy(body[1])):
            yield f"GET {path}: {fault}"


def pages_forms(subject: Subject) -> list[str]:
    """An empty form is answered, not raised over; one from another site is refused."""
    core = Core(subject.ground)
    if not any(page.method == "POST" for page in subject.loaded().declared.pages):
        return []
    school = core.school()
    found = []
    for page, path in _paths(subject, school):
        if page.method != "POST":
            continue
        for role in _allowed(subject, page)[:1]:
            visitor = core.visitor(school, role)
            try:
                status = visitor.post(path, {}).status_code
            except (Exception, SystemExit) as error:  # noqa: BLE001
                found.append(f"POST {path} without fields: {type(error).__name__}: {error}")
                continue
            if status >= 500:
                found.append(f"POST {path} without fields answers {status}")
            status = visitor.post(path, {}, site="cross-site", calm=True).status_code
            if status != 403:
                found.append(f"POST {path} from another site answers {status}, not 403")
    return found


def _paths(subject: Subject, school: School) -> Iterator[tuple[DeclaredPage, str]]:
    """Yield every page with an address; its named parts stand for a student of the school."""
    for page in subject.loaded().declared.pages:
        filled = _PART.sub(
            lambda part: "1" if part[1] == "int" else str(school.students[0].id), page.path
        )
        yield page, f"/x/{subject.name}/{filled}".rstrip("/")


def _allowed(subject: Subject, page: DeclaredPage) -> list[Role]:
    if page.permission is None:
        return [*ROLES]
    several = subject.loaded().declared.permissions
    return [*next((one.roles for one in several if one.code == page.permission), ())]


def _status(core: Core, school: School, role: Role | None, page: DeclaredPage, path: str) -> int:
    visitor = core.visitor(school, role)
    if page.method == "GET":
        return visitor.get(path, calm=True).status_code
    return visitor.post(path, {}, calm=True).status_code


PAGE_CHECKS: Final = (pages_off, pages_menu, pages_permission, pages_open, pages_forms)
