"""Do what nobody waits for: work on messages, find what was missed, remind, close the month."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from kundelik_core.sdk import (
    Argument,
    Command,
    CommandAnswer,
    CommandRequest,
    Cron,
    Every,
    Health,
    Job,
    JobRun,
    PluginContext,
)
from kundelik_payments.cashdesk import Desk, cashier_for
from kundelik_payments.domain.model import EntryKind
from kundelik_payments.domain.money import CURRENCIES, shown
from kundelik_payments.domain.refused import Refused
from kundelik_payments.domain.report import Month
from kundelik_payments.domain.subscribing import REMINDER
from kundelik_payments.providers.spi import ProviderError
from kundelik_payments.providing import stripe_of
from kundelik_payments.service.answers import hear, refused, unplaced_lines
from kundelik_payments.service.giving import inert_lines
from kundelik_payments.service.intake import work as work_off
from kundelik_payments.service.reconciling import Reconciled, reconcile
from kundelik_payments.service.renewing import end_renewal, remind
from kundelik_payments.service.report import accounts, bounds, month_of
from kundelik_payments.webhooks import WORK

__all__ = ["COMMANDS", "JOBS", "health", "month"]

_BATCH: Final = 100
_KEPT: Final = timedelta(days=90)
_FIRST_LOOK: Final = timedelta(days=3)


async def work(ctx: PluginContext, run: JobRun) -> None:  # noqa: ARG001 - the signature of a job
    """Work on messages until none is left, and on what the core has answered."""
    cashier = await cashier_for(ctx)
    while await work_off(cashier, _BATCH) == _BATCH:
        continue
    async with ctx.db.read() as tx:
        lines = await unplaced_lines(tx)
    for order, line, reason in lines:
        await hear(cashier, order, line, reason)


async def catch_up(ctx: PluginContext, run: JobRun) -> None:  # noqa: ARG001 - as above
    """Find what was missed since the last time; orders whose time is over are let go."""
    await _catch_up(ctx, await cashier_for(ctx))


async def _catch_up(ctx: PluginContext, cashier: Desk) -> Reconciled:
    now = ctx.clock.now()
    if not await cashier.store.listed(limit=1):
        # Nothing was ever ordered here; the account at the provider is that of many schools.
        return Reconciled(facts=0, orders=0, failures=())
    known = await cashier.store.gone_through("all")
    done = await reconcile(cashier, known or now - _FIRST_LOOK)
    if not done.failures:
        # To the hour: what lies between is looked at once more, which is no harm.
        hour = now.replace(minute=0, second=0, microsecond=0)
        await cashier.store.went_through("all", hour)
    async with ctx.db.read() as tx:
        said_no = await refused(tx)
    if said_no:
        ctx.log.warning("the core has refused %s wishes, the latest: %s", len(said_no), said_no[0])
    return done


async def remind_payers(ctx: PluginContext, run: JobRun) -> None:  # noqa: ARG001 - as above
    """Let those be reminded whose next payment comes within some days.

    Nobody is charged again for what nobody can use: that ends instead.
    """
    cashier, now = await cashier_for(ctx), ctx.clock.now()
    for one in await cashier.store.renewing(now + REMINDER):
        sale = await cashier.get(one.latest)
        async with ctx.db.read() as tx:
            inert = (await inert_lines(tx, [sale])).get(one.latest, {})
        begun = [fact for fact in inert.values() if fact.since <= now]
        if len(begun) < len(sale.order.lines):
            await remind(cashier, one)
            continue
        try:
            await end_renewal(cashier, one)
        except (ProviderError, Refused) as error:
            ctx.log.warning("%s does not end yet: %s", one.reference, error)


async def close(ctx: PluginContext, run: JobRun) -> None:  # noqa: ARG001 - as above
    """Close the month that is over, and say so if the books differ; forget old messages."""
    cashier = await cashier_for(ctx)
    await cashier.store.clear_inbox(ctx.clock.now() - _KEPT)
    last = ctx.clock.today().replace(day=1) - timedelta(days=1)
    for currency in CURRENCIES:
        made = await month(ctx, last.year, last.month, currency)
        for one in made.differences:
            ctx.log.warning(
                "%04d-%02d does not close: %s should be %s and is %s",
                *(last.year, last.month, one.what, one.expected_minor, one.found_minor),
            )


async def month(ctx: PluginContext, year: int, number: int, currency: str = "KZT") -> Month:
    """Return a month of the school, held against the core's books."""
    cashier = await cashier_for(ctx)
    begins, ends = bounds(year, number, cashier.zone)
    # Whole orders: books are compared as they are now.
    until = max(ends, ctx.clock.now() + timedelta(seconds=1))
    sales = [one async for one in cashier.store.until(until)]
    async with ctx.db.read() as tx:
        known = await accounts(tx)
    return month_of(sales, known, currency, begins, ends)


async def report(ctx: PluginContext, request: CommandRequest) -> CommandAnswer:
    """Print a month."""
    try:
        day = datetime.strptime(request.arguments["month"], "%Y-%m")  # noqa: DTZ007 - only a month
    except ValueError:
        return CommandAnswer(lines=("The month has to look like 2026-11.",), exit_code=2)
    lines: list[str] = []
    wrong = False
    for currency in CURRENCIES:
        made = await month(ctx, day.year, day.month, currency)
        wrong = wrong or bool(made.differences)
        if made.orders or made.closing.held_minor or currency == "KZT":
            lines += _printed(made)
    return CommandAnswer(lines=tuple(lines), exit_code=1 if wrong else 0)


def _printed(made: Month) -> Sequence[str]:
    def money(minor: int) -> str:
        return shown(minor, made.currency)

    rows = [
        f"{made.begins:%Y-%m} {made.currency}: {made.orders} orders",
        f"  held at the beginning: {money(made.opening.held_minor)}",
        *(f"  {kind.value}: {money(made.by_kind[kind])}" for kind in EntryKind),
        f"  held at the end: {money(made.closing.held_minor)}",
        f"  of that owed to payers: {money(made.owed_minor)}",
        f"  gone back twice until now: {money(made.twice_minor)}",
        f"  differences: {len(made.differences)}",
    ]
    rows += [
        f"    {one.what}: should be {money(one.expected_minor)}, is {money(one.found_minor)}"
        for one in made.differences
    ]
    return rows


async def reconcile_now(ctx: PluginContext, request: CommandRequest) -> CommandAnswer:
    """Compare everything of some days with the providers."""
    days = request.arguments["days"]
    if not days.isdecimal() or not 1 <= int(days) <= 180:
        return CommandAnswer(lines=("Days are a number from 1 to 180.",), exit_code=2)
    cashier = await cashier_for(ctx)
    done = await reconcile(cashier, ctx.clock.now() - timedelta(days=int(days)))
    lines = [f"{done.facts} facts, {done.orders} orders, {len(done.failures)} failures"]
    return CommandAnswer(
        lines=(*lines, *(f"  {one}" for one in done.failures)),
        exit_code=1 if done.failures else 0,
    )


async def health(ctx: PluginContext) -> Health:
    """Say whether what the operator has begun to set up is whole."""
    begun = {name.partition("_")[0] for name in ctx.secrets}
    made = {"stripe": stripe_of(ctx.secrets)}
    broken = sorted(name for name, one in made.items() if one is None and name in begun)
    note = f"not whole: secrets of {', '.join(broken)}" if broken else ""
    return Health(ok=not broken, note=note)


JOBS: Final = (
    Job(name=WORK, run=work, schedule=Every(seconds=60), concurrency=3),
    Job(name="payments.reconcile", run=catch_up, schedule=Cron(spec="17 * * * *"), timeout_s=300),
    Job(name="payments.remind", run=remind_payers, schedule=Cron(spec="0 9 * * *")),
    Job(name="payments.close", run=close, schedule=Cron(spec="20 4 1 * *"), timeout_s=300),
)
COMMANDS: Final = (
    Command(
        name="report",
        help="Print a month of a school: what came, went and is owed, and every difference.",
        run=report,
        arguments=(Argument(name="month", help="The month, such as 2026-11."),),
    ),
    Command(
        name="reconcile",
        help="Compare the orders of a school with the providers, and finish what was begun.",
        run=reconcile_now,
        arguments=(Argument(name="days", help="How many days back to look.", default="3"),),
    ),
)
