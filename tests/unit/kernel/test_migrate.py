"""Files are cut into single statements, and their names carry the order."""

import pytest

from kundelik_core.kernel.boot import SOURCES
from kundelik_core.kernel.migrate import MigrationError, collect, split


def test_a_body_in_dollars_is_one_statement() -> None:
    sql = (
        "-- a note\ncreate table a (b int);\n\n"
        "create function f() returns int language sql as $$\n  select 1;\n  select 2;\n$$;\n"
        "select ';'\n  from a;\n"
    )
    assert [one.split("\n")[0] for one in split(sql)] == [
        "create table a (b int)",
        "create function f() returns int language sql as $$",
        "select ';'",
    ]


def test_an_open_end_is_refused() -> None:
    with pytest.raises(MigrationError, match="select 1"):
        split("select 1\n")


def test_every_file_of_ours_can_be_cut_and_is_named_in_order() -> None:
    for source in SOURCES:
        found = collect(source)
        for one in found:
            package, _sep, name = one.id.partition("/")
            assert name[:4].isdigit(), one.id
            assert package
            assert split(one.sql)
    assert collect("tenant")
