"""Each conformance check passes a sound plugin and names what is wrong with a bad one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kundelik_core.sdk import SLOTS, ClassPage
from kundelik_core.testing import samples
from kundelik_core.testing.conformance import CHECKS, DAYS, CannotTellError
from kundelik_core.testing.conformance_data import DATA_CHECKS
from kundelik_core.testing.conformance_outside import OUTSIDE_CHECKS
from kundelik_core.testing.conformance_pages import PAGE_CHECKS
from kundelik_core.testing.conformance_search import SEARCH_CHECKS
from kundelik_core.testing.conformance_work import WORK_CHECKS
from kundelik_core.testing.packages import manifest
from kundelik_core.testing.subject import NotLoadedError, Subject, subject
from tests.unit.plugins.dists import CODE, SHOW, Site

READS = '[data]\nreads = ["student.v1"]'
FIRST = """
    if not args.students:
        return None
    return Fragment(template="show.html", context={"text": args.students[0].name})
"""
FIRST = FIRST.strip()
WORDS = """
msgid ""
msgstr ""
"Language: {0}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Hello"
msgstr "{1}"

msgid "%(n)s pupil"
msgid_plural "%(n)s pupils"
msgstr[0] "%(n)s 1"
msgstr[1] "{2}"
"""
SPEAKS = '<b>{{ _("Hello") }} {{ ngettext("%(n)s pupil", "%(n)s pupils", 2) }}</b>'


def record(site: Site, *extra: str, without: str = "") -> None:
    """Write down what the wheel held, as an installer does."""
    files = [p.relative_to(site.folder).as_posix() for p in site.folder.rglob("*") if p.is_file()]
    (info,) = site.folder.glob("*.dist-info")
    lines = [f"{name},," for name in [*files, *extra] if not without or without not in name]
    (info / "RECORD").write_text("\n".join(lines) + "\n")


def translate(site: Site, package: str, **texts: tuple[str, str]) -> None:
    for language, (hello, pupils) in texts.items():
        folder = site.folder / package / "locale" / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "alpha.po").write_text(WORDS.format(language, hello, pupils))


def add(site: Site, **options: Any) -> Subject:
    """Install a plugin that is sound but for the options given."""
    texts = options.pop("texts", {})
    package = site.add("alpha", **options)
    if texts:
        translate(site, package, **texts)
    record(site)
    return subject("alpha")


def code(body: str = "return None", head: str = "", hook: str = "@hookimpl") -> str:
    return head + CODE.format(body=body, options="").replace("@hookimpl", hook)


def bad(**options: Any) -> Callable[[Site], Subject]:
    return lambda site: add(site, **options)


def not_installed(site: Site) -> Subject:
    return subject("alpha")


def with_record(*extra: str, without: str = "") -> Callable[[Site], Subject]:
    def make(site: Site) -> Subject:
        made = add(site)
        record(site, *extra, without=without)
        return made

    return make


TWICE = 'Slot(slot="class.page", render=render, )]'
GOOD_WORDS = {"kk": ("Сәлем", "%(n)s 2"), "ru": ("Привет", "%(n)s 2")}
BAD: list[tuple[str, Callable[[Site], Subject], str]] = [
    ("manifest", not_installed, "No installed distribution has alpha under the entry points"),
    ("manifest", bad(manifest="manifest ="), "vendor_alpha/kundelik.toml, TOML"),
    ("manifest", bad(manifest=manifest("beta")), "entry point is"),
    ("manifest", bad(entry_point="vendor_alpha.plugin"), "names no object of a module"),
    ("manifest", bad(code="raise OSError('no')"), "It failed while it was loaded: OSError: no."),
    ("manifest", bad(tables="[uses]\n[x]", manifest=manifest("alpha").replace(
        "class.page", "class.list")), "class.list"),
    ("manifest", bad(manifest=manifest("alpha").replace(
        '"class.page"', "")), "It registers class.page, which its manifest does not name under"),
    ("registered", bad(code=code().replace("return [Slot", "return [] and [Slot")),
     "uses.slots names class.page, which nothing registers"),
    ("registered", bad(manifest=manifest("alpha")
     + 'jobs = ["alpha.run"]'), "uses.jobs names alpha.run, which nothing registers"),
    ("imports", bad(code=code(head="import msgspec\n")), "plugin.py, line 1: msgspec"),
    ("imports", bad(code=code("from kundelik_core.kernel import db")), ": kundelik_core.kernel"),
    ("imports", bad(code=code("from kundelik_core import kernel")), ": kundelik_core.kernel"),
    ("imports", bad(code=code("import kundelik_core")), ": kundelik_core"),
    ("imports", bad(code=code("from kundelik_core.sdk.ui import Slot as S")), "sdk.ui"),
    ("imports", bad(code=code("import importlib; importlib.import_module('asyncpg')")), "asyncpg"),
    ("hooks", bad(code=code(hook="@hookimpl(tryfirst=True)")), "Its hook slots asks to wrap"),
    ("hooks", bad(code=code().replace("def slots", "def slits")), "no hook called slits"),
    ("slots_empty_school", bad(body="args.students[0]"), "IndexError: tuple index out of range"),
    ("slots_empty_school", bad(body="return 'text'"), "returned str, not"),
    ("slots_empty_school", bad(body="raise SystemExit"), "in kk, SystemExit"),
    ("slots_empty_school", bad(template="<b>{{ text }}"), "class.page: <b> is not closed"),
    ("slots_empty_school", bad(template="{{ text }}</div>"), "</div> closes nothing"),
    ("slots_empty_school", bad(template="{{ nobody }}"), "UndefinedError: 'nobody' is undefined"),
    ("slots_full_class", bad(tables=READS, body=FIRST, template="<b>{{ text }}"), "not closed"),
    ("slots_full_class", bad(tables=READS, body="return args.students[:1] and 1"), "returned int"),
    ("slots_full_class", bad(tables=READS, body=(
        "assert not (args.students and ctx.clock.today().replace(day=1).month == 2)")),
     "AssertionError"),
    ("slots_names_are_text", bad(tables=READS, body=FIRST, template="{{ text|safe }}"),
     "a name became the element <script>"),
    ("slots_names_are_text", bad(tables=READS, body=FIRST, template="<b title={{ text }}>x</b>"),
     "a name became an attribute of <b>"),
    ("slots_policy", bad(template="<script>go()</script>"), "<script> has no place"),
    ("slots_policy", bad(template="<b style='color: red'>x</b>"), "the attribute style of <b>"),
    ("slots_policy", bad(template="<b onclick='go()'>x</b>"), "the attribute onclick of <b>"),
    ("slots_policy", bad(template="<img src='https://cdn.example/x'>"), "<img> loads from"),
    ("slots_policy", bad(template="<a href=' JavaScript:go()'>x</a>"), "a script in href"),
    ("slots_budget", bad(template="{{ text * 9000 }}"), "is larger than 16384 bytes"),
    ("manifest", bad(code=code().replace(TWICE, TWICE[:-1] + ", " + TWICE)),
     "class.page stands there twice"),
    ("words", bad(template=SPEAKS), "kk: there is no locale/kk/LC_MESSAGES/alpha.po"),
    ("words", bad(template='<b>{{ _("Сәлем") }}</b>'), "en: 'Сәлем' is not English"),
    ("words", bad(template=SPEAKS, texts={**GOOD_WORDS, "ru": ("", "%(n)s 2")}),
     "ru: 'Hello' is not translated"),
    ("words", bad(template=SPEAKS, texts={**GOOD_WORDS, "ru": ("Привет", "")}),
     "ru: '%(n)s pupil' is not translated in all 2 forms"),
    ("words", bad(template=SPEAKS, texts={**GOOD_WORDS, "en": ("", "%(n)s pupils")}),
     "en: 'Hello' is not translated"),
    ("words", bad(template=SPEAKS + '{{ _("Bye") }}', texts=GOOD_WORDS), "kk: 'Bye' is missing"),
    ("words", bad(texts=GOOD_WORDS), "kk: 'Hello' is translated, but nothing says it"),
    ("words", bad(template=SPEAKS, texts={**GOOD_WORDS, "kk": ("Сәлем", "%(m)s 2")}),
     "kk: '%(n)s pupil': "),
    ("wheel", with_record("vendor.pth"), "vendor.pth would run whenever Python starts"),
    ("wheel", with_record("tests/test_alpha.py"), "lies outside of the package vendor_alpha"),
    ("wheel", with_record("../../../bin/alpha"), "../../../bin/alpha lies outside"),
    ("wheel", with_record(without="show.html"), "templates/show.html is in the folder, but not"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "make", "said"), BAD)
def test_a_bad_plugin_is_named(
    site: Site, check: str, make: Callable[[Site], Subject], said: str
) -> None:
    found = CHECKS[check](make(site))
    assert any(said in line for line in found), found
    assert all("\n" not in line for line in found)


def test_every_check_has_a_bad_plugin() -> None:
    # Those that need the core have theirs in tests/integration/vendor_kit.
    several = (*DATA_CHECKS, *PAGE_CHECKS, *SEARCH_CHECKS, *WORK_CHECKS, *OUTSIDE_CHECKS)
    needs_core = {check.__name__ for check in several}
    wanted = set(CHECKS) - needs_core - {"slots_demo_school"}
    assert {check for check, _make, _said in BAD} == wanted


def test_every_check_says_what_it_asks_for() -> None:
    for check in CHECKS.values():
        assert (check.__doc__ or "").splitlines()[0].endswith(".")


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "options",
    [
        {"body": SHOW % "alpha"},
        {"tables": READS, "body": FIRST},
        {"template": SPEAKS, "texts": GOOD_WORDS},
        {
            "code": code(
                head="import datetime\nimport vendor_alpha\nfrom kundelik_core import sdk\n"
            )
        },
    ],
    ids=["plain", "reads", "speaks", "imports"],
)
def test_a_sound_plugin_passes(site: Site, check: str, options: dict[str, Any]) -> None:
    assert CHECKS[check](add(site, **options)) == []


def test_what_needs_a_running_plugin_says_so(site: Site) -> None:
    broken = add(site, code="raise OSError")
    for name in ("registered", "hooks", "slots_empty_school", "slots_budget"):
        with pytest.raises(NotLoadedError, match="It failed while it was loaded"):
            CHECKS[name](broken)
    # What can be seen without running it is looked at all the same.
    assert CHECKS["imports"](broken) == CHECKS["words"](broken) == CHECKS["wheel"](broken) == []


def test_what_it_requires_is_loaded_with_it(site: Site) -> None:
    site.add("beta")
    site.add("gamma", top='requires = ["beta"]')
    found = subject("gamma")
    assert [*found.registry.loaded] == ["beta", "gamma"]
    assert CHECKS["slots_full_class"](found) == []


def test_an_editable_install_is_built(site: Site, tmp_path: Path) -> None:
    made = add(site)
    (info,) = site.folder.glob("*.dist-info")
    url = {"url": tmp_path.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(url))
    project = tmp_path / "pyproject.toml"
    build = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "%s"\n'
    about = '[project]\nname = "vendor-alpha"\nversion = "1"\n'
    project.write_text(build % "hatchling.build" + about)
    assert CHECKS["wheel"](made) == []
    only = '[tool.hatch.build.targets.wheel]\ninclude = ["vendor_alpha/*.py", "notes.pth"]\n'
    (tmp_path / "notes.pth").write_text("import os")
    project.write_text(build % "hatchling.build" + about + only)
    assert CHECKS["wheel"](made) == [
        "notes.pth would run whenever Python starts on the server",
        "vendor_alpha/kundelik.toml is in the folder, but not in the wheel",
        "vendor_alpha/templates/show.html is in the folder, but not in the wheel",
    ]
    project.write_text(build % "no_such_backend" + about)
    with pytest.raises(CannotTellError, match="No module named 'no_such_backend'"):
        CHECKS["wheel"](made)


@pytest.mark.parametrize("kind", SLOTS.values(), ids=[*SLOTS])
def test_there_are_samples_for_every_slot(kind: Any) -> None:
    bare = samples.empty(kind, DAYS[0])
    assert samples.MARK not in repr(bare)
    for today in DAYS:
        crowd = repr(samples.full(kind, today))
        if kind is ClassPage:  # the one with many people on it
            assert len(crowd) > 10 * len(repr(bare))
            assert repr(today.replace(year=today.year - 10, month=today.month, day=24)) in crowd
        assert samples.PROBE in str(samples.odd(kind, today)).replace("\\'", "'")
