import asyncio
import itertools
from collections.abc import Awaitable
from typing import Any

import pytest

from kundelik_core.identity import accounts, actions, queries, rules
from kundelik_core.identity.model import Membership
from kundelik_core.kernel.db import directory
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id
from tests.factories import NOW, Factory

PASSWORD = "three quiet camels"
_numbers = itertools.count(1)


@pytest.fixture
def login(factory: Factory) -> str:
    return f"aisha.{new_id().hex[-12:]}"


@pytest.fixture
def address() -> str:
    """An address of its own for each test: failures of one must not slow another."""
    return f"2001:db8::{next(_numbers):x}:{new_id().hex[-4:]}"


async def refused(call: Awaitable[Any]) -> Problem:
    with pytest.raises(Problem) as caught:
        await call
    return caught.value


async def test_right_password_opens_a_session_whose_token_is_not_stored(
    login: str, address: str
) -> None:
    account = await accounts.create_account(login, "Айша Ахметова", password=PASSWORD, locale="ru")

    signed = await actions.sign_in(f" {login.upper()} ", PASSWORD, address, "a browser")

    found = await queries.authenticate(rules.token_hash(signed.token))
    assert found is not None
    assert (found.actor.account_id, found.actor.locale) == (account, "ru")
    listed = await queries.list_sessions(found.actor)
    assert [(s.user_agent, s.address, s.current) for s in listed] == [("a browser", address, True)]
    assert signed.token not in repr(listed)


async def test_all_failures_look_alike(factory: Factory, login: str, address: str) -> None:
    await accounts.create_account(login, "Бар", password=PASSWORD)
    blocked = await accounts.create_account(f"{login}.b", "Бұғатталған", password=PASSWORD)
    await accounts.set_status(blocked, "blocked")
    await accounts.create_account(f"{login}.n", "Құпиясөзсіз")

    tries = [
        (login, "wrong password"),
        (f"{login}.b", PASSWORD),
        (f"{login}.n", PASSWORD),
        ("nobody", PASSWORD),
    ]
    problems = [await refused(actions.sign_in(name, password, address)) for name, password in tries]

    assert {(p.code, p.message, p.status, p.field, str(p.extra)) for p in problems} == {
        ("sign-in-failed", problems[0].message, 401, None, "{}")
    }
    outcomes = await factory.directory.fetch(
        "select outcome from directory.sign_in_log where address = $1 order by at, id", address
    )
    assert [r["outcome"] for r in outcomes] == ["wrong", "blocked", "wrong", "unknown"]


async def test_an_unknown_login_costs_the_same_work(login: str, address: str) -> None:
    """Counted in hashes rather than in seconds: every failure runs exactly one."""
    from kundelik_core.kernel import passwords

    await accounts.create_account(login, "Бар", password=PASSWORD)
    ran: list[str | None] = []
    real = passwords._verify

    def counting(stored: str | None, password: str) -> bool:
        ran.append(stored)
        return real(stored, password)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_verify", counting)
        await refused(actions.sign_in("nobody.at.all", "x" * 12, address))
        await refused(actions.sign_in(login, "x" * 12, address))
    assert len(ran) == 2
    assert ran[0] is None
    assert (ran[1] or "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_the_limit_holds_over_parallel_tries(login: str, address: str) -> None:
    await accounts.create_account(login, "Бар", password=PASSWORD)

    problems = await asyncio.gather(
        *(refused(actions.sign_in(login, f"wrong password {n}", address)) for n in range(25))
    )

    codes = sorted(p.code for p in problems)
    assert codes == ["sign-in-failed"] * rules.LOGIN_LIMIT + ["too-many-attempts"] * (
        25 - rules.LOGIN_LIMIT
    )
    # Even the right password waits now, and an unknown login is limited in the same way.
    assert (await refused(actions.sign_in(login, PASSWORD, address))).status == 429


async def test_success_forgets_the_failures_of_the_login(login: str, address: str) -> None:
    await accounts.create_account(login, "Бар", password=PASSWORD)
    for _ in range(3):
        for n in range(4):
            await refused(actions.sign_in(login, f"wrong password {n}", address))
        await actions.sign_in(login, PASSWORD, address)


async def test_many_failures_of_an_address_close_it_for_every_login(
    factory: Factory, login: str, address: str
) -> None:
    await accounts.create_account(login, "Бар", password=PASSWORD)
    await factory.directory.execute(
        "insert into directory.attempt values ($1, $2, now() + interval '15 minutes')",
        f"address:{address}",
        rules.ADDRESS_LIMIT,
    )
    assert (await refused(actions.sign_in(login, PASSWORD, address))).code == "too-many-attempts"


async def test_a_code_is_good_once_even_in_parallel(login: str, address: str) -> None:
    account = await accounts.create_account(login, "Бар")
    code = await actions.issue_activation(account)

    async def use(password: str) -> str:
        try:
            return (
                await actions.activate(f"{code[:5].lower()} - {code[5:]}", password, address)
            ).token
        except Problem as problem:
            return problem.code

    results = await asyncio.gather(*(use(f"quiet camel number {n}") for n in range(4)))
    assert sum(r != "code-unknown" for r in results) == 1
    assert (await refused(actions.activate(code, PASSWORD, address))).code == "code-unknown"


async def test_a_new_code_ends_the_one_before_and_a_weak_password_uses_none_up(
    login: str, address: str
) -> None:
    account = await accounts.create_account(login, "Бар")
    old = await actions.issue_activation(account)
    new = await actions.issue_activation(account)

    assert (await refused(actions.activate(old, PASSWORD, address))).code == "code-unknown"
    assert (await refused(actions.activate(new, "short", address))).code == "password-short"
    assert (await refused(actions.activate(new, f"{login}1", address))).code == "password-is-login"
    signed = await actions.activate(new, PASSWORD, address)
    assert signed.account_id == account
    assert (await actions.sign_in(login, PASSWORD, address)).account_id == account


async def test_an_expired_code_is_unknown(login: str, address: str) -> None:
    account = await accounts.create_account(login, "Бар")
    code = await actions.issue_activation(account, days=-1)
    assert (await refused(actions.activate(code, PASSWORD, address))).code == "code-unknown"


async def test_codes_cannot_be_guessed_for_ever(factory: Factory, address: str) -> None:
    await factory.directory.execute(
        "insert into directory.attempt values ($1, $2, now() + interval '15 minutes')",
        f"code:{address}",
        rules.CODE_LIMIT - 1,
    )
    assert (await refused(actions.activate("AAAAAAAAAA", PASSWORD, address))).code == "code-unknown"
    assert (
        await refused(actions.activate("AAAAAAAAAA", PASSWORD, address))
    ).code == "too-many-attempts"


async def test_changing_the_password_ends_every_other_session(login: str, address: str) -> None:
    account = await accounts.create_account(
        login, "Бар", password=PASSWORD, must_change_password=True
    )
    phone = await actions.sign_in(login, PASSWORD, address)
    assert phone.must_change_password

    wrong = await refused(
        actions.change_password(account, "not it at all", "four loud camels", address)
    )
    assert (wrong.code, wrong.field) == ("old-password", "old")
    token = await actions.change_password(account, PASSWORD, "four loud camels", address)

    assert await queries.authenticate(rules.token_hash(phone.token)) is None
    found = await queries.authenticate(rules.token_hash(token))
    assert found is not None
    assert not found.actor.must_change_password
    assert (await refused(actions.sign_in(login, PASSWORD, address))).code == "sign-in-failed"


async def test_one_device_is_signed_out_by_its_name_and_only_by_its_owner(
    login: str, address: str
) -> None:
    account = await accounts.create_account(login, "Бар", password=PASSWORD)
    other = await accounts.create_account(f"{login}.o", "Басқа", password=PASSWORD)
    first = await actions.sign_in(login, PASSWORD, address)
    second = await actions.sign_in(login, PASSWORD, address)
    ref = rules.session_ref(rules.token_hash(first.token))

    assert not await actions.close_session(other, ref)
    assert await actions.close_session(account, ref)
    assert await queries.authenticate(rules.token_hash(first.token)) is None
    assert await queries.authenticate(rules.token_hash(second.token)) is not None


async def test_accounts_and_links_may_be_written_again(
    factory: Factory, login: str, address: str
) -> None:
    school = await factory.school()
    parent, child = new_id(), new_id()
    account = new_id()
    new = accounts.NewAccount(id=account, login=login, display_name="Ата Ана")
    link = accounts.MembershipLink(
        account_id=account, school_id=school, person_id=parent, role="parent", from_date=NOW.date()
    )
    tie = accounts.ChildLink(
        account_id=account,
        school_id=school,
        guardian_id=parent,
        pupil_id=child,
        given_name="Айша",
        from_date=NOW.date(),
    )
    for _ in range(2):
        await accounts.create_accounts([new])
        await accounts.link_membership(link)
        await accounts.link_child(tie)
    await actions.set_password(account, PASSWORD, must_change=False)
    signed = await actions.sign_in(login, PASSWORD, address)

    found = await queries.authenticate(rules.token_hash(signed.token))
    assert found is not None
    actor = found.actor
    assert actor.memberships == (Membership(school, parent, "parent"),)
    assert [(c.pupil_id, c.given_name) for c in actor.children] == [(child, "Айша")]
    assert actor.schools == (school,)
    assert actor.person(school) == parent


async def test_a_role_counts_from_its_first_day_to_its_last(factory: Factory, login: str) -> None:
    school = await factory.school()
    account = await accounts.create_account(login, "Бар", password=PASSWORD)
    person = new_id()
    for role, begins, ends in (
        ("teacher", "2026-09-01", "2099-01-01"),
        ("deputy", "2020-09-01", "2021-05-31"),
        ("director", "2099-09-01", None),
    ):
        await directory().execute(
            "insert into directory.account_school values ($1, $2, $3, $4, $5::text::date, "
            "$6::text::date)",
            account,
            school,
            person,
            role,
            begins,
            ends,
        )
    signed = await actions.sign_in(login, PASSWORD, "198.51.100.77")
    found = await queries.authenticate(rules.token_hash(signed.token))
    assert found is not None
    assert found.actor.roles(school) == {"teacher"}


async def test_a_taken_login_makes_no_account_at_all(factory: Factory, login: str) -> None:
    await accounts.create_account(login, "Бірінші")
    second = new_id()
    problem = await refused(
        accounts.create_accounts(
            [
                accounts.NewAccount(id=new_id(), login=f"{login}.x", display_name="Үшінші"),
                accounts.NewAccount(id=second, login=login.upper(), display_name="Екінші"),
            ]
        )
    )
    assert (problem.code, problem.status) == ("login-taken", 409)
    assert not await directory().fetchval("select 1 from directory.account where id = $1", second)
    assert await queries.taken_logins([login, f"{login}.x"]) == {login}


async def test_the_application_cannot_read_sessions_or_give_itself_a_role(
    databases: object,
) -> None:
    import asyncpg

    for statement in (
        "select * from directory.session",
        "delete from directory.session",
        "insert into directory.platform_role select id, 'operator' from directory.account",
        "update directory.attempt set n = 0",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await directory().execute(statement)
