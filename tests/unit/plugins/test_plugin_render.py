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
