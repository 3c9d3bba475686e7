"""What `kundelik plugin new` writes is green at once: built, installed, tried as a vendor's."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kundelik_core.plugins.check import check_wheel
from kundelik_core.plugins.scaffold import create
from kundelik_core.testing.conformance import CHECKS
from tests.integration.vendor_kit import projects
from tests.server import free_port, roomy_dir
from tools.lint import ROOT


def installed(tmp_path: Path, name: str, *, minimal: bool) -> tuple[Path, Path]:
    """Return a folder with nothing of a new plugin but its tests, and where it is installed."""
    project, elsewhere, place = tmp_path / "project", tmp_path / "elsewhere", tmp_path / "place"
    create(name, project, minimal=minimal)
    wheel = projects.build(project, tmp_path / "dist")
    assert check_wheel(wheel, first_party=True).tier == "listed"
    projects.install(wheel, place)
    elsewhere.mkdir()
    shutil.copytree(project / "tests", elsewhere / "tests")
    shutil.copy(project / "pyproject.toml", elsewhere)
    return elsewhere, place


@pytest.mark.parametrize("minimal", [False, True])
def test_a_new_plugin_is_green_at_once(tmp_path: Path, minimal: bool) -> None:
    folder, place = installed(tmp_path, "brand_new", minimal=minimal)
    code, told = projects.pytest_in(folder, place)
    assert code == 0, told
    own = len(
        re.findall(r"^def test_", (folder / "tests/test_brand_new.py").read_text(), re.MULTILINE)
    )
    assert f"{len(CHECKS) + own} passed" in told


def test_it_is_green_in_a_process_of_its_own(tmp_path: Path) -> None:
    folder, place = installed(tmp_path, "brand_host", minimal=False)
    code, told = projects.pytest_in(folder, place, "--kundelik-runner=host")
    assert code == 0, told
    assert "skipped" not in told


@pytest.mark.parametrize("minimal", [False, True])
def test_it_keeps_to_our_own_style(tmp_path: Path, minimal: bool) -> None:
    project = tmp_path / "project"
    create("styled", project, minimal=minimal)
    package = project / "kundelik_styled"
    style = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", str(project)]
    # The words in a template's context are used there, which no linter of Python sees.
    code, told = projects.run(
        project, "-m", "ruff", "check", "--ignore=ARG001,D,INP001,I001,S311,PLR2004", *style
    )
    assert code == 0, told
    own = ("-m", "ruff", "check", "--no-cache", "--select=I,E,F", ".")
    code, told = projects.run(project, *own)
    assert code == 0, told
    if minimal:  # the other one holds all that this has
        return
    code, told = projects.run(
        project, "-m", "mypy", "--strict", "--no-incremental", str(package), places=(project,)
    )
    assert code == 0, told


@pytest.mark.slow
def test_dev_serves_it_and_starts_anew_with_each_change(tmp_path: Path) -> None:
    with roomy_dir("plugin-dev") as home:
        project, port = home / "project", free_port()
        create("dev_tried", project, minimal=True)
        wheel = projects.build(project, tmp_path / "dist")
        projects.install(wheel, tmp_path / "info")
        # As an editable install: the metadata here, the code in the project.
        shutil.rmtree(tmp_path / "info" / "kundelik_dev_tried")
        log = home / "dev.log"
        arguments = ["plugin", "dev", "--port", str(port), "--now", "2026-11-09T08:00"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", projects.COMMAND, *arguments],
                cwd=project,
                env=projects.environment(tmp_path / "info", project),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            wait_for(log, process, "dev_tried: is in.", 1)
            page = project / "kundelik_dev_tried" / "plugin.py"
            page.write_text(page.read_text("utf-8") + "\noops oops\n", "utf-8")
            wait_for(log, process, "dev_tried: is not in. It failed while it was loaded", 1)
            page.write_text(page.read_text("utf-8").replace("\noops oops\n", ""), "utf-8")
            wait_for(log, process, "dev_tried: is in.", 2)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise


def wait_for(log: Path, process: "subprocess.Popen[bytes]", text: str, times: int) -> None:
    deadline = time.monotonic() + 120
    while log.read_text("utf-8", "replace").count(text) < times:
        said = log.read_text("utf-8", "replace")[-3000:]
        assert process.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.2)
