"""Say what a handler gets besides its arguments: facades of plain values, no request, no row.

They are the same in the core's process and in a process of the plugin's own.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Any, Protocol

from kundelik_core.sdk.data import Actor, School
from kundelik_core.sdk.entitlements import Wish
from kundelik_core.sdk.payments import ListedProvider
from kundelik_core.sdk.products import Listed

__all__ = [
    "Clock",
    "I18n",
    "Log",
    "PluginContext",
    "PluginDb",
    "PluginTx",
    "Services",
    "Wishes",
]


class Clock(Protocol):
    """Tell the time of this call; it stands still while the handler runs, and tests may set it."""

    def today(self) -> date:
        """Return the date at the school."""
        ...

    def now(self) -> datetime:
        """Return the moment of the call, aware, in the school's zone."""
        ...


class I18n(Protocol):
    """Speak the reader's language; a template's own texts go through its ``_`` and ``ngettext``."""

    @property
    def locale(self) -> str:
        """Return the reader's language: ``kk``, ``ru`` or ``en``."""
        ...

    def day(self, value: date) -> str:
        """Return a date as a reader says it within a year, with its weekday: ``Tue 24 Nov``."""
        ...


class Log(Protocol):
    """Write into the server's log, under the plugin's name, with school and request beside it.

    ``%s`` in ``message`` is filled from ``args``. Names and marks of people do not belong there.
    """

    def info(self, message: str, *args: object) -> None:
        """Note something that is as it should be."""
        ...

    def warning(self, message: str, *args: object) -> None:
        """Note something that an operator should look at."""
        ...


class PluginTx(Protocol):
    """One transaction of the plugin's own database login, bound to the school of the call.

    Own tables go by their bare names, the core's data by ``core_api.NAME``. Rows of other schools
    are not there. ``$1``, ``$2`` in ``sql`` are ``args``. Timeouts end what takes too long.
    """

    async def fetch(self, sql: str, *args: object) -> Sequence[Mapping[str, Any]]:
        """Return all rows."""
        ...

    async def fetchrow(self, sql: str, *args: object) -> Mapping[str, Any] | None:
        """Return the first row, or None."""
        ...

    async def fetchval(self, sql: str, *args: object) -> Any:  # noqa: ANN401 - as SQL typed it
        """Return the first column of the first row, or None."""
        ...

    async def execute(self, sql: str, *args: object) -> str:
        """Run a statement and return its tag, like ``INSERT 0 1``."""
        ...


class PluginDb(Protocol):
    """Reach the plugin's own schema and the core's views, in short transactions.

    Each ``async with`` takes a connection of the plugin's few and gives it back at its end; an
    exception inside takes back what was written. There is no data in a call without a school.
    """

    def read(self) -> AbstractAsyncContextManager[PluginTx]:
        """Open a transaction that cannot write."""
        ...

    def write(self) -> AbstractAsyncContextManager[PluginTx]:
        """Open a transaction that commits at its end."""
        ...


class Wishes(Protocol):
    """Ask the core for entitlements, within a transaction of the plugin's own."""

    async def ask(self, tx: PluginTx, wish: Wish) -> None:
        """Ask for something; it is saved with ``tx`` and fulfilled once the handler is done.

        Raises:
            PermissionError: the plugin's kind or its products do not allow this wish.
        """
        ...


class Services(Protocol):
    """Ask other plugins, by services that the manifest names under ``uses.services``."""

    async def ask(self, name: str, question: Any) -> Any | None:  # noqa: ANN401 - see SERVICES
        """Return the answer, of the type that ``SERVICES`` names; None when nobody gives one.

        Raises:
            PermissionError: the manifest does not name this service.
            TypeError: the question is of another type.
        """
        ...


class PluginContext(Protocol):
    """Carry what every handler of a plugin may use."""

    @property
    def school(self) -> School:
        """Return the school of this call.

        Raises:
            LookupError: the call is for the whole installation, say a job once for all.
        """
        ...

    @property
    def actor(self) -> Actor | None:
        """Return who asks; None in jobs, events and whatever nobody waits for."""
        ...

    @property
    def db(self) -> PluginDb:
        """Return the plugin's database."""
        ...

    @property
    def settings(self) -> Any:  # noqa: ANN401 - an instance of the plugin's own class
        """Return the school's settings: an instance of what ``settings_model`` returned, or None.

        What a school has not set, or set to what no longer fits, has the value of the class.
        """
        ...

    @property
    def wishes(self) -> Wishes:
        """Return where entitlements are asked for."""
        ...

    @property
    def services(self) -> Services:
        """Return the other plugins' services."""
        ...

    @property
    def catalogue(self) -> Sequence[Listed]:
        """Return what can be bought: the plugin's own products, for a payment plugin all of them.

        Products of plugins that are off for the school are not there.
        """
        ...

    @property
    def providers(self) -> Sequence[ListedProvider]:
        """Return the ways to pay that are on here, for who keeps orders; others see none."""
        ...

    @property
    def secrets(self) -> Mapping[str, str]:
        """Return what the operator has set of the manifest's ``uses.secrets``; not set: missing."""
        ...

    @property
    def address(self) -> str:
        """Return where the installation is reached, such as ``https://diary.example``."""
        ...

    @property
    def log(self) -> Log:
        """Return the plugin's log."""
        ...

    @property
    def clock(self) -> Clock:
        """Return the school's clock."""
        ...

    @property
    def i18n(self) -> I18n:
        """Return the reader's language."""
        ...

    @property
    def request_id(self) -> str:
        """Return the id of this call, the same in every line of the log about it."""
        ...
