"""Tell the core what became of an order's money, as wishes for what it has not been told yet.

Nothing follows from a step or an event: what was told is held against how things stand, and the
difference is asked for, in the transaction that changes the order. What the core would refuse now,
such as a refund while a dispute runs, waits for a later step.
"""

from collections import Counter
from dataclasses import replace
from typing import Final

from kundelik_core.sdk import (
    Absorbed,
    Bought,
    DisputeLost,
    DisputeOpened,
    DisputeWon,
    Refunded,
    RenewalEnded,
    Returned,
    ReturnFailed,
    Wish,
)
from kundelik_payments.domain.balance import given_on, lost, refunded_on
from kundelik_payments.domain.model import (
    Dispute,
    DisputeState,
    Order,
    OrderLine,
    RefundState,
    Sale,
    Told,
    ToldDispute,
)
from kundelik_payments.domain.money import split

__all__ = ["line_ref", "tell", "twice", "unplaced"]

_TAKEN: Final = frozenset({DisputeState.OPEN, DisputeState.LOST})
_CLOSED: Final = frozenset({DisputeState.WON, DisputeState.LOST})


def line_ref(order: Order, line: int) -> str:
    """Return the name under which the core knows a line of an order."""
    return f"{order.id}:{line}"


def unplaced(sale: Sale, line: int) -> Sale:
    """Note that the core could grant nothing for a line, and owes its money since."""
    told = _Told(sale)
    price = sale.order.line(line).price_minor
    told.put(replace(told.of(line), unplaced=True, refunded_minor=price))
    return told.sale()


def tell(sale: Sale) -> tuple[Sale, tuple[Wish, ...]]:
    """Return the sale with what is told now, and the wishes that tell it."""
    if sale.order.paid_at is None:
        return sale, ()
    told = _Told(sale)
    _bought(told)
    _failed(told)
    for dispute in sorted(sale.disputes, key=lambda one: (one.opened_at, one.reference)):
        _disputed(told, dispute)
    _refunded(told)
    _returned(told)
    _absorbed(told)
    _ended(told)
    return told.sale(), tuple(told.wishes)


class _Told:
    """What the core knows, while it is being told more."""

    def __init__(self, sale: Sale) -> None:
        self.before = sale
        self.notes: dict[int, Told] = {one.line: one for one in sale.told}
        self.wishes: list[Wish] = []
        # What costs nothing is no money, and of no interest to the core.
        self.lines = [
            line
            for line in sale.order.lines
            if line.price_minor > 0 and (not line.forgotten or line.number in self.notes)
        ]

    def of(self, line: int) -> Told:
        return self.notes.get(line, Told(line=line))

    def put(self, note: Told) -> None:
        self.notes[note.line] = note

    def ask(self, wish: Wish) -> None:
        self.wishes.append(wish)

    def ref(self, line: OrderLine) -> str:
        return line_ref(self.before.order, line.number)

    def named(self, line: OrderLine, what: str) -> str:
        """Return a name of something about a line: the core's books know each name once."""
        return f"{self.before.order.public_id}-{line.number}-{what}"

    def sale(self) -> Sale:
        return replace(self.before, told=tuple(self.notes[n] for n in sorted(self.notes)))

    def calm(self) -> list[OrderLine]:
        """Return the lines about whose money no dispute runs."""
        return [line for line in self.lines if not self.of(line.number).disputed_minor]


def _bought(told: _Told) -> None:
    order = told.before.order
    for line in told.lines:
        if line.number in told.notes:
            continue
        told.put(Told(line=line.number))
        told.ask(
            Bought(
                ref=told.ref(line),
                price_id=line.price_id,
                amount_minor=line.price_minor,
                intervals=line.intervals,
                student_id=line.student,
                holder_id=order.payer,
                scope=line.scope,
                seats=None if line.student else line.quantity,
                renews=order.renews,
                skip_summer=order.skip_summer,
            )
        )


def _disputed(told: _Told, dispute: Dispute) -> None:
    name = dispute.reference
    known = {
        note.line: one for note in told.notes.values() for one in note.disputes
        if one.reference == name
    }  # fmt: skip
    if not known and dispute.state in _TAKEN:
        known = _opened(told, dispute)
    if dispute.state not in _CLOSED:
        return
    for line in told.lines:
        one = known.get(line.number)
        if one is None or one.state is not DisputeState.OPEN:
            continue
        won = dispute.state is DisputeState.WON
        wish = DisputeWon if won else DisputeLost
        told.ask(wish(ref=told.ref(line), dispute=told.named(line, name)))
        told.put(_closed(told.of(line.number), one, dispute.state, _room(told, line)))


def _opened(told: _Told, dispute: Dispute) -> dict[int, ToldDispute]:
    """Divide what was taken away among the lines: first where money is left for it.

    No bank asks whether it is. What it takes beyond that is taken where money has gone back before.
    """
    room = {line.number: _room(told, line) for line in told.calm()}
    gone = {
        line.number: line.price_minor - told.of(line.number).lost_minor - room[line.number]
        for line in told.calm()
    }
    first = min(dispute.amount_minor, sum(room.values()))
    second = min(dispute.amount_minor - first, sum(gone.values()))
    made: dict[int, ToldDispute] = {}
    parts = Counter(dict(zip(room, _shares(first, [*room.values()]), strict=True)))
    parts.update(dict(zip(gone, _shares(second, [*gone.values()]), strict=True)))
    for line in told.lines:
        minor = parts[line.number]
        if not minor:
            continue
        one = ToldDispute(reference=dispute.reference, amount_minor=minor, state=DisputeState.OPEN)
        note = told.of(line.number)
        told.put(replace(note, disputes=(*note.disputes, one)))
        name = told.named(line, dispute.reference)
        told.ask(DisputeOpened(ref=told.ref(line), dispute=name, amount_minor=minor))
        made[line.number] = one
    return made


def _shares(amount: int, weights: list[int]) -> list[int]:
    return split(amount, weights) if amount else [0] * len(weights)


def _room(told: _Told, line: OrderLine) -> int:
    """Return what of a line's money has not gone back, by whose hand ever."""
    note = told.of(line.number)
    return max(line.price_minor - note.gone_minor - note.borne_minor, 0)


def _closed(note: Told, one: ToldDispute, state: DisputeState, room: int) -> Told:
    """Count as the core does: what is lost pays first what was owed, and is refunded beyond.

    ``room`` is what had not gone yet; what is lost beyond it has gone twice.
    """
    after = tuple(replace(d, state=state) if d is one else d for d in note.disputes)
    if state is DisputeState.WON:
        return replace(note, disputes=after)
    fresh = max(min(one.amount_minor, room) - note.owed_minor, 0)
    return replace(
        note,
        disputes=after,
        refunded_minor=note.refunded_minor + fresh,
        returned_minor=note.returned_minor + one.amount_minor,
        lost_minor=note.lost_minor + one.amount_minor,
    )


def _refunded(told: _Told) -> None:
    sale = told.before
    for line in told.calm():
        note = told.of(line.number)
        gone = line.cancelled_at is not None or lost(sale)
        wanted = line.price_minor if gone else refunded_on(sale, line.number)
        wanted = min(wanted, line.price_minor - _gifts(told, line))
        if wanted <= note.refunded_minor:
            continue
        told.put(replace(note, refunded_minor=wanted))
        told.ask(
            Refunded(
                ref=told.ref(line),
                cause=told.named(line, f"refunded-{wanted}"),
                amount_minor=wanted - note.refunded_minor,
            )
        )


def _returned(told: _Told) -> None:
    """Tell what has gone back: to the lines it was for, then wherever something is owed.

    What is left over was paid too much, and is none of the core's.
    """
    pool, meant = _gone(told)
    for line in told.lines:
        note = told.of(line.number)
        most = meant.get(line.number, 0) - (note.gone_minor - note.lost_minor)
        pool -= _return(told, line, min(pool, most))
    for line in told.lines:
        pool -= _return(told, line, pool)
    for line in told.lines:
        # A bank took it as well, and closed before: it has gone twice.
        note = told.of(line.number)
        pool -= _send_back(told, line, min(pool, note.lost_minor - twice(line, note)))


def twice(line: OrderLine, note: Told) -> int:
    """Return what of a line's money went back twice, by a bank's hand and by ours."""
    return max(note.gone_minor + note.borne_minor - line.price_minor, 0)


def _gone(told: _Told) -> tuple[int, dict[int, int]]:
    """Return by how much more has gone back than was told, and what went back for which line."""
    done = [one for one in told.before.refunds if one.state is RefundState.DONE]
    pool = sum(one.amount_minor - one.goodwill_minor for one in done)
    pool -= sum(note.gone_minor - note.lost_minor for note in told.notes.values())
    meant: dict[int, int] = {}
    for number, minor in (part for one in done for part in one.parts):
        meant[number] = meant.get(number, 0) + minor
    return pool, meant


def _failed(told: _Told) -> None:
    """Tell what is here again, as refunds failed that seemed done: it is owed, or was no gift."""
    pool, meant = _gone(told)
    for line in told.lines:
        note = told.of(line.number)
        most = note.gone_minor - note.lost_minor - meant.get(line.number, 0)
        pool += _take_up(told, line, min(-pool, most))
    for line in told.lines:
        note = told.of(line.number)
        pool += _take_up(told, line, min(-pool, note.gone_minor - note.lost_minor))
        minor = told.of(line.number).borne_minor - _gifts(told, line)
        if minor > 0:
            note = told.of(line.number)
            total = note.kept_minor + minor
            told.put(replace(note, kept_minor=total))
            told.ask(
                ReturnFailed(
                    ref=told.ref(line), cause=told.named(line, f"kept-{total}"),
                    amount_minor=minor, absorbed=True,
                )
            )  # fmt: skip


def _take_up(told: _Told, line: OrderLine, minor: int) -> int:
    if minor <= 0:
        return 0
    note = told.of(line.number)
    total = note.failed_minor + minor
    told.put(replace(note, failed_minor=total))
    cause = told.named(line, f"failed-{total}")
    told.ask(ReturnFailed(ref=told.ref(line), cause=cause, amount_minor=minor))
    return minor


def _return(told: _Told, line: OrderLine, minor: int) -> int:
    note = told.of(line.number)
    return _send_back(told, line, min(minor, note.owed_minor, _room(told, line)))


def _send_back(told: _Told, line: OrderLine, minor: int) -> int:
    if minor <= 0:
        return 0
    note = told.of(line.number)
    total = note.returned_minor + minor
    told.put(replace(note, returned_minor=total))
    told.ask(
        Returned(
            ref=told.ref(line), cause=told.named(line, f"returned-{total}"), amount_minor=minor
        )
    )
    return minor


def _absorbed(told: _Told) -> None:
    """Tell what was given away, at lines that owe nothing: there it is what nobody decided."""
    for line in told.calm():
        note = told.of(line.number)
        minor = _gifts(told, line) - note.borne_minor
        if minor <= 0 or note.refunded_minor != note.gone_minor:
            continue
        total = note.absorbed_minor + minor
        told.put(replace(note, absorbed_minor=total))
        cause = told.named(line, f"absorbed-{total}")
        told.ask(Returned(ref=told.ref(line), cause=cause, amount_minor=minor))
        told.ask(Absorbed(ref=told.ref(line), cause=cause))


def _gifts(told: _Told, line: OrderLine) -> int:
    return given_on(told.before, line.number)


def _ended(told: _Told) -> None:
    order = told.before.order
    if not order.renews or order.renewal_ended_at is None:
        return
    for line in told.lines:
        note = told.of(line.number)
        if not note.renewal_ended:
            told.put(replace(note, renewal_ended=True))
            told.ask(RenewalEnded(ref=told.ref(line)))
