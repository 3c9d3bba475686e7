import pytest

from kundelik_core.identity.access import (
    PERMISSIONS,
    Permission,
    may,
    may_anywhere,
    require,
    roles_with,
    schools_where,
)
from kundelik_core.identity.model import SCHOOL_ROLES, Actor, Child, Membership, PlatformRole
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id

PLATFORM = {"operator", "region", "vendor"}


def actor(
    *roles: tuple[int, str], children: tuple[int, ...] = (), platform: tuple[str, ...] = ()
) -> Actor:
    return Actor(
        account_id=new_id(),
        display_name="Айша",
        locale="kk",
        theme="auto",
        memberships=tuple(Membership(school, new_id(), role) for school, role in roles),
        children=tuple(Child(school, new_id(), new_id(), "Ерлан") for school in children),
        platform=tuple(PlatformRole(role) for role in platform),
        must_change_password=False,
        token_hash=b"",
    )


def test_the_list_is_complete_and_in_plain_words() -> None:
    assert {rule.permission for rule in PERMISSIONS} == set(Permission)
    assert len(PERMISSIONS) == len(Permission)
    for rule in PERMISSIONS:
        assert rule.roles <= SCHOOL_ROLES | PLATFORM
        assert rule.roles
        assert len(rule.title) < 50
        assert rule.allows.endswith(".")
    assert len({rule.title for rule in PERMISSIONS}) == len(PERMISSIONS)


@pytest.mark.parametrize("role", sorted(SCHOOL_ROLES))
def test_a_role_counts_in_its_own_school_only(role: str) -> None:
    person = actor((1, role), (2, "pupil"))
    for permission in Permission:
        assert may(person, permission, 1) == (role in roles_with(permission))
        assert not may(person, permission, 3)


def test_those_above_schools_open_no_journal_and_no_diary() -> None:
    for role in PLATFORM:
        person = actor(platform=(role,))
        for permission in (
            Permission.DIARY_READ,
            Permission.JOURNAL_READ,
            Permission.JOURNAL_READ_ALL,
            Permission.PEOPLE_READ,
        ):
            assert not may_anywhere(person, permission)
            assert not may(person, permission, 1)
            assert not may(person, permission)


def test_families_write_nothing() -> None:
    family = actor((1, "pupil"), (1, "parent"), children=(1,))
    assert {p for p in Permission if may(family, p, 1)} == {
        Permission.DIARY_READ,
        Permission.TIMETABLE_READ,
        Permission.NEWS_READ,
    }


def test_a_child_makes_a_parent_in_its_school() -> None:
    parent = actor((1, "teacher"), children=(2,))
    assert parent.schools == (1, 2)
    assert parent.roles(2) == {"parent"}
    assert schools_where(parent, Permission.DIARY_READ) == (2,)
    assert schools_where(parent, Permission.JOURNAL_READ) == (1,)
    assert parent.person(2) == parent.children[0].guardian_id
    assert parent.person(9) is None
    assert parent.all_roles == {"teacher", "parent"}


def test_another_school_is_not_there_and_ones_own_may_be_forbidden() -> None:
    teacher = actor((1, "teacher"))
    require(teacher, Permission.JOURNAL_WRITE, 1)
    for permission, school, status in (
        (Permission.PERIOD_CLOSE, 1, 403),
        (Permission.JOURNAL_WRITE, 2, 404),
        (Permission.PLATFORM, None, 403),
    ):
        with pytest.raises(Problem) as caught:
            require(teacher, permission, school)
        assert caught.value.status == status
