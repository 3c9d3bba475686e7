"""Let a busy machine leave nothing out of a page."""

from collections.abc import Iterator, Sequence

import pytest

from kundelik_core.plugins.calls import Answer, Calls, Work

TIMED = "tests/integration/plugin_host/"
"""What takes the time of a place on a page itself."""
PLACE = (0.1, 0.5)
PLENTY = 10.0


@pytest.fixture(autouse=True)
def unhurried(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give a place on a page seconds instead of its 150 ms, so that it is there or is not.

    That who is late is left out, the tests of the dispatcher, of plugins in a process of their own
    and of those that misbehave hold.
    """
    if request.node.nodeid.startswith(TIMED):
        yield
        return
    run = Calls.run

    async def patient(calls: Calls, works: Sequence[Work]) -> list[Answer]:
        least, most = PLACE
        return await run(
            calls,
            [
                (key, work, PLENTY if least <= limit <= most else limit)
                for key, work, limit in works
            ],
        )

    # Its own, which ends after that of the test: what a test puts in place it takes back first.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Calls, "run", patient)
        yield
