"""Put an installation together: the reference data of every floor, in their order."""

import hashlib
from typing import Final

from kundelik_core.gradebook import reference as gradebook_reference
from kundelik_core.kernel.boot import Loader
from kundelik_core.schools import reference as schools_reference

__all__ = ["LOADERS", "reference_fingerprint"]

LOADERS: Final[tuple[Loader, ...]] = (schools_reference.load, gradebook_reference.load)


def reference_fingerprint() -> bytes:
    """Return a digest of all reference data, for whoever keeps a prepared database."""
    digest = hashlib.sha256()
    digest.update(schools_reference.fingerprint())
    digest.update(gradebook_reference.fingerprint())
    return digest.digest()
