import pytest

from kundelik_core.plugins.states import Found, State
from kundelik_core.sdk import API_VERSION
from kundelik_core.testing.packages import manifest
from tests.unit.plugins.dists import Site


def only(site: Site) -> Found:
    (found,) = site.find()
    return found


def reason(found: Found) -> tuple[str, str]:
    assert found.reason is not None
    return found.reason.code, found.reason.text()


def test_nothing_installed_is_nothing_found(site: Site) -> None:
    assert site.find() == ()
    assert site.load().plugins == ()


def test_a_plugin_is_found_with_its_manifest(site: Site) -> None:
    site.add("alpha", version="2.3")
    found = only(site)
    assert (found.name, found.version, found.dist) == ("alpha", "2.3", "vendor-alpha")
    assert found.state is State.FOUND
    assert found.reason is None
    assert found.manifest is not None
    assert found.manifest.uses.slots == ("class.page",)


def test_finding_imports_nothing(site: Site) -> None:
    site.add("alpha", code="raise RuntimeError('imported')")
    (site.folder / "vendor_alpha" / "__init__.py").write_text("raise RuntimeError('imported')")
    assert only(site).state is State.FOUND
    assert site.imported() == []


def test_a_plugin_that_nobody_wants_is_not_imported(site: Site) -> None:
    site.add("alpha", code="raise RuntimeError('imported')")
    registry = site.load(wanted=frozenset())
    assert registry.plugins[0].state is State.FOUND
    assert site.imported() == []


def test_two_of_one_name_are_both_refused(site: Site) -> None:
    site.add("alpha")
    site.add("alpha", dist="other-alpha", package="other_alpha")
    found = site.find()
    assert [one.dist for one in found] == ["other-alpha", "vendor-alpha"]
    assert {one.state for one in found} == {State.INCOMPATIBLE}
    code, sentence = reason(found[0])
    assert code == "duplicate"
    assert sentence.startswith(
        "More than one plugin is called alpha, in: other-alpha, vendor-alpha."
    )
    registry = site.load()
    assert not registry.loaded
    assert site.imported() == []


def test_a_second_copy_of_a_distribution_on_the_path_is_not_a_second_plugin(site: Site) -> None:
    site.add("alpha", version="2.0")
    shadowed = site.folder / "vendor_alpha-1.0.dist-info"
    shadowed.mkdir()
    for name in ("METADATA", "entry_points.txt"):
        text = (site.folder / "vendor_alpha-2.0.dist-info" / name).read_text()
        (shadowed / name).write_text(text.replace("Version: 2.0", "Version: 1.0"))
    assert only(site).state is State.FOUND


def test_an_editable_install_is_found_by_its_path_file(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add("alpha")
    source = site.folder / "source"
    source.mkdir()
    (site.folder / "vendor_alpha").rename(source / "vendor_alpha")
    monkeypatch.syspath_prepend(source)  # what the .pth file does when Python starts
    found = only(site)
    assert found.state is State.FOUND
    assert found.root == source / "vendor_alpha"


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (('name = "alpha"', 'name = "beta"'), "manifest", "'beta', but the entry point is 'alpha'"),
        (('name = "alpha"', 'name = "Al"'), "manifest", "name: not of the right form"),
        (("manifest = 1\n", ""), "manifest", "manifest: missing"),
        (("[uses]", "[uses"), "manifest", "Write the file as TOML"),
        (
            (">=0.1,<1", ">=99"),
            "api",
            f"version >=99 of the plugin contract; this is {API_VERSION}",
        ),
        (('"class.page"', '"diary.row"'), "unknown_uses", "does not have: diary.row."),
        (("[uses]", '[uses]\nevents = ["mark.seen.v1"]'), "unknown_uses", "mark.seen.v1"),
        (("[uses]", '[data]\nreads = ["iin.v1"]\n[uses]'), "unknown_uses", "iin.v1"),
    ],
)
def test_a_manifest_that_does_not_fit_says_why(
    site: Site, change: tuple[str, str], code: str, says: str
) -> None:
    text = manifest("alpha")
    assert change[0] in text
    site.add("alpha", manifest=text.replace(*change))
    found = only(site)
    assert found.state is State.INCOMPATIBLE
    got, sentence = reason(found)
    assert got == code
    assert says in sentence
    assert not site.load().loaded
    assert site.imported() == []


def test_a_package_without_manifest(site: Site) -> None:
    site.add("alpha", manifest=None)
    assert reason(only(site))[0] == "no_manifest"


@pytest.mark.parametrize("value", ["no_such_package.plugin:plugin", "json:dumps"])
def test_an_entry_point_into_nowhere_or_a_stranger(site: Site, value: str) -> None:
    site.add("alpha", entry_point=value)
    assert reason(only(site))[0] == "no_manifest"


@pytest.mark.parametrize("value", ["vendor_alpha.plugin", "vendor_alpha.plugin:plugin.deep", ":x"])
def test_an_entry_point_that_is_no_object(site: Site, value: str) -> None:
    site.add("alpha", entry_point=value)
    assert reason(only(site))[0] == "entry_point"


def test_a_version_that_cannot_be_compared(site: Site) -> None:
    site.add("alpha", version="tomorrow")
    assert reason(only(site))[0] == "version"


def test_the_reason_can_be_translated(site: Site) -> None:
    site.add("alpha", manifest=None)
    found = only(site)
    assert found.reason is not None
    text = found.reason.text(lambda msgid: f"<{msgid}>")
    assert text.startswith("<There is no kundelik.toml in the package vendor_alpha.> <Put it")
