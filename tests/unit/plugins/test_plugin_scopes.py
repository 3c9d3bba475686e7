"""What a plugin is told is cut down to what its manifest names; the rest is not merely hidden."""

from datetime import date
from uuid import UUID

import pytest

from kundelik_core.plugins.scopes import within_scopes
from kundelik_core.sdk import SLOTS, ClassPage, DiaryWeek, SlotArgs, Student, StudentCard

STUDENT = Student(id=UUID(int=1), name="Айша", birth_date=date(2015, 11, 24))
BARE = Student(id=STUDENT.id, name=STUDENT.name)
NAMES, BIRTHS = frozenset({"student.v1"}), frozenset({"student.birth_date.v1"})
ARGS: list[SlotArgs] = [
    ClassPage(class_id=UUID(int=2), students=(STUDENT,)),
    DiaryWeek(student_id=STUDENT.id, monday=date(2026, 11, 23), viewer="guardian", student=STUDENT),
    StudentCard(student_id=STUDENT.id, student=STUDENT),
]


def told(args: SlotArgs) -> list[Student]:
    if isinstance(args, ClassPage):
        return list(args.students)
    assert isinstance(args, DiaryWeek | StudentCard)
    return [args.student] if args.student else []


@pytest.mark.parametrize("args", ARGS, ids=lambda args: type(args).__name__)
def test_only_what_is_named_is_told(args: SlotArgs) -> None:
    assert told(within_scopes(args, frozenset())) == []
    assert told(within_scopes(args, BIRTHS)) == []
    assert told(within_scopes(args, NAMES)) == [BARE]
    assert told(within_scopes(args, NAMES | BIRTHS)) == [STUDENT]
    assert "Айша" not in repr(within_scopes(args, BIRTHS))
    assert "2015" not in repr(within_scopes(args, NAMES))


def test_every_slot_has_its_rule() -> None:
    assert {type(args) for args in ARGS} == {*SLOTS.values()}


def test_arguments_without_a_rule_are_refused() -> None:
    with pytest.raises(TypeError, match="no rule says"):
        within_scopes(SlotArgs(), NAMES)
