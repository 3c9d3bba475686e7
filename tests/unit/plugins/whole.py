"""A plugin that implements every hook, to be installed whole or with one thing changed."""

from kundelik_core.plugins.registry import Loaded
from kundelik_core.testing.packages import manifest as manifest_of
from tests.unit.plugins.dists import Sample, Site

MANIFEST = manifest_of(
    "whole",
    """\
slots = ["class.page", "diary.week"]
events = ["mark.recorded.v1", "student.left.v1"]
permissions = ["whole.see", "whole.do"]
jobs = ["whole.tidy", "whole.count"]
commands = ["recount"]
pages = true
search = ["whole.things", "whole.others"]
webhooks = ["bank"]
services = ["checkout.offer.v1"]
products = ["whole.view", "whole.seats"]""",
    top='provides = ["checkout.offer.v1"]',
    tables='[data]\nreads = ["student.v1"]\npersonal = true\nretention = "P400D"',
    api=">=0.2,<1",
)

CODE = """
from typing import Annotated, Literal
from kundelik_core.sdk import *

T = Text(kk="к", ru="р", en="e")

async def render(ctx, args):
    return Fragment(template="show.html", context={"text": str(ctx.settings.days)})

async def first(ctx, request):
    return Html(template="show.html", context={"text": request.asked("q", "nothing")})

async def one(ctx, request):
    return JsonAnswer(value={"params": request.params, "may": ctx.actor.may("whole.do")})

async def act(ctx, request):
    return Redirect(to="")

async def told(ctx, event):
    ctx.log.info("told of %s", event.type)

async def run(ctx, job):
    ctx.log.info("due %s, try %s", job.due_at.isoformat(), job.attempt)

async def recount(ctx, request):
    return CommandAnswer(lines=(request.arguments["class"], ctx.school.name))

async def on_enable(ctx):
    pass

async def on_disable(ctx):
    raise RuntimeError("no")

async def health(ctx):
    return Health(ok=True, note="fine")

async def export(ctx, subject):
    return [Record(title=T, values={"id": str(subject.id)})]

async def erase(ctx, erasure):
    return Erased(rows=1 if erasure.mode == "erase" else 0)

async def fill(ctx, request):
    pass

async def message(ctx, request):
    return WebhookReply(text=str(len(request.body))) if request.headers else ForSchool(school_id=7)

async def offer(ctx, question):
    return OfferShown(refusal=question.feature)

async def things(ctx, query):
    return [SearchHit(title=" ".join(query.words), path="list", note=query.text)]

async def others(ctx, query):
    return (SearchHit(title="<b>" + query.text, path="/classes"),) * (query.most + 1)

def blocking(ctx, payload=None):
    pass

class Options(Settings, frozen=True, kw_only=True):
    days: Annotated[int, setting(T, minimum=1, maximum=30)] = 7
    loud: Annotated[bool, setting(T, help=T)] = False
    words: Annotated[str, setting(T, maximum=20)] = "hello"
    look: Annotated[Literal["tall", "wide"], setting(T, choices={"wide": T, "tall": T})] = "wide"

class Plugin:
    @hookimpl
    def slots(self):
        return [Slot(slot="class.page", render=render, permission="whole.see"),
                Slot(slot="diary.week", render=render, order=9, budget_ms=100)]
    @hookimpl
    def navigation(self):
        return [NavItem(label=T), NavItem(label=T, path="list", icon="news", order=60)]
    @hookimpl
    def pages(self):
        return [Page(path="", title=T, handle=first, permission=None),
                Page(path="list", title=T, handle=first, permission="whole.see"),
                Page(path="list/{name}", title=T, handle=one, permission="whole.see"),
                Page(path="of/{id:uuid}/{n:int}", title=T, handle=one, permission=None),
                Page(path="", title=T, handle=act, permission="whole.do", method="POST")]
    @hookimpl
    def search(self):
        return [Search(name="whole.things", title=T, find=things, permission="whole.see"),
                Search(name="whole.others", title=T, find=others, order=9, budget_ms=100)]
    @hookimpl
    def settings_model(self):
        return Options
    @hookimpl
    def lifecycle(self):
        return Lifecycle(on_enable=on_enable, on_disable=on_disable, health=health)
    @hookimpl
    def permissions(self):
        return [Permission(code="whole.see", title=T, allows=T, roles=("teacher", "parent")),
                Permission(code="whole.do", title=T, allows=T, roles=("teacher",), risks=("bulk",))]
    @hookimpl
    def subscriptions(self):
        return [Subscription(event="mark.recorded.v1", handle=told),
                Subscription(event="student.left.v1", handle=told, max_tries=3, timeout_s=5)]
    @hookimpl
    def jobs(self):
        return [Job(name="whole.tidy", run=run, schedule=Cron(spec="0 18 * * 5")),
                Job(name="whole.count", run=run, schedule=Every(seconds=60), per_school=False)]
    @hookimpl
    def commands(self):
        return [Command(name="recount", help="Count again.", run=recount,
                        arguments=(Argument(name="class", help="Which class."),))]
    @hookimpl
    def webhooks(self):
        return [Webhook(name="bank", handle=message)]
    @hookimpl
    def services(self):
        return [Service(name="checkout.offer.v1", handle=offer)]
    @hookimpl
    def products(self):
        return [Product(sku="whole.view", feature="whole.view", title=T, by="subject"),
                Product(sku="whole.seats", feature="whole.view", title=T, kind="seat_licence")]
    @hookimpl
    def personal_data(self):
        return [PersonalField(table="praise", column="student_id", subject="student", purpose=T,
                              ground="public_task", keep="P1Y")]
    @hookimpl
    def privacy(self):
        return PrivacyHandlers(export=export, erase=erase)
    @hookimpl
    def demo(self):
        return Demo(fill=fill)

plugin = Plugin()
"""


SAMPLE = Sample("whole", CODE, MANIFEST)
add, fault = SAMPLE.add, SAMPLE.fault


def load(site: Site) -> Loaded:
    """Install it as it is and load it."""
    add(site)
    registry = site.load()
    assert [one.reason for one in registry.plugins] == [None]
    return registry.loaded["whole"]
