"""Turn the conformance checks into pytest items, one per check, beside the plugin's own tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from kundelik_core.testing import conformance
from kundelik_core.testing.ground import GroundError
from kundelik_core.testing.network import no_network
from kundelik_core.testing.plugin import MANIFEST, OPTION, RUNNER
from kundelik_core.testing.subject import NotLoadedError, Subject, subject

__all__ = ["Conformance", "ConformanceItem", "at", "chosen", "missing", "near"]

_SUBJECTS = pytest.StashKey[dict[str, Subject]]()
_BUILD_FILES = ("pyproject.toml", "setup.cfg", "setup.py")


class NonConformityError(Exception):
    """What a check found, a line each; shown without a trace, for the code at fault is not here."""


def subjects(config: pytest.Config) -> dict[str, Subject]:
    """Return the plugins that the configuration names, each found and loaded once."""
    if _SUBJECTS not in config.stash:
        mode = config.getoption(RUNNER, "process")
        made = {name: subject(name, mode) for name in config.getini(OPTION)}
        config.stash[_SUBJECTS] = made
        for one in made.values():
            config.add_cleanup(one.ground.close)
    return config.stash[_SUBJECTS]


def chosen(config: pytest.Config, path: Path) -> Subject:
    """Return the plugin that a test is about: the only one, or the one in whose project it lies."""
    there = subjects(config)
    if len(there) == 1:
        return next(iter(there.values()))
    near = [one for one in there.values() if path.is_relative_to(_project(config, one))]
    if len(near) != 1:
        raise pytest.UsageError(f"{path}: which of {', '.join(there)} is this test about?")
    return near[0]


def at(file: Path, parent: pytest.Collector) -> "Conformance | None":
    """Return the items of the plugin whose manifest this is, if it is under test."""
    for one in subjects(parent.config).values():
        if one.root and (one.root / MANIFEST).samefile(file):
            made: Conformance = Conformance.from_parent(parent, path=file, subject=one)
            return made
    return None


def missing(session: pytest.Session, items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the items of plugins that no walk came upon, if the run is about their project."""
    there = {item.subject.name for item in items if isinstance(item, ConformanceItem)}
    made: list[pytest.Item] = []
    for name, one in subjects(session.config).items():
        project = _project(session.config, one)
        if name in there or not any(_about(project, arg) for arg in session.config.args):
            continue
        path = one.root / MANIFEST if one.root else session.config.rootpath / name / MANIFEST
        collector: Conformance = Conformance.from_parent(session, path=path, subject=one)
        made += collector.collect()
    return made


def near(config: pytest.Config, path: Path) -> bool:
    """Say whether a test lies in the project of a plugin under test."""
    there = [one for one in subjects(config).values() if one.root]
    return any(path.is_relative_to(_project(config, one)) for one in there)


def _project(config: pytest.Config, one: Subject) -> Path:
    """Return the folder from which a plugin is built; of one that is installed, this project."""
    root = config.rootpath
    if one.root is None or not one.root.is_relative_to(root):
        return root
    above = (folder for folder in one.root.parents if folder.is_relative_to(root))
    return next((f for f in above if any((f / name).is_file() for name in _BUILD_FILES)), root)


def _about(project: Path, arg: str) -> bool:
    """Say whether an argument is a folder of the project, or around it; not one file of it."""
    folder = Path(arg).resolve()  # a node id is no folder either
    return folder.is_dir() and (folder.is_relative_to(project) or project.is_relative_to(folder))


class Conformance(pytest.File):
    """The checks of one plugin; they stand under its manifest."""

    def __init__(self, *, subject: Subject, **rest: object) -> None:
        super().__init__(**rest)  # type: ignore[arg-type]  # pytest's own, passed on as they came
        self.subject = subject

    @override
    def collect(self) -> Iterator[pytest.Item]:
        for name, check in conformance.CHECKS.items():
            item: ConformanceItem = ConformanceItem.from_parent(
                self, name=name, check=check, subject=self.subject
            )
            yield item


class ConformanceItem(pytest.Item):
    """One check of one plugin."""

    def __init__(self, *, check: conformance.Check, subject: Subject, **rest: object) -> None:
        super().__init__(**rest)  # type: ignore[arg-type]
        self.check = check
        self.subject = subject

    @override
    def runtest(self) -> None:
        try:
            with no_network():
                found = self.check(self.subject)
        except NotLoadedError:
            pytest.skip("the plugin is not loaded; the item manifest says why")
        except GroundError:
            pytest.skip("the plugin could not be approved; the item migrations says why")
        except conformance.CannotTellError as error:
            pytest.skip(str(error))
        if found:
            raise NonConformityError("\n".join(found))

    @override
    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        if isinstance(excinfo.value, NonConformityError):
            lines = str(excinfo.value).splitlines()
            asked = (self.check.__doc__ or "").splitlines()[0]
            return "\n".join([f"{self.subject.name}: {asked}", *(f"  - {one}" for one in lines)])
        return str(super().repr_failure(excinfo))

    @override
    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"conformance of {self.subject.name}: {self.name}"
