"""Say how far hypothesis looks: a usual run is fast, one with KUNDELIK_TEST_DEEP=1 looks for long.

``conftest.py`` at the root loads the profile, for the plugins' tests as well. A test that needs a
number of its own takes ``looks``, and grows with the profile like all others.
"""

import os
from typing import Any, Final

from hypothesis import HealthCheck, settings

__all__ = ["DEEP", "load", "looks"]

DEEP: Final = os.environ.get("KUNDELIK_TEST_DEEP", "") not in {"", "0"}
EXAMPLES: Final = 100
DEEPER: Final = 10
# A machine's steps grow less: what goes wrong late is found by more walks as well.
LONGER: Final = 2


def load() -> None:
    """Register both profiles and use the one that is asked for."""
    # No deadline: several processes share the machine, and one may wait for another.
    settings.register_profile("default", max_examples=EXAMPLES, deadline=None)
    settings.register_profile(
        "deep",
        settings.get_profile("default"),
        max_examples=EXAMPLES * DEEPER,
        suppress_health_check=[HealthCheck.too_slow],
        print_blob=True,
    )
    settings.load_profile("deep" if DEEP else "default")


def looks(examples: int = EXAMPLES, *, steps: int | None = None, **more: Any) -> settings:
    """Return the settings of a test that takes so many examples in a usual run.

    A state machine names the ``steps`` of each; every other setting is hypothesis's own.
    """
    if steps is not None:
        more["stateful_step_count"] = steps * LONGER if DEEP else steps
    return settings(max_examples=examples * DEEPER if DEEP else examples, **more)
