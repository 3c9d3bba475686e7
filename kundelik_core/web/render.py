"""Turn templates into bytes: one Jinja environment per language, plain strings, no markup objects.

A page calls ``render("diary.html", context)``. Core templates are named ``diary.html`` (or
``core/diary.html``), those of a plugin ``<plugin>/page.html``; a plugin cannot shadow the core's. A
theme may lay out a few of the core's anew; one that fails gives way to the core's own.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import markupsafe
from jinja2 import Environment, StrictUndefined, nodes
from jinja2.bccache import Bucket, BytecodeCache
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import Template
from jinja2.loaders import (
    BaseLoader,
    ChoiceLoader,
    DictLoader,
    FileSystemLoader,
    PrefixLoader,
)
from jinja2.visitor import NodeTransformer
from typing_extensions import override

from kundelik_core.kernel.i18n import LOCALES, Locale, current_locale, translations
from kundelik_core.plugins.template_code import KeyFirstGenerator
from kundelik_core.web.static_mount import asset, static_files
from kundelik_core.web.themes.reports import note_failure

__all__ = ["TEMPLATES", "FastEnv", "environment", "render"]

TEMPLATES: Final = Path(__file__).parent / "templates"

# Languages times themes that are kept compiled; the one used longest ago goes.
ENVIRONMENTS: Final = 18

# A private name, on purpose: it escapes without making a markup object.
_escape_inner: Final = getattr(markupsafe, "_escape_inner")  # noqa: B009


def escape_plain(value: object) -> str:
    """Escape like markupsafe, but to a plain string: what is written is never looked at again."""
    if type(value) is str:
        return str(_escape_inner(value))
    if hasattr(value, "__html__"):
        return str(value.__html__())
    return str(_escape_inner(str(value)))


def _plain_escape() -> Any:  # noqa: ANN401 - a function of one argument, or a C function
    """Return the quickest escape that is right for any value."""
    inner, text = _escape_inner, str

    def plain(value: Any) -> Any:  # noqa: ANN401
        if type(value) is text:
            return inner(value)
        return escape_plain(value)

    return plain


def cells(values: Sequence[str], kind: str = "") -> markupsafe.Markup:
    """Return a row's cells, of class ``kind`` if one is named: a journal has some 1200 of them.

    They are escaped together. What parts them meanwhile stands in no cell.
    """
    if not values:
        return markupsafe.Markup("")
    tag = f"<td class={kind}>" if kind else "<td>"
    text = "\0".join(values)
    return markupsafe.Markup(tag + escape_plain(text).replace("\0", tag))  # noqa: S704


class FastGenerator(KeyFirstGenerator):
    """Writes code that does less than Jinja's for the same output; a test compares them.

    ``plain(x)`` stands for ``escape(x)``. What a loop writes is gathered in a list and handed on
    once, not piece by piece through the generators of all templates around it.
    """

    @override
    def visit_For(self, node: nodes.For, frame: Frame) -> None:
        if frame.buffer is not None or frame.require_output_check or node.recursive:
            super().visit_For(node, frame)
            return
        self.buffer(frame)
        gathered, around = frame.buffer, frame
        super().visit_For(node, frame)
        around.buffer = None
        self.writeline(f"yield concat({gathered})")

    @override
    def _output_child_pre(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
            return
        self.write("plain(")
        if finalize.src is not None:
            self.write(finalize.src)


class FastTemplate(Template):
    """A template whose code finds ``plain``."""

    @classmethod
    @override
    def _from_namespace(
        cls,
        environment: Environment,
        namespace: MutableMapping[str, Any],
        globals: MutableMapping[str, Any],
    ) -> "Template":
        # The compiled functions look their globals up here; it is filled before any of them runs.
        namespace["plain"] = _plain
        return super()._from_namespace(environment, namespace, globals)


_plain: Final = _plain_escape()


class _Translate(NodeTransformer):
    """Puts a constant message's translation into the compiled template."""

    def __init__(self, env: "FastEnv") -> None:
        self._env = env

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - Jinja's naming
        self.generic_visit(node)
        constant = (
            isinstance(node.node, nodes.Name)
            and node.node.name == "_"
            and len(node.args) == 1
            and isinstance(node.args[0], nodes.Const)
            and not (node.kwargs or node.dyn_args or node.dyn_kwargs)
        )
        if not constant:
            return node
        text = self._env.translate(node.args[0].value)  # type: ignore[attr-defined]
        return nodes.Const(text, lineno=node.lineno)


class _Compiled(BytecodeCache):
    """What was compiled for a language serves every theme: only addresses differ, at run time."""

    def __init__(self) -> None:
        self._code: dict[str, Any] = {}

    @override
    def load_bytecode(self, bucket: Bucket) -> None:
        code = self._code.get(f"{bucket.key}{bucket.checksum}")
        if code is not None:
            bucket.code = code

    @override
    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[f"{bucket.key}{bucket.checksum}"] = bucket.code


_compiled: Final = {locale: _Compiled() for locale in LOCALES}


class FastEnv(Environment):
    """Jinja with our code generator, our globals, one language and one theme."""

    code_generator_class = FastGenerator
    template_class = FastTemplate

    def __init__(
        self,
        loader: BaseLoader,
        locale: Locale,
        theme: str = "",
        *,
        compiled: BytecodeCache | None = None,
    ) -> None:
        super().__init__(
            loader=loader,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            auto_reload=False,
            cache_size=2000,
            bytecode_cache=compiled,
        )
        self.theme = theme
        # Pages that the theme lays out by itself, and whether that has worked so far.
        self.themed: dict[str, bool] = {}
        self._translations = translations(locale)
        self.filters["cells"] = cells
        self.globals |= {
            "_": self.translate,
            "ngettext": self.translate_count,
            "asset": partial(asset, theme=theme) if theme else asset,
            "icons": asset("img/icons.svg", theme),
            "lang": locale,
        }

    def translate(self, message: str, **values: object) -> str:
        """Translate and fill in; a literal percent sign is written twice."""
        return self._translations.gettext(message) % values

    def translate_count(self, one: str, many: str, n: int, **values: object) -> str:
        """Translate a counted phrase and fill in ``%(n)s`` or ``%(num)s``."""
        return self._translations.ngettext(one, many, n) % {"n": n, "num": n, **values}

    @override
    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parsed: nodes.Template = _Translate(self).visit(super()._parse(source, name, filename))
        return parsed


@lru_cache(maxsize=ENVIRONMENTS)
def environment(locale: Locale, theme: str = "") -> FastEnv:
    """Return the environment of a language and a theme; templates are compiled once and kept.

    Without a theme it is that of the installation.
    """
    static = static_files()
    dress = static.dresses.get(theme or static.theme)
    own = dress.theme.templates if dress else {}
    core = FileSystemLoader(TEMPLATES)
    loaders = [DictLoader(own), core, PrefixLoader({"core": core})]
    env = FastEnv(
        ChoiceLoader(loaders if own else loaders[1:]),
        locale,
        theme,
        compiled=_compiled[locale],
    )
    env.themed = dict.fromkeys(own, True)
    return env


def render(
    template: str, context: Mapping[str, object], locale: Locale | None = None, theme: str = ""
) -> bytes:
    """Return the page as UTF-8, in the language of this request unless another is asked for."""
    env = environment(locale or current_locale(), theme)
    works = env.themed.get(template)
    if works is not None:
        if works:
            try:
                return env.get_template(template).render(context).encode()
            except Exception as error:  # noqa: BLE001 - whatever it is, the reader gets the page
                note_failure(theme or static_files().theme, f"templates/{template}", repr(error))
                env.themed[template] = False
        template = f"core/{template}"
    return env.get_template(template).render(context).encode()
