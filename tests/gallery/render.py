"""Renders the templates with sample data, for looking at them before there is a school."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from jinja2 import (
    ChoiceLoader,
    DictLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
)

from kundelik_core.web.render import cells
from kundelik_core.web.static_mount import Static
from kundelik_core.web.themes import load_theme

ROOT = Path(__file__).parents[2]
WEB = ROOT / "kundelik_core" / "web"
LOCALE = ROOT / "kundelik_core" / "locale"
BUNDLES = ("css/family.css", "css/staff.css")


def bundle(name: str, look: str = "default") -> str:
    """One style sheet as the server puts it together, with the tokens of a theme."""
    return files(look).files[name].plain.decode()


@cache
def files(look: str) -> Static:
    """What a server with this theme hands out; made once, since it packs every file."""
    return Static(load_theme(look))


@cache
def catalogue(lang: str) -> dict[str, str]:
    """All translations of one language that lie anywhere under the locale folder."""
    words: dict[str, str] = {}
    for path in sorted(LOCALE.rglob("*.po")) if lang != "en" else []:
        if lang in path.parts or f".{lang}." in path.name:
            with path.open("rb") as file:
                for message in read_po(file):
                    key = message.id if isinstance(message.id, str) else message.id[0]
                    text = message.string
                    if key and text:
                        words[key] = text if isinstance(text, str) else text[0]
    return words


@cache
def environment(lang: str, look: str = "default") -> Environment:
    """The same globals that the web floor gives its own environment."""
    core = FileSystemLoader(WEB / "templates")
    own = DictLoader(load_theme(look).templates)
    env = Environment(
        loader=ChoiceLoader([own, core, PrefixLoader({"core": core})]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    words = catalogue(lang)

    def gettext(text: str) -> str:
        return words.get(text, text)

    def ngettext(one: str, many: str, n: int) -> str:
        # Jinja's own extension, unlike ours, knows the count by one name only.
        return words.get(one, one if n == 1 else many).replace("%(n)s", "%(num)s")

    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.filters["cells"] = cells
    env.globals["asset"] = lambda name: f"/static/{look}/{name}"
    env.globals["icons"] = f"/static/{look}/img/icons.svg"
    return env


def page(name: str, lang: str, theme: str, context: dict[str, Any], look: str = "default") -> str:
    """One page as HTML."""
    text: str = (
        environment(lang, look).get_template(f"{name}.html").render(context | {"theme": theme})
    )
    return text


def forget() -> None:
    """Read everything anew, for somebody who edits and looks."""
    for made in (files, catalogue, environment):
        made.cache_clear()
