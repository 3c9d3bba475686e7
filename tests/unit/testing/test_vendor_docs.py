"""What the pages for vendors say is so: links lead somewhere, the code is the code of today."""

import re
from pathlib import Path

import pytest

from kundelik_core.sdk import API_VERSION
from tools.lint import ROOT

FOLDER = ROOT / "docs" / "vendors"
PAGES = sorted(FOLDER.glob("*.md"))
RECIPE = re.compile(r"^From `([^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def test_the_recipes_are_the_code_of_today() -> None:
    text = (FOLDER / "cookbook.md").read_text("utf-8")
    recipes = RECIPE.findall(text)
    assert len(recipes) == text.count("\n## ") == 15
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
