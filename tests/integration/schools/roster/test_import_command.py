"""The commands: a look is the default, remarks name file, line and column, codes are private."""

import csv
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.schools.actions.schools import NewSchool, add_school
from tests import commands
from tests.factories import Factory
from tests.interop import testdata

LIST = (
    "Тегі;Аты;Сынып;Туған күні\n"
    "Ахметов;Арман;5 «А»;01.03.2015\n"
    "Пак;Яна;жоқ;04.06.2015\n"
)  # fmt: skip
MAPPING = Path(__file__).parents[4] / "docs" / "examples" / "uci-student-performance.toml"


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


async def kundelik(urls: Urls, folder: Path, *args: str | Path) -> Ran:
    """Run the command in a process of its own: it opens and closes its databases."""
    where, data = Path(__file__).parents[4], str(folder / "var")
    return Ran(*await commands.kundelik(urls, *args, cwd=where, KUNDELIK_DATA_DIR=data))


async def test_a_roster(urls: Urls, factory: Factory, tmp_path: Path) -> None:
    school = await factory.school()
    file, mend, slips = tmp_path / "5a.csv", tmp_path / "mend.csv", tmp_path / "slips.csv"
    file.write_text(LIST, encoding="utf-8")
    base = ("roster", "import", file, "--school", str(school), "--year", "2026")
    look = await kundelik(urls, tmp_path, *base, "--locale", "en", "--errors", mend)
    assert look.code == 1
    assert "error: 5a.csv:3: Сынып: жоқ is not a class" in look.err
    assert "Nothing was written" in look.out
    assert "is not a class" in mend.read_text("utf-8-sig").splitlines()[2]
    count = "select count(*) from core.person where school_id = $1"
    assert await factory.tenant.fetchval(count, school) == 0
    done = await kundelik(urls, tmp_path, *base, "--apply", "--json", "--slips", slips)
    assert done.json["accounts"] == 1
    assert done.json["counts"]["pupils"] == {"new": 1, "changed": 0, "same": 0, "wrong": 1}
    assert await factory.tenant.fetchval(count, school) == 1
    assert slips.stat().st_mode & 0o077 == 0
    rows = list(csv.reader(io.StringIO(slips.read_text("utf-8-sig"))))
    assert rows[1][0] == "Ахметов Арман"
    assert rows[1][1].startswith("arman.akhmetov")
    assert len(rows[1][2].replace("-", "")) == 10
    again = await kundelik(urls, tmp_path, *base, "--apply", "--json")
    assert again.json["repeated"] is False or again.json["counts"]["pupils"]["new"] == 0
    assert again.json["accounts"] == 0


async def far_away(factory: Factory) -> None:
    """Let new schools get ids that the factory will never hand out."""
    last = await factory.tenant.fetchval("select max(id) from core.school")
    number = max(last or 0, 70_000_000) + 1
    await add_school(factory.tenant, NewSchool(id=number, title_kk="№0 мектеп"))


async def test_a_school_is_made_for_a_file(urls: Urls, factory: Factory, tmp_path: Path) -> None:
    await far_away(factory)
    file = tmp_path / "5a.csv"
    file.write_text(LIST, encoding="utf-8")
    base = ("roster", "import", file, "--create-school", "№9 мектеп", "--year", "2026", "--json")
    look = await kundelik(urls, tmp_path, *base)
    assert look.json["school"] is None
    assert look.json["counts"]["pupils"]["new"] == 1
    done = await kundelik(urls, tmp_path, *base, "--apply")
    title = "select title_kk from core.school where id = $1"
    assert await factory.tenant.fetchval(title, done.json["school"]) == "№9 мектеп"


@pytest.mark.parametrize(
    "args", [(), ("--school", "1", "--create-school", "x"), ("--school", "1", "--slips", "x")]
)
async def test_asked_wrongly(urls: Urls, tmp_path: Path, args: tuple[str, ...]) -> None:
    file = tmp_path / "5a.csv"
    file.write_text(LIST, encoding="utf-8")
    assert (await kundelik(urls, tmp_path, "roster", "import", file, *args)).code == 2


async def test_a_file_too_large_is_refused_unread(urls: Urls, tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    with file.open("wb") as stream:
        stream.truncate(200 * 2**20)
    ran = await kundelik(urls, tmp_path, "roster", "import", file, "--school", "1")
    assert ran.code == 1
    assert "holds 200 MB; at most 50 MB" in ran.err


@pytest.mark.interop
async def test_marks(urls: Urls, factory: Factory, tmp_path: Path) -> None:
    path = testdata("uci-student-performance/student-mat.csv")
    await far_away(factory)
    base = ("marks", "import", path, "--mapping", MAPPING, "--create-school", "--only", "MS")
    look = await kundelik(urls, tmp_path, *base, "--json")
    assert look.code == 0
    assert look.json["counts"]["pupils"]["new"] == 46
    done = await kundelik(urls, tmp_path, *base, "--apply", "--json")
    assert done.code == 0, done.err
    assert done.json["counts"]["marks"] == {"saved": 138, "same": 0, "wrong": 0}
    results = "select count(*) from core.period_result where school_id = $1 and mark is not null"
    assert await factory.tenant.fetchval(results, done.json["school"]) == 138
