"""Erase a person who has left a school: everything that leads to them, and nothing that counts.

Law 94-V, articles 12, 17 and 18, asks to destroy or depersonalise what has served its purpose. A
school has to keep its journals for five years (``JOURNAL_YEARS``; domain rules, section 8.1), so
whoever stands in one is not erased before that. Marks stay in sums and averages, without a name.
"""

from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, current_locale, long_date

__all__ = ["JOURNAL_YEARS", "Leaver", "check_leaver", "erase_person", "kept_until", "leaver"]

JOURNAL_YEARS: Final = 5


class Leaver(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who might be erased: whether they still belong here, and their last journal."""

    account_id: UUID | None
    belongs: bool
    last_in_journal: date | None


async def leaver(tx: Tenant, person: UUID, today: date) -> Leaver | None:
    """Return what decides about somebody; None when the school has no such person any more.

    Pupils stand in journals by their marks and absences, staff by the lessons they gave.
    """
    row = await tx.fetchrow(
        """
        select p.account_id,
               exists (select from core.membership m where m.school_id = $1 and m.person_id = $2
                         and (m.to_date is null or m.to_date >= $3))
               or exists (select from core.guardianship g where g.school_id = $1
                         and g.guardian_id = $2 and (g.to_date is null or g.to_date >= $3)
                         and exists (select from core.membership m where m.school_id = $1
                           and m.person_id = g.pupil_id and m.role = 'pupil'
                           and (m.to_date is null or m.to_date >= $3))) as belongs,
               greatest((select max(k.date) from core.mark k
                          where k.school_id = $1 and k.pupil_id = $2),
                        (select max(a.date) from core.absence a
                          where a.school_id = $1 and a.pupil_id = $2),
                        (select max(l.date) from core.lesson l
                          where l.school_id = $1 and l.teacher_id = $2
                            and l.date <= $3)) as last_in_journal
          from core.person p
         where p.school_id = $1 and p.id = $2 and p.status <> 'erased'
        """,
        tx.school_id,
        person,
        today,
    )
    return msgspec.convert(dict(row), Leaver) if row else None


def kept_until(one: Leaver) -> date | None:
    """Return the first day on which no journal that must be kept names the person any more."""
    last = one.last_in_journal
    if last is None:
        return None
    # The school year in which it was: journals are kept from its end on.
    ends = date(last.year + (last.month > 8), 8, 31)
    return date(ends.year + JOURNAL_YEARS, 9, 1)


def check_leaver(one: Leaver, today: date) -> None:
    """Let pass whoever may be erased today.

    Raises:
        Problem: 409 when the person still belongs to the school or a journal must be kept.
    """
    if one.belongs:
        raise Problem(
            "still-here",
            N_("This person still belongs to the school."),
            status=409,
            help=N_("End their roles first. A parent stays as long as a child of theirs does."),
        )
    until = kept_until(one)
    if until is not None and today < until:
        raise Problem(
            "journal-kept",
            N_("A journal that the school has to keep names this person until %(day)s."),
            status=409,
            params={"day": long_date(until, current_locale())},
            help=N_("Journals are kept for five years. From that day on the person can be erased."),
        )


async def erase_person(tx: Tenant, person: UUID, doer: Doer) -> bool:
    """Take the person out of the school's records; False when that was done before.

    The caller has asked modules and the directory first, so that a repetition finds them all.
    """
    now = clock.now()
    done = await tx.fetchval("select core.erase_person($1, $2, $3)", tx.school_id, person, now)
    if done:
        await audit(tx, doer, "person.erase", "person", person)
    return bool(done)
