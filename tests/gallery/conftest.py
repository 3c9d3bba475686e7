"""A browser and the gallery's server, for the tests of scripts, styles and templates."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.gallery import server, shots

# What a page has to do it does when the machine lets it: nobody waits where it has been done.
SECONDS = 20
expect.set_options(timeout=SECONDS * 1000)


@pytest.fixture(scope="session")
def gallery() -> Iterator[str]:
    """The address of the gallery."""
    site = server.start()
    yield f"http://127.0.0.1:{site.server_address[1]}"
    site.shutdown()
    site.server_close()


# No longer than a module: while it is open its event loop counts as running in this thread, and no
# asynchronous test of another module could run its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a module; without one the tests are skipped, on CI they fail."""
    with sync_playwright() as play:
        try:
            opened = play.chromium.launch(executable_path=shots.chromium(), args=shots.ARGS)
        except Error as problem:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"no browser: {problem.message.splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[Page]:
    """A tab at 1280 for pages that are only looked at; tests that press something take ``tab``."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A fresh profile at 1280; any error in a script fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(SECONDS * 1000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    server.Handler.book.reset()
    yield page
    context.close()
    assert not errors
