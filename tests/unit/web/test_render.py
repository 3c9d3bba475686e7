"""Our code generator must write exactly what Jinja writes."""

# Templates are one line where a line break would be part of the output.
# ruff: noqa: E501

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined
from jinja2.exceptions import UndefinedError
from markupsafe import Markup
from typing_extensions import override

from kundelik_core.kernel.i18n import LOCALES, Locale
from kundelik_core.web import render as module
from kundelik_core.web.render import TEMPLATES, FastEnv, environment

CONSTRUCTS = {
    "lib.html": """{% macro cell(x, y='<d>') %}<td>{{ x }}{{ y }}{% if caller is defined %}{{ caller() }}{% endif %}</td>{% endmacro %}
{% macro kw() %}{{ kwargs|xmlattr }}{{ varargs|join('<') }}{% endmacro %}""",
    "part.html": "part {{ name }} {{ html }}",
    "base.html": "[{% block a %}base {{ name }}{% endblock %}|{% block b scoped %}{{ name|upper "
    "}}{% endblock %}]",
    "page.html": """{% extends "base.html" %}{% import "lib.html" as lib with context %}{% from "lib.html" import cell, kw %}
{% block a %}{{ super() }} {{ name }} {{ html }} {{ markup }} {{ number }} {{ none }} {{ obj }} {{ true }}
{{ '<const>' }} {{ "a" ~ name ~ html }} {{ html ~ markup }} {{ name|e }} {{ html|safe }} {{ html|escape|escape }} {{ html|forceescape }}
{{ cell(name) }} {{ cell(html, markup) }} {{ lib.cell(html) }} {% call cell(html) %}<i>{{ html }}</i>{% endcall %} {{ kw('<', html, a='"', b=html) }}
{% set x = html %}{{ x }}{% set y %}<b>{{ html }}</b>{% endset %}{{ y }}{% set z | upper %}{{ html }}{% endset %}{{ z }}
{% filter upper %}{{ html }} <q>{% endfilter %} {% autoescape false %}{{ html }}{{ markup }}{% endautoescape %} {% autoescape flag %}{{ html }}{% endautoescape %}
{% for r in rows %}{{ loop.index }}:{{ r.a }}{{ r['b'] }}{{ loop.cycle('<', html) }}{% if not loop.last %}, {% endif %}{% else %}none{% endfor %}
{% for r in tree recursive %}{{ r.n }}{% if r.k %}({{ loop(r.k) }}){% endif %}{% endfor %} {% for r in [] %}{{ r }}{% else %}{{ html }}{% endfor %}
{% with q = html %}{{ q }}{% endwith %} {% include "part.html" %} {% include ["missing.html", "part.html"] %} {% raw %}{{ html }}{% endraw %}
{{ html if number else name }} {{ [html, markup]|join(', ') }} {{ {'k': html} }} {{ html|replace('<', markup) }} {{ 'x %s' % html }} {{ markup % html if false }}
{{ "%s" | format(html) }} {{ html|truncate(5) }} {{ html|striptags }} {{ rows|map(attribute='a')|list }} {{ html is string }} {{ not html }} {{ number + 1 }} {{ -number }} {{ html[1] }} {{ html[0:2] }}
{% endblock %}{% block b %}{{ self.a()|length > 0 }}{{ missing|default(html) }}{{ namespace(v=html).v }}{% endblock %}""",
}


class Thing:
    @override
    def __str__(self) -> str:
        return "<thing & 'co'>"


class Html:
    def __html__(self) -> str:
        return "<b>safe</b>"


CONTEXT = {
    "name": 'Әбдірахман & "Co"',
    "html": "<script>alert('1')</script>",
    "markup": Markup("<b>%s</b>"),
    "number": 7,
    "none": None,
    "obj": Thing(),
    "safe": Html(),
    "flag": True,
    "rows": [{"a": "<1>", "b": 1}, {"a": "2", "b": Markup("<2>")}],
    "tree": [{"n": "<x>", "k": [{"n": "y", "k": []}]}],
}


@pytest.mark.parametrize("flag", [True, False])
def test_it_writes_what_jinja_writes(flag: bool) -> None:
    loader = DictLoader(CONSTRUCTS)
    stock = Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    context = {**CONTEXT, "flag": flag}
    expected = stock.get_template("page.html").render(context)
    assert FastEnv(loader, "en").get_template("page.html").render(context) == expected
    assert "<b>" in expected
    assert "&lt;script&gt;" in expected


def test_objects_that_are_html_are_left_alone() -> None:
    env = FastEnv(DictLoader({"x": "{{ safe }}|{{ obj }}|{{ number }}|{{ none }}"}), "en")
    assert env.get_template("x").render(CONTEXT) == (
        "<b>safe</b>|&lt;thing &amp; &#39;co&#39;&gt;|7|None"
    )


def test_a_missing_value_is_an_error_and_not_a_gap() -> None:
    env = FastEnv(DictLoader({"x": "{{ nothing }}"}), "en")
    with pytest.raises(UndefinedError):
        env.get_template("x").render()


def test_messages_are_translated_filled_in_and_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    import gettext

    class Words(gettext.NullTranslations):
        @override
        def gettext(self, message: str) -> str:
            return {"Sign <in>": "Кіру <б>", "To %(name)s": "Кімге: %(name)s", "100 %%": "100 %%"}[
                message
            ]

        @override
        def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
            return "%(n)s баға"

    monkeypatch.setattr(module, "translations", lambda _locale: Words())
    text = """{{ _("Sign <in>") }}|{{ _("To %(name)s", name=html) }}|{{ _("100 %%") }}|{{ ngettext("%(n)s mark", "%(n)s marks", 3) }}|{% if _("Sign <in>") == "Кіру <б>" %}y{% endif %}"""
    env = FastEnv(DictLoader({"x": text}), "kk")
    assert env.get_template("x").render(html="<i>") == (
        "Кіру &lt;б&gt;|Кімге: &lt;i&gt;|100 %|3 баға|y"
    )


def test_a_constant_message_costs_nothing_when_the_page_is_made() -> None:
    env = FastEnv(DictLoader({"x": '{{ _("Sign in") }}'}), "en")
    calls: list[str] = []
    template = env.get_template("x")
    template.globals["_"] = calls.append
    assert template.render() == "Sign in"
    assert calls == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_template_of_the_core_compiles(locale: Locale) -> None:
    env = environment(locale)
    names = [p.relative_to(TEMPLATES).as_posix() for p in TEMPLATES.rglob("*.html")]
    assert len(names) > 10
    for name in names:
        env.get_template(name)
