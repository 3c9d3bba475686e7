"""Gather the pages: families buy and look after what they bought, the school keeps the books."""

from typing import Final

from kundelik_core.sdk import NavItem, Page, Text
from kundelik_payments.pages import (
    buying,
    desk,
    months,
    orders,
    papers,
    refunds,
    returning,
    seats,
    statement,
    till,
    unused,
)

__all__ = ["BUY", "MANAGE", "NAVIGATION", "PAGES"]

BUY: Final = "payments.buy"
"""Carried by parents: their orders stand in the menu. Orders of one's own need no permission."""

MANAGE: Final = "payments.manage"
"""Carried by directors, deputies and the school's administrators."""

_MINE: Final = Text(kk="Тапсырыстарыңыз", ru="Ваши заказы", en="Your orders")
# In a menu that shares a phone's width with four others.
_ORDERS: Final = Text(kk="Тапсырыс", ru="Заказы", en="Orders")
_ORDER: Final = Text(kk="Тапсырыс", ru="Заказ", en="Order")
_BUY: Final = Text(kk="Сатып алу", ru="Купить", en="Buy")
_BACK: Final = Text(kk="Төлемнен кейін", ru="После оплаты", en="After payment")
_DESK: Final = Text(kk="Төлемдер", ru="Платежи", en="Payments")
_STATEMENT: Final = Text(kk="Банк үзіндісі", ru="Банковская выписка", en="Bank statement")
_MONTH: Final = Text(kk="Айлық есеп", ru="Отчёт за месяц", en="Report of a month")
_SEATS: Final = Text(
    kk="Мектепке орын сатып алу", ru="Купить места для школы", en="Buy places for the school"
)
_PAPER: Final = Text(kk="Құжат", ru="Документ", en="Paper")

_O: Final = "orders/{order:uuid}"
_D: Final = "desk/{order:uuid}"

_FAMILY: Final = (
    Page(path="", title=_MINE, handle=orders.mine, permission=BUY),
    Page(path="orders", title=_MINE, handle=orders.mine, permission=None),
    Page(path="buy", title=_BUY, handle=buying.buy, permission=None),
    Page(path="buy", title=_BUY, handle=buying.send, permission=None, method="POST"),
    Page(path=_O, title=_ORDER, handle=orders.one, permission=None),
    Page(path=f"{_O}/pay", title=_ORDER, handle=orders.pay, permission=None, method="POST"),
    Page(path=f"{_O}/cancel", title=_ORDER, handle=orders.call_off, permission=None, method="POST"),
    Page(path=f"{_O}/refund", title=_ORDER, handle=returning.ask, permission=None, method="POST"),
    Page(path=f"{_O}/unused", title=_ORDER, handle=unused.ask, permission=None, method="POST"),
    Page(path=f"{_O}/stop", title=_ORDER, handle=returning.stop, permission=None, method="POST"),
    Page(path=f"{_O}/rest", title=_ORDER, handle=returning.rest, permission=None, method="POST"),
    Page(path=f"{_O}/card", title=_ORDER, handle=returning.card, permission=None, method="POST"),
    Page(path=f"{_O}/invoice", title=_PAPER, handle=papers.invoice, permission=None),
    Page(path=f"{_O}/receipts/{{number}}", title=_PAPER, handle=papers.receipt, permission=None),
    Page(path="back/{code}", title=_BACK, handle=orders.back, permission=None),
)

_OFFICE: Final = (
    Page(path="desk", title=_DESK, handle=desk.desk, permission=MANAGE),
    Page(path=_D, title=_ORDER, handle=desk.one, permission=MANAGE),
    Page(
        path=f"{_D}/refund",
        title=_ORDER,
        handle=refunds.give_back,
        permission=MANAGE,
        method="POST",
    ),
    Page(path=f"{_D}/owed", title=_ORDER, handle=refunds.pay_out, permission=MANAGE, method="POST"),
    Page(path=f"{_D}/cash", title=_ORDER, handle=till.take, permission=MANAGE, method="POST"),
    Page(path=f"{_D}/by-hand", title=_ORDER, handle=till.by_hand, permission=MANAGE, method="POST"),
    Page(
        path=f"{_D}/handed/{{refund:int}}",
        title=_ORDER,
        handle=till.handed,
        permission=MANAGE,
        method="POST",
    ),
    Page(
        path=f"{_D}/instead/{{refund:int}}",
        title=_ORDER,
        handle=till.instead,
        permission=MANAGE,
        method="POST",
    ),
    Page(
        path=f"{_D}/decide/{{refund:int}}",
        title=_ORDER,
        handle=refunds.decide,
        permission=MANAGE,
        method="POST",
    ),
    Page(path="statement", title=_STATEMENT, handle=statement.form, permission=MANAGE),
    Page(
        path="statement", title=_STATEMENT, handle=statement.look, permission=MANAGE, method="POST"
    ),
    Page(
        path="statement/confirm",
        title=_STATEMENT,
        handle=statement.confirm,
        permission=MANAGE,
        method="POST",
    ),
    Page(path="months", title=_MONTH, handle=months.current, permission=MANAGE),
    Page(path="months/{month}", title=_MONTH, handle=months.month, permission=MANAGE),
    Page(path="months/{month}/table", title=_MONTH, handle=months.table, permission=MANAGE),
    Page(path="buy-seats", title=_SEATS, handle=seats.form, permission=MANAGE),
    Page(path="buy-seats", title=_SEATS, handle=seats.send, permission=MANAGE, method="POST"),
)

PAGES: Final[tuple[Page, ...]] = _FAMILY + _OFFICE

NAVIGATION: Final[tuple[NavItem, ...]] = (
    NavItem(label=_ORDERS, path="", icon="receipt", order=70),
    NavItem(label=_DESK, path="desk", icon="receipt", order=70),
)
