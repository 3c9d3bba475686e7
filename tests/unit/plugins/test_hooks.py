"""Each hook: what it declares is taken as it is, and what is wrong with it is refused by name."""

import logging

import msgspec
import pytest

from kundelik_core.plugins.declared import (
    STEPS,
    Declared,
    DeclaredPage,
    DeclaredSlot,
)
from kundelik_core.sdk import Cron, Every, Text
from tests.unit.plugins import paying
from tests.unit.plugins.dists import Site
from tests.unit.plugins.whole import add, fault, load

T = Text(kk="к", ru="р", en="e")


def test_everything_together_can_be_sent_and_every_handler_is_there(site: Site) -> None:
    loaded = load(site)
    for encode, decode in (
        (msgspec.json.encode, msgspec.json.decode),
        (msgspec.msgpack.encode, msgspec.msgpack.decode),
    ):
        assert decode(encode(loaded.declared), type=Declared) == loaded.declared
    assert {*loaded.handlers} == {*loaded.declared.keys()}
    assert len(loaded.handlers) == 22


def test_slots_are_taken(site: Site) -> None:
    assert load(site).declared.slots == (
        DeclaredSlot(slot="class.page", order=50, budget_ms=150, permission="whole.see"),
        DeclaredSlot(slot="diary.week", order=9, budget_ms=100, permission=None),
    )


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('slot="diary.week"', 'slot="student.card"', "undeclared", "student.card"),
        ('slot="diary.week"', 'slot="class.page"', "declaration", "class.page stands there twice"),
        ('permission="whole.see")', 'permission="core.see")', "declaration", "core.see is none of"),
        ("budget_ms=100", "budget_ms=True", "declaration", "$.budget_ms"),
        ("order=9", "order=-1", "declaration", "$.order"),
        ("return [Slot", "return 7 or [Slot", "declaration", "int is no sequence"),
    ],
)
def test_slots_that_are_refused(site: Site, old: str, new: str, code: str, says: str) -> None:
    got, text = fault(site, old, new)
    assert (got, says in text) == (code, True), text


def test_navigation_is_taken(site: Site) -> None:
    found = load(site).declared.navigation
    assert [(one.path, one.icon, one.order) for one in found] == [
        ("", "module", 50),
        ("list", "news", 60),
    ]
    assert found[0].label == T


@pytest.mark.parametrize("path", ["nowhere", "list/{name}"])
def test_navigation_leads_to_a_page(site: Site, path: str) -> None:
    code, text = fault(site, 'label=T, path="list"', f'label=T, path="{path}"')
    assert code == "declaration"
    assert f"{path!r} is no page" in text


def test_navigation_is_plain(site: Site) -> None:
    code, text = fault(site, "NavItem(label=T)", "NavItem(label='Praise')")
    assert code == "declaration"
    assert "navigation[0].label" in text


def test_pages_are_taken(site: Site) -> None:
    pages = load(site).declared.pages
    assert pages[2] == DeclaredPage(
        path="list/{name}", title=T, permission="whole.see", method="GET"
    )
    assert [(page.method, page.path) for page in pages][-1] == ("POST", "")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('path="list/{name}"', 'path="list/../{name}"', "'..' in the path"),
        ('path="list/{name}"', 'path="/list"', "'' in the path '/list' cannot be read"),
        ('path="list/{name}"', 'path="list/{name:path}"', "'{name:path}' in the path"),
        ('path="list/{name}"', 'path="list?x=1"', "'list?x=1' in the path"),
        ('path="list/{name}"', 'path="{a}/{a}"', "names something twice"),
        ('path="list/{name}"', 'path="a" * 201', "longer than 200"),
        ('path="list/{name}"', 'path="list"', "GET 'list' cannot be told from another"),
        ('path="list/{name}"', 'path="of/{x:int}/{y}"', "'of/{id:uuid}/{n:int}' cannot be told"),
        ('permission="whole.do", method="POST"', 'permission="x", method="POST"', "x is none of"),
        ('method="POST"', 'method="PUT"', "$.method"),
        ("handle=act", "handle=blocking", "the handler of POST  is not an async function"),
        ("handle=act", "handle=None", "is not an async function"),
    ],
)
def test_pages_that_are_refused(site: Site, old: str, new: str, says: str) -> None:
    code, text = fault(site, old, new)
    assert (code, says in text) == ("declaration", True), text


def test_pages_have_to_be_in_the_manifest(site: Site) -> None:
    code, text = fault(site, manifest=("pages = true", ""))
    assert code == "undeclared"
    assert "uses.pages" in text


def test_settings_model_is_taken_as_fields_of_a_form(site: Site) -> None:
    loaded = load(site)
    days, loud, words, look = loaded.declared.settings
    assert (days.kind, days.default, days.minimum, days.maximum) == ("int", 7, 1, 30)
    assert (loud.kind, loud.default, loud.help) == ("bool", False, T)
    assert (words.kind, words.default, words.maximum) == ("str", "hello", 20)
    assert [value for value, _words in look.choices] == ["wide", "tall"]
    assert loaded.settings_model is not None
    assert loaded.settings_model().__struct_fields__ == ("days", "loud", "words", "look")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("return Options", "return Options()", "is no class derived from Settings"),
        ("return Options", "return dict", "is no class derived from Settings"),
        (
            "Annotated[bool, setting(T, help=T)] = False",
            "bool = False",
            "the field loud has no words",
        ),
        ("Annotated[bool, setting(T, help=T)] = False", "Annotated[bool, setting(T)]", "loud"),
        ("Annotated[bool, setting(T, help=T)] = False", "Annotated[float, setting(T)] = 1.0", "no"),
        ("] = 7", "] = 31", "the default of days: Write at most 30."),
        ('"tall": T}', "}", "look lacks words for its choices"),
        ("setting(T, help=T)", 'setting("Loud")', "loud"),
    ],
)
def test_settings_model_that_is_refused(site: Site, old: str, new: str, says: str) -> None:
    code, text = fault(site, old, new)
    assert (code, says in text) == ("declaration", True), text


def test_lifecycle_is_taken(site: Site) -> None:
    assert load(site).declared.lifecycle == ("on_enable", "on_disable", "health")


def test_lifecycle_may_be_a_part(site: Site) -> None:
    add(site, "Lifecycle(on_enable=on_enable, on_disable=on_disable, ", "Lifecycle(")
    assert site.load().loaded["whole"].declared.lifecycle == ("health",)


def test_lifecycle_that_blocks_is_refused(site: Site) -> None:
    code, text = fault(site, "on_enable=on_enable", "on_enable=blocking")
    assert code == "declaration"
    assert "on_enable is not an async function" in text


def test_permissions_are_taken_and_carried_by_roles(site: Site) -> None:
    add(site)
    registry = site.load()
    assert registry.permitted("whole", ("parent", "director")) == ("whole.see",)
    assert registry.permitted("whole", ("teacher",)) == ("whole.see", "whole.do")
    assert registry.permitted("whole", ("director",)) == ()
    assert registry.permitted("nobody", ("teacher",)) == ()


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('code="whole.do"', 'code="whole.more"', "undeclared", "uses.permissions"),
        ('code="whole.do"', 'code="whole.see"', "declaration", "whole.see stands there twice"),
        ('roles=("teacher",)', 'roles=("king",)', "declaration", "permissions[1].roles[0]"),
        ('risks=("bulk",)', 'risks=("fun",)', "declaration", "permissions[1].risks[0]"),
    ],
)
def test_permissions_that_are_refused(site: Site, old: str, new: str, code: str, says: str) -> None:
    got, text = fault(site, old, new)
    assert (got, says in text) == (code, True), text


def test_subscriptions_are_taken_and_found_by_event(site: Site) -> None:
    add(site)
    registry = site.load()
    assert registry.subscribers("mark.recorded.v1") == ("whole",)
    assert registry.subscribers("mark.removed.v1") == ()
    told = registry.subscription("whole", "student.left.v1")
    assert told is not None
    assert (told.max_tries, told.timeout_s) == (3, 5)
    assert registry.subscription("whole", "mark.removed.v1") is None
    assert registry.subscription("nobody", "mark.recorded.v1") is None


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('event="student.left.v1"', 'event="mark.removed.v1"', "undeclared", "uses.events"),
        ('event="student.left.v1"', 'event="mark.recorded.v1"', "declaration", "twice"),
        ("max_tries=3", "max_tries=0", "declaration", "$.max_tries"),
        ("timeout_s=5", "timeout_s=61", "declaration", "$.timeout_s"),
        ("handle=told, max", "handle=blocking, max", "declaration", "not an async function"),
    ],
)
def test_subscriptions_that_are_refused(
    site: Site, old: str, new: str, code: str, says: str
) -> None:
    got, text = fault(site, old, new)
    assert (got, says in text) == (code, True), text


def test_jobs_are_taken(site: Site) -> None:
    tidy, count = load(site).declared.jobs
    assert (tidy.schedule, tidy.per_school) == (Cron(spec="0 18 * * 5"), True)
    assert (count.schedule, count.per_school) == (Every(seconds=60), False)


@pytest.mark.parametrize("spec", ["* * * * *", "*/15 8-18 1,15 9-12,1-5 1-5", "59 23 31 12 6"])
def test_jobs_run_at_any_time_that_can_be_read(site: Site, spec: str) -> None:
    add(site, "0 18 * * 5", spec)
    assert site.load().loaded["whole"].declared.jobs[0].schedule == Cron(spec=spec)


@pytest.mark.parametrize(
    "spec",
    [
        *("", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *"),
        *("* * * * 7", "5-1 * * * *", "a * * * *", "*/0 * * * *", "* * * * mon", "1, * * * *"),
        "-1 * * * *",
    ],
)
def test_jobs_at_a_time_that_cannot_be_read(site: Site, spec: str) -> None:
    code, text = fault(site, "0 18 * * 5", spec)
    assert code == "declaration"
    assert "the schedule of whole.tidy" in text


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('name="whole.count"', 'name="whole.more"', "undeclared", "uses.jobs"),
        ('name="whole.count"', 'name="whole.tidy"', "declaration", "twice"),
        ("Every(seconds=60)", "Every(seconds=59)", "declaration", "from 60 to"),
        ("Every(seconds=60)", "None", "declaration", "$.schedule"),
        ("per_school=False", "timeout_s=3601", "declaration", "$.timeout_s"),
        ("per_school=False", "concurrency=11", "declaration", "$.concurrency"),
    ],
)
def test_jobs_that_are_refused(site: Site, old: str, new: str, code: str, says: str) -> None:
    got, text = fault(site, old, new)
    assert (got, says in text) == (code, True), text


def test_commands_are_taken(site: Site) -> None:
    (command,) = load(site).declared.commands
    assert (command.name, command.help, command.per_school) == ("recount", "Count again.", True)
    assert [argument.name for argument in command.arguments] == ["class"]


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('name="recount"', 'name="serve"', "undeclared", "uses.commands"),
        ('name="class"', 'name="school"', "declaration", "cannot have the arguments"),
        ('name="class"', 'name="--x"', "declaration", "cannot have the arguments"),
        ('help="Count again."', 'help=""', "declaration", "$.help"),
    ],
)
def test_commands_that_are_refused(site: Site, old: str, new: str, code: str, says: str) -> None:
    got, text = fault(site, old, new)
    assert (got, says in text) == (code, True), text


def test_webhooks_are_taken(site: Site) -> None:
    assert [one.name for one in load(site).declared.webhooks] == ["bank"]


def test_services_are_taken(site: Site) -> None:
    assert [one.name for one in load(site).declared.services] == ["checkout.offer.v1"]


def test_payment_provider_is_taken(site: Site) -> None:
    (declared,) = paying.both(site).ways_to_pay.values()
    (taken,) = declared.terms.takes
    assert (taken.currency, taken.least_minor, taken.most_minor) == ("KZT", 100, 900_000)
    assert declared.steps() == STEPS
    assert (declared.title.en, declared.needs) == ("Bank", ("key",))


def test_products_are_taken(site: Site) -> None:
    view, seats = load(site).declared.products
    assert (view.sku, view.feature, view.kind, view.by) == ("whole.view",) * 2 + (
        "feature",
        "subject",
    )
    assert (seats.kind, seats.required, seats.title) == ("seat_licence", False, T)


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('name="bank"', 'name="till"', "undeclared", "uses.webhooks"),
        ("handle=message", "handle=blocking", "declaration", "not an async function"),
        ('name="checkout.offer.v1"', 'name="checkout.offer.v2"', "undeclared", "provides"),
        ('sku="whole.seats"', 'sku="whole.more"', "undeclared", "uses.products"),
        ('sku="whole.seats"', 'sku="whole.view"', "declaration", "whole.view stands there twice"),
        ('view", title=T, by', '", title=T, by', "declaration", "no feature of its own"),
        ('feature="whole.view"', 'feature="other.view"', "declaration", "no feature of its own"),
        ('kind="seat_licence"', "required=True", "declaration", "names no part"),
        ('kind="seat_licence"', 'kind="gift"', "declaration", "products[1].kind"),
        ('path="list/{name}"', 'path="hook/{name}"', "declaration", "messages from outside"),
    ],
)
def test_what_joins_a_plugin_to_others_may_be_refused(
    site: Site, old: str, new: str, code: str, says: str
) -> None:
    got, text = fault(site, old, new)
    assert (got, says in text) == (code, True), text


@pytest.mark.parametrize("key", ["provides", "services"])
def test_services_that_there_are_not_are_refused(site: Site, key: str) -> None:
    offer, other = 'name="checkout.offer.v1"', 'name="checkout.offer.v9"'
    named = f'{key} = ["checkout.offer.v1"]', f'{key} = ["checkout.offer.v9"]'
    old, new = (offer, other) if key == "provides" else ("", "")
    code, text = fault(site, old, new, manifest=named)
    assert (code, "no service of this contract" in text) == ("declaration", True), text


def test_personal_data_is_taken(site: Site) -> None:
    (field,) = load(site).declared.personal_data
    assert (field.table, field.column, field.subject, field.keep) == (
        "praise", "student_id", "student", "P1Y",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("return [PersonalField", "return [] and [PersonalField", "lacking", "personal_data"),
        ('table="praise"', 'table="core.praise"', "declaration", "is no column"),
        ('keep="P1Y"', 'keep="1 year"', "declaration", "no time like P1Y"),
        ('ground="public_task"', 'ground="fun"', "declaration", "personal_data[0].ground"),
        ('subject="student"', 'subject="dog"', "declaration", "personal_data[0].subject"),
    ],
)
def test_personal_data_that_is_refused(
    site: Site, old: str, new: str, code: str, says: str
) -> None:
    got, text = fault(site, old, new)
    assert (got, says in text) == (code, True), text


def test_personal_data_without_the_manifest_saying_so(site: Site) -> None:
    code, text = fault(site, manifest=("personal = true", ""))
    assert code == "undeclared"
    assert "data.personal" in text


def test_privacy_is_a_must_with_personal_data(site: Site) -> None:
    assert load(site).declared.privacy


def test_privacy_that_is_missing(site: Site) -> None:
    code, text = fault(
        site, "    @hookimpl\n    def privacy(self):\n        return PrivacyHandlers",
        "    def other(self):\n        return PrivacyHandlers",
    )  # fmt: skip
    assert code == "lacking"
    assert "the hook privacy" in text


def test_privacy_that_blocks_is_refused(site: Site) -> None:
    code, text = fault(site, "erase=erase", "erase=blocking")
    assert code == "declaration"
    assert "erase is not an async function" in text


def test_demo_is_taken(site: Site) -> None:
    assert load(site).declared.demo


def test_demo_of_another_type_is_refused(site: Site) -> None:
    code, text = fault(site, "return Demo(fill=fill)", "return fill")
    assert code == "declaration"
    assert "function is no Demo" in text


def test_too_many_declarations_are_refused(site: Site) -> None:
    code, text = fault(site, "return [NavItem(label=T), ", "return 201 * [NavItem(label=T)] + [")
    assert code == "declaration"
    assert "202 are more than 200" in text


def test_nothing_is_called_when_it_is_loaded(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "kundelik.plugin"):
        load(site)
    assert not caplog.records
