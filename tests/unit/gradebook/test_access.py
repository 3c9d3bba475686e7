"""Who may open which journal and which diary."""

from datetime import date

import pytest

from kundelik_core.gradebook.access import (
    DiaryFacts,
    Teaching,
    Viewer,
    diary_right,
    journal_right,
    need_write,
)
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id

TODAY = date(2026, 11, 4)
ME, OTHER, PUPIL = new_id(), new_id(), new_id()


def viewer(*roles: str) -> Viewer:
    return Viewer(account=new_id(), person=ME, roles=frozenset(roles))


def teaching(begins: date, ends: date | None, *, substitute: bool = False) -> Teaching:
    return Teaching(ME, begins, ends, substitute)


SEPTEMBER = date(2026, 9, 1)


@pytest.mark.parametrize(
    ("roles", "teachings", "homerooms", "right"),
    [
        (["teacher"], [teaching(SEPTEMBER, None)], [], "write"),
        (["teacher"], [teaching(SEPTEMBER, TODAY)], [], "write"),
        (["teacher"], [teaching(SEPTEMBER, date(2026, 11, 3))], [], "read"),
        (["teacher"], [teaching(date(2026, 11, 5), None)], [], ""),
        (["teacher"], [teaching(TODAY, TODAY, substitute=True)], [], "write"),
        (["teacher"], [teaching(SEPTEMBER, date(2026, 11, 3), substitute=True)], [], ""),
        (["teacher"], [], [], ""),
        (["homeroom"], [], [ME], "read"),
        (["homeroom"], [], [OTHER], ""),
        (["deputy"], [], [], "read"),
        (["director"], [], [], "read"),
        (["admin"], [], [], "read"),
        (["psychologist"], [], [], ""),
        (["parent"], [], [], ""),
        (["pupil"], [teaching(SEPTEMBER, None)], [ME], ""),
        ([], [teaching(SEPTEMBER, None)], [ME], ""),
    ],
)
def test_right_over_a_journal(
    roles: list[str], teachings: list[Teaching], homerooms: list[object], right: str
) -> None:
    found = journal_right(viewer(*roles), teachings, homerooms, TODAY)  # type: ignore[arg-type]
    assert found == right


@pytest.mark.parametrize(
    ("roles", "facts", "right"),
    [
        (["pupil"], DiaryFacts(ME, False, None), "read"),
        (["pupil"], DiaryFacts(PUPIL, False, None), ""),
        (["teacher"], DiaryFacts(ME, False, None), ""),
        (["parent"], DiaryFacts(PUPIL, True, None), "read"),
        (["parent"], DiaryFacts(PUPIL, False, None), ""),
        (["homeroom"], DiaryFacts(PUPIL, False, ME), "read"),
        (["homeroom"], DiaryFacts(PUPIL, False, OTHER), ""),
        (["teacher"], DiaryFacts(PUPIL, False, OTHER), ""),
        (["deputy"], DiaryFacts(PUPIL, False, None), "read"),
        (["psychologist"], DiaryFacts(PUPIL, False, None), "read"),
    ],
)
def test_right_over_a_diary(roles: list[str], facts: DiaryFacts, right: str) -> None:
    assert diary_right(viewer(*roles), facts) == right


@pytest.mark.parametrize(("right", "status"), [("", 404), ("read", 403)])
def test_whoever_may_not_write(right: str, status: int) -> None:
    with pytest.raises(Problem) as caught:
        need_write(right)  # type: ignore[arg-type]
    assert caught.value.status == status
