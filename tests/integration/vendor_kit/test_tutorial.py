"""The tutorial, followed to the letter: files are written, changes made, commands run."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.vendor_kit import projects
from tools.lint import ROOT

PAGE = ROOT / "docs" / "vendors" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"\*\*`([^`]+)`\*\*")


class Step(NamedTuple):
    """One thing to do: write a file, change one, or type commands."""

    kind: str
    file: str
    old: str
    text: str


def steps(page: str) -> Iterator[Step]:
    """Yield what a reader does, in order; blocks of ``sh`` are told and not done here."""
    at, file, old = 0, "", ""
    for block in BLOCK.finditer(page):
        before = page[at : block.start()]
        at = block.end()
        names = FILE.findall(before)
        file = names[-1] if names else file
        words = " ".join(before.split())
        kind, text = block.groups()
        if kind == "console":
            yield Step("run", "", "", text)
        elif kind == "sh":
            continue
        elif words.endswith("a new file:"):
            yield Step("new", file, "", text)
        elif words.endswith("instead of"):
            old = text
        else:
            assert words == "write", words
            yield Step("change", file, old, text)
            old = ""
    assert not old


def type_in(line: str, folder: Path, info: Path) -> Path:
    """Do one line of a terminal; return the folder in which one is then."""
    words = line.removeprefix("$ ").split()
    if words[0] == "cd":
        return folder / words[1]
    programs = {
        "kundelik": ["-c", projects.COMMAND],
        "pytest": ["-m", "pytest", "-p", "no:cacheprovider"],
        "hatchling": ["-m", "hatchling"],
    }
    places = (info, folder)
    code, told = projects.run(folder, *programs[words[0]], *words[1:], places=places)
    assert code == 0, f"{line}\n{told}"
    return folder


@pytest.mark.slow
def test_the_tutorial_works_as_it_is_written(tmp_path: Path) -> None:
    folder, info = tmp_path, tmp_path / "info"
    done = [*steps(PAGE.read_text("utf-8"))]
    assert sum(step.kind == "run" for step in done) >= 6
    for step in done:
        path = folder / step.file
        if step.kind == "new":
            assert not path.exists()
            path.write_text(step.text, "utf-8")
        elif step.kind == "change":
            text = path.read_text("utf-8")
            assert text.count(step.old) == 1, f"{step.file}: {step.old}"
            path.write_text(text.replace(step.old, step.text), "utf-8")
        else:
            for line in step.text.splitlines():
                if line.startswith("$ pytest") and not info.is_dir():
                    installed_editable(folder, info, tmp_path)
                folder = type_in(line, folder, info)


def installed_editable(project: Path, info: Path, tmp_path: Path) -> None:
    """Leave what an editable install leaves: the metadata elsewhere, the code where it is."""
    projects.install(projects.build(project, tmp_path / "first"), info)
    shutil.rmtree(info / "kundelik_jotter")
    said = {"url": project.as_uri(), "dir_info": {"editable": True}}
    (info / "kundelik_jotter-0.1.0.dist-info" / "direct_url.json").write_text(json.dumps(said))


def test_every_step_is_understood() -> None:
    kinds = [step.kind for step in steps(PAGE.read_text("utf-8"))]
    assert kinds[0] == "run"
    assert kinds.count("new") == 4
    assert kinds.count("change") == 8
