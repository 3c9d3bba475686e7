"""What ways to pay have in common that ask nobody: a person of the school writes down what came."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from kundelik_payments.providers.spi import Fact, Forged, Notice

__all__ = ["ByHand"]


class ByHand:
    """A provider without a service behind it: no messages come, and nothing can be looked up."""

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:  # noqa: ARG002
        """Refuse: nobody sends messages here."""
        raise Forged("this provider sends no messages")

    def hears(self, notice_type: str) -> bool:  # noqa: ARG002
        """Hear all."""
        return True

    async def order_of(self, notice: Notice) -> str:
        """Know nothing by itself."""
        return notice.order

    async def look(self, notice_type: str, hint: str) -> Sequence[Fact]:  # noqa: ARG002
        """Know nothing by itself."""
        return []

    async def poll(self, reference: str) -> Sequence[Fact]:  # noqa: ARG002
        """Know nothing by itself."""
        return []

    async def reconcile(self, since: datetime, until: datetime) -> Sequence[Fact]:  # noqa: ARG002
        """Know nothing by itself; what came is written down."""
        return []
