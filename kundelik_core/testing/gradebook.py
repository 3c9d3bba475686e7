"""Write into a journal within a test as its teacher does, so that plugins hear of it for real."""

from uuid import UUID

import msgspec

from kundelik_core.kernel.ids import new_id
from kundelik_core.testing.core import Core
from kundelik_core.testing.town import School

__all__ = ["Gradebook"]


class _Result(msgspec.Struct):
    state: str
    value: str = ""
    problem: object = None


class _Answer(msgspec.Struct):
    results: list[_Result]


class Gradebook:
    """The journal of one school's class; the fixture ``gradebook``."""

    def __init__(self, core: Core, school: School) -> None:
        self._school = school
        self._teacher = core.visitor(school, "teacher")
        self._held: dict[tuple[UUID, UUID], str] = {}

    def write(self, value: str, *, student: int = 0, lesson: int = 0) -> UUID:
        """Write into a cell and return the id of its column, which is the lesson's.

        A mark is its points, like ``"8"``; an empty text takes back what was there.
        """
        column, pupil = self._school.lessons[lesson], self._school.students[student].id
        change = {
            "id": str(new_id()),
            "column": str(column),
            "pupil": str(pupil),
            "value": value,
            "base": self._held.get((column, pupil), ""),
            "reason": None,
        }
        path = f"/api/v1/journal/{self._school.group_id}/cells"
        answer = self._teacher.post(path, json={"changes": [change]})
        if answer.status_code != 200:
            raise AssertionError(f"the journal answered {answer.status_code}: {answer.text}")
        result = msgspec.json.decode(answer.content, type=_Answer).results[0]
        if result.state not in {"saved", "unchanged"}:
            raise AssertionError(f"{value!r} was not saved: {result.state}, {result.problem}")
        self._held[column, pupil] = result.value
        return column
