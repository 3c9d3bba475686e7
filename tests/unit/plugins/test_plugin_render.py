"""A plugin's template sees the values that it was given, and nothing of the server around it."""

from pathlib import Path

import jinja2
import pytest
from jinja2.exceptions import SecurityError

from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.sdk import Fragment
from tests.unit.plugins.dists import Site


def renderer(site: Site, text: str) -> JinjaRenderer:
    site.add("hello")
    registry: Registry = site.load()
    one: Loaded = registry.loaded["hello"]
    folder = Path(one.root) / "templates"
    folder.mkdir(exist_ok=True)
    (folder / "odd.html").write_text(text, "utf-8")
    return JinjaRenderer(registry)


def shown(site: Site, text: str, **context: object) -> str:
    fragment = Fragment(template="odd.html", context=context)
    return "".join(renderer(site, text).pieces("hello", fragment, "en"))


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ _.__globals__ }}",
        "{{ url.__closure__ }}",
        "{{ words|attr('__class__') }}",
        "{{ ('%s' % words).format.__self__.__class__ }}",
        "{{ words.append(1) }}",
    ],
)
def test_no_way_out_of_a_template(site: Site, text: str) -> None:
    with pytest.raises((SecurityError, jinja2.UndefinedError)):
        shown(site, text, words=["a"])


@pytest.mark.parametrize("name", ["range(10 ** 9)", "lipsum()", "cycler('a')", "namespace()"])
def test_no_tools_that_the_contract_does_not_name(site: Site, name: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        shown(site, "{{ " + name + " }}")


def test_loops_and_filters_work(site: Site) -> None:
    text = "{% for w in words %}{{ loop.index }}{{ w|upper }}{{ url('list') }};{% endfor %}"
    assert shown(site, text, words=["a", "<b>"]) == "1A/x/hello/list;2&lt;B&gt;/x/hello/list;"


def test_a_key_is_found_and_never_hides_what_a_mapping_has(site: Site) -> None:
    text = "{{ one.word }},{{ one['items'] }},{{ one.items()|length }},{{ one.get('word') }}"
    assert shown(site, text, one={"word": "a", "items": 7}) == "a,7,2,a"
    with pytest.raises(jinja2.UndefinedError):
        shown(site, "{{ one.word }}", one={})
    with pytest.raises((SecurityError, jinja2.UndefinedError)):
        shown(site, "{{ one.__class__.mro() }}", one={})


def test_values_beside_each_other_are_escaped_each(site: Site) -> None:
    text = "<p>{{ n }}{{ word }} {{ _('%(w)s!', w=word) }}{{ yes }}{{ none }}{{ half }}</p>"
    values = {"n": 3, "word": "<b>", "yes": True, "none": None, "half": 0.5}
    assert shown(site, text, **values) == "<p>3&lt;b&gt; &lt;b&gt;!TrueNone0.5</p>"


def test_rounds_of_a_loop_come_one_by_one(site: Site) -> None:
    fragment = Fragment(template="odd.html", context={"words": ["a", "b", "c"]})
    text = "{% for w in words %}<i>{{ w }}{{ _('x') }}</i>{% endfor %}"
    pieces = list(renderer(site, text).pieces("hello", fragment, "en"))
    assert pieces == ["<i>ax</i>", "<i>bx</i>", "<i>cx</i>"]
