"""A fragment is made once of the same values, and never taken for another."""

from uuid import UUID

import jinja2
import pytest
from markupsafe import Markup

from kundelik_core.kernel.i18n import Locale, as_locale
from kundelik_core.plugins.context import call_for
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Registry
from kundelik_core.plugins.render import JinjaRenderer, Layouts, use_layouts
from kundelik_core.plugins.runner import LocalRunner
from kundelik_core.plugins.shown import Shown
from kundelik_core.sdk import ClassPage, Fragment, Html, School
from tests.unit.plugins.dists import Site

BODY = 'return Fragment(template="show.html", context={"text": ctx.school.name})'


def dispatcher(registry: Registry) -> Dispatcher:
    return Dispatcher(registry, LocalRunner(registry), JinjaRenderer(registry))


async def shown(there: Dispatcher, name: str = "A", *, locale: Locale = "en") -> list[str]:
    call = call_for(School(id=7, name=name, zone="Asia/Almaty"), locale)
    page = ClassPage(class_id=UUID(int=1))
    return [str(one.html) for one in await there.render_slot("class.page", page, ON, call)]


ON = frozenset({"aaa", "bbb"})


async def test_the_same_values_are_rendered_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add("aaa", body=BODY)
    site.add("bbb", body=BODY, template="<i>{{ text }}</i>{{ _('x') }}")
    there = dispatcher(site.load())
    rendered: list[str] = []
    plain = JinjaRenderer.pieces

    def counted(self: JinjaRenderer, plugin: str, made: Fragment, locale: str) -> object:
        rendered.append(plugin)
        return plain(self, plugin, made, locale)

    monkeypatch.setattr(JinjaRenderer, "pieces", counted)
    for _ in range(3):
        assert await shown(there) == ["<b>A</b>", "<i>A</i>x"]
        assert await shown(there, "<B>") == ["<b>&lt;B&gt;</b>", "<i>&lt;B&gt;</i>x"]
        assert await shown(there, locale="kk") == ["<b>A</b>", "<i>A</i>x"]
    assert rendered == ["aaa", "bbb"] * 3


def test_a_page_is_rendered_once_of_the_same_values(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add("aaa", body=BODY)
    there = dispatcher(site.load())
    rendered: list[str] = []
    plain = JinjaRenderer.pieces

    def counted(self: JinjaRenderer, plugin: str, made: Html, locale: str) -> object:
        rendered.append(f"{plugin} {locale}")
        return plain(self, plugin, made, locale)

    monkeypatch.setattr(JinjaRenderer, "pieces", counted)
    ref = HandlerRef("aaa", "page", "GET ")
    found: list[str] = []
    for text, locale in (("A", "en"), ("<B>", "en"), ("A", "en"), ("A", "kk")):
        page = Html(template="show.html", context={"text": text}, title=str(len(found)))
        call = call_for(School(id=7, name="x", zone="Asia/Almaty"), as_locale(locale))
        found.append(there.render_page(ref, page, call).value)
    assert found == ["<b>A</b>", "<b>&lt;B&gt;</b>", "<b>A</b>", "<b>A</b>"]
    assert rendered == ["aaa en", "aaa en", "aaa kk"]


async def test_what_a_theme_lays_out_is_not_kept(site: Site) -> None:
    site.add("aaa", body=BODY)
    there = dispatcher(site.load())
    assert await shown(there) == ["<b>A</b>"]
    name = "aaa/show.html"
    with use_layouts(Layouts({name: "<u>{{ text }}</u>"}, lambda _what, _why: None)):
        # Not themable here, so it is the plugin's own; but nothing kept was asked, nor is it kept.
        assert await shown(there, "B") == ["<b>B</b>"]
    assert len(there._shown) == 1


async def test_what_fails_is_not_kept(site: Site) -> None:
    site.add("aaa", body=BODY, template="{{ text * 20000 }}")
    there = dispatcher(site.load())
    assert await shown(there) == []
    assert await shown(there) == []
    assert len(there._shown) == 0


def test_no_template_can_make_another_text_of_the_same_values(site: Site) -> None:
    site.add("aaa", template="{{ [1, 2, 3]|random }}")
    renderer = JinjaRenderer(site.load())
    with pytest.raises(jinja2.TemplateAssertionError, match="random"):
        list(renderer.pieces("aaa", Fragment(template="show.html"), "en"))


def test_the_oldest_go_when_there_is_no_room() -> None:
    kept = Shown(room=100)
    for number in range(50):
        kept.keep(("aaa", "en", bytes([number]) * 10), Markup("x" * 15))
        assert len(kept) <= 4
    assert kept.find(("aaa", "en", b"\x00" * 10)) is None
    assert kept.find(("aaa", "en", bytes([49]) * 10)) == "x" * 15
    # The same again takes no room.
    for _ in range(50):
        kept.keep(("aaa", "en", bytes([49]) * 10), Markup("x" * 15))
    assert len(kept) == 4
    # What is larger than all the room is let go at once.
    kept.keep(("aaa", "en", b"long"), Markup("x" * 200))
    assert kept.find(("aaa", "en", b"long")) is None
