"""The benchmark runs from nothing and says what it promises to say; how much is no matter here."""

import json
import os
import subprocess
import sys

import pytest

KEYS = {
    "name",
    "python_cpu_us",
    "postgres_cpu_us",
    "statements",
    "buffers",
    "wire_bytes",
    "requests_per_s",
}


@pytest.mark.slow
def test_a_quick_run_measures_every_promise() -> None:
    code = "from kundelik_core.cli import main; main()"
    environ = {k: v for k, v in os.environ.items() if not k.startswith("KUNDELIK_")}
    done = subprocess.run(
        [sys.executable, "-c", code, "bench", "--quick", "--json"],
        capture_output=True,
        text=True,
        env=environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = {line["name"]: line for line in json.loads(done.stdout)}
    assert all(line.keys() >= KEYS for line in lines.values())
    for name in ("diary_week", "journal_page", "save_mark"):
        for connections in (1, 16):
            line = lines[f"{name}@{connections}"]
            # Counted, not timed: the promise of four messages for each of the hot requests.
            assert 1 <= line["statements"] <= 4
            assert line["python_cpu_us"] > 0
            assert line["postgres_cpu_us"] > 0
    assert 0 < lines["diary_next_visit"]["wire_bytes"] <= 15 * 1024
    assert lines["diary_next_visit"]["wire_bytes"] < lines["diary_first_visit"]["wire_bytes"]
    assert lines["diary_first_visit"]["wire_bytes"] <= 60 * 1024
