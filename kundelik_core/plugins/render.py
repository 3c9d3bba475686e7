"""Render plugins' templates in the core's Jinja: escaped, in their own words, shadowing nothing."""

import gettext
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final

import jinja2
from markupsafe import Markup

from kundelik_core.kernel.i18n import as_locale, catalogue
from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.sdk import Fragment

__all__ = ["JinjaRenderer"]

TEMPLATES: Final = "templates"

Words = Mapping[str, Callable[..., Markup]]


class JinjaRenderer:
    """Render fragments, each from its own plugin's folder of templates.

    This environment is apart from that of the pages: a template is found under its plugin's name
    only, so none can stand in for a page's or extend one; and that environment puts the core's own
    translations in while it compiles, which would be the wrong words here.
    """

    def __init__(self, registry: Registry) -> None:
        plugins = registry.loaded
        self._environment = jinja2.Environment(
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
        self._words = cache(lambda plugin, locale: _words(plugin, plugins[plugin], locale))

    def pieces(self, plugin: str, fragment: Fragment, locale: str) -> Iterator[str]:
        """Yield the HTML of a fragment piece by piece."""
        template = self._environment.get_template(f"{plugin}/{fragment.template}")
        return template.generate({**fragment.context, **self._words(plugin, locale)})


def _words(plugin: str, one: Loaded, locale: str) -> Words:
    """Return the functions by which a template of ``plugin`` speaks: its own gettext domain."""
    file = one.root / "locale" / locale / "LC_MESSAGES" / f"{plugin}.po"
    texts: gettext.NullTranslations = catalogue(file, as_locale(locale))

    # The texts are the plugin's own files and count as markup; the values put in are escaped.
    def translate(message: str, **values: object) -> Markup:
        return Markup(texts.gettext(message)) % values  # noqa: S704

    def translate_count(singular: str, plural: str, n: int, **values: object) -> Markup:
        text = texts.ngettext(singular, plural, n)
        return Markup(text) % {"n": n, "num": n, **values}  # noqa: S704

    return {"_": translate, "ngettext": translate_count}
