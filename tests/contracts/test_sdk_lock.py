"""No signature of the contract changes unseen, and the page of hooks says what the code says."""

import difflib
from pathlib import Path

import pytest

from kundelik_core import sdk
from tools import sdk_lock

ADVICE = "run: python tools/sdk_lock.py, and look at what of the contract changed"


@pytest.mark.parametrize(
    ("file", "wanted"),
    [(sdk_lock.LOCK, sdk_lock.lock_text), (sdk_lock.PAGE, sdk_lock.page_text)],
    ids=["sdk.lock", "hooks.md"],
)
def test_the_file_is_what_the_code_says(file: Path, wanted: object) -> None:
    assert callable(wanted)
    there, now = file.read_text("utf-8").splitlines(), wanted().splitlines()
    changed = [
        line
        for line in difflib.unified_diff(there, now, "before", "now", lineterm="", n=0)
        if line[0] in "+-"
    ]
    assert changed == [], ADVICE


def test_the_lock_holds_every_public_name() -> None:
    held = {name.name for module in sdk_lock.MODULES for name in sdk_lock.public(module)}
    assert held | {"API_VERSION"} == {*sdk.__all__}


def test_every_module_of_the_contract_is_on_the_page() -> None:
    there = {file.stem for file in sdk_lock.SDK.glob("*.py")} - {"__init__", "_texts"}
    assert {*sdk_lock.MODULES} == there


def test_every_name_on_the_page_says_what_it_is_for() -> None:
    silent = [
        name.name
        for module in sdk_lock.MODULES
        for name in sdk_lock.public(module)
        if len(name.doc) < 20
    ]
    assert silent == []


def test_what_is_inherited_from_a_private_base_is_held_too() -> None:
    lock = sdk_lock.lock_text()
    mark = lock[lock.index("class MarkRecorded(") :]
    assert mark.split("\n\n")[0].splitlines()[1:] == [
        "    student_id: UUID",
        "    group_id: UUID",
        "    work_id: UUID",
    ]
