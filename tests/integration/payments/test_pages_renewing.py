"""A card that is charged again: only if chosen, ended at one click, and given back in full."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases
from kundelik_core.plugins.database import PluginPools
from tests.factories import Factory
from tests.fake_stripe.remote import Fake
from tests.fake_stripe.remote import running as fake_running
from tests.integration.payments.counter import WEDNESDAY, Counter, at_school, open_counter
from tests.plugins import keys_for
from tests.security.town import CHILD_HERE
from tests.web import running

__all__ = ["at_school"]


@pytest.fixture(scope="module")
async def cards(
    databases: Databases, urls: Urls, factory: Factory
) -> AsyncIterator[tuple[Counter, Fake]]:
    assert databases.jobs_url
    pools = PluginPools(keys_for(urls).logins.url_for)
    with fake_running() as fake, set_now(WEDNESDAY):
        fake.act("clock", seconds=int(WEDNESDAY.timestamp()) - fake.state()["now"])
        secrets = {
            "PAYMENTS_STRIPE_KEY": "sk_test_fake",
            "PAYMENTS_STRIPE_WEBHOOK": "whsec_fake",
            "PAYMENTS_STRIPE_ADDRESS": fake.url,
        }
        hosts = {"PAYMENTS": (fake.url.removeprefix("http://"),)}
        async with running(secrets=secrets, plugin_hosts=hosts) as app:
            yield await open_counter(app, factory, pools), fake
    await pools.close()


async def paid(counter: Counter, fake: Fake, **more: Any) -> str:
    """Order, pay by card, come back, and return the address of the order's page."""
    page = await counter.shop(query=f"&student={counter.children[0]}")
    assert 'name="renew" value="yes">' in page.text  # never ticked beforehand
    form = counter.form(page, way="stripe", **more)
    away = await counter.send("parent", "buy", form)
    assert away.status_code == 200, away.text
    session = fake.objects("checkout.session")[-1]
    assert session["url"] in away.headers["refresh"]
    fake.act("pay", session=session["id"])
    code = session["success_url"].rpartition("/x/payments/")[2]
    back = await counter.send("parent", code)
    assert back.status_code == 303
    path: str = back.headers["location"].removeprefix("/x/payments/").partition("?")[0]
    return path


async def test_paid_by_card_it_is_open_at_once_and_nobody_was_named(
    cards: tuple[Counter, Fake],
) -> None:
    counter, fake = cards
    path = await paid(counter, fake)
    page = await counter.send("parent", path)
    assert "Paid on 04.11.2026." in page.text
    assert "until 03.12.2026" in page.text or "until 04.12.2026" in page.text
    assert "Stop the renewal" not in page.text
    told = str(fake.state())
    for secret in (CHILD_HERE, *map(str, counter.children)):
        assert secret not in told
    # All of it back, at one click, the way it came.
    done = await counter.send("parent", f"{path}/refund", {"line": "1"})
    assert done.headers["location"].endswith("?done=refund")
    assert len(fake.objects("refund")) == 1
    after = await counter.send("parent", path)
    assert "not open now" in after.text
    assert "Cancellation C" in after.text


async def test_a_renewal_is_chosen_rested_and_ended(cards: tuple[Counter, Fake]) -> None:
    counter, fake = cards
    path = await paid(counter, fake, renew="yes")
    page = await counter.send("parent", path)
    assert "Stop the renewal" in page.text
    assert "renews itself" in page.text
    assert "Rest over the summer" not in page.text  # in November nobody asks
    again = await counter.shop(query=f"&student={counter.children[0]}")
    assert "renews by itself, nothing to buy" in again.text
    form = counter.form(again, way="stripe")
    assert (await counter.send("parent", "buy", form)).status_code == 422
    card = await counter.send("parent", f"{path}/card", {})
    assert card.status_code == 200
    assert "refresh" in card.headers
    for role in ("other_parent", "director", "pupil"):
        assert (await counter.send(role, f"{path}/stop", {})).status_code == 404
    with set_now(datetime(2027, 6, 1, 8, tzinfo=UTC)):
        rested = await counter.send("parent", f"{path}/rest", {"rest": "yes"})
        assert rested.headers["location"].endswith("?done=summer")
        assert "rests over the summer" in (await counter.send("parent", path)).text.lower()
        on = await counter.send("parent", f"{path}/rest", {"rest": "no"})
        assert on.headers["location"].endswith("?done=again")
    late = await counter.send("parent", f"{path}/rest", {"rest": "yes"})
    assert late.headers["location"].endswith("?trouble=refused")
    for _twice in range(2):
        ended = await counter.send("parent", f"{path}/stop", {})
        assert ended.headers["location"].endswith("?done=renewal")
    (subscription,) = fake.objects("subscription")
    assert subscription["cancel_at_period_end"] is True
    page = await counter.send("parent", path)
    assert "It does not renew. It is open until" in page.text
    assert "Stop the renewal" not in page.text


async def test_a_service_that_does_not_answer_charges_nothing(
    cards: tuple[Counter, Fake],
) -> None:
    counter, fake = cards
    page = await counter.shop(query=f"&student={counter.children[1]}")
    form = counter.form(page, way="stripe", summer="yes", student=[str(counter.children[1])])
    fake.fault("402", "/v1/checkout/sessions", times=1)
    answer = await counter.send("parent", "buy", form)
    assert answer.status_code == 303
    assert re.search(r"\?trouble=(declined|busy|unclear)$", answer.headers["location"])
    path = answer.headers["location"].removeprefix("/x/payments/")
    told = await counter.send("parent", path)
    assert 'role="alert"' in told.text
    again = await counter.send("parent", f"{path.partition('?')[0]}/pay", {"way": "stripe"})
    assert again.status_code == 200
    assert "refresh" in again.headers
