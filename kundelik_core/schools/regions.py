"""Name the regions of the country as they were on any day, since old records keep old names."""

import datetime as dt
import tomllib
from functools import cache
from importlib import resources

import msgspec

from kundelik_core.schools.titles import Title


class Region(msgspec.Struct, frozen=True):
    """A region, or a city of the same rank, under one title."""

    code: str
    title: Title
    city: bool = False
    begins: dt.date | None = None
    ends: dt.date | None = None

    def holds(self, day: dt.date) -> bool:
        """Whether the region existed under this title on the day."""
        return (self.begins is None or self.begins <= day) and (
            self.ends is None or day <= self.ends
        )


class _File(msgspec.Struct):
    country: Region
    regions: tuple[Region, ...]


@cache
def _file() -> _File:
    source = resources.files("kundelik_core.schools") / "data" / "regions.toml"
    return msgspec.convert(tomllib.loads(source.read_text("utf-8")), _File)


def country() -> Region:
    """The root of the tree: a ministry's officers stand here."""
    return _file().country


def all_regions() -> tuple[Region, ...]:
    """Every region and title we know of, the past ones too."""
    return _file().regions


def regions_on(day: dt.date) -> tuple[Region, ...]:
    """The regions of the country on a day, by code."""
    return tuple(r for r in all_regions() if r.holds(day))


def region(code: str, day: dt.date) -> Region | None:
    """The region with a code on a day."""
    return next((r for r in regions_on(day) if r.code == code), None)
