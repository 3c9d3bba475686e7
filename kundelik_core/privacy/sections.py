"""List every kind of record that a school keeps about a person, and what is left out and why.

A test holds this list against the database: a new column that may name a person must appear in a
section's ``covers`` or in ``LEFT_OUT``.
"""

from collections.abc import Mapping
from typing import Final

from kundelik_core.kernel.i18n import N_
from kundelik_core.privacy.model import Section
from kundelik_core.privacy.sections_school import SCHOOL
from kundelik_core.privacy.sections_study import STUDY

__all__ = ["ACCOUNT", "LEFT_OUT", "SECTIONS"]

_OFFICE: Final = "what somebody did in their office is the school's record of its own work"
_EVENT: Final = "a message on its way, which repeats in numbers what the journal says; then deleted"

LEFT_OUT: Final[Mapping[str, str]] = {
    "access_log.account_id": _OFFICE,
    "access_log.person_id": "at whom one of the staff looked is those people's data",
    "audit_log.account_id": _OFFICE,
    "audit_log.person_id": _OFFICE,
    "cell_history.actor_id": "an entry in a journal is the pupil's data; the pupil gets the name",
    "cell_history.column_id": "names a work or a lesson, no person",
    "diary_seen.pupil_id": "when a guardian last looked is that guardian's data",
    "entitlement.granted_by": _OFFICE,
    "entitlement.revoked_by": _OFFICE,
    "guardian_sharing.set_by": _OFFICE,
    "import_run.account_id": _OFFICE,
    "outbox.actor_id": _EVENT,
    "outbox.claim": "the number of a delivery, no person",
    "outbox.subject": _EVENT,
    "payout.confirmation": "the number of a transfer, no person",
    "payout.settled_by": _OFFICE,
    "period.closed_by": _OFFICE,
    "period_result.given_by": "a mark is the pupil's data; the pupil gets the name",
    "person.account_id": "the number of the account; the account itself is in the copy",
    "school_appearance.set_by": _OFFICE,
    "school_plugin.off_by": _OFFICE,
    "school_plugin.on_by": _OFFICE,
    "school_plugin_settings.set_by": _OFFICE,
}

SECTIONS: Final[tuple[Section, ...]] = (*SCHOOL, *STUDY)

# What the directory, outside the schools, keeps of an account; see export.account_copy.
ACCOUNT: Final[tuple[Section, ...]] = (
    Section(
        key="account",
        title=N_("Your account"),
        columns=(
            ("name", N_("Name")),
            ("locale", N_("Language")),
            ("theme", N_("Theme")),
            ("status", N_("State")),
            ("created_at", N_("Made on")),
            ("password_changed_at", N_("Password changed")),
        ),
        sql="select a.display_name as name, a.locale, a.theme, a.status, a.created_at, "
        "a.password_changed_at from directory.account a where a.id = $1",
    ),
    Section(
        key="logins",
        title=N_("Logins"),
        columns=(("login", N_("Login")),),
        sql="select l.login from directory.login l where l.account_id = $1 order by l.login",
    ),
    Section(
        key="account_roles",
        title=N_("Where the account opens a school"),
        columns=(
            ("school", N_("School")),
            ("role", N_("Role")),
            ("from_date", N_("From")),
            ("to_date", N_("Until")),
        ),
        sql="select s.school_id as school, s.role, s.from_date, s.to_date "
        "from directory.account_school s where s.account_id = $1 order by s.school_id, s.role",
    ),
    Section(
        key="account_children",
        title=N_("Children of the account"),
        columns=(
            ("school", N_("School")),
            ("given", N_("Name")),
            ("from_date", N_("From")),
            ("to_date", N_("Until")),
        ),
        sql="select c.school_id as school, c.given_name as given, c.from_date, c.to_date "
        "from directory.account_child c where c.account_id = $1 order by c.given_name",
    ),
    Section(
        key="sessions",
        title=N_("Where you are signed in"),
        columns=(
            ("created_at", N_("Signed in")),
            ("seen_at", N_("Last used")),
            ("device", N_("Device")),
            ("address", N_("Address")),
        ),
        sql="select l.created_at, l.seen_at, l.user_agent as device, l.address "
        "from directory.list_sessions($1) l",
    ),
    Section(
        key="sign_ins",
        title=N_("Attempts to sign in"),
        columns=(
            ("at", N_("When")),
            ("outcome", N_("Outcome")),
            ("address", N_("Address")),
        ),
        sql="select l.at, l.outcome, l.address from directory.sign_in_log l "
        "where l.account_id = $1 order by l.at",
    ),
)
