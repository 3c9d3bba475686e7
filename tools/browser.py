"""Finds or installs the Chromium that the browser tests and the screenshots drive."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 600


def find_chromium() -> Path | None:
    """A Chromium that is there: the one named by KUNDELIK_CHROMIUM, the system's, Playwright's."""
    named = os.environ.get("KUNDELIK_CHROMIUM")
    if named:
        return Path(named) if Path(named).exists() else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return _playwright_chromium()


def _playwright_chromium() -> Path | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _attempt(command: list[str], **environment: str) -> bool:
    """Runs one way of installing; its own words go to standard error."""
    print(f"browser: trying {' '.join(command[:3])} ...", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            check=False,
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def install_chromium() -> Path | None:
    """Installs one the way this machine allows: its packages as root, else Playwright's build."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and shutil.which("apt-get"):
        quiet: dict[str, str] = {"DEBIAN_FRONTEND": "noninteractive"}
        _attempt(["apt-get", "-qq", "update"], **quiet)
        _attempt(
            ["apt-get", "-qq", "install", "-y", "--no-install-recommends", "chromium"], **quiet
        )
    if find_chromium() is None:
        _attempt([sys.executable, "-m", "playwright", "install", "chromium"])
    return find_chromium()


def main() -> int:
    """Ensures a browser; without one, says so, and fails where CI asks for the whole suite."""
    path = find_chromium() or install_chromium()
    if path is not None:
        return 0
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        print("browser: FAILED, no Chromium; CI must run the browser tests", file=sys.stderr)
        return 1
    print(
        "browser: no Chromium found and none could be installed: BROWSER TESTS WILL BE SKIPPED. "
        "Install chromium, or name one in KUNDELIK_CHROMIUM.",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
