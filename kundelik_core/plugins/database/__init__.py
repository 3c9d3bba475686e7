"""Give each plugin as little of PostgreSQL as it needs: own schema, own login, signed school."""

from kundelik_core.plugins.database.adopt import ProvisionError
from kundelik_core.plugins.database.engine import (
    NoContext,
    PluginPool,
    PluginPools,
    PluginTransaction,
    PoolBusy,
)
from kundelik_core.plugins.database.grants import Asking, asking_of, known_scopes
from kundelik_core.plugins.database.logins import LOGIN_KEY_NAME, Logins
from kundelik_core.plugins.database.migrate import migrate_plugin, pending_migrations
from kundelik_core.plugins.database.names import login_of, owner_of, schema_of, view_of
from kundelik_core.plugins.database.removal import Export, erase, restore, retain
from kundelik_core.plugins.database.roles import make_roles, provision, suspend
from kundelik_core.plugins.database.rules import Breach, RuleBroken
from kundelik_core.plugins.database.token import KEY_NAME, Signer, install_key, mint, use_signer
from kundelik_core.plugins.database.watchdog import Ended, end_old_sessions

__all__ = [
    "KEY_NAME",
    "LOGIN_KEY_NAME",
    "Asking",
    "Breach",
    "Ended",
    "Export",
    "Logins",
    "NoContext",
    "PluginPool",
    "PluginPools",
    "PluginTransaction",
    "PoolBusy",
    "ProvisionError",
    "RuleBroken",
    "Signer",
    "asking_of",
    "end_old_sessions",
    "erase",
    "install_key",
    "known_scopes",
    "login_of",
    "make_roles",
    "migrate_plugin",
    "mint",
    "owner_of",
    "pending_migrations",
    "provision",
    "restore",
    "retain",
    "schema_of",
    "suspend",
    "use_signer",
    "view_of",
]
