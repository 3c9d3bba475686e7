"""Sign-in and sign-out through the pages, and what may not come in."""

import asyncio
import re

import httpx
import pytest

from kundelik_core.identity import accounts, actions, rules
from kundelik_core.kernel.ids import new_id
from kundelik_core.web.middleware import Shell
from kundelik_core.web.visit import SESSION_COOKIE
from tests.factories import Factory
from tests.web import browser, open_session, running

PASSWORD = "three quiet camels"


def fresh() -> str:
    return f"w.{new_id().hex[-12:]}"


def cookie_of(answer: httpx.Response, name: str = SESSION_COOKIE) -> str | None:
    lines = [c for c in answer.headers.get_list("set-cookie") if c.startswith(f"{name}=")]
    assert len(lines) <= 1
    return lines[0] if lines else None


async def test_sign_in_sets_a_closed_cookie_and_goes_on(app: Shell) -> None:
    login = fresh()
    await accounts.create_account(login, "Айша Ахметова", password=PASSWORD)
    async with browser(app) as client:
        assert (await client.get("/account")).headers["location"] == "/login?next=/account"
        page = await client.get("/login?next=/account")
        assert 'name="next" value="/account"' in page.text
        answer = await client.post(
            "/login", data={"login": login, "password": PASSWORD, "next": "/account"}
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/account")
        cookie = cookie_of(answer)
        assert cookie is not None
        for part in ("HttpOnly", "SameSite=Lax", "Path=/"):
            assert part in cookie
        assert "Secure" not in cookie
        account = await client.get("/account")
        assert account.status_code == 200
        assert "Айша Ахметова" in account.text
        assert (await client.get("/login")).status_code == 303

        away = await client.post("/logout")
        assert away.headers["location"] == "/login"
        assert "Max-Age=0" in (cookie_of(away) or "")
        assert "You are signed out." in (await client.get("/login")).text
        assert "You are signed out." not in (await client.get("/login")).text
        assert (await client.get("/account")).status_code == 303


async def test_over_https_the_cookie_is_secure_and_hsts_is_said(app: Shell) -> None:
    login = fresh()
    await accounts.create_account(login, "Айша", password=PASSWORD)
    async with browser(app) as client:
        answer = await client.post(
            "https://kundelik.test/login", data={"login": login, "password": PASSWORD}
        )
    assert "; Secure" in (cookie_of(answer) or "")
    assert "max-age=" in answer.headers["strict-transport-security"]


async def test_wrong_unknown_and_blocked_get_the_same_answer(app: Shell) -> None:
    known, blocked = fresh(), fresh()
    await accounts.create_account(known, "Бар", password=PASSWORD)
    await accounts.set_status(
        await accounts.create_account(blocked, "Б", password=PASSWORD), "blocked"
    )
    seen = set()
    # Unpacked: the login that was typed comes back and packs more or less well.
    async with browser(app, **{"Accept-Encoding": "identity"}) as client:
        for login, password in ((known, "wrong one"), (fresh(), PASSWORD), (blocked, PASSWORD)):
            answer = await client.post("/login", data={"login": login, "password": password})
            headers = {k: v for k, v in answer.headers.items() if k != "x-request-id"}
            seen.add((answer.status_code, answer.text.replace(login, "?"), str(headers)))
            assert cookie_of(answer) is None
    assert len(seen) == 1, [h for _s, _t, h in seen]
    assert seen.pop()[0] == 401


async def test_an_id_chosen_by_the_client_is_never_taken(app: Shell) -> None:
    login, chosen = fresh(), "c" * 43
    await accounts.create_account(login, "Айша", password=PASSWORD)
    async with browser(app, token=chosen) as client:
        answer = await client.post("/login", data={"login": login, "password": PASSWORD})
        made = (cookie_of(answer) or "").split("=", 1)[1].split(";")[0]
        assert made != chosen
    async with browser(app, token=chosen) as client:
        assert (await client.get("/account")).status_code == 303


async def test_signing_in_again_ends_the_session_before(app: Shell) -> None:
    login = fresh()
    account = await accounts.create_account(login, "Айша", password=PASSWORD)
    old = await open_session(account)
    async with browser(app, token=old) as client:
        await client.post("/login", data={"login": login, "password": PASSWORD})
    async with browser(app, token=old) as client:
        assert (await client.get("/account")).status_code == 303


async def test_the_login_limit_holds_over_two_applications(app: Shell) -> None:
    login = fresh()
    await accounts.create_account(login, "Айша", password=PASSWORD)
    async with running() as other, browser(app) as one, browser(other) as two:
        answers = await asyncio.gather(
            *(
                client.post("/login", data={"login": login, "password": f"wrong {n}"})
                for n in range(8)
                for client in (one, two)
            )
        )
    codes = sorted(a.status_code for a in answers)
    assert codes == [401] * rules.LOGIN_LIMIT + [429] * (16 - rules.LOGIN_LIMIT)
    limited = next(a for a in answers if a.status_code == 429)
    assert int(limited.headers["retry-after"]) == 900


async def test_signing_out_everywhere_ends_the_session_in_the_other_worker(app: Shell) -> None:
    account = await accounts.create_account(fresh(), "Айша", password=PASSWORD)
    phone, desk = await open_session(account), await open_session(account)
    async with (
        running() as other,
        browser(app, token=desk) as here,
        browser(other, token=phone) as there,
    ):
        assert (await there.get("/account")).status_code == 200
        forgotten = asyncio.Event()
        hub = other.sessions._hub
        assert hub is not None
        hub.subscribe("sessions", lambda _payload: forgotten.set())
        assert (await here.post("/account/sessions/end-all")).status_code == 303
        await asyncio.wait_for(forgotten.wait(), 10)
        assert (await there.get("/account")).status_code == 303


@pytest.mark.parametrize(
    "path", ["/login", "/logout", "/preferences", "/account/password", "/api/v1/none"]
)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.test"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
        {"Sec-Fetch-Site": "", "Origin": "http://kundelik.test.evil.test"},
    ],
)
async def test_what_another_site_sends_is_not_carried_out(
    app: Shell, path: str, headers: dict[str, str]
) -> None:
    token = await open_session(await accounts.create_account(fresh(), "Айша"))
    async with browser(app, token=token) as client:
        answer = await client.post(path, data={"lang": "ru"}, headers=headers)
        assert answer.status_code == 403
        assert not answer.headers.get_list("set-cookie")
        assert (await client.get("/account")).status_code == 200


async def test_our_own_pages_and_programs_may_post(app: Shell) -> None:
    async with browser(app) as client:
        for headers in (
            {"Sec-Fetch-Site": "", "Origin": "http://kundelik.test"},
            {"Sec-Fetch-Site": ""},
            {},
        ):
            answer = await client.post("/preferences", data={"lang": "ru"}, headers=headers)
            assert answer.status_code == 303


@pytest.mark.parametrize(
    "goal",
    [
        "//evil.test",
        "https://evil.test",
        "/\\evil.test",
        "/\t/evil.test",
        "javascript:alert(1)",
        "\\\\evil.test",
        "/logout",
    ],
)
async def test_no_way_leads_out_of_the_site(app: Shell, goal: str) -> None:
    login = fresh()
    await accounts.create_account(login, "Айша", password=PASSWORD)
    async with browser(app) as client:
        page = await client.get("/login", params={"next": goal})
        assert 'name="next"' not in page.text.split('action="/login"')[1]
        answer = await client.post(
            "/login", data={"login": login, "password": PASSWORD, "next": goal}
        )
        assert answer.headers["location"] == "/"
        answer = await client.post("/preferences", data={"theme": "dark", "next": goal})
        assert answer.headers["location"] in {"/", "/logout"}


async def test_a_slip_leads_to_a_password_and_in(app: Shell) -> None:
    login = fresh()
    account = await accounts.create_account(login, "Айша")
    code = await actions.issue_activation(account)
    async with browser(app) as client:
        page = await client.get("/activate", params={"code": code})
        assert f'value="{code}"' in page.text
        wrong = await client.post(
            "/activate", data={"code": code, "password": PASSWORD, "again": "other"}
        )
        assert wrong.status_code == 422
        assert "The two passwords differ" in wrong.text
        short = await client.post(
            "/activate", data={"code": code, "password": "short", "again": "short"}
        )
        assert "at least 10 characters" in short.text
        assert 'short"' not in short.text
        done = await client.post(
            "/activate", data={"code": code, "password": PASSWORD, "again": PASSWORD}
        )
        assert (done.status_code, done.headers["location"]) == (303, "/account")
        assert login in (await client.get("/account")).text
        again = await client.post(
            "/activate", data={"code": code, "password": PASSWORD, "again": PASSWORD}
        )
        assert again.status_code == 422


async def test_a_due_password_opens_only_the_account(app: Shell) -> None:
    login = fresh()
    await accounts.create_account(
        login, "Айша", locale="en", password=PASSWORD, must_change_password=True
    )
    async with browser(app) as client:
        answer = await client.post(
            "/login", data={"login": login, "password": PASSWORD, "next": "/diary"}
        )
        assert answer.headers["location"] == "/account"
        assert (await client.get("/")).headers["location"] == "/account"
        assert "Choose a new password" in (await client.get("/account")).text
        changed = await client.post(
            "/account/password",
            data={"old": PASSWORD, "new": "four loud camels", "again": "four loud camels"},
        )
        assert changed.status_code == 303
        page = await client.get("/account")
        assert "Your password is changed." in page.text
        assert "Choose a new password" not in page.text


async def test_changing_the_password_says_what_is_wrong_at_its_field(app: Shell) -> None:
    account = await accounts.create_account(fresh(), "Айша", password=PASSWORD)
    async with browser(app, token=await open_session(account)) as client:
        for fields, name in (
            ({"old": "no", "new": "four loud camels", "again": "four loud camels"}, "old"),
            ({"old": PASSWORD, "new": "password123", "again": "password123"}, "new"),
            ({"old": PASSWORD, "new": "four loud camels", "again": "x"}, "again"),
        ):
            answer = await client.post("/account/password", data=fields)
            assert answer.status_code == 422
            assert re.findall(r'class="err" id="e-(\w+)"', answer.text) == [name]


async def test_a_device_is_listed_and_signed_out(app: Shell) -> None:
    account = await accounts.create_account(fresh(), "Айша", locale="en", password=PASSWORD)
    other = await open_session(account)
    async with browser(app, token=await open_session(account)) as client:
        page = await client.get("/account")
        refs = re.findall(r"/account/sessions/(\w+)/end\"", page.text)
        assert refs == [rules.session_ref(rules.token_hash(other))]
        await client.post(f"/account/sessions/{refs[0]}/end")
        assert "That device is signed out." in (await client.get("/account")).text
    async with browser(app, token=other) as client:
        assert (await client.get("/account")).status_code == 303


async def test_preferences_are_kept_with_and_without_an_account(
    app: Shell, factory: Factory
) -> None:
    account = await accounts.create_account(fresh(), "Айша")
    async with browser(app, token=await open_session(account)) as client:
        await client.post("/preferences", data={"lang": "ru", "next": "/account"})
        await client.post("/preferences", data={"theme": "dark", "next": "/account"})
        page = await client.get("/account")
        assert '<html lang="ru" data-theme="dark">' in page.text
        await client.post("/preferences", data={"lang": "xx", "theme": "<b>"})
    row = await factory.directory.fetchrow(
        "select locale, theme from directory.account where id = $1", account
    )
    assert row is not None
    assert (row["locale"], row["theme"]) == ("ru", "dark")
    async with browser(app, lang="ru-KZ,ru;q=0.9,en;q=0.5") as client:
        assert '<html lang="ru">' in (await client.get("/login")).text
        assert '<html lang="kk">' in (await client.get("/login?lang=kk")).text
        assert '<html lang="kk">' in (await client.get("/login")).text
        await client.post("/preferences", data={"theme": "light"})
        assert 'data-theme="light"' in (await client.get("/login")).text
