"""Each check that needs the core is red for a plugin that does not keep to it, and says why."""

import msgspec
import pytest

from kundelik_core.plugins.database import schema_of
from kundelik_core.plugins.registry import Registry
from kundelik_core.testing import conformance
from kundelik_core.testing.conformance_data import DATA_CHECKS, CannotTellError
from kundelik_core.testing.conformance_outside import OUTSIDE_CHECKS
from kundelik_core.testing.conformance_pages import PAGE_CHECKS
from kundelik_core.testing.conformance_search import SEARCH_CHECKS
from kundelik_core.testing.conformance_work import WORK_CHECKS
from kundelik_core.testing.core import Core
from kundelik_core.testing.ground import GroundError
from tests.integration.vendor_kit.conftest import Change, Make

SEVERAL = (*DATA_CHECKS, *PAGE_CHECKS, *SEARCH_CHECKS, *WORK_CHECKS, *OUTSIDE_CHECKS)
CORE_CHECKS = {check.__name__ for check in SEVERAL} | {"slots_demo_school"}

JOB = '''
    @hookimpl
    def jobs(self):
        """Return the work of the night."""
        from kundelik_core.sdk import Cron, Job

        async def tidy(ctx, run):
            async with ctx.db.write() as tx:
                await tx.execute("update note set body = body || '.'")

        return [Job(name="{name}.tidy", run=tidy, schedule=Cron(spec="0 3 * * *"))]

    @hookimpl
    def commands(self):
        """Return a command."""
        from kundelik_core.sdk import Command, CommandAnswer

        async def count(ctx, request):
            return CommandAnswer(lines=("no luck",), exit_code=3)

        return [Command(name="count", help="Count.", run=count)]

    @hookimpl
    def lifecycle(self):
        """Return what happens when a school switches the plugin off."""
        from kundelik_core.sdk import Health, Lifecycle

        async def on_disable(ctx):
            async with ctx.db.write() as tx:
                await tx.execute("delete from note")

        async def health(ctx):
            return Health(ok=False, note="poorly")

        return Lifecycle(on_disable=on_disable, health=health)
'''
OUTSIDE = '''
    @hookimpl
    def webhooks(self):
        """Return a door that believes whatever comes, and one that reads before it looks."""
        import json

        from kundelik_core.sdk import ForSchool, Webhook, WebhookReply

        async def easy(ctx, request):
            return WebhookReply() if request.body else ForSchool(school_id=1)

        async def hasty(ctx, request):
            return WebhookReply(status=400, text=json.loads(request.body)["type"])

        return [Webhook(name="easy", handle=easy), Webhook(name="hasty", handle=hasty)]

    @hookimpl
    def services(self):
        """Return an answer for those only who have somebody there."""
        from kundelik_core.sdk import OfferShown, Service

        async def offer(ctx, question):
            return OfferShown(refusal=str(ctx.actor.person_id))

        return [Service(name="checkout.offer.v1", handle=offer)]
'''
SEARCH = """
    @hookimpl
    def search(self):
        from kundelik_core.sdk import Search, SearchHit

        async def find(ctx, query):
            return [SearchHit(title=query.words[0], path="{path}")]

        return [Search(name="{name}.notes", title=TITLE, find=find)]

"""
LEVEL = 'level = "school"'
PROVIDES = f'{LEVEL}\nprovides = ["checkout.offer.v1"]'
USES = 'pages = true\njobs = ["{}.tidy"]\ncommands = ["count"]'
STRANGER = """        sql = "select 1 from core_api.student_v1 where student_id = $1"
        if not await tx.fetchval(sql, event.data.student_id):
            raise LookupError("nobody")
        await close(tx"""
KEY = "primary key (school_id, id)"
DEMO = "    @hookimpl\n    def demo("


def check(name: str, subject: object) -> str:
    return "\n".join(conformance.CHECKS[name](subject))  # type: ignore[arg-type]


def test_a_plugin_that_keeps_to_everything_is_green(make: Make) -> None:
    good = make("kit_good")
    assert {name: found for name in sorted(CORE_CHECKS) if (found := check(name, good))} == {}


BROKEN: list[tuple[str, str, list[Change], str]] = [
    (
        "kit_columns",
        "personal_columns",
        [("plugin.py", 'column="author_id"', 'column="writer_id"')],
        "personal_data names note.writer_id, which is no column",
    ),
    (
        "kit_export",
        "export",
        [("privacy.py", '"select body, written_at from note where student_id = $1 order',
          '"select body, written_at from note where author_id = $1 order')],
        "nothing is exported for a student who is in its tables",
    ),
    (
        "kit_erase",
        "erase",
        [("privacy.py", '"delete from note where student_id = $1 returning id"',
          "\"update note set body = '' where student_id = $1 returning id\"")],
        "after erase a student is still in note",
    ),
    (
        "kit_demo",
        "demo_fills",
        [("demo.py", "range(chance.randint(1, 2))", "range(1 + ctx.school.id % 50)")],
        "the same seed made",
    ),
    (
        "kit_menu",
        "pages_menu",
        [("plugin.py", "NavItem(label=TITLE)", 'NavItem(label=TITLE, icon="bus")')],
        "there is no icon 'bus'; there are: check, ",
    ),
    (
        "kit_nowhere",
        "search",
        [("plugin.py", DEMO, SEARCH.format(name="kit_nowhere", path="nowhere") + DEMO),
         ("kundelik.toml", "pages = true", 'pages = true\nsearch = ["kit_nowhere.notes"]')],
        "a line leads to 'nowhere', which is no page of its own",
    ),
    (
        "kit_missing",
        "search",
        [("plugin.py", DEMO, SEARCH.format(name="kit_missing", path="/classes/7") + DEMO),
         ("kundelik.toml", "pages = true", 'pages = true\nsearch = ["kit_missing.notes"]')],
        "leads to /classes/7, which answers 404",
    ),
    (
        "kit_open",
        "pages_open",
        [("templates/student.html", "</form>", "")],
        "<form> is not closed",
    ),
    (
        "kit_raises",
        "pages_open",
        [("pages.py", "rows = await latest_notes(tx)", "rows = [{}]")],
        "KeyError: 'student_id'",
    ),
    (
        "kit_forms",
        "pages_forms",
        [("pages.py", 'request.field("body").strip()', 'request.form["body"][0]')],
        "without fields: KeyError",
    ),
    (
        "kit_twice",
        "events_twice",
        [("notes.py", "set closed = true where student_id = $1 and not closed",
          "set closed = not closed where student_id = $1")],
        "student.left.v1: told twice",
    ),
    (
        "kit_strange",
        "events_of_strangers",
        [("handlers.py", "        await close(tx",
          STRANGER)],
        "student.left.v1: LookupError: nobody",
    ),
    (
        "kit_card",
        "slots_demo_school",
        [("templates/student_card.html", "</p>", "")],
        "student.card: <p> is not closed",
    ),
    (
        "kit_jobs",
        "jobs",
        [("plugin.py", DEMO, JOB.format(name="kit_jobs") + "\n" + DEMO),
         ("kundelik.toml", "pages = true", USES.format("kit_jobs"))],
        "kit_jobs.tidy: run twice at one time, it changes rows the second time",
    ),
    (
        "kit_commands",
        "commands",
        [("plugin.py", DEMO, JOB.format(name="kit_commands") + "\n" + DEMO),
         ("kundelik.toml", "pages = true", USES.format("kit_commands"))],
        "count ends with 3: no luck",
    ),
    (
        "kit_life",
        "lifecycle",
        [("plugin.py", DEMO, JOB.format(name="kit_life") + "\n" + DEMO),
         ("kundelik.toml", "pages = true", USES.format("kit_life"))],
        "rows are not as they were after switching off and on\nhealth says: poorly",
    ),
    (
        "kit_hooks",
        "messages_unproved",
        [("plugin.py", DEMO, OUTSIDE + "\n" + DEMO), ("kundelik.toml", LEVEL, PROVIDES),
         ("kundelik.toml", "pages = true", 'pages = true\nwebhooks = ["easy", "hasty"]')],
        ("easy: an empty message is taken for a school's\n"
        "easy: a message of random bytes is answered with 200, not 400\n"
        "easy: a message of JSON is answered with 200, not 400\n"
        "hasty: an empty message makes it raise JSONDecodeError"),
    ),
    (
        "kit_offer",
        "services_of_strangers",
        [("plugin.py", DEMO, OUTSIDE + "\n" + DEMO), ("kundelik.toml", LEVEL, PROVIDES),
         ("kundelik.toml", "pages = true", 'pages = true\nwebhooks = ["easy", "hasty"]')],
        "checkout.offer.v1, asked for nobody in particular: AttributeError",
    ),
    (
        "kit_tables",
        "migrations",
        [("migrations/0001_note.sql", KEY, "primary key (id, school_id)")],
        "note school_id must come first in note_pkey",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "check_name", "changes", "said"), BROKEN, ids=lambda v: str(v)[:24]
)
def test_what_breaks_a_rule_is_told(
    make: Make, name: str, check_name: str, changes: list[Change], said: str
) -> None:
    assert said in check(check_name, make(name, *changes))


def test_an_upgrade_is_tried_on_the_tables_before_it(make: Make) -> None:
    more = "create index note_author on note (school_id, author_id);\n"
    good = make("kit_up", migrations__0002_more_DOT_sql=more)
    assert check("migrations_upgrade", good) == ""
    # Whole in one run, since the first file is another one by then; not for those who have it.
    bad = make("kit_down", migrations__0002_more_DOT_sql="create index x on note (author_id);\n")
    assert "note school_id must come first in x" in check("migrations_upgrade", bad)


def test_without_tables_the_other_checks_say_where_to_look(make: Make) -> None:
    bad = make("kit_none", ("migrations/0001_note.sql", "closed ", "school_id "))
    assert 'column "school_id" specified more than once' in check("migrations", bad)
    with pytest.raises(GroundError):
        check("row_security", bad)


def test_without_demo_data_nothing_can_be_told(make: Make) -> None:
    demo = """        return Demo(fill=fill)
"""
    bad = make("kit_nodemo", ("plugin.py", demo, "        return []\n"))
    assert "demo" in check("manifest", bad)
    other = make("kit_empty", ("demo.py", "select student_id", "select null::uuid as student_id"))
    with pytest.raises(CannotTellError, match="about nobody"):
        check("export", other)


def test_what_only_the_core_can_break_is_seen_too(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make("kit_core")
    ground = one.ground
    ground.start()
    owner = ground.factory.tenant
    schema = schema_of("kit_core")
    ground.run(owner.execute(f"alter table {schema}.note disable row level security"))
    assert "note has no row security" in check("row_security", one)
    assert "note shows" in check("row_security", one)
    ground.run(owner.execute(f"alter table {schema}.note enable row level security"))
    ground.run(owner.execute("grant select on core_api.mark_v1 to p_kit_core"))
    assert check("scopes", one) == "mark.v1 is granted"
    ground.run(owner.execute("revoke select on core_api.student_v1 from p_kit_core"))
    assert "student.v1 is not granted" in check("scopes", one)
    ground.run(owner.execute("revoke select on core_api.mark_v1 from p_kit_core"))
    ground.run(owner.execute("grant select on core_api.student_v1 to p_kit_core"))
    assert check("scopes", one) == ""

    made = Core.school
    monkeypatch.setattr(Core, "school", lambda self, **_: made(self))
    assert "GET /x/kit_core answers 200, not 404" in check("pages_off", one)
    loaded = one.registry.loaded["kit_core"]
    nobody = tuple(msgspec.structs.replace(p, roles=()) for p in loaded.declared.permissions)
    declared = msgspec.structs.replace(loaded.declared, permissions=nobody)
    told = {"kit_core": msgspec.structs.replace(loaded, declared=declared)}
    other = msgspec.structs.replace(one, registry=Registry(one.registry.plugins, told))
    assert "GET /x/kit_core answers 200 to a teacher, not 403" in check("pages_permission", other)


def test_every_check_has_been_red() -> None:
    red = {name for _plugin, name, _changes, _said in BROKEN}
    red |= {"migrations_upgrade", "row_security", "scopes", "pages_off", "pages_permission"}
    red.add("payments_not_set_up")  # by the careless way to pay of test_provider_page.py
    assert red == CORE_CHECKS
