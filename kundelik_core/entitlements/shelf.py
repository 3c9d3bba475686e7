"""Lay time for many pupils at once: read together, worked out here, written together.

One grant costs the same statements as a hundred. Pupils are locked before anything is read, so that
two payments of one moment follow each other, and in one order, so that nobody waits in a circle.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

import msgspec

from kundelik_core.entitlements.model import Granted, Wanted
from kundelik_core.entitlements.queries import by_sources, grants_of
from kundelik_core.entitlements.rules import Span, check_feature, concerns
from kundelik_core.entitlements.terms import Days, Laid, Term, lay
from kundelik_core.entitlements.verdict import reaches
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit_each
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id

__all__ = ["Shelf"]

_LOCK: Final = """
select p.id, exists (select from core.membership m where m.school_id = $1
                      and m.person_id = p.id and m.role = 'pupil') as is_pupil,
       coalesce((select h.shared from core.guardian_sharing h where h.school_id = $1
                  order by h.since desc limit 1), true) as shared
  from core.person p where p.school_id = $1 and p.id = any($2::uuid[])
 order by p.id for no key update
"""

_GRANT: Final = """
insert into core.entitlement (school_id, id, holder_id, pupil_id, feature, scope, valid_from,
       valid_until, source, source_ref, granted_at, granted_by, grace_from, seats)
select $1, x.id, x.holder_id, x.pupil_id, x.feature, x.scope, x.valid_from, x.valid_until,
       x.source, x.source_ref, x.granted_at, $2, x.grace_from, x.seats
  from jsonb_populate_recordset(null::core.entitlement, $3::jsonb) x
"""

_PAUSE: Final = """
insert into core.entitlement_pause (school_id, id, entitlement_id, kind, cause, begins, ends)
select $1, x.id, x.entitlement_id, 'rest', x.cause, x.begins, x.ends
  from jsonb_populate_recordset(null::core.entitlement_pause, $2::jsonb) x
"""


class Shelf:
    """What some pupils and their school were granted; what is added is written at the end."""

    def __init__(self, tx: Tenant, pupils: frozenset[UUID], *, shared: bool) -> None:
        self.now, self.shared = clock.now(), shared
        self._tx, self._pupils = tx, pupils
        self._there: defaultdict[UUID | None, list[Granted]] = defaultdict(list)
        self._known: dict[tuple[str, str], Granted] = {}
        self._fresh: list[Granted] = []

    @classmethod
    async def open(
        cls,
        tx: Tenant,
        pupils: Collection[UUID | None],
        sources: Collection[tuple[str, str]] = (),
    ) -> Self:
        """Lock pupils and read what they have; ``sources`` are acts that may have granted before.

        What the school has for all comes too.
        """
        wanted = sorted({one for one in pupils if one is not None})
        rows = await tx.fetch(_LOCK, tx.school_id, wanted) if wanted else []
        shared = all(row["shared"] for row in rows)
        shelf = cls(tx, frozenset(row["id"] for row in rows if row["is_pupil"]), shared=shared)
        # Statements of their own: what others wrote while we waited is seen by these.
        for one in await grants_of(tx, wanted):
            shelf._there[one.pupil_id].append(one)
        if sources:
            found = await by_sources(tx, sources)
            shelf._known = {(one.source, one.source_ref): one for one in found}
        return shelf

    def of(self, pupil: UUID) -> list[Granted]:
        """Return every grant for a pupil and for the whole school, past and future ones too."""
        return [*self._there[pupil], *self._there[None]]

    def known(self, source: str, source_ref: str) -> Granted | None:
        """Return what an act has granted, one of those that the shelf was opened with."""
        return self._known.get((source, source_ref))

    def ready(self, wanted: Wanted) -> Granted | None:
        """Look at what is wanted, and return what its source has granted before.

        Raises:
            Problem: the feature's name is none, or the pupil is not of the school.
        """
        check_feature(wanted.feature)
        if wanted.pupil is not None and wanted.pupil not in self._pupils:
            raise Problem(
                "no-such-pupil", N_("There is no such pupil in this school."), status=404,
                field="pupil",
            )  # fmt: skip
        return self.known(wanted.source, wanted.source_ref)

    def place(self, wanted: Wanted, term: Term, zone: str, rests: Sequence[Span] = ()) -> Granted:
        """Grant a term beside what is granted already, with a credit for what it overlaps.

        Raises:
            Problem: nothing could be added to what there is, or as for ``ready``.
        """
        if known := self.ready(wanted):
            return known
        laid = lay(self._beside(wanted), self.now, term, zone, rests)
        made = self.put(wanted, laid)
        if laid.credit:
            self.give_back(made, laid.credit, f"{made.id}/overlap", zone)
        return made

    def give_back(self, one: Granted, lost: timedelta, ref: str, zone: str) -> Granted | None:
        """Grant time that was lost, with its holder's name; licences are not for this."""
        if lost <= timedelta() or one.valid_until is None or one.seats is not None:
            return None
        wanted = Wanted(
            feature=one.feature, source="credit", source_ref=ref, pupil=one.pupil_id,
            holder=one.holder_id, scope=one.scope,
        )  # fmt: skip
        # It stands beside what it was given for, so it is read, whichever acts were named.
        there = (each for each in self._there[one.pupil_id] if each.source == "credit")
        if known := next((each for each in there if each.source_ref == ref), None):
            return known
        try:
            return self.place(wanted, Days(lost), zone)
        except Problem as problem:
            if problem.code == "has-no-end":
                return None
            raise

    def put(self, wanted: Wanted, laid: Laid) -> Granted:
        """Add a grant where it was laid."""
        made = Granted(
            id=new_id(),
            feature=wanted.feature,
            valid_from=laid.span.begins,
            valid_until=laid.span.ends,
            source=wanted.source,
            source_ref=wanted.source_ref,
            granted_at=clock.now(),
            holder_id=wanted.holder,
            pupil_id=wanted.pupil,
            scope=wanted.scope,
            grace_from=laid.grace_from,
            seats=wanted.seats,
            pauses=laid.pauses,
        )
        self._fresh.append(made)
        self._known[made.source, made.source_ref] = made
        if made.seats is None:
            self._there[made.pupil_id].append(made)
        return made

    def _beside(self, wanted: Wanted) -> list[Granted]:
        """Return what a new term of this kind would stand beside.

        A licence with a number of seats extends nothing: a second one adds seats, and other pupils.
        Where guardians do not share, nobody's time is put behind another one's that is of no use to
        them; what is given to all of the family comes behind everybody's.
        """
        if wanted.pupil is not None:
            found = self.of(wanted.pupil)
        else:
            found = self._there[None] if wanted.seats is None else []
        shared = self.shared or wanted.holder is None
        return [
            one
            for one in found
            if concerns(one, wanted.feature, wanted.scope)
            and reaches(one, wanted.holder, shared=shared)
        ]

    async def write(self, doer: Doer) -> None:
        """Write what was added, and who did it."""
        fresh, self._fresh = self._fresh, []
        if not fresh:
            return
        school = self._tx.school_id
        await self._tx.execute(_GRANT, school, doer.account, _json(fresh))
        pauses = [
            {"id": new_id(), "entitlement_id": one.id, "cause": pause.begins.date().isoformat(),
             "begins": pause.begins, "ends": pause.ends}
            for one in fresh for pause in one.pauses
        ]  # fmt: skip
        if pauses:
            await self._tx.execute(_PAUSE, school, _json(pauses))
        changes = [(one.id, None, _noted(one)) for one in fresh]
        await audit_each(self._tx, doer, "entitlement.grant", "entitlement", changes)


def _noted(made: Granted) -> dict[str, object]:
    return {
        "feature": made.feature,
        "scope": made.scope,
        "pupil": str(made.pupil_id) if made.pupil_id else None,
        "until": _iso(made.valid_until),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _json(rows: object) -> str:
    return msgspec.json.encode(rows).decode()
