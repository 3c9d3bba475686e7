"""Look at a plugin's wheel without running any of it, as a marketplace does before it lists one."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from kundelik_core.plugins.check.code import about_code
from kundelik_core.plugins.check.contents import about_contents, about_manifest, read_manifest
from kundelik_core.plugins.check.model import Finding, Level, Report
from kundelik_core.plugins.check.wheel import Wheel, about_metadata, about_record, open_wheel
from kundelik_core.sdk import Manifest

__all__ = ["Finding", "Level", "Report", "check_wheel"]


def check_wheel(file: Path, *, first_party: bool = False) -> Report:
    """Return what was found in a wheel; one without an error may be listed.

    ``first_party`` asks for words in every language, where one besides English is enough otherwise.

    Raises:
        Problem: the file cannot be read as a wheel at all.
    """
    with tempfile.TemporaryDirectory(prefix="kundelik-check-") as place:
        wheel = open_wheel(file, Path(place))
        found = [*about_metadata(wheel), *about_record(wheel)]
        manifest: Manifest | None = None
        if wheel.package:
            entry = next(iter(wheel.entries))
            manifest, faults = read_manifest(wheel.folder / wheel.package, entry)
            found += faults
        if manifest is not None:
            found += _inside(wheel, manifest, first_party=first_party)
        failed = any(one.level == "error" for one in found)
        return Report(
            file=file.name,
            sha256=wheel.sha256,
            name=manifest.name if manifest else "",
            version=str(wheel.metadata["Version"] or ""),
            api=manifest.api if manifest else "",
            reads=manifest.data.reads if manifest else (),
            findings=tuple(dict.fromkeys(found)),
            tier="" if failed else "listed",
        )


def _inside(wheel: Wheel, manifest: Manifest, *, first_party: bool) -> Iterator[Finding]:
    root = wheel.folder / wheel.package
    module = next(iter(wheel.entries.values())).split(":")[0].replace(".", "/")
    if not any(name in wheel.names for name in (f"{module}.py", f"{module}/__init__.py")):
        help_ = "Name the module that makes the plugin's object."
        yield Finding("error", "entry", "entry_points.txt", f"{module}.py is not there", help_)
    yield from about_manifest(manifest, f"{root.name}/kundelik.toml")
    yield from about_code(root, wheel.requires)
    yield from about_contents(root, manifest, first_party=first_party)
