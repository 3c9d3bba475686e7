"""Close months for the school's books: what came and went, and that nothing is missing."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from kundelik_core.sdk import (
    File,
    Html,
    Json,
    NotFound,
    PageAnswer,
    PageRequest,
    PluginContext,
    Redirect,
    Text,
)
from kundelik_payments.domain.model import EntryKind, Sale
from kundelik_payments.domain.money import shown
from kundelik_payments.domain.report import Month
from kundelik_payments.pages.words import N_
from kundelik_payments.service.report import accounts, bounds, month_of
from kundelik_payments.store import PgStore

__all__ = ["current", "month", "table"]

_ROWS: Final = (
    (N_("Came in from payers"), EntryKind.PAID, 1),
    (N_("Given back"), EntryKind.REFUNDED, -1),
    (N_("Refunds that failed and came back"), EntryKind.RETURNED, 1),
    (N_("Taken by banks in disputes"), EntryKind.CHARGED_BACK, -1),
    (N_("Won back in disputes"), EntryKind.WON_BACK, 1),
)

_HEAD: Final[Mapping[str, Text]] = {
    "day": Text(kk="Күні", ru="Дата", en="Day"),
    "order": Text(kk="Тапсырыс", ru="Заказ", en="Order"),
    "kind": Text(kk="Не болды", ru="Что произошло", en="What"),
    "amount": Text(kk="Сома", ru="Сумма", en="Amount"),
    "currency": Text(kk="Валюта", ru="Валюта", en="Currency"),
}

_KINDS: Final[Mapping[EntryKind, Text]] = {
    EntryKind.SOLD: Text(kk="Сатылды", ru="Продано", en="Sold"),
    EntryKind.UNSOLD: Text(kk="Сату қайтарылды", ru="Продажа отменена", en="Sale taken back"),
    EntryKind.PAID: Text(kk="Төленді", ru="Оплачено", en="Paid"),
    EntryKind.REFUNDED: Text(kk="Қайтарылды", ru="Возвращено", en="Given back"),
    EntryKind.RETURNED: Text(
        kk="Қайтару өтпеді", ru="Возврат не прошёл", en="Refund failed and came back"
    ),
    EntryKind.CHARGED_BACK: Text(
        kk="Банк дау бойынша алды", ru="Списано банком по спору", en="Taken in a dispute"
    ),
    EntryKind.WON_BACK: Text(
        kk="Даудан кейін қайтты", ru="Возвращено после спора", en="Won back in a dispute"
    ),
}

_FALLS: Final = frozenset({EntryKind.UNSOLD, EntryKind.REFUNDED, EntryKind.CHARGED_BACK})


def _bounds(ctx: PluginContext, text: str) -> tuple[datetime, datetime] | None:
    """Return the first moment of a month at the school, and of the next one."""
    try:
        day = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    if not 2020 <= day.year < 2100:
        return None
    return bounds(day.year, day.month, ZoneInfo(ctx.school.zone))


async def current(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Go to a month that was chosen, else to this one."""
    asked = request.asked("month")
    return Redirect(to=f"months/{asked if _bounds(ctx, asked) else f'{ctx.clock.today():%Y-%m}'}")


async def month(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Show a month of each currency: opening, what happened, closing, and any difference."""
    within = _bounds(ctx, request.params["month"])
    if within is None:
        return NotFound()
    sales = [sale async for sale in PgStore(ctx).until(within[1])]
    async with ctx.db.read() as tx:
        known = await accounts(tx)
    currencies = sorted({sale.order.currency for sale in sales}) or ["KZT"]
    closed = [month_of(sales, known, one, *within) for one in currencies]
    today = ctx.clock.today()
    text = request.params["month"]
    context: dict[str, Json] = {
        "month": text,
        "name": f"{within[0]:%m.%Y}",
        "before": _near(within[0], -1),
        "after": _near(within[0], 1) if f"{today:%Y-%m}" > text else "",
        "unfinished": f"{today:%Y-%m}" <= text,
        "parts": [_part(one) for one in closed],
    }
    return Html(template="month.html", context=context)


def _near(begins: datetime, step: int) -> str:
    months = begins.year * 12 + begins.month - 1 + step
    return f"{months // 12:04d}-{months % 12 + 1:02d}"


def _part(one: Month) -> dict[str, Json]:
    currency = one.currency
    sold = one.by_kind[EntryKind.SOLD] - one.by_kind[EntryKind.UNSOLD]
    return {
        "currency": currency,
        "orders": one.orders,
        "opening": shown(one.opening.held_minor, currency),
        "closing": shown(one.closing.held_minor, currency),
        "rows": [
            {"title": title, "amount": shown(sign * one.by_kind[kind], currency)}
            for title, kind, sign in _ROWS
        ],
        "sold": shown(sold, currency),
        "earned": shown(one.closing.earned_minor, currency),
        "owed": shown(one.owed_minor, currency),
        "twice": shown(one.twice_minor, currency) if one.twice_minor else "",
        "differences": [
            {
                "what": each.what,
                "expected": shown(each.expected_minor, currency),
                "found": shown(each.found_minor, currency),
            }
            for each in one.differences
        ],
    }


async def table(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Give every movement of a month as a table."""
    within = _bounds(ctx, request.params["month"])
    if within is None:
        return NotFound()
    sales = [sale async for sale in PgStore(ctx).until(within[1])]
    return File(
        name=f"payments-{request.params['month']}.csv",
        media_type="text/csv",
        content=_csv(ctx, sales, within),
    )


def _csv(ctx: PluginContext, sales: Sequence[Sale], within: tuple[datetime, datetime]) -> bytes:
    locale, zone = ctx.i18n.locale, within[0].tzinfo
    entries = [
        (entry.at, sale.order, entry)
        for sale in sales
        for entry in sale.log
        if within[0] <= entry.at < within[1]
    ]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([text.of(locale) for text in _HEAD.values()])
    for at, order, entry in sorted(entries, key=lambda one: (one[0], one[1].id, one[2].number)):
        minor = -entry.amount_minor if entry.kind in _FALLS else entry.amount_minor
        units, rest = divmod(abs(minor), 100)
        writer.writerow(
            [
                at.astimezone(zone).date().isoformat(),
                order.public_id,
                _KINDS[entry.kind].of(locale),
                f"{'-' if minor < 0 else ''}{units},{rest:02d}",
                order.currency,
            ]
        )
    return ("\ufeff" + out.getvalue()).encode()
