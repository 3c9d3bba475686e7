"""Read how a service knows us from what the operator has set."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Final, TypeVar

from kundelik_core.sdk import Health, PaymentTrouble, PluginContext
from kundelik_redirect.calling import Service, Trouble

__all__ = ["NEEDS", "Shop", "health", "shop_of", "told"]

NEEDS: Final = ("url", "merchant", "key")

_Asked = TypeVar("_Asked")
_Told = TypeVar("_Told")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Our number at a service, its address, and our secrets: two of them during a change."""

    merchant: str
    secrets: tuple[str, ...]
    service: Service


def shop_of(ctx: PluginContext) -> Shop:
    """Return the installation's account.

    Raises:
        Trouble: it is not whole.
    """
    keys = ctx.secrets.get("key", "").split()
    url, merchant = ctx.secrets.get("url", ""), ctx.secrets.get("merchant", "")
    if not keys or not url or not merchant:
        raise Trouble("setup", "the operator has not set all secrets")
    service = Service(url, keys[0], ctx.clock.now)
    return Shop(merchant=merchant, secrets=tuple(keys), service=service)


def told(
    handle: Callable[[PluginContext, Shop, _Asked], Awaitable[_Told]],
) -> Callable[[PluginContext, _Asked], Awaitable[_Told | PaymentTrouble]]:
    """Let a handler work with the account; what goes wrong at the service becomes its answer."""

    @wraps(handle)
    async def handler(ctx: PluginContext, asked: _Asked) -> _Told | PaymentTrouble:
        try:
            return await handle(ctx, shop_of(ctx), asked)
        except Trouble as error:
            return PaymentTrouble(kind=error.kind, text=str(error)[:200])

    return handler


async def health(ctx: PluginContext) -> Health:
    """Say whether what the operator has begun to set up is whole."""
    if not ctx.secrets:
        return Health(ok=True, note="not set up: it is offered to nobody")
    try:
        shop_of(ctx)
    except Trouble as error:
        return Health(ok=False, note=str(error))
    return Health(ok=True)
