import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.sdk import Manifest, ManifestError, Requirement, parse_manifest

FULL = """
manifest = 1
name     = "rating"
api      = ">=1.2,<2"
kind     = "module"
level    = "school"
requires = ["payments>=1,<2"]
after    = ["social"]
[title]
kk = "Рейтинг"
ru = "Рейтинг"
en = "Rating"
[vendor]
name     = "Vendor"
url      = "https://vendor.example/"
support  = "help@vendor.example"
security = "security@vendor.example"
[data]
reads     = ["student.v1", "mark.v1"]
personal  = true
retention = "P400D"
[uses]
events      = ["mark.recorded.v1"]
slots       = ["class.page", "parent.home"]
permissions = ["rating.view", "rating.configure"]
jobs        = ["rating.recount"]
commands    = ["recount"]
pages       = true
http_out    = ["maps.vendor.example"]
secrets     = ["api_key"]
products    = ["rating.school_year"]
"""

LEAST = FULL[: FULL.index("requires")] + FULL[FULL.index("[title]") : FULL.index("[data]")]


def parse(text: str) -> Manifest:
    return parse_manifest(text.encode(), "rating/kundelik.toml")


def test_the_whole_form_is_read() -> None:
    manifest = parse(FULL)
    assert manifest.title.kk == "Рейтинг"
    assert manifest.data.reads == ("student.v1", "mark.v1")
    assert manifest.uses.products == ("rating.school_year",)
    assert manifest.requirements() == (Requirement(name="payments", versions="<2,>=1"),)


def test_what_may_be_left_out_is_empty() -> None:
    manifest = parse(LEAST)
    assert manifest.requirements() == ()
    assert not manifest.data.personal
    assert manifest.uses.slots == ()


def test_a_manifest_survives_a_trip_through_json() -> None:
    manifest = parse(FULL)
    assert msgspec.json.decode(msgspec.json.encode(manifest), type=Manifest) == manifest


@pytest.mark.parametrize(
    ("old", "new", "key", "detail", "help_"),
    [
        ("manifest = 1", "manifest = 2", "manifest", "invalid enum value 2", "manifest = 1"),
        ('"rating"', '"Rating"', "name", "not of the right form", "3 to 30 of a-z"),
        ('"rating"', '"ra"', "name", "not of the right form", "3 to 30"),
        ('"rating"', '"rating\\n"', "name", "not of the right form", "3 to 30"),
        ('name     = "rating"', "", "name", "missing", "entry point"),
        ('">=1.2,<2"', '"1.2"', "api", "no range of versions: '1.2'", "plugin contract"),
        ('">=1.2,<2"', '""', "api", "no range of versions: ''", "plugin contract"),
        ('">=1.2,<2"', "1", "api", "expected `str`, got `int`", "plugin contract"),
        ('"module"', '"theme"', "kind", "invalid enum value 'theme'", "one of: module"),
        ('"school"', '"region"', "level", "invalid enum value 'region'", "one of: platform"),
        ('"payments>=1,<2"', '"payments @ x"', "requires", "cannot be read", "List plugins"),
        ('"payments>=1,<2"', '"rating"', "requires", "requires itself", "List plugins"),
        ('"payments>=1,<2"', '"aaa", "aaa"', "requires", "named twice", "List plugins"),
        ('"social"', '"rating"', "after", "comes after itself", "names of other plugins"),
        ('"social"', '"social>=1"', "after[0]", "not of the right form", "without versions"),
        ('kk = "Рейтинг"\n', "", "title.kk", "missing", "kk, ru and en"),
        ('kk = "Рейтинг"', "kk = 3", "title.kk", "expected `str`, got `int`", "kk, ru and en"),
        ('kk = "Рейтинг"', 'kk = " "', "title.kk", "not of the right form", "kk, ru and en"),
        ('security = "security@vendor.example"', "", "vendor.security", "missing", "who answers"),
        ("https://vendor", "javascript:vendor", "vendor.url", "not of the right form", "http"),
        ('"mark.v1"', '"mark"', "data.reads[1]", "not of the right form", "with their version"),
        ("= true", '= "yes"', "data.personal", "expected `bool`, got `str`", "true when"),
        ('"P400D"', '"400"', "data.retention", "not of the right form", "P400D"),
        ('retention = "P400D"', "", "data.retention", "missing, although", "P400D"),
        ('"rating.view"', '"social.view"', "uses.permissions", "not the plugin's own", "own name"),
        ('"rating.recount"', '"rater.count"', "uses.jobs", "not the plugin's own", "own name"),
        (
            '["recount"]',
            '["Recount"]',
            "uses.commands[0]",
            "not of the right form",
            "small letters",
        ),
        (
            "pages       = true",
            'pages = "x"',
            "uses.pages",
            "expected `bool`, got `str`",
            "true when",
        ),
        ('"maps.vendor', '"https://maps', "uses.http_out[0]", "not of the right form", "host"),
        ("[uses]", "[uses]\ncolour = 1", "uses.colour", "an unknown key", "mend its spelling"),
        ("after ", "aftre ", "aftre", "an unknown key", "mend its spelling"),
        ("[uses]", "[uses", "TOML", "line 22", "TOML in UTF-8"),
        ("[title]", "[name]", "TOML", "", "TOML in UTF-8"),
    ],
)
def test_a_mistake_names_file_key_and_remedy(
    old: str, new: str, key: str, detail: str, help_: str
) -> None:
    assert old in FULL
    with pytest.raises(ManifestError) as caught:
        parse(FULL.replace(old, new, 1))
    error = caught.value
    assert (error.file, error.key) == ("rating/kundelik.toml", key)
    assert detail in error.detail
    assert help_ in error.help
    assert str(error).startswith(f"rating/kundelik.toml, {key}: ")


def test_another_encoding_is_named_with_its_place() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest("kk = 'Ә'".encode("utf-16"), "f")
    assert caught.value.key == "byte 1"
    assert caught.value.detail == "not UTF-8"


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_a_manifest_or_a_manifest_error(content: bytes) -> None:
    with pytest.raises(ManifestError):
        parse_manifest(content, "f")


@given(
    st.sampled_from(["name", "api", "requires", "title", "vendor", "data", "uses", "other"]),
    st.recursive(
        st.integers() | st.booleans() | st.text("ab.*>=<1,~! \\'", max_size=9),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=4,
    ),
)
def test_any_value_is_accepted_or_refused_with_a_remedy(key: str, value: object) -> None:
    lines = [line for line in LEAST.splitlines() if not line.startswith(key)]
    literal = msgspec.json.encode(value).decode()
    text = "\n".join([f"{key} = {literal}", *lines])
    try:
        manifest = parse(text)
    except ManifestError as error:
        remedy = error.help
    else:
        manifest.requirements()
        manifest.accepts_api("0.1.0")
        remedy = "none needed"
    assert remedy


@pytest.mark.parametrize(
    ("api", "version", "fits"),
    [
        (">=0.1,<0.2", "0.1.0", True),
        (">=0.1,<0.2", "0.2.0", False),
        (">=1.2,<2", "1.1.9", False),
        ("~=1.2", "1.9", True),
        (">=1", "1.1.0rc1", True),
    ],
)
def test_the_range_of_the_contract(api: str, version: str, fits: bool) -> None:
    assert parse(FULL.replace(">=1.2,<2", api)).accepts_api(version) is fits


@pytest.mark.parametrize(("version", "fits"), [("1.0", True), ("1.9.1", True), ("2.0", False)])
def test_the_range_of_a_requirement(version: str, fits: bool) -> None:
    (wanted,) = parse(FULL).requirements()
    assert wanted.admits(version) is fits
