import asyncio

import pytest

from kundelik_core.kernel import passwords
from kundelik_core.kernel.errors import Problem


async def test_a_hash_fits_its_password_only() -> None:
    stored = await passwords.hash_password("three quiet camels")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.check_password(stored, "three quiet camels")
    assert not await passwords.check_password(stored, "three quiet camel")
    assert stored != await passwords.hash_password("three quiet camels")


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$broken"])
async def test_without_a_hash_nothing_fits(stored: str | None) -> None:
    assert not await passwords.check_password(stored, "anything at all")


async def test_weaker_hashes_are_renewed() -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("three quiet camels")
    assert passwords.needs_rehash(weak)
    assert await passwords.check_password(weak, "three quiet camels")
    assert not passwords.needs_rehash(await passwords.hash_password("three quiet camels"))


async def test_a_long_queue_is_answered_busy_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "CORES", 1)
    monkeypatch.setattr(passwords, "QUEUE_PER_CORE", 3)
    results = await asyncio.gather(
        *(passwords.check_password(None, "x") for _ in range(5)), return_exceptions=True
    )
    busy = [r for r in results if isinstance(r, Problem)]
    assert [(p.code, p.status) for p in busy] == [("busy", 503)] * 2
    assert await passwords.check_password(None, "x") is False
