"""Look through a theme's templates before any is used: they may lay out a page, nothing else.

A template of a theme is text from outside. What is not on the short lists below is refused when
the theme is read, so that ``data-only`` stays true of themes that bring templates.
"""

import re
from typing import Final

from jinja2 import Environment, TemplateSyntaxError, nodes

__all__ = ["THEMABLE", "template_problem"]

THEMABLE: Final = frozenset({"login.html", "activate.html", "error.html", "help.html", "slip.html"})
"""Pages of the core that a theme may lay out anew. Their contexts, told at their top, are kept."""

_MODULES: Final = re.compile(r"^x/([a-z][a-z0-9_]{2,29}/[a-z][a-z0-9_]*\.html)\Z")

MAX_SIZE: Final = 32 * 1024

_NODES: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Block, nodes.Extends, nodes.FromImport,
    nodes.Include, nodes.If, nodes.For, nodes.Assign, nodes.Name, nodes.Const,
    nodes.Getattr, nodes.Call, nodes.Keyword, nodes.Filter, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Concat, nodes.Test, nodes.Dict,
    nodes.Pair, nodes.List, nodes.Tuple,
)  # fmt: skip
_CALLS: Final = frozenset({"_", "ngettext", "asset", "icon", "field", "select", "empty", "super"})
_MODULE_CALLS: Final = frozenset({"_", "ngettext", "asset", "url", "super"})
_FILTERS: Final = frozenset({"default", "e", "escape", "first", "join", "last", "length", "lower",
                             "trim", "upper"})  # fmt: skip
_TESTS: Final = frozenset({"defined", "none"})
_SHARED: Final = frozenset({"base.html", "_macros.html", "_keys.html"})
_RISKY: Final = re.compile(
    r"<\s*(?:script|style|iframe|object|embed|base|meta|link)\b|\son[a-z]+\s*=|\bstyle\s*="
    r"|javascript:|(?:src|href|action)\s*=\s*[\"']?\s*(?:[a-z][a-z0-9+.-]*:|//)",
    re.IGNORECASE,
)


def template_problem(name: str, source: str) -> str:
    """Return in one line what forbids the use of a template, or nothing."""
    if name not in THEMABLE and not _MODULES.match(name):
        return f"no page of this name is themable; these are: {', '.join(sorted(THEMABLE))}."
    if len(source) > MAX_SIZE:
        return f"it is longer than {MAX_SIZE // 1024} KB."
    try:
        tree = Environment(autoescape=True).parse(source)
    except TemplateSyntaxError as error:
        return f"line {error.lineno}: {error.message}"
    except RecursionError:
        return "it is nested too deep."
    written = " ".join(data.data for data in tree.find_all(nodes.TemplateData))
    if found := _RISKY.search(written):
        return f"{found[0].strip()!r} is not for a theme; rules go into the sheet."
    for node in tree.find_all(nodes.Node):
        if problem := _node_problem(name, node):
            return f"line {node.lineno}: {problem}"
    return ""


def _node_problem(name: str, node: nodes.Node) -> str:
    said = ""
    if not isinstance(node, _NODES):
        said = f"{type(node).__name__} is not for a theme."
    elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        said = f".{node.attr} is not for a theme."
    elif isinstance(node, nodes.Call):
        calls = _MODULE_CALLS if _MODULES.match(name) else _CALLS
        known = isinstance(node.node, nodes.Name) and node.node.name in calls
        said = "" if known else f"only these can be called: {', '.join(sorted(calls))}."
    elif isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        said = f"the filter {node.name} is not for a theme."
    elif isinstance(node, nodes.Test) and node.name not in _TESTS:
        said = f"the test {node.name} is not for a theme."
    elif isinstance(node, nodes.For) and node.recursive:
        said = "a loop must not call itself."
    elif isinstance(node, nodes.Name) and node.ctx != "load" and node.name in _CALLS:
        said = f"{node.name} cannot be given another meaning."
    elif isinstance(node, nodes.Extends | nodes.FromImport | nodes.Include):
        wanted = node.template.value if isinstance(node.template, nodes.Const) else None
        module = _MODULES.match(name)
        sources = (module[1],) if module else (*sorted(_SHARED), f"core/{name}")
        if wanted not in sources:
            said = f"it may take from: {', '.join(sources)}."
    return said
