"""The rules of tools/lint.py and tools/imports.py catch what they are for, and spare the rest."""

from pathlib import Path

import pytest

from tools import imports, lint

LONG_FUNCTION = "def work() -> None:\n" + "    step()\n" * 50

# Pieces are joined here so that this file does not break the rules itself.
BAD = [
    ("kundelik_core/a.py", "row = 1\n" * 401, "401 lines, at most 400"),
    ("plugins/x/a.py", LONG_FUNCTION, "work has 51 lines"),
    ("docs/a.md", "see /wor" + "k/main/x", "a path of one machine"),
    ("tools/a.py", "x = '/roo" + "t/x'", "a path of one machine"),
    ("requirements/run.txt", "--index-ur" + "l x", "the address of a package registry"),
    ("docs/a.md", "https://files.pythonhosted.or" + "g/x", "the address of a package registry"),
    ("kundelik_core/a.py", 'q = "select set_confi' + "g('a', 'b', true)\"", "set_config()"),
    ("kundelik_core/a.py", "def f():\n    raise NotImplementedErro" + "r", "a stub"),
    ("kundelik_core/a.py", 'q = "/* tenant-lin' + 't: off, x */"', "only tests may hide"),
    ("kundelik_core/web/a.py", "@get('/x', cache=True)\ndef f(): ...\n", "cache= answers"),
    ("kundelik_core/web/a.py", "@get('/x', cache=60)\ndef f(): ...\n", "cache= answers"),
    ("kundelik_core/a.py", "async def f(r):\n    await r.save()\n", ".save() finds its row"),
    ("kundelik_core/a.py", "async def f(r):\n    await r.remove()\n", ".remove() finds its row"),
    ("plugins/x/a.py", "def f(r):\n    r.save().run_sync()\n", ".save() finds its row"),
    (
        "kundelik_core/a.py",
        "async def f(r):\n    await r.save(columns=[C])\n",
        ".save() finds its row",
    ),
    ("kundelik_core/web/a.html", '<script src="https://cdn.example/x.js">', "from outside"),
    ("kundelik_core/web/a.css", "@import url(https://cdn.example/x.css);", "from outside"),
]
GOOD = [
    ("kundelik_core/a.py", "row = 1\n" * 400),
    (
        "kundelik_core/a.py",
        LONG_FUNCTION.replace("    step()\n", '    """' + "x\n" * 9 + '"""\n', 1),
    ),
    ("kundelik_core/a.py", "items.remove(3)\nbook.save(path)\n"),
    ("kundelik_core/a.py", "async def f(s, r):\n    await s.save(r, school_id=1)\n"),
    ("kundelik_core/web/a.py", "@get('/x', cache=False)\ndef f(): ...\n"),
    ("kundelik_core/web/a.html", '<svg xmlns="http://www.w3.org/2000/svg"></svg>'),
    ("kundelik_core/web/a.html", '<a href="/diary">x</a>'),
    ("docs/a.md", "in our homework/ folder"),
]


def findings(path: str, text: str) -> list[str]:
    found = list(lint.check_text(path, text))
    if path.endswith(".py"):
        found += lint.check_python(path, text)
    return [finding.text for finding in found]


@pytest.mark.parametrize(("path", "text", "expected"), BAD)
def test_a_breach_is_named(path: str, text: str, expected: str) -> None:
    found = findings(path, text)
    assert any(expected in line for line in found), found


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_what_is_allowed_passes(path: str, text: str) -> None:
    assert findings(path, text) == []


def test_a_copy_without_repository_is_walked(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "a.md").write_text("/wor" + "k/x")
    (tmp_path / "a.md").write_text("/wor" + "k/x")
    found, count = lint.check(tmp_path)
    assert [(item.path, item.line) for item in found] == [("a.md", 1)]
    assert count == 1


CORE_FLOORS = [
    *("sdk", "kernel", "identity", "schools", "gradebook", "plugins", "web", "cli", "testing"),
]


def checkout(folder: Path, files: dict[str, str]) -> Path:
    """A small checkout with all floors, and the real contracts."""
    contracts = (imports.ROOT / ".importlinter").read_text()
    (folder / ".importlinter").write_text(contracts)
    every = {f"kundelik_core/{name}/__init__.py": "" for name in CORE_FLOORS}
    every |= {f"kundelik_core/{name}/__init__.py": "" for name in ("privacy", "entitlements")}
    for path, text in (every | {"kundelik_core/__init__.py": ""} | files).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def plugin(name: str, text: str) -> dict[str, str]:
    return {f"plugins/{name}/kundelik_{name}/__init__.py": text}


def test_contracts_about_plugins_follow_the_folders(tmp_path: Path) -> None:
    root = checkout(tmp_path, plugin("one", "") | plugin("two", ""))
    config = imports.configuration(root)
    assert config["importlinter"]["root_packages"].split() == [
        "kundelik_core",
        "kundelik_one",
        "kundelik_two",
    ]
    protected = config["importlinter:contract:public"]["protected_modules"].split()
    assert "kundelik_core.web" in protected
    assert "kundelik_core.sdk" not in protected
    assert "importlinter:contract:apart" in config


def test_without_plugins_the_core_stands_alone(tmp_path: Path) -> None:
    config = imports.configuration(checkout(tmp_path, {}))
    assert config["importlinter"]["root_package"] == "kundelik_core"
    assert "importlinter:contract:blind" not in config


@pytest.mark.parametrize(
    ("files", "kept"),
    [
        (plugin("one", "import kundelik_core.sdk\n"), True),
        (plugin("one", "import kundelik_core.kernel\n"), False),
        (plugin("one", "") | plugin("two", "import kundelik_one\n"), False),
        (plugin("one", "") | {"kundelik_core/web/a.py": "import kundelik_one\n"}, False),
        ({"kundelik_core/gradebook/a.py": "import kundelik_core.schools\n"}, True),
        ({"kundelik_core/schools/a.py": "import kundelik_core.gradebook\n"}, False),
        ({"kundelik_core/gradebook/a.py": "import kundelik_core.entitlements\n"}, False),
        ({"kundelik_core/stray/__init__.py": ""}, False),
    ],
)
def test_a_forbidden_import_is_caught(tmp_path: Path, files: dict[str, str], kept: bool) -> None:
    assert (imports.run(checkout(tmp_path, files)) == 0) is kept
