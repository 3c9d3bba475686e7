"""Say who may do what: the one list of permissions, and the roles that carry them.

Whether a permission reaches a certain pupil or group is asked on the floor that knows pupils and
groups; here stands what a role may at all. The page of permissions prints ``PERMISSIONS`` as it is.
"""

from enum import StrEnum
from typing import Final

import msgspec

from kundelik_core.identity.model import Actor
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = [
    "PERMISSIONS",
    "Permission",
    "Rule",
    "may",
    "may_anywhere",
    "refuse",
    "require",
    "roles_with",
    "schools_where",
]


class Permission(StrEnum):
    """What may be allowed; the value is stable and goes into logs and tokens."""

    DIARY_READ = "diary.read"
    JOURNAL_READ = "journal.read"
    JOURNAL_WRITE = "journal.write"
    JOURNAL_CORRECT = "journal.correct"
    JOURNAL_READ_ALL = "journal.read-all"
    PERIOD_CLOSE = "period.close"
    TIMETABLE_READ = "timetable.read"
    TIMETABLE_WRITE = "timetable.write"
    NEWS_READ = "news.read"
    NEWS_WRITE = "news.write"
    CLASS_READ = "class.read"
    PEOPLE_READ = "people.read"
    PEOPLE_WRITE = "people.write"
    PEOPLE_ERASE = "people.erase"
    SLIPS = "slips.print"
    STRUCTURE_WRITE = "structure.write"
    ROSTER_IMPORT = "roster.import"
    REPORTS_READ = "reports.read"
    MODULES = "modules.switch"
    SCHOOL_SETTINGS = "school.settings"
    AUDIT_READ = "audit.read"
    SCHOOL_EXPORT = "school.export"
    REGION_READ = "region.read"
    PLATFORM = "platform.run"
    VENDOR = "vendor.publish"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list: a permission in plain words, and who has it."""

    permission: Permission
    title: str
    allows: str
    roles: frozenset[str]


FAMILY: Final = frozenset({"pupil", "parent"})
LEADERS: Final = frozenset({"director", "deputy", "admin"})
HEADS: Final = frozenset({"director", "deputy"})
OFFICE: Final = frozenset({"director", "admin"})
TEACHERS: Final = frozenset({"teacher", "homeroom"})
STAFF: Final = LEADERS | TEACHERS | {"psychologist"}

_ROWS: Final = (
    (Permission.DIARY_READ, FAMILY, N_("Read a diary"),
     N_("Marks, homework, topics and absences: pupils their own, parents those of their "
        "children.")),
    (Permission.JOURNAL_READ, STAFF, N_("Open a journal"),
     N_("Teachers the journals of their groups, homeroom teachers those of their class.")),
    (Permission.JOURNAL_WRITE, TEACHERS | HEADS, N_("Fill a journal"),
     N_("Set marks, absences, topics and homework in their own groups while the period is open.")),
    (Permission.JOURNAL_CORRECT, HEADS, N_("Correct a closed journal"),
     N_("Change a mark after the period was closed, with a reason that is kept.")),
    (Permission.JOURNAL_READ_ALL, LEADERS, N_("Open any journal of the school"),
     N_("Read every journal, with the history of every mark.")),
    (Permission.PERIOD_CLOSE, HEADS, N_("Close and reopen periods"),
     N_("End the time in which teachers may change marks of a period.")),
    (Permission.TIMETABLE_READ, STAFF | FAMILY, N_("Read the timetable"),
     N_("Lessons, bells, rooms and substitutions of the school.")),
    (Permission.TIMETABLE_WRITE, LEADERS, N_("Change the timetable"),
     N_("Lessons, bells, rooms, substitutions and the calendar of the school.")),
    (Permission.NEWS_READ, STAFF | FAMILY, N_("Read news"),
     N_("What the school announces to everyone or to a class.")),
    (Permission.NEWS_WRITE, LEADERS | {"homeroom"}, N_("Write news"),
     N_("Leaders to the whole school, homeroom teachers to their class.")),
    (Permission.CLASS_READ, STAFF, N_("See a class"),
     N_("Names of the pupils of a class and of their teachers.")),
    (Permission.PEOPLE_READ, LEADERS | {"homeroom", "psychologist"}, N_("See people's records"),
     N_("Birth dates, guardians and contacts: leaders of everyone, homeroom teachers of their "
        "class.")),
    (Permission.PEOPLE_WRITE, OFFICE | {"deputy"}, N_("Change people's records"),
     N_("Enter, change and move people, and give roles.")),
    (Permission.PEOPLE_ERASE, OFFICE, N_("Erase people who have left"),
     N_("Take away names, contacts and everything else that leads to somebody, once the law "
        "allows it.")),
    (Permission.SLIPS, LEADERS | {"homeroom"}, N_("Print activation slips"),
     N_("Give someone a one-time code to choose a new password; homeroom teachers in their "
        "class.")),
    (Permission.STRUCTURE_WRITE, LEADERS, N_("Change classes and groups"),
     N_("Classes, teaching groups, subjects and who teaches what.")),
    (Permission.ROSTER_IMPORT, LEADERS, N_("Import lists"),
     N_("Bring in people, classes, groups and the timetable from a file, after a trial run; nobody "
        "gives a role above their own.")),
    (Permission.REPORTS_READ, LEADERS | {"homeroom"}, N_("Read reports"),
     N_("Summaries of marks and attendance; homeroom teachers of their class.")),
    (Permission.MODULES, OFFICE, N_("Switch modules"),
     N_("Allow or forbid a module for the whole school.")),
    (Permission.SCHOOL_SETTINGS, OFFICE, N_("Change the school's settings"),
     N_("Name, languages, year, marks and appearance of the school.")),
    (Permission.AUDIT_READ, OFFICE, N_("Read the log"),
     N_("Who changed or opened what, and when.")),
    (Permission.SCHOOL_EXPORT, OFFICE, N_("Take the school's data out"),
     N_("A complete copy of the school's data in a documented format.")),
    (Permission.REGION_READ, frozenset({"region", "operator"}), N_("See a region's figures"),
     N_("Sums over schools; never a child's name without a reason that is logged.")),
    (Permission.PLATFORM, frozenset({"operator"}), N_("Run the installation"),
     N_("Schools, modules and the state of the machines; no journals and no diaries.")),
    (Permission.VENDOR, frozenset({"vendor"}), N_("Offer modules"),
     N_("Describe modules and see where they are used; no data of any school.")),
)  # fmt: skip

PERMISSIONS: Final[tuple[Rule, ...]] = tuple(
    Rule(permission=permission, title=title, allows=allows, roles=roles)
    for permission, roles, title, allows in _ROWS
)
_ROLES: Final = {rule.permission: rule.roles for rule in PERMISSIONS}


def roles_with(permission: Permission) -> frozenset[str]:
    """Return the roles that carry ``permission``."""
    return _ROLES[permission]


def may(actor: Actor, permission: Permission, school_id: int | None = None) -> bool:
    """Tell whether ``actor`` has ``permission`` in a school; with None, by a role above schools."""
    roles = _ROLES[permission]
    if school_id is None:
        return any(p.role in roles for p in actor.platform)
    return not roles.isdisjoint(actor.roles(school_id))


def may_anywhere(actor: Actor, permission: Permission) -> bool:
    """Tell whether ``actor`` has ``permission`` in any school or above them."""
    return not _ROLES[permission].isdisjoint(actor.all_roles)


def schools_where(actor: Actor, permission: Permission) -> tuple[int, ...]:
    """Return the schools in which ``actor`` has ``permission``."""
    return tuple(s for s in actor.schools if may(actor, permission, s))


def refuse() -> Problem:
    """Return the refusal for something that is there, but not for this person."""
    return Problem(
        "forbidden",
        N_("Your account does not open this page."),
        status=403,
        help=N_(
            "If you need it for your work, ask the administrator of your school for the right role."
        ),
    )


def require(actor: Actor, permission: Permission, school_id: int | None = None) -> None:
    """Let through or raise: another school's things do not exist, one's own may be forbidden.

    Raises:
        Problem: 404 where the actor has nothing to do with the school, else 403.
    """
    if may(actor, permission, school_id):
        return
    if school_id is not None and school_id not in actor.schools:
        raise Problem("not-found", N_("There is nothing at this address."), status=404)
    raise refuse()
