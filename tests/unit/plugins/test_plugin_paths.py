from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.plugins.declared import DeclaredPage
from kundelik_core.plugins.paths import PathError, Routes, parse_path
from kundelik_core.sdk import Method, Text

T = Text(kk="к", ru="р", en="e")
UUID_TEXT = "01890a5d-ac96-774b-bcce-b302099a8057"


def page(path: str, method: Method = "GET") -> DeclaredPage:
    return DeclaredPage(path=path, title=T, permission=None, method=method)


PAGES = [page("{name}"), page("list"), page(""), page("", "POST"), page("of/{id:uuid}/{n:int}")]
ROUTES = Routes(PAGES)


def found(method: str, path: str) -> tuple[str, str, dict[str, str]] | None:
    answer = ROUTES.find(method, path)
    return (answer[0].method, answer[0].path, answer[1]) if answer else None


def test_what_is_fixed_goes_before_what_is_named() -> None:
    assert found("GET", "list") == ("GET", "list", {})
    assert found("GET", "other") == ("GET", "{name}", {"name": "other"})


def test_method_and_parts_have_to_fit() -> None:
    assert found("GET", "") == ("GET", "", {})
    assert found("HEAD", "") == ("GET", "", {})
    assert found("POST", "") == ("POST", "", {})
    for method, path in (
        ("POST", "list"),
        ("PUT", ""),
        ("GET", "list/"),
        ("GET", "a/b"),
        ("GET", "/"),
    ):
        assert found(method, path) is None


def test_named_parts_are_of_their_type_and_written_in_one_way() -> None:
    wanted = ("GET", "of/{id:uuid}/{n:int}", {"id": UUID_TEXT, "n": "7"})
    assert found("GET", f"of/{UUID_TEXT.upper()}/007") == wanted
    for path in (f"of/{UUID_TEXT}/-7", f"of/{UUID_TEXT}/٧", "of/x/7", f"of/{UUID_TEXT}/{'9' * 19}"):
        assert found("GET", path) is None


@given(st.text("abz09{}:/._-%. ", max_size=30))
def test_any_text_is_a_path_that_finds_itself_or_is_refused(text: str) -> None:
    try:
        parsed = parse_path(text)
    except PathError:
        return
    asked = "/".join("7" if kind else part for part, kind in parsed.parts)
    assert Routes([page(text)]).find("GET", asked) is not None


@given(st.text(max_size=60))
def test_no_request_breaks_the_search(path: str) -> None:
    answer = ROUTES.find("GET", path)
    assert answer is None or path.count("/") == answer[0].path.count("/")
