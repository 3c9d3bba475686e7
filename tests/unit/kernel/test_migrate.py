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
        # The job queue's own files are not ours, and are not cut.
        for one in (each for each in collect(source) if not each.schema):
            package, _sep, name = one.id.partition("/")
            assert name[:4].isdigit(), one.id
            assert package
            assert split(one.sql)
    assert collect("tenant")


def test_the_files_of_the_job_queue_come_after_ours_in_order() -> None:
    names = [one.id for one in collect("jobs")]
    theirs = [name for name in names if name.startswith("procrastinate/")]
    assert len(theirs) > 30
    assert names[-len(theirs) :] == theirs == sorted(theirs)
    assert all(one.schema == "procrastinate" for one in collect("jobs")[-len(theirs) :])
    assert not any(one.schema for one in collect("tenant"))
