import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.web.answer import accepts
from kundelik_core.web.security import CSP, is_cross_site, local_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/diary", "/diary"),
        ("/diary?week=2026-W45#d", "/diary?week=2026-W45#d"),
        ("", "/"),
        ("diary", "/"),
        ("//evil", "/"),
        ("/\\evil", "/"),
        ("/a\\b", "/"),
        ("https://evil", "/"),
        ("/\n/evil", "/"),
        (" /x", "/"),
        ("/x y", "/"),
        ("/" + "x" * 3000, "/"),
        ("/https://evil", "/https://evil"),
        ("javascript:1", "/"),
    ],
)
def test_only_paths_of_this_site(text: str, expected: str) -> None:
    assert local_path(text) == expected


@given(st.text(alphabet="/\\:@.?#\t\r\n ahtps"))
def test_no_text_leads_elsewhere(text: str) -> None:
    path = local_path(text)
    assert path[0] == "/"
    assert path[1:2] not in {"/", "\\"}
    assert not set(path) & set("\\\t\r\n ")


@pytest.mark.parametrize(
    ("site", "origin", "expected"),
    [
        ("same-origin", "", False),
        ("none", "", False),
        ("same-site", "", True),
        ("cross-site", "http://a.kz", True),
        ("", "http://a.kz", False),
        ("", "https://A.KZ", False),
        ("", "http://b.kz", True),
        ("", "null", True),
        ("", "http://a.kz.b.kz", True),
        ("", "http://a.kz:8000", True),
        ("", "", False),
        ("same-origin", "http://b.kz", False),
    ],
)
def test_what_another_site_sends(site: str, origin: str, expected: bool) -> None:
    assert is_cross_site(site, origin, "a.kz") is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"gzip, deflate, br", "br"),
        (b"gzip", "gzip"),
        (b"br;q=0, gzip;q=0.5", "gzip"),
        (b"", ""),
        (b"identity", ""),
        (b"BR", "br"),
        (b"gzip;q=0.0", ""),
    ],
)
def test_the_coding_is_one_that_the_client_takes(header: bytes, expected: str) -> None:
    assert accepts(header) == expected


def test_the_policy_allows_no_inline_and_no_other_host() -> None:
    assert "unsafe" not in CSP
    assert "http" not in CSP
    assert "*" not in CSP
    assert "default-src 'none'" in CSP
