"""Render plugins' templates in the core's Jinja: escaped, in their own words, shadowing nothing."""

import gettext
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Final

import jinja2
import msgspec
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from kundelik_core.kernel.i18n import as_locale, catalogue
from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.plugins.static import files_of
from kundelik_core.sdk import Fragment, Html

__all__ = ["JinjaRenderer", "Layouts", "use_layouts"]

TEMPLATES: Final = "templates"

Words = Mapping[str, Callable[..., str]]


class Layouts(msgspec.Struct, frozen=True):
    """What a theme lays out anew of plugins: sources by ``plugin/template``, and whom to tell."""

    sources: Mapping[str, str]
    failed: Callable[[str, str], None]


_layouts: ContextVar[Layouts | None] = ContextVar("layouts", default=None)


@contextmanager
def use_layouts(layouts: Layouts | None) -> Iterator[None]:
    """Render within this block as a theme lays out what plugins let it."""
    token = _layouts.set(layouts)
    try:
        yield
    finally:
        _layouts.reset(token)


class JinjaRenderer:
    """Render fragments, each from its own plugin's folder of templates.

    This environment is apart from that of the pages: a template is found under its plugin's name
    only, so none can stand in for a page's or extend one; and that environment puts the core's own
    translations in while it compiles, which would be the wrong words here.
    """

    def __init__(self, registry: Registry) -> None:
        plugins = registry.loaded
        # A vendor's template is a program of its own, run here even where the plugin is not: it may
        # look at the values that it is given and at nothing behind them.
        self._environment = ImmutableSandboxedEnvironment(
            loader=jinja2.PrefixLoader(
                {
                    name: jinja2.FileSystemLoader(one.root / TEMPLATES)
                    for name, one in plugins.items()
                }
            ),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        files = files_of(registry)

        def words(plugin: str, locale: str) -> Words:
            found = _words(plugin, plugins[plugin], locale)
            return {**found, "asset": lambda name: files.url(plugin, name)}

        self._words = cache(words)
        # range() could be asked for more than there is room for; loops go over the given values.
        self._environment.globals.clear()
        # As many as there are files: what is not there raises, and is not kept.
        self._template = cache(self._environment.get_template)
        self._themable = frozenset(
            f"{name}/{file}" for name, one in plugins.items() for file in one.manifest.themable
        )
        # By source: as many as the installed themes have.
        self._laid = cache(self._environment.from_string)

    def pieces(self, plugin: str, fragment: Fragment | Html, locale: str) -> Iterator[str]:
        """Yield the HTML of a fragment or a page piece by piece."""
        name = f"{plugin}/{fragment.template}"
        values = {**fragment.context, **self._words(plugin, locale)}
        layouts = _layouts.get()
        if layouts is not None and name in layouts.sources and name in self._themable:
            themed = self._themed(name, layouts, values)
            if themed is not None:
                yield themed
                return
        template = self._template(name)
        # As Template.generate does, but without the globals, of which there are none.
        context = Context(self._environment, values, template.name, template.blocks)
        try:
            yield from template.root_render_func(context)
        except Exception:  # noqa: BLE001 - raised again, with the template's own lines
            self._environment.handle_exception()

    def _themed(self, name: str, layouts: Layouts, values: Mapping[str, object]) -> str | None:
        """Return the HTML as the theme lays it out; None when that fails, which is told."""
        try:
            template = self._laid(layouts.sources[name])
            return "".join(template.root_render_func(template.new_context(dict(values))))
        except Exception as error:  # noqa: BLE001 - a theme's fault: the plugin's own layout is there
            layouts.failed(f"templates/x/{name}", repr(error))
            return None


def _words(plugin: str, one: Loaded, locale: str) -> Words:
    """Return the functions of a template of ``plugin``: its own gettext domain, its own addresses.

    ``url("list")`` is the address of its page ``list``; in an attribute it is escaped as any value.
    """
    file = one.root / "locale" / locale / "LC_MESSAGES" / f"{plugin}.po"
    texts: gettext.NullTranslations = catalogue(file, as_locale(locale))

    # The texts are the plugin's own files and count as markup; the values put in are escaped.
    def translate(message: str, **values: object) -> Markup:
        return Markup(texts.gettext(message)) % values  # noqa: S704

    def translate_count(singular: str, plural: str, n: int, **values: object) -> Markup:
        text = texts.ngettext(singular, plural, n)
        return Markup(text) % {"n": n, "num": n, **values}  # noqa: S704

    def address(path: str = "") -> str:
        return f"/x/{plugin}/{path}"

    return {"_": translate, "ngettext": translate_count, "url": address}
