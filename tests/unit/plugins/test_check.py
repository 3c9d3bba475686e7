"""What `kundelik plugin check` finds in a wheel, and that it runs nothing of it."""

import base64
import hashlib
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from kundelik_core.cli import main
from kundelik_core.kernel.errors import Problem
from kundelik_core.plugins.check import Report, check_wheel
from kundelik_core.plugins.scaffold import create

Files = dict[str, str]
Change = Callable[[Files], None]

PACKAGE = "kundelik_rating"
INFO = "kundelik_rating-0.1.0.dist-info"
METADATA = """Metadata-Version: 2.4
Name: kundelik-rating
Version: 0.1.0
License-Expression: Apache-2.0
Requires-Python: >=3.11
Requires-Dist: kundelik-core
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Return a good wheel's files by name."""
    project = tmp_path_factory.mktemp("project") / "rating"
    create("rating", project)
    found = {
        path.relative_to(project).as_posix(): path.read_text("utf-8")
        for path in sorted((project / PACKAGE).rglob("*"))
        if path.is_file()
    }
    found[f"{INFO}/METADATA"] = METADATA
    entry = f"[kundelik.plugins]\nrating = {PACKAGE}.plugin:plugin\n"
    found[f"{INFO}/entry_points.txt"] = entry
    return found


def pack(folder: Path, files: Files, *, name: str = "", record: str | None = None) -> Path:
    """Write a wheel with a true list of its files, or with ``record``."""
    if record is None:
        record = f"{INFO}/RECORD,,\n"
        for file, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
            record += f"{file},sha256={digest.decode()},{len(text.encode())}\n"
    wheel = folder / (name or "kundelik_rating-0.1.0-py3-none-any.whl")
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in {**files, f"{INFO}/RECORD": record}.items():
            archive.writestr(file, text)
    return wheel


def lines(report: Report, level: str = "error") -> str:
    return "\n".join(
        f"{one.code} {one.where}: {one.text}" for one in report.findings if one.level == level
    )


def edit(file: str, old: str, new: str) -> Change:
    def change(files: Files) -> None:
        path = file if "/" in file else f"{PACKAGE}/{file}"
        assert old in files[path], (path, old)
        files[path] = files[path].replace(old, new)

    return change


def add(file: str, text: str) -> Change:
    def change(files: Files) -> None:
        files[file] = files.get(file, "") + text

    return change


def test_a_plugin_of_the_scaffold_may_be_listed(files: Files, tmp_path: Path) -> None:
    before = set(sys.modules)
    report = check_wheel(pack(tmp_path, files), first_party=True)
    assert (report.tier, report.name, report.version) == ("listed", "rating", "0.1.0")
    assert lines(report) == ""
    assert "the contact is an example" in lines(report, "warning")
    assert "student.v1: Names and classes of pupils." in lines(report, "review")
    assert not [name for name in set(sys.modules) - before if name.startswith(PACKAGE)]


MANIFEST, PAGES, NOTE = "kundelik.toml", "pages.py", f"{PACKAGE}/migrations/0001_note.sql"
LATEST = f"{PACKAGE}/templates/latest.html"
BAD: list[tuple[str, Change, str]] = [
    ("pth", add("run.pth", "import os"), "pth run.pth: would run whenever Python starts"),
    ("foreign", add("tests/test_it.py", ""), "foreign tests/test_it.py: lies outside of the pac"),
    ("scripts", add(f"{INFO}/entry_points.txt", "[console_scripts]\nx = a:b\n"), "console_scripts"),
    ("two", add(f"{INFO}/entry_points.txt", "more = a:b\n"), "2 entries under kundelik.plugins"),
    ("compiled", add(f"{PACKAGE}/fast.so", "x"), "is compiled, so nobody can read it"),
    ("version", edit(f"{INFO}/METADATA", "Version: 0.1.0", "Version: 0.2"), "different things"),
    ("licence", edit(f"{INFO}/METADATA", "License-Expression: Apache-2.0\n", ""), "no licence"),
    ("core", edit(f"{INFO}/METADATA", "kundelik-core", "attrs"), "does not require kundelik-core"),
    ("url", add(f"{INFO}/METADATA", "Requires-Dist: x @ https://h.example/x.zip\n"), "an address"),
    ("entry", edit(f"{INFO}/entry_points.txt", ".plugin:", ".module:"), "module.py is not there"),
    ("name", edit(f"{INFO}/entry_points.txt", "rating =", "other ="), "but the entry point other"),
    ("toml", edit(MANIFEST, "manifest = 1", "manifest = 2"), "manifest kundelik_rating/kundelik"),
    ("api", edit(MANIFEST, ">=0.2,<0.3", ">=9"), "is made for >=9 of the contract"),
    ("slot", edit(MANIFEST, '"student.card"', '"student.list"'), "there is not: student.list"),
    ("personal", edit(MANIFEST, 'personal = true\nretention = "P400D"', "personal = false"),
     "has student_id, but the manifest says"),
    ("import", add(f"{PACKAGE}/{PAGES}", "import asyncpg\n"), "imports asyncpg"),
    ("inside", add(f"{PACKAGE}/{PAGES}", "from kundelik_core.kernel import db\n"),
     "imports kundelik_core.kernel"),
    ("syntax", add(f"{PACKAGE}/{PAGES}", "def\n"), "pages.py cannot be read"),
    ("contract", edit(PAGES, "    NotFound,\n", "    NotFound,\n    NotThere,\n"),
     "NotThere is not in version"),
    ("star", add(f"{PACKAGE}/{PAGES}", "from kundelik_core.sdk import *\n"), "imports everything"),
    ("misnamed", add(f"{PACKAGE}/migrations/two.sql", ""), "two.sql: is misnamed"),
    ("function", add(NOTE, "create function f() returns int language sql as 'select 1';\n"),
     "is not for migrations of plugins"),
    ("semicolon", add(NOTE, "drop table note\n"), "does not end with ';'"),
    ("school", edit(NOTE, "school_id  integer     not null", "school_id bigint not null"),
     "note has no school_id integer not null"),
    ("key", edit(NOTE, "(school_id, id)", "(id, school_id)"), "does not begin with school_id"),
    ("schema", edit(NOTE, "create table note", "create table core.note"), "names a schema"),
    ("foreign_key", edit(NOTE, "student_id uuid", "student_id uuid references core.person (id)"),
     "has a foreign key into the core"),
    ("safe", edit(LATEST, "note.body", "note.body|safe"), "escaping off"),
    ("random", add(LATEST, "{{ [1, 2]|random }}"), "uses random"),
    ("raw", add(LATEST, "{% autoescape false %}{% endautoescape %}"),
     "escaping off"),
    ("jinja", add(LATEST, "{% if %}"), "template kundelik_rating/temp"),
    ("script", add(LATEST, "<script>"), "holds a script"),
    ("style", add(LATEST, '<p style="x">'), "holds a style"),
    ("onclick", add(LATEST, '<p onclick="x">'), "in an attribute"),
    ("load", add(LATEST, '<img src="//h.example/x">'), "holds an address"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_what_keeps_a_wheel_from_being_listed(
    files: Files, tmp_path: Path, change: Change, said: str
) -> None:
    own = dict(files)
    change(own)
    report = check_wheel(pack(tmp_path, own))
    assert report.tier == ""
    assert said in lines(report)
    assert all(one.help for one in report.of("error"))


def test_a_file_that_is_not_as_the_list_says(files: Files, tmp_path: Path) -> None:
    report = check_wheel(pack(tmp_path, files, record=f"{PACKAGE}/plugin.py,sha256=AAAA,3\n"))
    assert "plugin.py: is not as RECORD lists it" in lines(report)


REACHES = [
    ("import subprocess", "imports subprocess, which starts processes"),
    ("from urllib.request import urlopen", "which talks to the network"),
    ("import ctypes as c", "calls machine code"),
    ("eval('1')", "eval() runs text as code"),
    ("import os\nos.system('x')", "uses os.system"),
    ("from os import environ", "imports os.environ"),
    ("import time\ntime.sleep(1)", "time.sleep makes everybody wait"),
    ("().__class__.__subclasses__()", "reaches for __subclasses__"),
]


@pytest.mark.parametrize(("code", "said"), REACHES)
def test_what_reaches_out_is_for_review_and_no_error(
    files: Files, tmp_path: Path, code: str, said: str
) -> None:
    own = {**files, f"{PACKAGE}/more.py": f"{code}\n"}
    report = check_wheel(pack(tmp_path, own))
    assert said in lines(report, "review")
    assert report.tier == "listed"


def test_taking_an_address_apart_reaches_nowhere(files: Files, tmp_path: Path) -> None:
    own = {**files, f"{PACKAGE}/more.py": "from urllib.parse import urlsplit\n"}
    assert "urllib" not in lines(check_wheel(pack(tmp_path, own)), "review")


def test_a_required_package_may_be_imported_and_is_for_review(files: Files, tmp_path: Path) -> None:
    own = {**files, f"{PACKAGE}/more.py": "import some_thing\n"}
    own[f"{INFO}/METADATA"] += "Requires-Dist: Some.Thing>=1\n"
    report = check_wheel(pack(tmp_path, own))
    assert report.tier == "listed"
    assert "brings some-thing into the server's environment" in lines(report, "review")


def test_one_language_is_a_must_and_all_for_the_core(files: Files, tmp_path: Path) -> None:
    own = {name: text for name, text in files.items() if "/locale/kk/" not in name}
    wheel = pack(tmp_path, own)
    assert check_wheel(wheel).tier == "listed"
    assert "kk: there is no locale/kk" in lines(check_wheel(wheel), "warning")
    assert check_wheel(wheel, first_party=True).tier == ""
    none = {name: text for name, text in own.items() if "/locale/" not in name}
    assert check_wheel(pack(tmp_path, none)).tier == ""


def unsafe(folder: Path, name: str, mode: int = 0) -> Path:
    wheel = folder / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, "x")
    return wheel


@pytest.mark.parametrize(
    ("name", "mode"), [("../out", 0), ("/etc/out", 0), ("a\\b", 0), ("link", 0o120777)]
)
def test_nothing_is_unpacked_outside(tmp_path: Path, name: str, mode: int) -> None:
    with pytest.raises(Problem) as caught:
        check_wheel(unsafe(tmp_path, name, mode))
    assert "has no place in a wheel" in str(caught.value.params["why"])


def test_what_is_no_wheel(tmp_path: Path) -> None:
    for name, text in (("a.tar.gz", "x"), ("a.whl", "x"), ("b.whl", "")):
        (tmp_path / name).write_text(text)
        with pytest.raises(Problem):
            check_wheel(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "c.whl", "w") as archive:
        archive.writestr("a.py", "")
    with pytest.raises(Problem) as caught:
        check_wheel(tmp_path / "c.whl")
    assert "0 folders .dist-info" in str(caught.value.params["why"])


def test_the_command_says_it_by_its_exit_code(files: Files, tmp_path: Path) -> None:
    good = pack(tmp_path, files)
    done = CliRunner().invoke(main, ["plugin", "check", str(good)])
    assert (done.exit_code, "It may be listed." in done.output) == (0, True)
    (tmp_path / "bad").mkdir()
    bad = pack(tmp_path / "bad", {**files, "run.pth": ""})
    done = CliRunner().invoke(main, ["plugin", "check", str(good), str(bad), "--json"])
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert [one["tier"] for one in told] == ["listed", ""]
    assert told[0]["sha256"] == hashlib.sha256(good.read_bytes()).hexdigest()
    (tmp_path / "no.whl").write_text("x")
    assert CliRunner().invoke(main, ["plugin", "check", str(tmp_path / "no.whl")]).exit_code == 2
