"""Turn orders into rows and back: a whole one is read at once, and only what changed is written."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from kundelik_core.sdk import PluginTx
from kundelik_payments.domain.model import Order, Sale
from kundelik_payments.domain.subscribing import Subscription, SubscriptionState

__all__ = ["SALE", "SUBSCRIPTION", "sale_of", "save_changes", "save_new", "subscription_of"]


def _parts(table: str, order: str = "x.number", more: str = "") -> str:
    return (
        f"(select coalesce(jsonb_agg(to_jsonb(x){more} order by {order}), '[]') from {table} x "
        "where x.school_id = o.school_id and x.purchase_id = o.id)"
    )


_OF_ORDER: Final = " || jsonb_build_object('order', o.public_id)"

SALE: Final = f"""
select jsonb_build_object(
         'order', to_jsonb(o) || jsonb_build_object('payer', o.payer_id), 'told', o.told,
         'payments', {_parts("payment")}, 'refunds', {_parts("refund")},
         'disputes', {_parts("dispute", "x.opened_at, x.reference")}, 'log', {_parts("entry")},
         'acts', {_parts("act")},
         'receipts',
         {_parts("receipt", "x.at, x.kind desc, x.number", _OF_ORDER)}
       )::text as sale
  from purchase o
"""
"""Reads orders as JSON, each with all that belongs to it; a condition goes behind it."""

SUBSCRIPTION: Final = (
    'select purchase_id as "order", latest_id as latest, provider, reference, state, period_end, '
    "cancel_at_period_end, reminded_for from subscription"
)

_SALES: Final = msgspec.json.Decoder(Sale)


def sale_of(raw: str) -> Sale:
    """Return the order in a row of ``SALE``."""
    return _SALES.decode(raw)


def subscription_of(row: Mapping[str, Any]) -> Subscription:
    """Return the subscription in a row of ``SUBSCRIPTION``."""
    return Subscription(**{**row, "state": SubscriptionState(row["state"])})


_PURCHASE: Final = (
    *("id", "public_id", "payer_id", "currency", "state", "placed_at", "expires_at", "paid_at"),
    *("renews", "renewal_ended_at", "skip_summer", "test", "lines", "told"),
)
_CHANGES: Final = ("state", "expires_at", "paid_at", "renewal_ended_at", "lines", "told")


def _purchases(sales: Sequence[Sale]) -> str:
    return _json([_purchase(sale) for sale in sales])


def _purchase(sale: Sale) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(sale.order)
    return row | {"payer_id": row.pop("payer"), "told": msgspec.to_builtins(sale.told)}


async def save_new(tx: PluginTx, sale: Sale) -> bool:
    """Keep a new order; False when it is there already."""
    names = ", ".join(_PURCHASE)
    done = await tx.execute(
        f"insert into purchase (school_id, {names}) "
        f"select $1, {names} from jsonb_populate_recordset(null::purchase, $2::jsonb) "
        "on conflict (school_id, id) do nothing",
        sale.order.school_id,
        _purchases([sale]),
    )
    return done.endswith(" 1")


async def save_changes(tx: PluginTx, *steps: tuple[Sale, Sale]) -> None:
    """Write what has changed of some orders, each given before and after."""
    changed = [
        after for before, after in steps if before.order != after.order or before.told != after.told
    ]
    if changed:
        sets = ", ".join(f"{name} = x.{name}" for name in _CHANGES)
        await tx.execute(
            f"update purchase o set {sets} "
            "from jsonb_populate_recordset(null::purchase, $1::jsonb) x where o.id = x.id",
            _purchases(changed),
        )
    for table, key, changes, part in _TABLES:
        rows = []
        for before, after in steps:
            known = set(part(before))
            rows += [_row(one, after.order) for one in part(after) if one not in known]
        if rows:
            await _save(tx, table, (key, changes), rows)


_Part = Callable[[Sale], Sequence[Any]]
_TABLES: Final[Sequence[tuple[str, str, tuple[str, ...], _Part]]] = (
    (
        "payment",
        "number",
        ("state", "amount_minor", "received_minor", "attempt", "reference", "reason", "tried_at",
         "confirmed_at"),
        lambda sale: sale.payments,
    ),
    (
        "refund",
        "number",
        ("state", "gifts", "parts", "attempt", "reference", "reason", "tried_at",
         "accepted_at", "done_at"),
        lambda sale: sale.refunds,
    ),
    ("dispute", "reference", ("state", "closed_at"), lambda sale: sale.disputes),
    # These are only ever added.
    ("entry", "number", (), lambda sale: sale.log),
    ("receipt", "number", (), lambda sale: sale.receipts),
    ("act", "number", (), lambda sale: sale.acts),
)  # fmt: skip


async def _save(
    tx: PluginTx, table: str, how: tuple[str, tuple[str, ...]], rows: Sequence[dict[str, Any]]
) -> None:
    key, changes = how
    conflict = ""
    if changes:
        sets = ", ".join(f"{name} = excluded.{name}" for name in changes)
        conflict = f" on conflict (school_id, purchase_id, {key}) do update set {sets}"
    await tx.execute(
        f"insert into {table} "
        f"select * from jsonb_populate_recordset(null::{table}, $1::jsonb){conflict}",
        _json(rows),
    )


def _row(part: Any, order: Order) -> dict[str, Any]:  # noqa: ANN401 - any of them
    row: dict[str, Any] = msgspec.to_builtins(part)
    row.pop("order", None)
    return row | {"school_id": order.school_id, "purchase_id": str(order.id)}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
