import itertools

import pytest

from kundelik_core.kernel.errors import Problem
from kundelik_core.schools.access import SlipFacts, people_reach, require_slip, stands_near

ROLES = ("pupil", "parent", "teacher", "homeroom", "psychologist", "deputy", "director", "admin")
FAMILY = frozenset({"parent"})


def may(asker: set[str], facts: SlipFacts) -> bool:
    try:
        require_slip(asker, facts)
    except Problem as problem:
        # A refusal says why, and who may instead.
        return not (problem.status == 403 and problem.help)
    return True


@pytest.mark.parametrize(
    ("roles", "reach"),
    [
        ({"director"}, "everyone"), ({"homeroom", "deputy"}, "everyone"),
        ({"psychologist", "homeroom"}, "families"), ({"teacher", "homeroom"}, "class"),
        ({"teacher"}, ""), ({"parent"}, ""), (set(), ""),
    ],
)  # fmt: skip
def test_how_far_each_role_sees(roles: set[str], reach: str) -> None:
    assert people_reach(roles) == reach


def test_a_colleague_who_is_a_parent_is_no_family_to_a_psychologist() -> None:
    assert stands_near("families", own_class=False, roles={"parent"})
    assert not stands_near("families", own_class=False, roles={"parent", "teacher"})
    assert not stands_near("families", own_class=False, roles=())
    assert not stands_near("", own_class=True, roles={"pupil"})


@pytest.mark.parametrize("role", ["pupil", "parent", "teacher", "psychologist"])
def test_who_gives_no_codes_at_all(role: str) -> None:
    assert not may({role}, SlipFacts(roles=FAMILY, own_class=True))


def test_a_homeroom_teacher_gives_codes_to_families_of_the_class() -> None:
    assert may({"homeroom"}, SlipFacts(roles=FAMILY, own_class=True))
    assert not may({"homeroom"}, SlipFacts(roles=FAMILY))
    # A mother of the class who also teaches here: her code would open a colleague's journals.
    both = FAMILY | {"teacher"}
    assert not may({"homeroom"}, SlipFacts(roles=both, own_class=True))
    assert may({"deputy"}, SlipFacts(roles=both))


@pytest.mark.parametrize(("asker", "target"), list(itertools.product(ROLES, ROLES)))
def test_nobody_gives_a_code_to_somebody_who_may_do_more(asker: str, target: str) -> None:
    weights = dict.fromkeys(ROLES, 0) | {
        "teacher": 1, "homeroom": 1, "psychologist": 1, "deputy": 2, "director": 3, "admin": 3,
    }  # fmt: skip
    if may({asker}, SlipFacts(roles=frozenset({target}), own_class=True)):
        assert weights[target] < weights[asker] or {asker, target} <= {"director", "admin"}


@pytest.mark.parametrize("asker", ["homeroom", "deputy", "director", "admin"])
def test_an_account_is_not_opened_from_beside(asker: str) -> None:
    family = frozenset({"parent"})
    assert may({asker}, SlipFacts(roles=family, elsewhere=family, own_class=True))
    for elsewhere in ("teacher", "director", "admin", "something new"):
        facts = SlipFacts(roles=family, elsewhere=frozenset({elsewhere}), own_class=True)
        assert not may({asker}, facts)
    assert not may({asker}, SlipFacts(roles=family, platform=True, own_class=True))
