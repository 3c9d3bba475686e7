"""Render plugins' templates in the core's Jinja: escaped, in their own words, shadowing nothing."""

import gettext
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import Any, Final

import jinja2
import markupsafe
import msgspec
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup
from typing_extensions import override

from kundelik_core.kernel.i18n import as_locale, catalogue
from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.plugins.static import files_of
from kundelik_core.plugins.template_code import JoiningGenerator
from kundelik_core.sdk import Fragment, Html

__all__ = ["JinjaRenderer", "Layouts", "use_layouts"]

TEMPLATES: Final = "templates"

# So many texts of a plugin are kept ready in a language.
_PLAIN: Final = 1000

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


# A private name, on purpose: it escapes without making a markup object.
_escape_inner: Final = getattr(markupsafe, "_escape_inner")  # noqa: B009


def _escape(value: object) -> str:
    """Escape as markupsafe does; what is written is never looked at again, so text stays text."""
    kind = type(value)
    if kind is str:
        return str(_escape_inner(value))
    # What is marked up was escaped before; a number has nothing to escape.
    return str(value) if kind is int or kind is Markup else markupsafe.escape(value)


class _Template(jinja2.Template):
    """A template whose code finds the quicker ``escape``."""

    @classmethod
    @override
    def _from_namespace(
        cls,
        environment: jinja2.Environment,
        namespace: MutableMapping[str, Any],
        globals: MutableMapping[str, Any],
    ) -> jinja2.Template:
        namespace["escape"] = _escape
        return super()._from_namespace(environment, namespace, globals)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's, with our code generator, and a shorter way to call what is ours."""

    code_generator_class = JoiningGenerator
    template_class = _Template

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Jinja's own
        super().__init__(**options)
        self._ours: dict[int, Callable[..., str]] = {}

    def trust(self, words: Words) -> Words:
        """Call these functions without asking anew each time whether they may be called."""
        self._ours |= {id(one): one for one in words.values()}
        return words

    @override
    def call(
        self, context: Context, obj: Any, /, *args: Any,
        _loop_vars: Any = None, _block_vars: Any = None, **kwargs: Any,
    ) -> Any:  # fmt: skip
        if id(obj) in self._ours:
            return obj(*args, **kwargs)
        # What a loop and a block have set is for functions that ask for their context.
        around = {"_loop_vars": _loop_vars, "_block_vars": _block_vars}
        return super().call(context, obj, *args, **around, **kwargs)


class _Ready(msgspec.Struct, frozen=True):
    """A template of one plugin with what it finds in one language."""

    name: str
    template: jinja2.Template
    words: Words


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
        self._environment = _Sandbox(
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

        @cache
        def words(plugin: str, locale: str) -> Words:
            found = _words(plugin, plugins[plugin], locale)
            return self._environment.trust({**found, "asset": lambda name: files.url(plugin, name)})

        def ready(plugin: str, template: str, locale: str) -> _Ready:
            name = f"{plugin}/{template}"
            return _Ready(name, self._environment.get_template(name), words(plugin, locale))

        # As many as there are files and languages: what is not there raises, and is not kept.
        self._ready = cache(ready)
        # range() could be asked for more than there is room for; loops go over the given values.
        self._environment.globals.clear()
        # The same values always make the same text: it is kept, see ``plugins.shown``.
        del self._environment.filters["random"]
        self._themable = frozenset(
            f"{name}/{file}" for name, one in plugins.items() for file in one.manifest.themable
        )
        # By source: as many as the installed themes have.
        self._laid = cache(self._environment.from_string)

    def pieces(self, plugin: str, fragment: Fragment | Html, locale: str) -> Iterator[str]:
        """Yield the HTML of a fragment or a page piece by piece."""
        ready = self._ready(plugin, fragment.template, locale)
        template, values = ready.template, {**fragment.context, **ready.words}
        layouts = _layouts.get()
        if layouts is not None and ready.name in layouts.sources and ready.name in self._themable:
            themed = self._themed(ready.name, layouts, values)
            if themed is not None:
                yield themed
                return
        # As Template.generate does, but without the globals, of which there are none.
        context = Context(self._environment, values, template.name, template.blocks)
        try:
            yield from template.root_render_func(context)
        except Exception:  # noqa: BLE001 - raised again, with the template's own lines
            self._environment.handle_exception()

    def steady(self) -> bool:
        """Say whether plugins' own templates are rendered here, and none of a theme's."""
        return _layouts.get() is None

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
    def put_in(message: str, values: Mapping[str, object]) -> Markup:
        return Markup(texts.gettext(message)) % values  # noqa: S704

    plain = lru_cache(_PLAIN)(lambda message: put_in(message, {}))

    def translate(message: str, **values: object) -> Markup:
        return put_in(message, values) if values else plain(message)

    def translate_count(singular: str, plural: str, n: int, **values: object) -> Markup:
        text = texts.ngettext(singular, plural, n)
        return Markup(text) % {"n": n, "num": n, **values}  # noqa: S704

    def address(path: str = "") -> str:
        return f"/x/{plugin}/{path}"

    return {"_": translate, "ngettext": translate_count, "url": address}
