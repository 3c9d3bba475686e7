"""The way out of the site leads to named hosts only, by a page of ours that says where to."""

import pytest

from kundelik_core.web.middleware import Shell
from kundelik_core.web.modules import Host
from tests.security.town import Town
from tests.web import browser, open_session


async def go(app: Shell, town: Town, to: str, method: str = "POST") -> tuple[int, str, str]:
    async with browser(app, token=await open_session(town.accounts["parent"])) as client:
        client.cookies.set("kundelik_lang", "en", domain="kundelik.test")
        answer = await client.request(method, "/x/till/away", params={"to": to})
    return answer.status_code, answer.headers.get("refresh", ""), answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "to",
    [
        "https://pay.example/c/pay/cs_test_a1#fid%20x",
        "https://pay.example",
        "https://pay.example:443/?a=1&b=2;c=[1]",
        "https://more.example/x",
        "http://more.example/x",
        "http://127.0.0.1:8443/pay",
        "https://127.0.0.1:8443/pay",
    ],
)
async def test_named_hosts_are_led_to(
    app: Shell, town: Town, on: Host, to: str, method: str
) -> None:
    assert on.registry.loaded
    status, refresh, text = await go(app, town, to, method)
    assert (status, refresh) == (200, f"0; url={to}")
    host = to.split("/")[2].removesuffix(":443")
    assert f"You go on to pay at {host}" in text
    assert f'href="{to.replace("&", "&amp;")}"' in text


@pytest.mark.parametrize(
    "to",
    [
        "",
        "/x/till/away",
        "//pay.example/",
        "http://pay.example/",
        "https://pay.example:8443/",
        "https://evil.example/",
        "https://pay.example.evil.example/",
        "https://pay.example@evil.example/",
        "https://evil.example\\@pay.example/",
        "https://x@pay.example/",
        "https://pay.example/\r\nSet-Cookie: a=b",
        "https://pay.example/ b",
        'https://pay.example/"',
        "https://pay.example/<",
        "https://pay.example/ә",
        "javascript:alert(1)//pay.example/",
        "data:text/html,pay.example",
        "ftp://more.example/",
        "http://127.0.0.1/",
        "http://127.0.0.1:80/",
        "https://more.example:8443/",
        "https://pay.example:99999/",
        "https://[pay.example/",
        "https://pay.example/" + "x" * 4000,
    ],
)
async def test_nothing_else_is(app: Shell, town: Town, on: Host, to: str) -> None:
    assert on.registry.loaded
    status, refresh, text = await go(app, town, to)
    assert (status, refresh) == (503, "")
    assert 'href="http' not in text


async def test_who_pays_through_another_leads_to_its_host(app: Shell, town: Town, on: Host) -> None:
    assert "purse" in on.registry.ways_to_pay
    status, refresh, _text = await go(app, town, "https://purse.example/1")
    assert (status, refresh) == (200, "0; url=https://purse.example/1")


@pytest.mark.parametrize(
    ("to", "where"),
    [
        ("/x/purse/pay/12-ABCDE23456-1?a=1", "/x/purse/pay/12-ABCDE23456-1?a=1"),
        ("/x/purse/", "/x/purse"),
        ("/x/purse/../till/away", ""),
        ("/x/purse/%2e%2e/till/away", ""),
        ("/x/purse//evil.example", ""),
        ("/x/asker/ask", ""),
        ("/x/purses/pay", ""),
    ],
)
async def test_and_to_its_own_pages(app: Shell, town: Town, on: Host, to: str, where: str) -> None:
    assert on.registry.loaded
    async with browser(app, token=await open_session(town.accounts["parent"])) as client:
        answer = await client.post("/x/till/away", params={"to": to})
    assert answer.status_code == (303 if where else 503)
    assert answer.headers.get("location", "").startswith(where)
