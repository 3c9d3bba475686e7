"""Takes pictures of the gallery: python -m tests.gallery.shots FOLDER [PAGE ...] [--quick]."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.gallery import pages, server

SIZES = {"390": (390, 844), "768": (768, 1024), "1280": (1280, 800)}
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def chromium() -> str | None:
    """Debian's browser where there is one, else the one that playwright brings."""
    return "/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None


def take(browser: Browser, base: str, folder: Path, name: str, look: str) -> None:
    """One picture: look is 'kk-390-dark'."""
    lang, size, theme = look.split("-")
    width, height = SIZES[size]
    tab = browser.new_page(viewport={"width": width, "height": height})
    tab.on("console", lambda m: print(name, look, m.text) if m.type == "error" else None)
    tab.on("pageerror", lambda e: print(name, look, e))
    tab.goto(f"{base}/g/{name}?lang={lang}&theme={theme}")
    tab.wait_for_load_state("networkidle")
    wide = tab.evaluate("document.documentElement.scrollWidth > innerWidth")
    if wide:
        print(f"{name} {look}: wider than the screen")
    tab.screenshot(path=folder / f"{name}-{look}.png", full_page=True)
    tab.close()


def main(folder: Path, names: list[str], quick: bool) -> None:
    """All pages in all looks, or the quick choice of two."""
    folder.mkdir(parents=True, exist_ok=True)
    looks = ["kk-390-light", "ru-1280-dark"]
    if not quick:
        langs, themes = ("kk", "ru", "en"), ("light", "dark")
        looks = [f"{g}-{s}-{t}" for g in langs for s in SIZES for t in themes]
    site = server.start()
    base = f"http://127.0.0.1:{site.server_address[1]}"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=ARGS)
        for name in names or list(pages.PAGES):
            for look in looks:
                take(browser, base, folder, name, look)
        browser.close()
    site.shutdown()


if __name__ == "__main__":
    words = [a for a in sys.argv[2:] if a != "--quick"]
    main(Path(sys.argv[1]), words, "--quick" in sys.argv)
