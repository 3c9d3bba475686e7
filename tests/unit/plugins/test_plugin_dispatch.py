import asyncio
import logging
import time
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.i18n import Locale
from kundelik_core.plugins.active import active
from kundelik_core.plugins.context import CallContext, call_for
from kundelik_core.plugins.dispatch import MAX_FRAGMENT_BYTES, Dispatcher
from kundelik_core.plugins.registry import Registry
from kundelik_core.sdk import ClassPage, School, SlotArgs, Student
from tests.unit.plugins.dists import SHOW, Site

CLASS = UUID(int=1)
AISHA = Student(id=UUID(int=2), name="Айша", birth_date=date(2015, 11, 24))
ARGS = ClassPage(class_id=CLASS, students=(AISHA,))
SHOWN = "return Fragment(template='show.html', context={'text': %s})"
ALL = frozenset({"aaa", "bad", "ccc"})


def reader(locale: Locale = "en") -> CallContext:
    return call_for(School(id=7, name="School", zone="Asia/Almaty"), locale, request_id="r1")


async def shown(dispatcher: Dispatcher, on: frozenset[str] = ALL) -> dict[str, str]:
    fragments = await dispatcher.render_slot("class.page", ARGS, on, reader())
    return {fragment.plugin: str(fragment.html) for fragment in fragments}


async def test_no_plugins_no_fragments(site: Site) -> None:
    assert await shown(site.dispatcher()) == {}


async def test_fragments_come_in_order_and_only_from_active_plugins(site: Site) -> None:
    site.add("aaa", options="order=60", body=f"await asyncio.sleep(0); {SHOW % 'last'}")
    site.add("bad")
    site.add("ccc")
    dispatcher = site.dispatcher()
    assert list((await shown(dispatcher)).items()) == [
        ("bad", "<b>bad</b>"),
        ("ccc", "<b>ccc</b>"),
        ("aaa", "<b>last</b>"),
    ]
    assert await shown(dispatcher, frozenset({"ccc", "unknown"})) == {"ccc": "<b>ccc</b>"}
    assert await shown(dispatcher, frozenset()) == {}


@pytest.mark.parametrize(
    ("body", "logged"),
    [
        ("raise RuntimeError('boom')", "RuntimeError"),
        ("raise SystemExit(1)", "SystemExit"),
        ("raise asyncio.CancelledError", "RuntimeError"),
        ("return await render(ctx, args)", "RecursionError"),
        ("await asyncio.sleep(5)", "TimeoutError"),
        ("return 'text'", "TypeError"),
        ("return {'template': 'show.html'}", "TypeError"),
        ("return Fragment(template='nowhere.html')", "TemplateNotFound"),
        ("return Fragment(template='../kundelik.toml')", "TemplateNotFound"),
        ("return Fragment(template='../../vendor_aaa/templates/show.html')", "TemplateNotFound"),
        ("return Fragment(template='show.html')", "UndefinedError"),
        ("return Fragment(template=5, context={})", "ValidationError"),
        ("return Fragment(template='show.html', context=[1])", "ValidationError"),
        (SHOWN % "object()", "TypeError"),
        ("from jinja2.utils import markupsafe as m; " + SHOWN % "m.Markup('<b>')", "TypeError"),
        (SHOW % ("x" * 20 * 1024), "_TooLargeError"),
    ],
)
async def test_a_slot_that_fails_is_left_out_and_the_others_stay(
    site: Site, caplog: pytest.LogCaptureFixture, body: str, logged: str
) -> None:
    site.add("aaa")
    site.add("bad", body=body)
    site.add("ccc")
    dispatcher = site.dispatcher()
    with caplog.at_level(logging.WARNING, "kundelik_core.plugins"):
        assert await shown(dispatcher) == {"aaa": "<b>aaa</b>", "ccc": "<b>ccc</b>"}
    (record,) = caplog.records
    how = "was late" if logged == "TimeoutError" else "failed"
    assert record.getMessage() == f"plugin bad {how} in slot class.page of school 7: {logged} [r1]"


async def test_none_and_an_empty_fragment_show_nothing_and_are_no_fault(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.add("aaa", body="return None")
    site.add("ccc", body=SHOW % "", template=" {{ text }}\n")
    with caplog.at_level(logging.WARNING, "kundelik_core.plugins"):
        assert await shown(site.dispatcher()) == {}
    assert not caplog.records


async def test_an_endless_template_is_cut(site: Site) -> None:
    site.add("bad", template="{% for n in range(10 ** 9) %}{{ text }}{% endfor %}")
    site.add("ccc")
    started = time.monotonic()
    assert list(await shown(site.dispatcher())) == ["ccc"]
    assert time.monotonic() - started < 5


async def test_the_cap_counts_bytes_of_the_whole_fragment(site: Site) -> None:
    letters = MAX_FRAGMENT_BYTES // 2
    site.add("aaa", template="{{ text }}", body=SHOW % ("Ә" * letters))
    site.add("bad", template="{{ text }}.", body=SHOW % ("Ә" * letters))
    assert {name: len(html) for name, html in (await shown(site.dispatcher())).items()} == {
        "aaa": letters
    }


async def test_a_value_is_text_never_markup(site: Site) -> None:
    site.add("aaa", body=SHOW % "<script>alert(1)</script>")
    html = (await shown(site.dispatcher()))["aaa"]
    assert html == "<b>&lt;script&gt;alert(1)&lt;/script&gt;</b>"


async def test_a_value_in_a_translated_text_is_escaped_too(site: Site) -> None:
    site.add("aaa", template='{{ _("Hi %(who)s", who=text) }}', body=SHOW % "<i>")
    assert await shown(site.dispatcher()) == {"aaa": "Hi &lt;i&gt;"}


async def test_a_template_can_neither_replace_nor_reach_the_cores(site: Site) -> None:
    site.add("aaa", template='{% extends "base.html" %}')
    package = site.add("ccc", body='return Fragment(template="base.html")')
    (site.folder / package / "templates" / "base.html").write_text("of the plugin")
    assert await shown(site.dispatcher()) == {"ccc": "of the plugin"}


async def test_two_templates_of_one_name_stay_apart(site: Site) -> None:
    site.add("aaa", template="first")
    site.add("ccc", template="second")
    assert await shown(site.dispatcher()) == {"aaa": "first", "ccc": "second"}


async def test_a_plugin_speaks_from_its_own_catalogue(site: Site) -> None:
    package = site.add(
        "aaa", template='{{ _("day") }}: {{ ngettext("%(num)s day", "%(num)s days", 3) }}'
    )
    folder = site.folder / package / "locale" / "ru" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "aaa.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n<5 ? 1 : 2);\\n"\n\n'
        'msgid "day"\nmsgstr "день"\n\n'
        'msgid "%(num)s day"\nmsgid_plural "%(num)s days"\n'
        'msgstr[0] "%(num)s день"\nmsgstr[1] "%(num)s дня"\nmsgstr[2] "%(num)s дней"\n'
    )
    dispatcher = site.dispatcher()
    said: dict[Locale, str] = {}
    for locale in ("ru", "en"):
        (fragment,) = await dispatcher.render_slot("class.page", ARGS, ALL, reader(locale))
        said[locale] = str(fragment.html)
    assert said == {"ru": "день: 3 дня", "en": "day: 3 days"}


async def test_the_page_waits_for_nobody_beyond_its_budget(site: Site) -> None:
    stubborn = (
        "end = asyncio.get_running_loop().time() + 3\n"
        "    while asyncio.get_running_loop().time() < end:\n"
        "        try:\n"
        "            await asyncio.sleep(end - asyncio.get_running_loop().time())\n"
        "        except asyncio.CancelledError:\n"
        "            pass"
    )
    site.add("aaa")
    site.add("bad", body=stubborn, options="budget_ms=50")
    dispatcher = site.dispatcher()
    before = asyncio.all_tasks()
    started = time.monotonic()
    assert await shown(dispatcher) == {"aaa": "<b>aaa</b>"}
    waited = time.monotonic() - started
    # As long as those that are still within their time, not as long as the page could wait.
    assert 0.05 <= waited < 2.5
    # Let the stubborn handler come to its end, so that the loop closes without it.
    await asyncio.gather(*(asyncio.all_tasks() - before))


async def test_a_slot_is_given_up_after_its_own_budget(site: Site) -> None:
    late = "await asyncio.sleep(0.05); "
    site.add("aaa", body=late + SHOW % "in time", options="budget_ms=250")
    site.add("bad", body=late + SHOW % "late", options="budget_ms=20")
    assert await shown(site.dispatcher()) == {"aaa": "<b>in time</b>"}


async def test_a_page_that_is_given_up_gives_up_its_handlers(site: Site) -> None:
    site.add("aaa", body="await asyncio.sleep(5)", options="budget_ms=250")
    dispatcher = site.dispatcher()
    before = asyncio.all_tasks()
    page = asyncio.create_task(shown(dispatcher))
    await asyncio.sleep(0.02)
    others = asyncio.all_tasks() - before - {page}
    assert len(others) == 1
    page.cancel()
    with pytest.raises(asyncio.CancelledError):
        await page
    await asyncio.wait(others)
    assert all(task.cancelled() for task in others)


@pytest.mark.parametrize(
    ("reads", "seen"),
    [
        ("", "-"),
        ('[data]\nreads = ["student.v1"]', "Айша None"),
        ('[data]\nreads = ["student.birth_date.v1"]', "-"),
        ('[data]\nreads = ["student.v1", "student.birth_date.v1"]', "Айша 2015-11-24"),
    ],
)
async def test_a_plugin_is_told_only_what_its_manifest_declares(
    site: Site, reads: str, seen: str
) -> None:
    site.add(
        "aaa",
        tables=reads,
        body='text = ", ".join(f"{p.name} {p.birth_date}" for p in args.students) or "-"\n'
        '    return Fragment(template="show.html", context={"text": text})',
    )
    assert await shown(site.dispatcher()) == {"aaa": f"<b>{seen}</b>"}


async def test_a_handler_sees_the_schools_day_and_the_readers_language(site: Site) -> None:
    site.add(
        "aaa",
        body="day = ctx.clock.today()\n"
        '    text = f"{ctx.i18n.locale} {day} {ctx.i18n.day(day)}"\n'
        '    return Fragment(template="show.html", context={"text": text})',
    )
    with set_now(datetime(2026, 11, 23, 19, 30, tzinfo=UTC)):  # already the 24th in Almaty
        assert await shown(site.dispatcher()) == {"aaa": "<b>en 2026-11-24 Tue 24 Nov</b>"}


async def test_a_handler_inherits_nothing_of_the_request(site: Site) -> None:
    site.add(
        "aaa",
        body="import contextvars\n"
        "    text = str(len(contextvars.copy_context()))\n"
        '    return Fragment(template="show.html", context={"text": text})',
    )
    assert await shown(site.dispatcher()) == {"aaa": "<b>0</b>"}


async def test_arguments_of_another_slot_are_the_cores_own_mistake(site: Site) -> None:
    with pytest.raises(TypeError, match=r"class\.page takes ClassPage"):
        await site.dispatcher().render_slot("class.page", SlotArgs(), ALL, reader())


def test_nothing_is_active_without_plugins() -> None:
    assert active(Registry(), {"aaa"}) == frozenset()


async def test_a_percent_sign_is_written_as_in_the_cores_templates(site: Site) -> None:
    site.add("aaa", template='{{ _("100 %%") }} {{ ngettext("%(n)s day", "%(n)s days", 2) }}')
    assert await shown(site.dispatcher()) == {"aaa": "100 % 2 days"}
