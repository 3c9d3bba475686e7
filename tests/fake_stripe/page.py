"""The page on which a person pays at the fake, for browsers: look at the amount, pay or leave."""

from html import escape

from tests.fake_stripe.payer import pay
from tests.fake_stripe.shapes import Object
from tests.fake_stripe.world import World

__all__ = ["PATH", "paid", "shown"]

PATH = "/pay/"


def shown(world: World, path: str) -> str:
    """Return the page of a session."""
    page = world.get(path.removeprefix(PATH), "checkout.session")
    amount, currency = page["amount_total"] / 100, str(page["currency"]).upper()
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Pay</title>'
        f"<h1>{amount:.2f} {escape(currency)}</h1>{_lines(page)}"
        '<form method="post"><button>Pay</button></form>'
        f'<p><a href="{escape(str(page["cancel_url"]))}">Leave</a></p>'
    )


def _lines(page: Object) -> str:
    found = [escape(str(one["price_data"]["product_data"]["name"])) for one in page["_lines"]]
    return f"<ul>{''.join(f'<li>{name}</li>' for name in found)}</ul>"


def paid(world: World, path: str) -> str:
    """Pay, and return where the payer is led back to."""
    page = pay(world, path.removeprefix(PATH))
    return str(page["success_url"]).replace("{CHECKOUT_SESSION_ID}", page["id"])
