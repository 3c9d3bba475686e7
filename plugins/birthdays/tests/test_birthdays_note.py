"""The note as a reader sees it: found, loaded and rendered by the core's own machinery."""

import ast
import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import kundelik_birthdays
import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.i18n import Locale
from kundelik_core.plugins.active import active
from kundelik_core.plugins.context import page_context
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Registry, load_plugins
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.states import State
from kundelik_core.sdk import ClassPage, Pupil

ROOT = Path(kundelik_birthdays.__file__).parent
SUNDAY = datetime(2026, 11, 22, 6, tzinfo=UTC)
AISHA = ("Айша", date(2015, 11, 24))
DAMIR = ("Дамир", date(2016, 11, 22))


@pytest.fixture(scope="module")
def registry() -> Registry:
    found = [one for one in find_plugins() if one.name == "birthdays"]
    registry = load_plugins(found, {"birthdays"})
    assert [one.state for one in registry.plugins] == [State.LOADED]
    return registry


async def note(
    registry: Registry, *pupils: tuple[str, date], locale: Locale = "en", on: bool = True
) -> str:
    args = ClassPage(
        school_id=1,
        class_id=UUID(int=1),
        pupils=tuple(
            Pupil(id=UUID(int=n), name=name, birth_date=born)
            for n, (name, born) in enumerate(pupils)
        ),
    )
    with set_now(SUNDAY):
        fragments = await Dispatcher(registry, JinjaRenderer(registry)).render_slot(
            "class.page",
            args,
            active(registry, {"birthdays"} if on else ()),
            page_context("Asia/Almaty", locale),
        )
    return "".join(str(fragment.html) for fragment in fragments)


@pytest.mark.parametrize(
    ("locale", "one", "two"),
    [
        (
            "en",
            "Birthday this week: Айша (Tue 24 Nov)",
            "Birthdays this week: Дамир (today), Айша (Tue 24 Nov)",
        ),
        (
            "ru",
            "На этой неделе день рождения: Айша (Вт 24 ноября)",
            "На этой неделе дни рождения: Дамир (сегодня), Айша (Вт 24 ноября)",
        ),
        (
            "kk",
            "Осы аптадағы туған күн: Айша (Сс 24 қараша)",
            "Осы аптадағы туған күндер: Дамир (бүгін), Айша (Сс 24 қараша)",
        ),
    ],
)
async def test_the_note_in_each_language(
    registry: Registry, locale: Locale, one: str, two: str
) -> None:
    assert await note(registry, AISHA, locale=locale) == f"<p>{one}</p>"
    assert await note(registry, AISHA, DAMIR, locale=locale) == f"<p>{two}</p>"


async def test_no_note_without_birthdays_or_without_the_plugin(registry: Registry) -> None:
    assert await note(registry, ("Айша", date(2015, 6, 1))) == ""
    assert await note(registry) == ""
    assert await note(registry, AISHA, on=False) == ""


async def test_neither_age_nor_year_is_shown(registry: Registry) -> None:
    html = await note(registry, AISHA, DAMIR)
    assert re.findall(r"\d+", html) == ["24"]


async def test_a_name_is_text(registry: Registry) -> None:
    html = await note(registry, ("<b>O'Neil</b> & 100 %", AISHA[1]))
    assert "&lt;b&gt;O&#39;Neil&lt;/b&gt; &amp; 100 %" in html


def words_of_the_template() -> set[str]:
    with (ROOT / "templates" / "class_page.html").open("rb") as file:
        found = [text for _, _, text, _ in babel_extract(file, ["_", "ngettext"], [], {})]
    return {str(text if isinstance(text, str) else text[0]) for text in found if text}


@pytest.mark.parametrize("locale", ["kk", "ru"])
def test_every_text_is_translated_with_all_plural_forms(locale: str) -> None:
    with (ROOT / "locale" / locale / "LC_MESSAGES" / "birthdays.po").open("rb") as file:
        catalogue = read_po(file, locale=locale)
    keys = set()
    for message in catalogue:
        if not message.id:
            continue
        plural = not isinstance(message.id, str)
        keys.add(message.id[0] if plural else message.id)
        forms = message.string if plural else [message.string]
        assert forms is not None
        assert all(forms)
        assert len(forms) == (catalogue.num_plurals if plural else 1)
        assert not list(message.check(catalogue))
    assert keys == words_of_the_template()


@pytest.mark.parametrize("file", sorted(ROOT.glob("*.py")), ids=lambda file: file.name)
def test_only_the_contract_is_imported(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None
            top = node.module.split(".")[0]
            assert node.module == "kundelik_core.sdk" or top in {
                "kundelik_birthdays",
                *sys.stdlib_module_names,
            }
