"""Takes the screenshots of README.md: a fresh demo, a teacher's journal, a parent's diary."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from tools.browser import find_chromium

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"
START_SECONDS = 300


class Shot(NamedTuple):
    """One picture: who looks at what, on which screen."""

    name: str
    login: str
    page: str
    follow: str  # the link to open there; where there is none, the page itself is the picture
    width: int
    height: int


SHOTS = (
    Shot("journal", "teacher", "/journal", "main a[href^='/journal/']", 1280, 800),
    # A diary opens at a week that has only begun; the one before is full of marks.
    Shot("diary", "parent", "/diary", "main .wk a[rel=prev]", 390, 844),
)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until_ready(server: subprocess.Popen[bytes], base: str) -> None:
    """Returns when the demo answers; says so if it ended or never does."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit(f"screens: the demo ended with code {server.returncode}")
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=5):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise SystemExit(f"screens: the demo did not answer within {START_SECONDS} seconds")


@contextmanager
def demo(password: str) -> Iterator[str]:
    """Runs a demo with data of its own and gives its address."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    kundelik = str(Path(sys.executable).with_name("kundelik"))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = subprocess.Popen(
            [kundelik, "demo", "--port", str(port), "--password", password],
            cwd=ROOT,
            env=os.environ | {"KUNDELIK_DATA_DIR": folder},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_until_ready(server, base)
            yield base
        finally:
            server.terminate()
            server.wait(timeout=60)


def take(browser: Browser, base: str, password: str, shot: Shot) -> Path:
    """Signs in, opens the page and keeps the picture."""
    size = {"width": shot.width, "height": shot.height}
    context = browser.new_context(viewport=size, device_scale_factor=2, color_scheme="light")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{base}/login")
    page.fill("input[name=login]", shot.login)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: not url.endswith("/login"))
    answer = page.goto(f"{base}{shot.page}", wait_until="networkidle")
    if answer is None or not answer.ok:
        raise SystemExit(f"screens: {shot.page} answered {answer and answer.status}")
    link = page.locator(shot.follow).first
    if link.count():
        page.goto(f"{base}{link.get_attribute('href')}", wait_until="networkidle")
    path = FOLDER / f"{shot.name}.png"
    page.screenshot(path=path)
    context.close()
    return path


def main() -> int:
    """Takes all pictures; without a browser there is nothing to do but say so."""
    chromium = find_chromium()
    if chromium is None:
        print("screens: no Chromium found; see tools/browser.py", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(12)
    with demo(password) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for shot in SHOTS:
            print(take(browser, base, password, shot).relative_to(ROOT))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
