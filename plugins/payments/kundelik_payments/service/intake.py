"""Take messages of providers: prove, keep, answer at once; work on them afterwards."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeAlias
from uuid import UUID

from kundelik_payments.domain.refused import Refused
from kundelik_payments.ports import Inboxed
from kundelik_payments.providers.spi import Fact, ProviderError
from kundelik_payments.service.cashier import LOG, Cashier
from kundelik_payments.service.facts import NotYet, named_in, take

__all__ = ["MOST_ATTEMPTS", "receive", "returned", "work"]

MOST_ATTEMPTS: Final = 12
_AT_ONCE: Final = 50
_LONGEST: Final = timedelta(hours=6)


async def receive(
    cashier: Cashier, provider_name: str, headers: Mapping[str, str], body: bytes
) -> bool:
    """Keep a message; False when it came before. The answer to the provider is yes either way.

    Raises:
        Forged: it is not the provider's; answer 400 and keep nothing.
    """
    now = cashier.clock.now()
    notice = cashier.providers.get(provider_name).verify(headers, body, now)
    return await cashier.store.take_in(
        Inboxed(
            provider=provider_name,
            event_id=notice.event_id,
            type=notice.type,
            hint=notice.hint,
            received_at=now,
        )
    )


async def work(cashier: Cashier, limit: int = 100) -> int:
    """Work on messages that wait, and return how many are done; the others stay for later.

    Several are looked up at a time, and taken in together: each in its turn, in one transaction.

    Raises:
        Exception: whatever broke, once all others are through.
    """
    done = 0
    broken: Exception | None = None
    waiting = await cashier.store.waiting(limit, cashier.clock.now())
    for first in range(0, len(waiting), _AT_ONCE):
        some = waiting[first : first + _AT_ONCE]
        looks = await asyncio.gather(*(_look(cashier, one) for one in some))
        try:
            kept = await _take_all(cashier, [*zip(some, looks, strict=True)])
        except Exception as error:  # noqa: BLE001 - raised behind the others
            broken = error
        else:
            done += sum(not one.error for one in kept)
    if broken:
        raise broken
    return done


_Looked: TypeAlias = tuple[Inboxed, Sequence[Fact] | Exception]


async def _take_all(cashier: Cashier, looked: Sequence[_Looked]) -> list[Inboxed]:
    """Take in what messages were about; one that breaks does not hold up the others.

    Raises:
        Exception: whatever broke, once the others are through.
    """
    if len(looked) > 1:
        try:
            return await _take_together(cashier, looked)
        except Exception as error:  # noqa: BLE001 - which of them it was shows when each is alone
            LOG.warning("%s messages are taken in one by one: %r", len(looked), error)
    kept: list[Inboxed] = []
    broken: Exception | None = None
    for one in looked:
        try:
            kept += await _take_together(cashier, [one])
        except Exception as error:  # noqa: BLE001 - raised behind the others
            broken = error
            await _leave(cashier, one[0], error)
    if broken:
        raise broken
    return kept


async def _leave(cashier: Cashier, message: Inboxed, error: Exception) -> None:
    """Leave a message for later of which nothing was kept; it need not wait for its lease."""
    left = _for_later(cashier, replace(message, attempts=message.attempts + 1), error)
    await cashier.store.worked_off(left)


async def _take_together(cashier: Cashier, looked: Sequence[_Looked]) -> list[Inboxed]:
    references: set[tuple[str, str]] = set()
    orders: set[str] = set()
    for message, found in looked:
        if isinstance(found, Exception):
            continue
        for fact in found:
            several, order = named_in(fact)
            references |= {(message.provider, one) for one in several if one}
            orders |= {order.rpartition("-")[2]} if order else set()
    async with cashier.store.together(sorted(references), sorted(orders)) as store:
        within = replace(cashier, store=store)
        kept = [await _take(within, *one) for one in looked]
        await store.worked_off(*kept)
    return kept


async def _look(cashier: Cashier, message: Inboxed) -> Sequence[Fact] | Exception:
    try:
        provider = cashier.providers.get(message.provider)
        return await provider.look(message.type, message.hint)
    except Exception as error:  # noqa: BLE001 - it is this message's, and no other's
        return error


async def _take(cashier: Cashier, message: Inboxed, found: Sequence[Fact] | Exception) -> Inboxed:
    """Take in what a message was about, and return the message as it is after that."""
    attempt = replace(message, attempts=message.attempts + 1)
    try:
        if isinstance(found, Exception):
            raise found
        await take(cashier, message.provider, found)
    except (ProviderError, Refused, NotYet) as error:
        return _for_later(cashier, attempt, error)
    return replace(attempt, error="", processed_at=cashier.clock.now())


def _for_later(cashier: Cashier, attempt: Inboxed, error: Exception) -> Inboxed:
    kept = replace(
        attempt,
        error=f"{type(error).__name__}: {error}"[:500],
        next_at=cashier.clock.now() + _pause(attempt.attempts),
    )
    if kept.attempts >= MOST_ATTEMPTS:
        # A person finds it by its error; the reconciliation will look again by itself.
        kept = replace(kept, processed_at=cashier.clock.now())
        LOG.warning("gave up on %s %s: %s", kept.provider, kept.event_id, kept.error)
    return kept


def _pause(attempts: int) -> timedelta:
    """Return how long a message rests: news in a wrong order is set right within two rounds."""
    return timedelta() if attempts < 3 else min(timedelta(seconds=15 * 2**attempts), _LONGEST)


async def returned(cashier: Cashier, order: UUID) -> None:
    """Ask the providers about an order whose payer has come back; the page shows what is true.

    Raises:
        ProviderError: nobody could say; the message of the provider will.
    """
    sale = await cashier.get(order)
    for payment in sale.payments:
        if payment.provider not in cashier.providers:
            continue
        provider = cashier.providers.get(payment.provider)
        waits = payment.state in {"created", "pending", "failed", "canceled"}
        if payment.reference and waits and provider.capabilities.poll_status:
            await take(cashier, payment.provider, await provider.poll(payment.reference))
