"""Call Stripe's SDK without holding up the loop, and say in our words how a call ended."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import requests
import stripe

from kundelik_payments.providers.spi import (
    Busy,
    Declined,
    Misconfigured,
    ProviderError,
    Unclear,
)

__all__ = ["Caller"]

T = TypeVar("T")

_TIMEOUT: Final = 20.0
_RETRIES: Final = 2
_THREADS: Final = 16


class Caller:
    """One account at Stripe. Its calls block, so they run in a few threads of their own."""

    def __init__(self, key: str, *, api_base: str | None = None, timeout: float = _TIMEOUT) -> None:
        # The SDK would tell Stripe the machine's system and how long its calls took.
        stripe.enable_telemetry = False
        self.client = stripe.StripeClient(
            key,
            base_addresses={"api": api_base} if api_base else None,
            max_network_retries=_RETRIES,
            http_client=stripe.RequestsClient(timeout=timeout, session=_session(api_base)),
        )
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="stripe")

    async def run(self, call: Callable[[stripe.StripeClient], T]) -> T:
        """Make a call.

        Raises:
            ProviderError: it did not end well; which kind says what may be done next.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, lambda: call(self.client))
        except stripe.StripeError as error:
            raise _translated(error) from error

    def close(self) -> None:
        """End the threads; calls under way are let finish."""
        self._threads.shutdown(wait=False)


def _session(api_base: str | None) -> requests.Session:
    """Return the connections to one address, which all threads share.

    The way there is read from the environment once; by itself the library looks for it, and for a
    file with passwords, before every call.
    """
    session = requests.Session()
    session.trust_env = False
    address = api_base or str(stripe.DEFAULT_API_BASE)
    session.proxies = dict(requests.utils.get_environ_proxies(address))
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=_THREADS)
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return session


def _translated(error: stripe.StripeError) -> ProviderError:
    text = str(error.code or type(error).__name__)
    match error:
        case stripe.APIConnectionError():
            return Unclear(text)
        case stripe.RateLimitError():
            return Busy(text)
        case stripe.IdempotencyError():
            return Unclear(text, fresh_key=True)
        case stripe.CardError():
            return Declined(text)
        case stripe.AuthenticationError() | stripe.PermissionError():
            return Misconfigured(text)
        case stripe.InvalidRequestError():
            return Declined(text) if error.http_status in {400, 404} else Busy(text)
    if error.http_status == 409:
        return Busy(text)
    # The answer to a key is kept, a failure too: the same key would only repeat it.
    return Unclear(text, fresh_key=True)
