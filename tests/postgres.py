"""Give the suite one PostgreSQL in memory, and fresh migrated databases per worker.

Durability has tests of its own: what these lose in a crash can be made again.
"""

import os
from contextlib import AbstractAsyncContextManager

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.pg import EmbeddedPostgres
from kundelik_core.testing import postgres
from kundelik_core.testing.postgres import FAST, cluster

__all__ = ["FAST", "SPLIT", "cluster", "fresh_databases"]

SPLIT = os.environ.get("KUNDELIK_TEST_SPLIT") == "1"
"""Run with directory, jobs and tenant as three separate databases (scale.md 4, rule 16)."""


def fresh_databases(server: EmbeddedPostgres, label: str) -> AbstractAsyncContextManager[Urls]:
    """Clone the template under ``label`` and drop the copies at the end."""
    return postgres.fresh_databases(server, label, split=SPLIT)
