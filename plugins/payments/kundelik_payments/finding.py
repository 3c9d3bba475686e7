"""Find orders when the school searches: by their number, a receipt, who pays or for whom."""

from typing import Final
from uuid import UUID

from kundelik_core.sdk import PluginContext, PluginTx, Search, SearchHit, SearchQuery, Text
from kundelik_payments.domain.codes import signs
from kundelik_payments.domain.model import Sale
from kundelik_payments.pages import MANAGE, lookup, showing
from kundelik_payments.rows import SALE, sale_of

__all__ = ["ORDERS", "find"]

LEAST: Final = 4
"""Signs of a number by which an order is looked for; fewer begin too many of them."""

LEAST_NAMED: Final = 2

# Names are folded as the words of a search are; the views hold them as they are written.
_NAMED: Final = """' ' || translate(lower({0}.family_name || ' ' || {0}.given_name),
                    'әғқңөұүһіё-', 'агкноуухие ') like all($3::text[])"""

# $1 signs of a number, $2 the number of a receipt, $3 patterns of names, $4 most
_FIND: Final = f"""
with payer as materialized (
  select g.guardian_id as id from core_api.guardian_v1 g
   where cardinality($3::text[]) > 0 and {_NAMED.format("g")}
  union all
  select w.staff_id from core_api.staff_v1 w
   where cardinality($3::text[]) > 0 and {_NAMED.format("w")}
), pupil as materialized (
  select s.student_id as id from core_api.student_v1 s
   where cardinality($3::text[]) > 0 and {_NAMED.format("s")}
)
select p.id from purchase p
 where ($1 <> '' and starts_with(p.public_id, $1))
    or p.id in (select r.purchase_id from receipt r
                 where ($1 <> '' and starts_with(translate(r.number, '-', ''), $1))
                    or ($2 <> '' and r.number like '%-' || $2))
    or p.payer_id in (select y.id from payer y)
    or exists (select from jsonb_array_elements(p.lines) l
                where (l ->> 'student')::uuid in (select u.id from pupil u))
 order by p.placed_at desc, p.id limit $4
"""


async def find(ctx: PluginContext, query: SearchQuery) -> list[SearchHit]:
    """Return the orders that fit, the latest first."""
    async with ctx.db.read() as tx:
        found = await _found(tx, query)
        if not found:
            return []
        rows = await tx.fetch(
            f"{SALE} where o.id = any($1::uuid[]) order by o.placed_at desc, o.id", found
        )
        sales = [sale_of(row["sale"]) for row in rows]
        names = await lookup.pupils(tx, showing.students_of(sales))
        people = await lookup.payers(tx, {s.order.payer for s in sales if s.order.payer})
    return [_hit(ctx, sale, names, people) for sale in sales]


async def _found(tx: PluginTx, query: SearchQuery) -> list[UUID]:
    number = signs(query.text)
    if len(number) < LEAST:
        number = ""
    counted = query.words[0] if len(query.words) == 1 and query.words[0].isdecimal() else ""
    # A number is nobody's name, and one letter begins too many of them.
    letters = 0 if any(map(str.isdecimal, query.words)) else sum(map(len, query.words))
    rows = await tx.fetch(
        _FIND,
        number,
        f"{int(counted):06d}" if counted and len(counted) <= len("000000") else "",
        [f"% {word}%" for word in query.words] if letters >= LEAST_NAMED else [],
        query.most + 1,
    )
    return [row["id"] for row in rows]


def _hit(ctx: PluginContext, sale: Sale, names: showing.Names, people: showing.Names) -> SearchHit:
    order = showing.listed(ctx, sale, names)
    payer = people.get(sale.order.payer, "") if sale.order.payer else ""
    parts = [payer, order["names"], order["total"], order["day"]]
    return SearchHit(
        title=f"{order['code']} · {order['titles']}",
        path=f"desk/{order['id']}",
        note=" · ".join(str(part) for part in parts if part),
    )


ORDERS: Final = Search(
    name="payments.orders",
    title=Text(kk="Тапсырыстар мен түбіртектер", ru="Заказы и чеки", en="Orders and receipts"),
    find=find,
    permission=MANAGE,
)
