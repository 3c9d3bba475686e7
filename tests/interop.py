"""Finds the shared samples of other systems that tests marked `interop` read."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "testdata"


def testdata(name: str = "") -> Path:  # noqa: PT028 - a helper, no test
    """The shared folder, or one inside it; the test that asks is skipped visibly without it.

    Call it in a test or a fixture, not while a module is imported.
    """
    found = FOLDER / name if name else FOLDER
    if not found.exists():
        pytest.skip(f"no shared test data at ../shared/testdata/{name}".rstrip("/"))
    return found


def shared(name: str) -> Path:
    """Another shared folder, such as `vectors`; a test is skipped visibly without it."""
    found = FOLDER.parent / name
    if not found.exists():
        pytest.skip(f"no shared folder ../shared/{name}")
    return found


# Its name begins like a test, and pytest would run it wherever it is imported.
testdata.__test__ = False  # type: ignore[attr-defined]
