"""Read what somebody chose on the page to buy, and work out what it costs; or what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4, uuid5

from kundelik_core.sdk import Json, PageRequest, PluginContext
from kundelik_payments.offering import (
    EVERYTHING,
    Choice,
    Stretch,
    choices,
    family_amounts,
    in_force,
    renews,
    shared,
    stretches,
    until,
)
from kundelik_payments.pages import lookup
from kundelik_payments.pages.people import actor_of, uuid_of
from kundelik_payments.pages.words import N_, say
from kundelik_payments.providers.registry import Providers

__all__ = ["Asked", "Counted", "Shop", "check_way", "count", "read_form", "read_query", "shop_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What can be chosen from: the family's children, their subjects, what is on sale.

    ``shared``: what one guardian buys serves the others too.
    """

    feature: str
    children: Mapping[UUID, str]
    subjects: Mapping[UUID, Mapping[str, str]]
    known: Sequence[Stretch]
    choices: Sequence[Choice]
    now: datetime
    shared: bool = True

    def titles(self) -> dict[str, str]:
        """Return all subjects of the children by their codes."""
        return {code: title for one in self.subjects.values() for code, title in one.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was chosen. ``seen_minor`` is the sum that stood on the button."""

    token: UUID
    price: UUID | None = None
    students: tuple[UUID, ...] = ()
    scope: str = EVERYTHING
    renew: bool = False
    summer: bool = False
    way: str = ""
    seen_minor: int = -1

    def order_id(self, payer: UUID, school: int) -> UUID:
        """Return the order's id: the same form with the same choice is the same order.

        The payer is in it, so that nobody can meet the order of somebody else.
        """
        chosen = [payer, school, self.price, *sorted(map(str, self.students)), self.scope]
        chosen += [self.renew, self.summer, self.way]
        return uuid5(self.token, "|".join(map(str, chosen)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a choice costs for each child, or by field what is wrong with it."""

    choice: Choice | None = None
    amounts: tuple[tuple[UUID, int], ...] = ()
    faults: Mapping[str, dict[str, Json]] = field(default_factory=dict)

    @property
    def total_minor(self) -> int:
        return sum(minor for _, minor in self.amounts)


async def shop_for(ctx: PluginContext, feature: str) -> Shop:
    """Read what the person of this call can choose from."""
    actor, now = actor_of(ctx), ctx.clock.now()
    students = actor.students
    async with ctx.db.read() as tx:
        return Shop(
            feature=feature,
            children=await lookup.pupils(tx, students),
            subjects=await lookup.subjects(tx, students, ctx.clock.today(), ctx.i18n.locale),
            known=await stretches(tx, students, actor.person_id, now),
            shared=await shared(tx),
            choices=choices(ctx.catalogue, "parent", feature),
            now=now,
        )


def read_query(request: PageRequest, shop: Shop) -> Asked:
    """Return where the page begins: one child, the cheapest price for what was asked about."""
    scope = request.asked("scope", EVERYTHING)
    student = uuid_of(request.asked("student")) or next(iter(shop.children), None)
    mine = shop.subjects.get(student, {}) if student else {}
    part = scope if scope in mine else ""
    fitting = [one for one in shop.choices if one.by_part == bool(part)] or [*shop.choices]
    return Asked(
        token=uuid4(),
        price=fitting[0].price.id if fitting else None,
        students=(student,) if student else (),
        scope=part or next(iter(mine), EVERYTHING),
    )


def read_form(request: PageRequest) -> Asked:
    """Return what was sent."""
    students = [uuid_of(one) for one in request.form.get("student", ())]
    seen = request.field("seen")
    return Asked(
        token=uuid_of(request.field("token")) or uuid4(),
        price=uuid_of(request.field("price")),
        students=tuple(dict.fromkeys(one for one in students if one)),
        scope=request.field("scope") or EVERYTHING,
        renew=request.field("renew") == "yes",
        summer=request.field("summer") == "yes",
        way=request.field("way"),
        seen_minor=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 15 else -1,
    )


def count(shop: Shop, asked: Asked) -> Counted:
    """Return what was chosen with its price for each child."""
    faults: dict[str, dict[str, Json]] = {}
    choice = next((one for one in shop.choices if one.price.id == asked.price), None)
    if choice is None:
        return Counted(faults={"price": say(N_("Choose one of these."))})
    scope = asked.scope if choice.by_part else EVERYTHING
    if not asked.students:
        faults["student"] = say(N_("Choose for whom it is."))
    if choice.by_part:
        lacking = [one for one in asked.students if scope not in shop.subjects.get(one, {})]
        if lacking:
            faults["scope"] = say(
                N_("%(name)s does not have this subject."), name=shop.children.get(lacking[0], "")
            )
    for one in asked.students:
        if renews(shop.known, one, shop.feature, scope):
            faults["student"] = say(
                N_("For %(name)s it renews by itself already."), name=shop.children.get(one, "")
            )
        elif until(shop.known, one, shop.feature, scope) == (True, None):
            faults["student"] = say(
                N_("%(name)s has it already, without an end."), name=shop.children.get(one, "")
            )
    if asked.renew and not choice.renewable:
        faults["renew"] = say(N_("This length cannot renew itself. Choose another or untick this."))
    others = in_force(shop.known, shop.feature, shop.now) - set(asked.students)
    # In the order of the family's list, so that the same choice always costs the same.
    chosen = [one for one in shop.children if one in asked.students]
    amounts = family_amounts(choice.price, len(chosen), len(others))
    return Counted(choice=choice, amounts=tuple(zip(chosen, amounts, strict=True)), faults=faults)


def check_way(providers: Providers, asked: Asked, counted: Counted) -> dict[str, Json] | None:
    """Return what is wrong with the way to pay, or nothing."""
    if counted.choice is None:
        return None
    currency = counted.choice.price.currency
    if not any(one.name == asked.way for one in providers):
        return say(N_("Choose how to pay."))
    able = providers.offered(counted.total_minor, currency, renews=asked.renew)
    if any(one.name == asked.way for one in able):
        return None
    if asked.renew:
        return say(N_("This way cannot renew itself. Choose another or untick the renewal."))
    return say(N_("This amount cannot be paid this way. Choose another way."))
