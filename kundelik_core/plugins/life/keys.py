"""Hold what lets a process act for plugins in PostgreSQL: the signing key and their logins."""

import msgspec

from kundelik_core.kernel.keys import installation_key
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.database import KEY_NAME, LOGIN_KEY_NAME, Logins, Signer

__all__ = ["Keys", "keys_of"]


class Keys(msgspec.Struct, frozen=True):
    """Signs for which school a plugin asks, and knows where each logs in."""

    signer: Signer
    logins: Logins


def keys_of(settings: Settings, tenant_url: str) -> Keys:
    """Return the installation's keys, made at the first use."""
    return Keys(
        Signer(installation_key(settings.data_dir, KEY_NAME)),
        Logins(tenant_url, installation_key(settings.data_dir, LOGIN_KEY_NAME)),
    )
