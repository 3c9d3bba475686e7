"""Ids sort by the time they were made, even within one tick."""

import uuid

from kundelik_core.kernel.ids import new_id


def test_ids_of_one_process_only_grow() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}
