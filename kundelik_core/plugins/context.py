"""Give plugins' handlers the facades of the contract, over one plain description of a call."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from functools import cache, cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from typing_extensions import override

from kundelik_core.kernel import clock, i18n
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.asking import PluginWishes
from kundelik_core.plugins.settings import effective
from kundelik_core.sdk import (
    SERVICES,
    Actor,
    Listed,
    ListedProvider,
    Manifest,
    PluginTx,
    School,
    Settings,
)

__all__ = [
    "MAX_QUESTION_BYTES",
    "Ask",
    "CallContext",
    "Facades",
    "PoolFor",
    "TransactionSource",
    "call_for",
]


class CallContext(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one call that a handler may know: plain data, which can be sent.

    ``school`` is None in a call for the whole installation. ``settings`` are as the school stored
    them. ``db_token`` opens the plugin's database for this school and a short time. ``asked`` says
    that the call answers another plugin, which may not go on asking.
    """

    school: School | None
    actor: Actor | None
    locale: i18n.Locale
    now: datetime
    request_id: str
    settings_version: int = 0
    settings: Mapping[str, Any] = {}
    db_token: str | None = None
    secrets: Mapping[str, str] = {}
    address: str = ""
    catalogue: tuple[Listed, ...] = ()
    providers: tuple[ListedProvider, ...] = ()
    asked: bool = False

    @override
    def __repr__(self) -> str:
        """Name the call without what opens anything: it may get into a log."""
        return f"<call {self.request_id} in school {self.school_id}>"

    def for_another(self) -> "CallContext":
        """Return the call as another plugin may be asked in it: without what is one plugin's."""
        return msgspec.structs.replace(
            self, settings_version=0, settings={}, db_token=None, secrets={}, catalogue=(),
            providers=(), asked=True,
        )  # fmt: skip

    @property
    def school_id(self) -> int | None:
        """Return the id of the school, for logs."""
        return self.school.id if self.school else None


def call_for(
    school: School | None,
    locale: i18n.Locale,
    actor: Actor | None = None,
    request_id: str = "",
) -> CallContext:
    """Return the description of a call that begins now."""
    return CallContext(
        school=school,
        actor=actor,
        locale=locale,
        now=clock.now(),
        request_id=request_id or str(new_id()),
    )


class TransactionSource(Protocol):
    """A plugin's own small pool of connections."""

    def transaction(
        self, token: str, *, write: bool = False
    ) -> AbstractAsyncContextManager[PluginTx]:
        """Open a transaction that is bound to the school of the token."""
        ...


PoolFor = Callable[[str], TransactionSource]
"""Returns the pool of a plugin by its name; LookupError when it has no database."""


MAX_QUESTION_BYTES: Final = 16 * 1024

Ask: TypeAlias = Callable[[str, CallContext, str, Any], Awaitable[Any | None]]
"""Asks other plugins: (who asks, within which call, the service, the question)."""


class _Clock:
    def __init__(self, call: CallContext) -> None:
        zone = call.school.zone if call.school else clock.SCHOOL_ZONE
        self._now = call.now.astimezone(ZoneInfo(zone))

    def today(self) -> date:
        return self._now.date()

    def now(self) -> datetime:
        return self._now


class _I18n:
    def __init__(self, locale: i18n.Locale) -> None:
        self.locale = locale

    def day(self, value: date) -> str:
        return _day(value, self.locale)


_i18n: Final = cache(_I18n)  # one for each language, as it holds nothing else


@lru_cache(maxsize=1000)
def _day(value: date, locale: i18n.Locale) -> str:
    short = locale == "en"  # kk and ru bend the month's name, which a cut would hide
    return f"{i18n.weekday(value, locale)} {i18n.day_month(value, locale, short=short)}"


class _Log:
    def __init__(self, plugin: str, call: CallContext) -> None:
        self._log = logging.getLogger(f"kundelik.plugin.{plugin}")
        self._about = f" [school {call.school_id}, {call.request_id}]"

    def info(self, message: str, *args: object) -> None:
        self._log.info(message + self._about, *args)

    def warning(self, message: str, *args: object) -> None:
        self._log.warning(message + self._about, *args)


class _Db:
    def __init__(self, plugin: str, token: str | None, pool_for: PoolFor | None) -> None:
        self._plugin, self._token, self._pool_for = plugin, token, pool_for

    def read(self) -> AbstractAsyncContextManager[PluginTx]:
        return self._open(write=False)

    def write(self) -> AbstractAsyncContextManager[PluginTx]:
        return self._open(write=True)

    def _open(self, *, write: bool) -> AbstractAsyncContextManager[PluginTx]:
        if self._token is None or self._pool_for is None:
            raise LookupError("there is no database in this call")
        return self._pool_for(self._plugin).transaction(self._token, write=write)


class _Services:
    def __init__(self, call: CallContext, manifest: Manifest | None, plugin: str, ask: Ask | None):
        self._call, self._manifest, self._plugin, self._ask = call, manifest, plugin, ask

    async def ask(self, name: str, question: Any) -> Any | None:  # noqa: ANN401 - see SERVICES
        if self._manifest is None or name not in self._manifest.uses.services:
            raise PermissionError(f"the manifest does not name {name} under uses.services")
        plain = _plain(name, question)
        if self._ask is None:
            return None
        return await self._ask(self._plugin, self._call, name, plain)


def _plain(name: str, question: object) -> Any:  # noqa: ANN401 - see SERVICES
    """Return a question as if it came from another process."""
    wanted = SERVICES[name][0]
    if type(question) is not wanted:
        raise TypeError(f"{name} takes {wanted.__name__}, not {type(question).__name__}")
    try:
        body = msgspec.msgpack.encode(question)
        if len(body) > MAX_QUESTION_BYTES:
            raise ValueError(f"{len(body)} bytes are more than {MAX_QUESTION_BYTES}")
        return msgspec.msgpack.decode(body, type=wanted)
    except (ValueError, OverflowError, RecursionError) as error:
        raise TypeError(f"{name} cannot be asked so: {error}") from error


class Facades:
    """The ``PluginContext`` of one call; what a handler does not touch is never made."""

    def __init__(
        self,
        plugin: str,
        call: CallContext,
        model: type[Settings] | None = None,
        fields: tuple[Any, ...] = (),
        pool_for: PoolFor | None = None,
        *,
        manifest: Manifest | None = None,
        ask: Ask | None = None,
    ) -> None:
        self._plugin, self._call, self._model, self._fields = plugin, call, model, fields
        self._pool_for, self._manifest, self._ask = pool_for, manifest, ask

    @property
    def school(self) -> School:
        if self._call.school is None:
            raise LookupError("this call is for the whole installation")
        return self._call.school

    @property
    def actor(self) -> Actor | None:
        return self._call.actor

    @property
    def request_id(self) -> str:
        return self._call.request_id

    @property
    def address(self) -> str:
        return self._call.address

    @property
    def catalogue(self) -> tuple[Listed, ...]:
        return self._call.catalogue

    @property
    def providers(self) -> tuple[ListedProvider, ...]:
        return self._call.providers

    @cached_property
    def secrets(self) -> Mapping[str, str]:
        return MappingProxyType(dict(self._call.secrets))

    @cached_property
    def services(self) -> _Services:
        return _Services(self._call, self._manifest, self._plugin, self._ask)

    @cached_property
    def wishes(self) -> PluginWishes:
        if self._manifest is None:
            raise LookupError("there are no wishes in this call")
        return PluginWishes(self._plugin, self._manifest)

    @cached_property
    def settings(self) -> Any:  # noqa: ANN401 - an instance of the plugin's own class
        if self._model is None:
            return None
        return self._model(**effective(self._fields, self._call.settings))

    @cached_property
    def clock(self) -> _Clock:
        return _Clock(self._call)

    @property
    def i18n(self) -> _I18n:
        return _i18n(self._call.locale)

    @cached_property
    def log(self) -> _Log:
        return _Log(self._plugin, self._call)

    @cached_property
    def db(self) -> _Db:
        return _Db(self._plugin, self._call.db_token, self._pool_for)
