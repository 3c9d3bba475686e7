"""Say what a school keeps about a person as such: who they are, their roles, family and work."""

from typing import Final

from kundelik_core.kernel.i18n import N_
from kundelik_core.privacy.model import Section

__all__ = ["DATES", "SCHOOL", "SUBJECT", "name_of"]

DATES: Final = (("from_date", N_("From")), ("to_date", N_("Until")))

SUBJECT: Final = (
    "case $3::text when 'ru' then s.title_ru when 'en' then s.title_en else s.title_kk end"
)
"""The title of a subject ``s`` in the reader's language."""


def name_of(alias: str) -> str:
    """Return the expression for a person's full name."""
    parts = f"{alias}.surname, {alias}.given, nullif({alias}.patronymic, '')"
    return f"nullif(concat_ws(' ', {parts}), '')"


SCHOOL: Final[tuple[Section, ...]] = (
    Section(
        key="person",
        title=N_("Personal card"),
        columns=(
            ("surname", N_("Surname")),
            ("given", N_("Given name")),
            ("patronymic", N_("Patronymic")),
            ("birth_date", N_("Date of birth")),
            ("sex", N_("Sex")),
            ("phone", N_("Phone")),
            ("email", N_("E-mail")),
            ("iin_kept", N_("IIN is on file")),
            ("has_account", N_("Has an account")),
            ("status", N_("State")),
            ("source", N_("Came from")),
            ("source_id", N_("Number there")),
            ("created_at", N_("Entered")),
            ("changed_at", N_("Changed")),
        ),
        sql="select p.surname, p.given, p.patronymic, p.birth_date, p.sex, p.phone, p.email, "
        "p.iin_cipher is not null or p.iin_hash is not null as iin_kept, "
        "p.account_id is not null as has_account, p.status, p.source, p.source_id, p.created_at, "
        "p.changed_at from core.person p where p.school_id = $1 and p.id = $2",
        covers=frozenset({"person.id"}),
    ),
    Section(
        key="roles",
        title=N_("Roles at the school"),
        columns=(("role", N_("Role")), *DATES),
        sql="select m.role, m.from_date, m.to_date from core.membership m "
        "where m.school_id = $1 and m.person_id = $2 order by m.from_date, m.role",
        covers=frozenset({"membership.person_id"}),
    ),
    Section(
        key="guardians",
        title=N_("Parents and guardians"),
        columns=(("name", N_("Name")), ("relation", N_("Relation")), *DATES),
        sql=f"select {name_of('p')} as name, g.relation, g.from_date, g.to_date "
        "from core.guardianship g "
        "join core.person p on p.school_id = g.school_id and p.id = g.guardian_id "
        "where g.school_id = $1 and g.pupil_id = $2 order by g.from_date, p.sort_key",
        covers=frozenset({"guardianship.pupil_id"}),
    ),
    Section(
        key="children",
        title=N_("Children"),
        columns=(("name", N_("Name")), ("relation", N_("Relation")), *DATES),
        sql=f"select {name_of('p')} as name, g.relation, g.from_date, g.to_date "
        "from core.guardianship g "
        "join core.person p on p.school_id = g.school_id and p.id = g.pupil_id "
        "where g.school_id = $1 and g.guardian_id = $2 order by g.from_date, p.sort_key",
        covers=frozenset({"guardianship.guardian_id"}),
    ),
    Section(
        key="homeroom",
        title=N_("Classes led"),
        columns=(("year", N_("School year")), ("grade", N_("Grade")), ("letter", N_("Letter"))),
        sql="select c.year, c.grade, c.letter from core.school_class c "
        "where c.school_id = $1 and c.homeroom_id = $2 order by c.year, c.grade, c.letter",
        covers=frozenset({"school_class.homeroom_id"}),
    ),
    Section(
        key="teaching",
        title=N_("Groups taught"),
        columns=(
            ("year", N_("School year")),
            ("subject", N_("Subject")),
            ("group", N_("Group")),
            ("substitute", N_("As a substitute")),
            *DATES,
        ),
        sql=f'select g.year, {SUBJECT} as subject, g.title as "group", t.substitute, t.from_date, '
        "t.to_date from core.group_teacher t "
        "join core.teaching_group g on g.school_id = t.school_id and g.id = t.group_id "
        "join core.subject s on s.school_id = g.school_id and s.id = g.subject_id "
        "where t.school_id = $1 and t.teacher_id = $2 order by g.year, t.from_date, g.title",
        covers=frozenset({"group_teacher.teacher_id"}),
    ),
    Section(
        key="timetable",
        title=N_("Timetable"),
        columns=(
            ("weekday", N_("Day of the week")),
            ("slot", N_("Lesson")),
            ("subject", N_("Subject")),
            ("group", N_("Group")),
            ("room", N_("Room")),
            *DATES,
        ),
        sql=f'select t.weekday, t.slot, {SUBJECT} as subject, g.title as "group", t.room, '
        "t.from_date, t.to_date from core.timetable_slot t "
        "join core.teaching_group g on g.school_id = t.school_id and g.id = t.group_id "
        "join core.subject s on s.school_id = g.school_id and s.id = g.subject_id "
        "where t.school_id = $1 and t.teacher_id = $2 order by t.from_date, t.weekday, t.slot",
        covers=frozenset({"timetable_slot.teacher_id"}),
    ),
    Section(
        key="lessons",
        title=N_("Lessons given"),
        columns=(
            ("date", N_("Date")),
            ("slot", N_("Lesson")),
            ("subject", N_("Subject")),
            ("group", N_("Group")),
            ("topic", N_("Topic")),
            ("homework", N_("Homework")),
            ("status", N_("State")),
        ),
        sql=f'select l.date, l.slot, {SUBJECT} as subject, g.title as "group", l.topic, '
        "l.homework, l.status from core.lesson l "
        "join core.teaching_group g on g.school_id = l.school_id and g.id = l.group_id "
        "join core.subject s on s.school_id = g.school_id and s.id = g.subject_id "
        "where l.school_id = $1 and l.teacher_id = $2 order by l.date, l.slot",
        covers=frozenset({"lesson.teacher_id"}),
    ),
    Section(
        key="changes",
        title=N_("Changes to the records"),
        columns=(
            ("at", N_("When")),
            ("action", N_("What was done")),
            ("entity", N_("To which record")),
            ("before", N_("Before")),
            ("after", N_("After")),
            ("reason", N_("Reason")),
            ("by", N_("By")),
        ),
        # Ids of people stand in composite ones too: "group/pupil/period".
        sql="select a.at, a.action, a.entity, a.before::text as before, a.after::text as after, "
        f"a.reason, {name_of('p')} as by from core.audit_log a "
        "left join core.person p on p.school_id = a.school_id and p.id = a.person_id "
        "where a.school_id = $1 and (position($2::uuid::text in a.entity_id) > 0 "
        "or a.entity = 'membership' and a.entity_id in (select m.id::text from core.membership m "
        "where m.school_id = $1 and m.person_id = $2)) order by a.at, a.id",
    ),
    Section(
        key="looks",
        title=N_("Who of the staff looked"),
        columns=(
            ("at", N_("When")),
            ("what", N_("At what")),
            ("role", N_("Role")),
            ("by", N_("Name")),
        ),
        sql=f"select a.at, a.what, a.role, {name_of('p')} as by from core.access_log a "
        "left join core.person p on p.school_id = a.school_id and p.id = a.person_id "
        "where a.school_id = $1 and a.subject_id = $2 order by a.at, a.id",
        covers=frozenset({"access_log.subject_id"}),
    ),
    Section(
        key="services",
        title=N_("Services"),
        columns=(
            ("feature", N_("Service")),
            ("scope", N_("Part")),
            ("pupil", N_("For whom")),
            ("valid_from", N_("From")),
            ("valid_until", N_("Until")),
            ("source", N_("Came from")),
            ("granted_at", N_("Granted")),
            ("revoked_at", N_("Taken back")),
            ("revoke_reason", N_("Reason")),
        ),
        sql=f"select e.feature, e.scope, {name_of('p')} as pupil, e.valid_from, e.valid_until, "
        "e.source, e.granted_at, e.revoked_at, e.revoke_reason from core.entitlement e "
        "left join core.person p on p.school_id = e.school_id and p.id = e.pupil_id "
        "where e.school_id = $1 and (e.pupil_id = $2 or e.holder_id = $2) "
        "order by e.granted_at, e.id",
        covers=frozenset({"entitlement.pupil_id", "entitlement.holder_id"}),
    ),
    Section(
        key="seats",
        title=N_("Seats on licences of the school"),
        columns=(("feature", N_("Service")), ("begins", N_("From")), ("ends", N_("Until"))),
        sql="select e.feature, t.begins, t.ends from core.entitlement_seat t "
        "join core.entitlement e on e.school_id = t.school_id and e.id = t.entitlement_id "
        "where t.school_id = $1 and t.pupil_id = $2 order by t.begins, e.id",
        covers=frozenset({"entitlement_seat.pupil_id"}),
    ),
    Section(
        key="modules",
        title=N_("Modules taken for oneself"),
        columns=(("module", N_("Module")), ("on_at", N_("From")), ("off_at", N_("Until"))),
        sql="select t.plugin as module, t.on_at, t.off_at from core.plugin_taker t "
        "where t.school_id = $1 and t.person_id = $2 order by t.on_at, t.plugin",
        covers=frozenset({"plugin_taker.person_id"}),
    ),
)
