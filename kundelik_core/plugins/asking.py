"""Put a plugin's wish into its own transaction, in whichever process the plugin runs."""

from typing import Final, get_args

import msgspec

from kundelik_core.plugins.database.grants import asking_of
from kundelik_core.sdk import Credited, Manifest, PluginTx, Wish

__all__ = ["PluginWishes"]

_KINDS: Final = get_args(Wish)


class PluginWishes:
    """Where one plugin asks for entitlements; PostgreSQL checks all of it once more."""

    def __init__(self, plugin: str, manifest: Manifest) -> None:
        self._plugin, self._may = plugin, asking_of(manifest)

    async def ask(self, tx: PluginTx, wish: Wish) -> None:
        """Ask for something; it is saved with ``tx`` and fulfilled once the handler is done.

        Raises:
            PermissionError: the plugin's kind or its products do not allow this wish.
            TypeError: that is no wish.
        """
        if type(wish) not in _KINDS:
            raise TypeError(f"a wish is one of the contract's, not {type(wish).__name__}")
        if not self._may:
            raise PermissionError("only plugins of the kind payment, or with products, may ask")
        if isinstance(wish, Credited):
            if not wish.feature.startswith(f"{self._plugin}."):
                raise PermissionError(f"{wish.feature} is no feature of {self._plugin}")
        elif self._may != "money":
            raise PermissionError("only plugins of the kind payment tell of money")
        await tx.fetchval(
            "select core_api.ask($1, $2, $3::jsonb)",
            type(wish).__name__,
            wish.ref,
            msgspec.json.encode(wish).decode(),
        )
