"""Take the steps that let a plugin in or shut it out, as whoever runs the installation says."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Final

import asyncpg
import msgspec

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import now
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.migrate import MigrationError
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.database import (
    ProvisionError,
    asking_of,
    install_key,
    login_of,
    migrate_plugin,
    pending_migrations,
    provision,
    restore,
    suspend,
)
from kundelik_core.plugins.host.plans import all_found
from kundelik_core.plugins.life.installed import is_first_party
from kundelik_core.plugins.life.model import Approval, Mode, Step
from kundelik_core.plugins.life.operator import Operator, operator
from kundelik_core.plugins.life.queries import approvals
from kundelik_core.plugins.life.rules import after_step, banned, decide, wanted
from kundelik_core.plugins.states import Found, State

__all__ = [
    "approve",
    "approve_all_first_party",
    "block",
    "make_ready",
    "migrate",
    "prepare_plugins",
    "withdraw",
]

MIGRATIONS: Final = "migrations"

_log = logging.getLogger(__name__)
_FAULTS: Final = (ProvisionError, MigrationError, ValueError, OSError, asyncpg.PostgresError)


async def approve(
    op: Operator,
    one: Found,
    *,
    mode: Mode | None = None,
) -> Approval:
    """Let exactly what is installed run, with the scopes it asks for, and make its tables.

    ``mode`` is as the operator says; otherwise what belongs to the core runs in its processes and
    everything else in one of its own.

    Raises:
        Problem: it cannot be used, is on the blocklist, or its tables could not be made.
    """
    before = await op.record(one.name)
    _check(op, one)
    assert one.manifest is not None
    scopes = tuple(sorted(set(one.manifest.data.reads)))
    chosen: Mode = mode or ("process" if is_first_party(one, op.index) else "host")
    state = after_step(one.name, before.state if before else None, Step.APPROVE)
    if before and before.trash:
        await restore(op.tenant, one.name, before.trash)
    approval = Approval(
        name=one.name,
        state=state,
        version=one.version,
        sha256=one.sha256,
        scopes=scopes,
        mode=chosen,
        retention=one.manifest.data.retention or "",
        approved_at=now(),
        approved_by=op.doer,
        changed_at=now(),
    )
    added = tuple(sorted(set(scopes) - set(before.scopes if before else ())))
    await op.remember(approval, Step.APPROVE, scopes=added, note=chosen)
    return await migrate(op, one)


def _check(op: Operator, one: Found) -> None:
    if one.state is not State.FOUND or one.manifest is None:
        why = one.reason.text() if one.reason else one.state.value
        raise Problem(
            "plugin-unusable",
            N_("The plugin %(plugin)s cannot be used: %(why)s"),
            params={"plugin": one.name, "why": why},
        )
    try:
        login_of(one.name)
    except ValueError as error:
        raise Problem(
            "plugin-unusable",
            N_("The plugin %(plugin)s cannot be used: %(why)s"),
            params={"plugin": one.name, "why": error},
        ) from None
    ban = banned(op.policy.bans, one.name, one.version)
    if ban is not None:
        raise Problem(
            "plugin-banned",
            N_("The plugin %(plugin)s %(version)s is on the blocklist: %(why)s"),
            status=409,
            params={"plugin": one.name, "version": one.version, "why": ban.reason or "-"},
            help=N_("Take it off the list first, if you mean it."),
        )


async def migrate(op: Operator, one: Found) -> Approval:
    """Bring schema, logins, rights and tables of an approved plugin to what this version needs.

    Raises:
        Problem: it is not approved as it is installed, or something failed; the text is kept.
    """
    approval = await op.record(one.name)
    state = after_step(one.name, approval.state if approval else None, Step.MIGRATE)
    assert approval is not None
    if one.sha256 != approval.sha256 or one.root is None:
        raise Problem(
            "plugin-changed",
            N_("What is installed of the plugin %(plugin)s is not what was approved."),
            status=409,
            params={"plugin": one.name},
            help=N_("Look at what changed and approve it again."),
        )
    try:
        await install_key(op.tenant, op.keys.signer)
        await _let_in(op, one, approval)
        applied = await migrate_plugin(
            op.tenant_url, one.name, one.root / MIGRATIONS, signer=op.keys.signer
        )
    except _FAULTS as error:
        why = f"{error}" or type(error).__name__
        failed = msgspec.structs.replace(approval, state="approved", reason=why[:500])
        await op.remember(failed, "failed", note=why[:500])
        raise Problem(
            "plugin-migration",
            N_("The tables of the plugin %(plugin)s could not be made: %(why)s"),
            status=409,
            params={"plugin": one.name, "why": why},
        ) from error
    done = msgspec.structs.replace(approval, state=state, reason="")
    return await op.remember(done, Step.MIGRATE, note=", ".join(applied))


async def withdraw(op: Operator, name: str, reason: str = "") -> Approval:
    """Switch a plugin off for all schools at once; what they chose is kept for its return."""
    return await _shut_out(op, name, Step.WITHDRAW, reason)


async def block(op: Operator, name: str, reason: str = "") -> Approval:
    """Shut a plugin out, whatever is installed of it, until it is approved again."""
    return await _shut_out(op, name, Step.BLOCK, reason)


async def _shut_out(op: Operator, name: str, step: Step, reason: str) -> Approval:
    before = await op.record(name)
    state = after_step(name, before.state if before else None, step)
    if before is None:
        try:
            login_of(name)
        except ValueError as error:
            raise Problem(
                "plugin-name",
                N_("No plugin can be called %(plugin)s."),
                params={"plugin": name},
            ) from error
        before = Approval(name=name, state=state, changed_at=now())
    saved = await op.remember(
        msgspec.structs.replace(before, state=state, reason=reason), step, note=reason
    )
    # The processes have heard by now; this is for code that would not listen.
    if await op.tenant.fetchval("select 1 from pg_roles where rolname = $1", login_of(name)):
        await suspend(op.tenant, name)
    return saved


async def approve_all_first_party(op: Operator, found: Iterable[Found]) -> list[str]:
    """Approve what belongs to the core and is not ready as it is installed; for demos and tests.

    What the operator has shut out or taken away stays so. One that fails is told of and left out.
    """
    known = await approvals(op.directory)
    done: list[str] = []
    for one in found:
        before = known.get(one.name)
        if one.state is not State.FOUND or not is_first_party(one, op.index):
            continue
        if before is not None:
            ready = before.state == "migrated" and before.sha256 == one.sha256
            if ready or before.state not in {"approved", "migrated"}:
                continue
        try:
            await approve(op, one, mode="process")
        except Problem as problem:
            _log.warning("plugin %s was not approved: %s", one.name, problem)
        else:
            done.append(one.name)
    return done


async def prepare_plugins(settings: Settings, urls: Urls, *, approve_own: bool = False) -> None:
    """Prepare for the start of a server; nothing about plugins keeps it from starting."""
    try:
        async with operator(settings, urls, doer="the server's start") as op:
            found = await asyncio.to_thread(all_found, settings)
            if approve_own:
                await approve_all_first_party(op, found)
            await make_ready(op, found)
    except (OSError, ValueError, asyncpg.PostgresError):
        _log.warning("plugins could not be looked over before the start", exc_info=True)


async def make_ready(op: Operator, found: Sequence[Found]) -> None:
    """Bring what the server is about to load into order: before the processes start.

    What came onto the blocklist is blocked for good, so that taking the line away lets nothing in.
    The rights of each login are put back, and tables that a restored database lacks are made.
    Nothing that fails here stops the start.
    """
    known = await approvals(op.directory)
    for one in found:
        approval = known.get(one.name)
        ban = banned(op.policy.bans, one.name, one.version)
        if approval is not None and ban and approval.state in {"approved", "migrated", "withdrawn"}:
            await block(op, one.name, ban.reason)
    names = wanted(decide(found, await approvals(op.directory), op.policy))
    for one in found:
        if one.name in names:
            await _freshen(op, one, known[one.name])


async def _let_in(op: Operator, one: Found, approval: Approval) -> None:
    await provision(
        op.tenant, one.name, approval.scopes, asking=asking_of(one.manifest), logins=op.keys.logins
    )


async def _freshen(op: Operator, one: Found, approval: Approval) -> None:
    assert one.root is not None
    try:
        await install_key(op.tenant, op.keys.signer)
        await _let_in(op, one, approval)
    except _FAULTS as error:
        # Its rights are those of the last time: good enough to go on with.
        _log.warning("the logins of plugin %s could not be looked over: %s", one.name, error)
    try:
        if await pending_migrations(op.tenant, one.name, one.root / MIGRATIONS):
            await migrate(op, one)
    except (Problem, *_FAULTS) as error:
        _log.warning("plugin %s stays aside: %s", one.name, error)
        if not isinstance(error, Problem):
            lacking = msgspec.structs.replace(approval, state="approved", reason=str(error)[:500])
            await op.remember(lacking, "failed", note=str(error)[:500])
