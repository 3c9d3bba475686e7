"""Hold what a host says that its plugin declares against the contract and the manifest.

The host has done so already, but it runs the plugin's code and may say anything. So the hooks are
put together again from the plain half, with handlers that do nothing, and collected here by the
same rules as those of a plugin that runs in this process.
"""

from typing import Any, Final

import msgspec
import pluggy

from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.collect import RefusedError, collect
from kundelik_core.plugins.declared import Declared, DeclaredProvider
from kundelik_core.plugins.settings import setting_fault
from kundelik_core.plugins.states import Reason
from kundelik_core.sdk import (
    PROJECT,
    Command,
    Demo,
    Hooks,
    Job,
    Lifecycle,
    Manifest,
    Page,
    PaymentProvider,
    PrivacyHandlers,
    Search,
    Service,
    Slot,
    Subscription,
    Webhook,
    hookimpl,
)

__all__ = ["checked"]

MAX_SETTINGS: Final = 100


async def _nothing(_ctx: object, _payload: object = None) -> Any:  # noqa: ANN401 - never called
    return None


class _Echo:
    """The hooks of a plugin, as they must have been."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared

    @hookimpl
    def slots(self) -> list[Slot]:
        return [Slot(render=_nothing, **_fields(one)) for one in self._declared.slots]

    @hookimpl
    def search(self) -> list[Search]:
        return [Search(find=_nothing, **_fields(one)) for one in self._declared.search]

    @hookimpl
    def pages(self) -> list[Page]:
        return [Page(handle=_nothing, **_fields(one)) for one in self._declared.pages]

    @hookimpl
    def navigation(self) -> list[Any]:
        return [*self._declared.navigation]

    @hookimpl
    def permissions(self) -> list[Any]:
        return [*self._declared.permissions]

    @hookimpl
    def subscriptions(self) -> list[Subscription]:
        return [
            Subscription(handle=_nothing, **_fields(one)) for one in self._declared.subscriptions
        ]

    @hookimpl
    def jobs(self) -> list[Job]:
        return [Job(run=_nothing, **_fields(one)) for one in self._declared.jobs]

    @hookimpl
    def commands(self) -> list[Command]:
        return [Command(run=_nothing, **_fields(one)) for one in self._declared.commands]

    @hookimpl
    def webhooks(self) -> list[Webhook]:
        return [Webhook(handle=_nothing, **_fields(one)) for one in self._declared.webhooks]

    @hookimpl
    def services(self) -> list[Service]:
        return [Service(handle=_nothing, **_fields(one)) for one in self._declared.services]

    @hookimpl
    def products(self) -> list[Any]:
        return [*self._declared.products]

    @hookimpl
    def lifecycle(self) -> Lifecycle:
        return Lifecycle(**dict.fromkeys(self._declared.lifecycle, _nothing))

    @hookimpl
    def personal_data(self) -> list[Any]:
        return [*self._declared.personal_data]


class _Private(_Echo):
    @hookimpl
    def privacy(self) -> PrivacyHandlers:
        return PrivacyHandlers(export=_nothing, erase=_nothing)


class _Demo:
    @hookimpl
    def demo(self) -> Demo:
        return Demo(fill=_nothing)


class _Payer:
    def __init__(self, declared: DeclaredProvider) -> None:
        self._declared = declared

    @hookimpl
    def payment_provider(self) -> PaymentProvider:
        steps: dict[str, Any] = dict.fromkeys(self._declared.steps(), _nothing)
        return PaymentProvider(**_fields(self._declared), **steps)


def _fields(one: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


def checked(declared: Declared, manifest: Manifest) -> Declared:
    """Return what a plugin declares if it may.

    Raises:
        RefusedError: it may not, or says it in a way that no plugin can.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register((_Private if declared.privacy else _Echo)(declared))
    if declared.demo:
        manager.register(_Demo())
    if declared.provider:
        manager.register(_Payer(declared.provider))
    again = collect(manager, manifest).declared
    names = [field.name for field in declared.settings]
    whole = msgspec.structs.replace(again, settings=declared.settings)
    if (
        whole != declared
        or len(set(names)) != len(names)
        or len(names) > MAX_SETTINGS
        or any(setting_fault(field, field.default) for field in declared.settings)
    ):
        raise RefusedError(
            Reason("host_declares", N_("Its own process declares what no plugin can declare."))
        )
    return declared
