"""Cut what a plugin is told down to the scopes that its manifest declares."""

from collections.abc import Collection
from typing import TypeVar

import msgspec

from kundelik_core.sdk import ClassPage, DiaryWeek, SlotArgs, Student, StudentCard

__all__ = ["within_scopes"]

_Args = TypeVar("_Args", DiaryWeek, StudentCard)


def within_scopes(args: SlotArgs, reads: Collection[str]) -> SlotArgs:
    """Return ``args`` without anything that ``reads`` does not open.

    Arguments for which there is no rule yet are refused rather than passed on whole.
    """
    match args:
        case ClassPage():
            return _of_class(args, reads)
        case DiaryWeek():
            return _of_student(args, reads)
        case StudentCard():
            return _of_student(args, reads)
    raise TypeError(f"no rule says what of {type(args).__name__} a plugin may see")


def _of_class(args: ClassPage, reads: Collection[str]) -> ClassPage:
    if "student.v1" not in reads:
        return msgspec.structs.replace(args, students=())
    if "student.birth_date.v1" in reads:
        return args
    return msgspec.structs.replace(args, students=tuple(_bare(one) for one in args.students))


def _of_student(args: _Args, reads: Collection[str]) -> _Args:
    if args.student is None:
        return args
    if "student.v1" not in reads:
        return msgspec.structs.replace(args, student=None)
    if "student.birth_date.v1" in reads or args.student.birth_date is None:
        return args
    return msgspec.structs.replace(args, student=_bare(args.student))


def _bare(student: Student) -> Student:
    return Student(id=student.id, name=student.name)
