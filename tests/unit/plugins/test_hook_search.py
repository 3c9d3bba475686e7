"""The hook `search`: what it declares is taken as it is, and what is wrong is refused by name."""

import pytest

from kundelik_core.plugins.declared import DeclaredSearch
from kundelik_core.sdk import Text
from tests.unit.plugins.dists import Site
from tests.unit.plugins.whole import fault, load

T = Text(kk="к", ru="р", en="e")


def test_search_is_taken(site: Site) -> None:
    assert load(site).declared.search == (
        DeclaredSearch(
            name="whole.things", title=T, order=50, budget_ms=250, permission="whole.see"
        ),
        DeclaredSearch(name="whole.others", title=T, order=9, budget_ms=100, permission=None),
    )


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('name="whole.others"', 'name="whole.more"', "undeclared", "uses.search"),
        ('name="whole.others"', 'name="whole.things"', "declaration", "stands there twice"),
        ('find=things, permission="whole.see"', 'find=things, permission="x"',
         "declaration", "x is none of its own"),
        ("budget_ms=100)]", "budget_ms=501)]", "declaration", "$.budget_ms"),
        ("find=others", "find=blocking", "declaration", "is not an async function"),
        ('Search(name="whole.others", title=T', 'Search(name="whole.others", title="T"',
         "declaration", "$.title"),
    ],
)  # fmt: skip
def test_search_that_is_refused(site: Site, old: str, new: str, code: str, says: str) -> None:
    got, text = fault(site, old, new)
    assert (got, says in text) == (code, True), text
