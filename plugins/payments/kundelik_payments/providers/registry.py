"""Know the providers of an installation, and which of them can take an amount."""

from collections.abc import Collection, Iterable, Iterator

from kundelik_payments.providers.spi import NotSetUp, Provider

__all__ = ["Providers"]


class Providers:
    """The providers that are set up, in the order in which they are offered.

    Those that the school has switched ``off`` begin nothing more, and give back what came by them.
    """

    def __init__(self, providers: Iterable[Provider], off: Collection[str] = ()) -> None:
        self._off = frozenset(off)
        self._by_name: dict[str, Provider] = {}
        for one in providers:
            if one.name in self._by_name:
                raise ValueError(f"two providers are called {one.name}")
            self._by_name[one.name] = one

    def __iter__(self) -> Iterator[Provider]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Provider:
        """Return a provider.

        Raises:
            NotSetUp: it is not there, or not any more.
        """
        if name not in self._by_name:
            raise NotSetUp(name)
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def is_off(self, name: str) -> bool:
        """Say whether the school has switched a provider off."""
        return name in self._off

    def offered(self, minor: int, currency: str, *, renews: bool = False) -> list[Provider]:
        """Return who can take an amount, and go on taking it if that was chosen."""
        return [
            one
            for one in self
            if one.name not in self._off
            and one.terms.takes(minor, currency)
            and (one.capabilities.recurring or not renews)
        ]
