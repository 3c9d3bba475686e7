"""Say what a school keeps about a pupil's study: classes, groups, marks, absences, results."""

from typing import Final

from kundelik_core.kernel.i18n import N_
from kundelik_core.privacy.model import Section
from kundelik_core.privacy.sections_school import DATES, SUBJECT, name_of

__all__ = ["STUDY"]

STUDY: Final[tuple[Section, ...]] = (
    Section(
        key="classes",
        title=N_("Classes"),
        columns=(
            ("year", N_("School year")),
            ("grade", N_("Grade")),
            ("letter", N_("Letter")),
            *DATES,
        ),
        sql="select c.year, c.grade, c.letter, k.from_date, k.to_date from core.class_pupil k "
        "join core.school_class c on c.school_id = k.school_id and c.id = k.class_id "
        "where k.school_id = $1 and k.pupil_id = $2 order by c.year, k.from_date",
        covers=frozenset({"class_pupil.pupil_id"}),
    ),
    Section(
        key="groups",
        title=N_("Subjects and groups"),
        columns=(
            ("year", N_("School year")),
            ("subject", N_("Subject")),
            ("group", N_("Group")),
            ("scheme", N_("Grading scheme")),
            *DATES,
        ),
        sql=f'select g.year, {SUBJECT} as subject, g.title as "group", g.scheme_code as scheme, '
        "k.from_date, k.to_date from core.group_pupil k "
        "join core.teaching_group g on g.school_id = k.school_id and g.id = k.group_id "
        "join core.subject s on s.school_id = g.school_id and s.id = g.subject_id "
        "where k.school_id = $1 and k.pupil_id = $2 order by g.year, k.from_date, g.title",
        covers=frozenset({"group_pupil.pupil_id"}),
    ),
    Section(
        key="marks",
        title=N_("Marks"),
        columns=(
            ("date", N_("Date")),
            ("subject", N_("Subject")),
            ("kind", N_("Kind of work")),
            ("title", N_("Title")),
            ("points", N_("Points")),
            ("max_points", N_("Of")),
            ("code", N_("Code")),
            ("comment", N_("Comment")),
            ("changed_at", N_("Changed")),
        ),
        sql=f"select m.date, {SUBJECT} as subject, w.kind, w.title, m.points, w.max_points, "
        "m.code, m.comment, m.changed_at from core.mark m "
        "join core.work w on w.school_id = m.school_id and w.id = m.work_id "
        "join core.teaching_group g on g.school_id = w.school_id and g.id = w.group_id "
        "join core.subject s on s.school_id = g.school_id and s.id = g.subject_id "
        "where m.school_id = $1 and m.pupil_id = $2 order by m.date, w.id",
        covers=frozenset({"mark.pupil_id"}),
    ),
    Section(
        key="absences",
        title=N_("Absences"),
        columns=(
            ("date", N_("Date")),
            ("slot", N_("Lesson")),
            ("subject", N_("Subject")),
            ("code", N_("Reason")),
            ("changed_at", N_("Changed")),
        ),
        sql=f"select a.date, l.slot, {SUBJECT} as subject, a.code, a.changed_at "
        "from core.absence a "
        "join core.lesson l on l.school_id = a.school_id and l.id = a.lesson_id "
        "join core.teaching_group g on g.school_id = l.school_id and g.id = l.group_id "
        "join core.subject s on s.school_id = g.school_id and s.id = g.subject_id "
        "where a.school_id = $1 and a.pupil_id = $2 order by a.date, l.slot",
        covers=frozenset({"absence.pupil_id"}),
    ),
    Section(
        key="results",
        title=N_("Marks of periods"),
        columns=(
            ("year", N_("School year")),
            ("period", N_("Period")),
            ("subject", N_("Subject")),
            ("raw", N_("Percent, exact")),
            ("percent", N_("Percent")),
            ("mark", N_("Mark")),
            ("status", N_("State")),
            ("provisional", N_("Not final yet")),
            ("terms", N_("How it was computed")),
            ("given_mark", N_("Mark given instead")),
            ("given_reason", N_("Reason")),
            ("given_at", N_("Given")),
            ("by", N_("By")),
            ("computed_at", N_("Computed")),
        ),
        sql=f"select g.year, r.period, {SUBJECT} as subject, r.raw, r.percent, r.mark, r.status, "
        "r.provisional, r.terms::text as terms, r.given_mark, r.given_reason, r.given_at, "
        f"{name_of('p')} as by, r.computed_at from core.period_result r "
        "join core.teaching_group g on g.school_id = r.school_id and g.id = r.group_id "
        "join core.subject s on s.school_id = g.school_id and s.id = g.subject_id "
        "left join core.person p on p.school_id = r.school_id and p.id = r.given_by "
        "where r.school_id = $1 and r.pupil_id = $2 order by g.year, r.period, g.title",
        covers=frozenset({"period_result.pupil_id"}),
    ),
    Section(
        key="history",
        title=N_("Every entry in the journals"),
        columns=(
            ("at", N_("When")),
            ("subject", N_("Subject")),
            ("date", N_("Date of the column")),
            ("field", N_("What")),
            ("old", N_("Before")),
            ("new", N_("After")),
            ("reason", N_("Reason")),
            ("by", N_("By")),
            ("source", N_("Came from")),
        ),
        # By column and pupil, which is the key of the history: its rows are those of many years.
        sql="with c as (select m.work_id as id from core.mark m "
        "where m.school_id = $1 and m.pupil_id = $2 union select a.lesson_id from core.absence a "
        "where a.school_id = $1 and a.pupil_id = $2) "
        f"select h.at, {SUBJECT} as subject, coalesce(w.date, l.date) as date, h.field, h.old, "
        f"h.new, h.reason, {name_of('p')} as by, h.source from c "
        "join core.cell_history h on h.school_id = $1 and h.column_id = c.id and h.pupil_id = $2 "
        "left join core.work w on w.school_id = h.school_id and w.id = h.column_id "
        "left join core.lesson l on l.school_id = h.school_id and l.id = h.column_id "
        "left join core.teaching_group g on g.school_id = h.school_id "
        "and g.id = coalesce(w.group_id, l.group_id) "
        "left join core.subject s on s.school_id = g.school_id and s.id = g.subject_id "
        "left join core.person p on p.school_id = h.school_id and p.id = h.actor_id "
        "order by h.at, h.id",
        covers=frozenset({"cell_history.pupil_id"}),
    ),
    Section(
        key="visits",
        title=N_("Your own visits to a diary"),
        columns=(
            ("pupil", N_("Whose diary")),
            ("seen_at", N_("Last look")),
            ("before_at", N_("The look before")),
        ),
        sql=f"select {name_of('p')} as pupil, d.seen_at, d.before_at from core.diary_seen d "
        "join core.person p on p.school_id = d.school_id and p.id = d.pupil_id "
        "where d.school_id = $1 and d.viewer_id = $2 order by d.seen_at",
        covers=frozenset({"diary_seen.viewer_id"}),
    ),
)
