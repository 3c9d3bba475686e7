"""Give a person of a school an account, so that a code can be printed for it."""

from uuid import UUID

from kundelik_core.identity.accounts import NewAccount, create_accounts
from kundelik_core.identity.queries import taken_logins
from kundelik_core.identity.standing import account_states
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.actions.directory import follow
from kundelik_core.schools.actions.people import set_accounts
from kundelik_core.schools.generate.names import latinised

__all__ = ["ensure_account"]

SHORTEST_LOGIN = 3
MOST_NAMESAKES = 200


async def ensure_account(school_id: int, person: UUID, locale: str) -> UUID:
    """Return a person's account, made now if there is none; repeating it changes nothing.

    The school's own row comes first: after a crash between the two, the next call makes the
    account under the id that the person has already.

    Raises:
        Problem: 404 when the school has no such person.
    """
    async with tenant(school_id, write=True) as tx:
        await set_accounts(tx, [(person, new_id())])
        row = await tx.fetchrow(
            "select p.account_id, p.surname, p.given from core.person p "
            "where p.school_id = $1 and p.id = $2 and p.status <> 'erased'",
            school_id,
            person,
        )
    if row is None:
        raise Problem("not-found", N_("There is nothing at this address."), status=404)
    account = UUID(int=row["account_id"].int)
    if account not in await account_states([account]):
        name = f"{row['surname']} {row['given']}"
        login = await _free_login(row["given"], row["surname"])
        await create_accounts(
            [NewAccount(id=account, login=login, display_name=name, locale=locale)]
        )
    await follow(school_id, [person])
    return account


async def _free_login(given: str, surname: str) -> str:
    parts = ("".join(filter(str.isalnum, latinised(name))) for name in (given, surname))
    base = ".".join(part for part in parts if part)[:48]
    if len(base) < SHORTEST_LOGIN:
        base = f"user.{base}".strip(".")
    wanted = [base, *(f"{base}{n}" for n in range(2, MOST_NAMESAKES))]
    taken = await taken_logins(wanted)
    free = next((login for login in wanted if login not in taken), None)
    return free or f"{base}.{new_id().hex[-6:]}"
