"""docs/map.md names every module, says something of each, and names none that is gone."""

import re
from pathlib import Path

from tools import map as guide

ROOT = guide.ROOT


def told(text: str) -> dict[str, str]:
    return dict(re.findall(r"^- `([\w.]+)`: ?(.*)$", text, re.MULTILINE))


def test_the_map_names_every_module_and_no_other() -> None:
    there, wanted = told((ROOT / guide.MAP).read_text("utf-8")), told(guide.text(ROOT))
    advice = "run: python tools/map.py"
    assert sorted(wanted.keys() - there.keys()) == [], advice
    assert sorted(there.keys() - wanted.keys()) == [], advice
    assert len(there) > 150


def test_every_module_says_what_it_is_for() -> None:
    assert [name for name, words in told(guide.text(ROOT)).items() if len(words) < 15] == []


def test_every_floor_is_on_the_map() -> None:
    core = ROOT / "kundelik_core"
    packages = {path.parent.name for path in core.glob("*/__init__.py")}
    assert packages <= guide.FLOORS.keys()


def test_a_module_that_is_missing_is_found(tmp_path: Path) -> None:
    for floor, source in (("kernel", '"""Tell\nthe time. And more."""\n'), ("web", "")):
        folder = tmp_path / "kundelik_core" / floor
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
        (folder / "clock.py").write_text(source)
    (tmp_path / "tools").mkdir()
    assert told(guide.text(tmp_path)) == {"kernel.clock": "Tell the time.", "web.clock": ""}


def test_the_links_of_the_documents_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in sorted((ROOT / "docs").rglob("*.md"))
        for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
