"""A theme's template may lay out a page and do nothing else; one that fails costs no page."""

from collections.abc import Iterator

import msgspec
import pytest

from kundelik_core.web import render as rendering
from kundelik_core.web import static_mount
from kundelik_core.web.render import environment, render
from kundelik_core.web.static_mount import Static
from kundelik_core.web.themes import Theme, Title, load_theme, theme_reports
from kundelik_core.web.themes.looks import PLAIN
from kundelik_core.web.themes.reports import forget_reports
from kundelik_core.web.themes.templates import THEMABLE, template_problem

GOOD = """{#- a remark -#}
{% extends "core/error.html" %}{% from "_macros.html" import icon %}
{% block main %}<p class="x">{{ icon("info") }}{{ _("Sign in") }} {% if lang == "kk" %}К{% else %}{{
status|default("?") }}{% endif %}{% for l in langs %}{{ l.name }}{% endfor %}</p>
{{ super() }}{% endblock %}
"""
CONTEXT: dict[str, object] = {
    "lang": "en", "theme": "", "look": PLAIN, "here": "/", "school": "", "user": None, "nav": [],
    "langs": [], "flash": None, "status": "404", "title": "Gone", "text": "", "href": "",
    "label": "", "ref": "", "seek": False,
}  # fmt: skip


def test_a_template_that_lays_out_is_taken() -> None:
    assert template_problem("error.html", GOOD) == ""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ ''.__class__ }}", ".__class__ is not for a theme"),
        ("{{ user['name'] }}", "Getitem is not for a theme"),
        ("{{ user|attr('name') }}", "the filter attr"),
        ("{{ title|safe }}", "the filter safe"),
        ("{{ title.format(user) }}", "only these can be called"),
        ("{{ lipsum() }}", "only these can be called"),
        ("{{ 9 ** 99 }}", "Pow is not for a theme"),
        ("{{ 'a' * 99 }}", "Mul is not for a theme"),
        ("{{ '%s' % user }}", "Mod is not for a theme"),
        ("{% autoescape false %}{{ title }}{% endautoescape %}", "is not for a theme"),
        ("{% macro icon() %}{% endmacro %}", "Macro is not for a theme"),
        ("{% set _ = title %}", "_ cannot be given another meaning"),
        ("{% import 'base.html' as b %}", "Import is not for a theme"),
        ("{% include title %}", "it may take from"),
        ("{% extends 'diary.html' %}", "it may take from"),
        ("{% include 'core/login.html' %}", "it may take from"),
        ("{% for a in nav recursive %}{% endfor %}", "must not call itself"),
        ("<script src=x></script>", "'<script' is not for a theme"),
        ("<b onclick=x>", "'onclick=' is not for a theme"),
        ("<b style='x'>", "'style=' is not for a theme"),
        ("<img src=//cdn.example/x>", "'src=//' is not for a theme"),
        ("<a href='javascript:x'>", "is not for a theme"),
        ("\n\n{{ title", "line 3: "),
        ("x" * 40_000, "longer than 32 KB"),
    ],
)
def test_a_template_that_could_do_more_is_refused_in_one_line(source: str, said: str) -> None:
    problem = template_problem("error.html", source)
    assert said in problem
    assert "\n" not in problem


@pytest.mark.parametrize("name", ["base.html", "diary.html", "journal.html", "_macros.html"])
def test_other_pages_are_not_themable(name: str) -> None:
    assert name not in THEMABLE
    assert "no page of this name is themable" in template_problem(name, "x")


@pytest.fixture
def dressed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process with two further themes: one works, one only looks so until it is used."""

    def theme(name: str, source: str) -> Theme:
        return Theme(
            name=name, version="1", dist=name, title=Title(kk="К", ru="Л", en="L"),
            sheet=b"/* mine */", static={}, templates={"error.html": source},
        )  # fmt: skip

    good, bad = theme("good", GOOD), theme("bad", "{{ nothing_like_that }}")
    static = Static(load_theme("default"), others=[good, bad])
    monkeypatch.setattr(static_mount, "static_files", lambda: static)
    monkeypatch.setattr(rendering, "static_files", lambda: static)
    environment.cache_clear()
    forget_reports()
    yield
    environment.cache_clear()
    forget_reports()


@pytest.mark.usefixtures("dressed")
def test_a_theme_lays_out_its_page_and_no_other_theme_s() -> None:
    page = render("error.html", CONTEXT, "en", "good").decode()
    assert '<p class="x">' in page
    assert "<h1>Gone</h1>" in page
    assert "Sign in" in page
    assert "mine" not in page
    assert '<p class="x">' not in render("error.html", CONTEXT, "en").decode()
    assert "Кіру" in render("error.html", CONTEXT | {"lang": "kk"}, "kk", "good").decode()


@pytest.mark.usefixtures("dressed")
def test_a_template_that_fails_gives_way_and_is_reported_once() -> None:
    for _time in range(3):
        page = render("error.html", CONTEXT, "en", "bad").decode()
        assert "<h1>Gone</h1>" in page
        # It keeps its colours: only the page is the core's.
        assert static_mount.static_files().url("css/family.css", "bad") in page
    (report,) = theme_reports()
    assert (report.theme, report.what, report.times) == ("bad", "templates/error.html", 1)
    assert "nothing_like_that" in report.problem


@pytest.mark.usefixtures("dressed")
def test_a_theme_that_is_not_there_is_the_installation_s() -> None:
    assert render("error.html", CONTEXT, "en", "gone") == render("error.html", CONTEXT, "en")


def test_the_pages_of_our_themes_can_be_used() -> None:
    for name in ("default", "nauryz", "contrast"):
        for page, source in load_theme(name).templates.items():
            assert template_problem(page, source) == ""
            environment("kk", name if name != static_mount.static_files().theme else "")
    door = {**CONTEXT, "login": "", "error": "", "next": "", "support": ""}
    text = render("login.html", {**door, "lang": "kk"}, "kk", "nauryz").decode()
    assert "Наурыз құтты болсын!" in text
    assert text.count('<form class="card"') == 1


def test_a_structure_of_a_theme_is_plain_data() -> None:
    theme = load_theme("nauryz")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(theme), type=Theme) == theme


def test_a_themes_layout_of_a_module_takes_from_that_module_alone() -> None:
    name = "x/praise/diary_week.html"
    assert template_problem(name, '<div>{% include "praise/diary_week.html" %}</div>') == ""
    for source in (
        '{% include "rating/front.html" %}', '{% extends "base.html" %}', "{{ icon('x') }}",
        "<script>1</script>", "{{ notes|safe }}",
    ):  # fmt: skip
        assert template_problem(name, source), source
    assert template_problem("x/praise/../login.html", "") != ""
