"""Start the fake as a process and speak to it from tests."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Fake:
    """The fake, seen from outside."""

    def __init__(self, url: str, pid: int = 0) -> None:
        self.url, self.pid = url, pid

    def act(self, name: str, **arguments: Any) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.url}/_fake/{name}", json.dumps(arguments).encode())
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                found: dict[str, Any] = json.load(response)
                return found
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def state(self) -> dict[str, Any]:
        return self.act("state")

    def fault(self, kind: str, path: str, times: int = 1, method: str = "POST") -> None:
        self.act("fault", kind=kind, path=path, times=times, method=method)

    def deliver(self, **how: Any) -> list[tuple[str, int]]:
        return [(kind, status) for kind, status in self.act("deliver", **how)["answers"]]

    def objects(self, kind: str) -> list[dict[str, Any]]:
        found = self.state()["objects"].values()
        return [one for one in found if one["object"] == kind]


@contextmanager
def running() -> Iterator[Fake]:
    """Run the fake on a port of its own choice."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fake_stripe"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError("the fake did not start")
        yield Fake(url, process.pid)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
