"""What the pages for vendors say is so: links lead somewhere, the code is the code of today."""

import re
from pathlib import Path

import pytest

from kundelik_core.sdk import API_VERSION
from kundelik_core.web.module_menu import ICONS
from kundelik_core.web.static_mount import FOLDER as STATIC
from tools.lint import ROOT

FOLDER = ROOT / "docs" / "vendors"
PAGES = sorted(FOLDER.glob("*.md"))
RECIPE = re.compile(r"^From `([^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def test_the_recipes_are_the_code_of_today() -> None:
    text = (FOLDER / "cookbook.md").read_text("utf-8")
    recipes = RECIPE.findall(text)
    assert len(recipes) == text.count("\n## ") == 17
    for file, code in recipes:
        assert code in (ROOT / file).read_text("utf-8"), f"{file} is another one by now:\n{code}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_links_lead_somewhere(page: Path) -> None:
    there = LINK.findall(page.read_text("utf-8"))
    assert [one for one in there if not (FOLDER / one).exists() and "://" not in one] == []


def test_every_page_is_on_the_first_one() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    assert [page.name for page in PAGES if f"({page.name})" not in text] == ["README.md"]


def test_the_promise_names_the_range_of_today() -> None:
    major, minor, _ = API_VERSION.split(".")
    wanted = f'api = ">={major}.{minor},<{major}.{int(minor) + 1}"'
    assert wanted in (FOLDER / "promise.md").read_text("utf-8")


def test_the_look_names_classes_and_icons_that_there_are() -> None:
    text = (FOLDER / "look.md").read_text("utf-8")
    parts, icons = text[text.index("## Parts") :], text[text.index("## Icons") :]
    sheets = "".join(
        (STATIC / "css" / f"{name}.css").read_text("utf-8") for name in ("base", "components")
    )
    rows = re.findall(r"^\| (`[^|]+)\|", parts[: parts.index("A form that")], re.MULTILINE)
    named = {
        word for row in rows for cell in re.findall(r"`([^`]+)`", row) for word in cell.split()
    }
    assert len(named) > 25
    assert {one for one in named if not re.search(rf"\.{one}\b", sheets)} == set()
    assert set(re.findall(r"`([a-z-]+)`", icons.partition("\n\n")[2].partition("\n\n")[2])) == ICONS
