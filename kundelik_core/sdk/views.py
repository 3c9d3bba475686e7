"""Say what a scope gives to read: the view of each, column by column.

The scope ``mark.v1`` is the view ``core_api.mark_v1``, and so on: dots become underscores. Every
view begins with ``school_id integer``, always the school of the call. A new column comes at the
end; one that goes, or means something else, is a view of the next version.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["VIEWS"]

_MOMENT: Final = "timestamp with time zone"

_NAMES: Final = {
    "family_name": "text",
    "given_name": "text",
    "middle_name": "text, empty where there is none",
}
_SPAN: Final = {"begin_date": "date", "end_date": "date, the last day; null while it goes on"}

VIEWS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "student.v1": {
            "student_id": "uuid",
            **_NAMES,
            "sort_key": "text, puts names into the Kazakh order",
            "class_id": "uuid, the class of today; null for who is in none",
            "grade": "smallint, of that class",
            "class_letter": "text, of that class",
            "status": "text, active or left",
        },
        "student.birth_date.v1": {"student_id": "uuid", "birth_date": "date, or null"},
        "student.contact.v1": {
            "student_id": "uuid",
            "phone": "text, or null",
            "email": "text, or null",
        },
        "guardian.v1": {
            "guardian_id": "uuid",
            "student_id": "uuid",
            "relation": "text, mother, father, parent, guardian, grandparent or relative",
            **_NAMES,
            **_SPAN,
        },
        "staff.v1": {
            "staff_id": "uuid",
            **_NAMES,
            "sort_key": "text, puts names into the Kazakh order",
            "roles": "text[], those of today; who has none is not there",
        },
        "class.v1": {
            "class_id": "uuid",
            "school_year": "smallint, the year in which it begins",
            "grade": "smallint, 0 to 12",
            "letter": "text",
            "language": "text, in which it is taught: kk, ru, ug, uz, tg or en",
            "shift": "smallint, 1 to 3",
            "homeroom_staff_id": "uuid, or null",
        },
        "group.v1": {
            "group_id": "uuid",
            "school_year": "smallint, the year in which it begins",
            "title": "text",
            "grade": "smallint",
            "subject_id": "uuid",
            "subject_code": "text",
            "subject_kk": "text",
            "subject_ru": "text",
            "subject_en": "text",
            "scheme_code": "text, how it is graded",
            "scheme_version": "smallint",
            "period_kind": "text, quarter, half_year, trimester, semester or year",
            "hours_per_week": "numeric(4,1)",
            "room": "text, may be empty",
            "status": "text, active or closed",
            "class_ids": "uuid[], the classes from which its pupils come",
        },
        "teaching.v1": {
            "group_id": "uuid",
            "staff_id": "uuid",
            "substitute": "boolean",
            **_SPAN,
        },
        "enrolment.v1": {
            "student_id": "uuid",
            "kind": "text, class or group",
            "class_id": "uuid, null for a group",
            "group_id": "uuid, null for a class",
            **_SPAN,
        },
        "period.v1": {
            "school_year": "smallint",
            "period": "text, like q1, h1 or y",
            "begin_date": "date",
            "end_date": "date",
            "state": "text, open, closed or archived",
        },
        "lesson.v1": {
            "lesson_id": "uuid",
            "group_id": "uuid",
            "date": "date",
            "slot": "smallint, the number of the lesson in the day",
            "begins": "time without time zone, by the clock of the school",
            "ends": "time without time zone",
            "staff_id": "uuid, or null",
            "room": "text, may be empty",
            "topic": "text, empty where none was written",
            "homework": "text, due at this lesson; empty where none was set",
            "status": "text, planned, held or cancelled",
        },
        "mark.v1": {
            "student_id": "uuid",
            "work_id": "uuid, a column of a journal",
            "group_id": "uuid",
            "lesson_id": "uuid, or null",
            "kind": "text, of the work, as its scheme names it: fo, sor, soch",
            "title": "text, of the work",
            "date": "date",
            "points": "numeric(6,2), or null where there is a code alone",
            "max_points": "numeric(6,2), of the work; null where the scheme fixes it",
            "code": "text, like an absence or a pass; or null",
            "version": "smallint, another one after each change",
            "changed_at": _MOMENT,
        },
        "result.v1": {
            "student_id": "uuid",
            "group_id": "uuid",
            "period": "text",
            "percent": "smallint, or null",
            "mark": "text, what counts: given by the school, else computed; or null",
            "computed_mark": "text, what the scheme makes of the works; or null",
            "status": "text",
            "provisional": "boolean, the period still goes on",
            "computed_at": _MOMENT,
            "rating_metric": "text, percent, mean_mark or none: what can be compared",
            "scale_low": "numeric, of that metric",
            "scale_high": "numeric",
            "exact_numerator": "numeric, the metric as a fraction; null without one",
            "exact_denominator": "numeric",
            "works_counted": "integer",
        },
        "attendance.v1": {
            "student_id": "uuid",
            "lesson_id": "uuid",
            "date": "date",
            "code": "text, absent_unexcused, absent_excused, absent_ill or late",
            "version": "smallint, another one after each change",
            "changed_at": _MOMENT,
        },
        "entitlement.v1": {
            "entitlement_id": "uuid",
            "student_id": "uuid",
            "feature": "text",
            "scope": "text, the part of it; * for all",
            "begins_at": _MOMENT,
            "ends_at": f"{_MOMENT}, null without an end",
            "grace_at": f"{_MOMENT}, from when it only waits for the next payment; or null",
            "only_for": "uuid, the one guardian whom it serves, beside the pupil; null for all",
        },
        "sharing.v1": {
            "shared": "boolean, what one guardian buys serves a child's others; no row: it does",
        },
        "wish.v1": {
            "kind": "text, like Credited",
            "ref": "text, that of the wish",
            "about": "text, the cause or the pupil that makes it one of several",
            "state": "text, pending, done or refused",
            "reason": "text, why it was refused or led to nothing, as a code; or empty",
            "told": "text, the same in English",
            "entitlement_id": "uuid, or null",
            "asked_at": _MOMENT,
            "settled_at": f"{_MOMENT}, or null",
        },
        "money.v1": {
            "order_ref": "text, the ref of what was bought",
            "sku": "text",
            "currency": "text",
            "amount_minor": "bigint, paid, in hundredths of the currency's unit",
            "refunded_minor": "bigint",
            "returned_minor": "bigint",
            "absorbed_minor": "bigint, borne by the operator",
            "held_minor": "bigint, held by a dispute",
            "dispute_ref": "text, or null",
            "entitlement_id": "uuid, or null",
            "sold_at": _MOMENT,
            "inert_reason": "text, why it is of no use any more; or null",
            "inert_since": f"{_MOMENT}, or null",
            "inert_ends_at": f"{_MOMENT}, or null",
            "unused_minor": "bigint, what the paid time from then on is worth; or null",
        },
    }
)
"""The columns of each scope's view: type, then what has to be said."""
