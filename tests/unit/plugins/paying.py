"""Two plugins that belong together: a way to pay, and one that keeps orders and asks it."""

from kundelik_core.plugins.registry import Registry
from kundelik_core.testing.packages import manifest as manifest_of
from tests.unit.plugins.dists import Sample, Site

MANIFEST = manifest_of(
    "bank",
    'services = ["payment.news.v1"]\nsecrets = ["key", "url"]',
    top='provides = ["payment.provider.v1"]',
    api=">=0.2,<1",
).replace('kind = "module"', 'kind = "payment"')

CODE = """
from kundelik_core.sdk import *

seen = []

async def start(ctx, asked):
    seen.append((ctx, asked))
    if asked.amount_minor == 13:
        return PaymentTrouble(kind="declined", text="13")
    if asked.amount_minor == 17:
        raise RuntimeError("no")
    if asked.amount_minor == 19:
        return PaymentsSeen()
    return PaymentStarted(known="B-" + asked.reference, url="https://bank.example/1")

async def status(ctx, asked):
    if not asked.known.startswith("B-"):
        return PaymentsSeen()
    refund = RefundSeen(known="R", outcome="pending", amount_minor=5, reference="7-ABC-r2")
    other = RefundSeen(known="S", outcome="done", amount_minor=6)
    dispute = DisputeSeen(known="D", state="open", amount_minor=9, currency="KZT")
    return PaymentsSeen(payments=(PaymentSeen(
        known=asked.known, outcome="done", amount_minor=150000, currency="KZT",
        reference="7-ABC-1", refunds=(refund, other), disputes=(dispute,)),))

async def reconcile(ctx, asked):
    n = int(asked.after or 0)
    one = PaymentSeen(known=f"B-{n}", outcome="failed", amount_minor=1, currency="KZT")
    return PaymentsSeen(payments=(one,), after=str(n + 1) if n < 2 else "")

async def refund(ctx, asked):
    return RefundSeen(known="R", outcome="done", amount_minor=asked.amount_minor)

async def payout(ctx, asked):
    return PayoutSeen(known="P", outcome="done", returned_minor=getattr(asked, "returned", 3))

async def renewal(ctx, asked):
    until = getattr(asked, "until", None)
    return RenewalSeen(known=asked.renewal, state="paused" if until else "active",
                       period_end=ctx.clock.now(), ends=until is None)

async def page(ctx, asked):
    return PageShown(url="/x/bank/card/1")

class Plugin:
    @hookimpl
    def payment_provider(self):
        return PaymentProvider(
            title=Text(kk="Б", ru="Б", en="Bank"),
            terms=PaymentTerms(takes=(Taken(currency="KZT", least_minor=100, most_minor=900000),),
                               fee_bp=95, refund_days=365),
            can=PaymentCan(refund_full=True, recurring=True, payout=True),
            needs=("key",),
            start=start, status=status, reconcile=reconcile, refund=refund,
            end_renewal=renewal, rest=renewal, page=page,
            payout=payout, take_back=payout)

plugin = Plugin()
"""

TILL_MANIFEST = manifest_of(
    "till",
    'services = ["payment.provider.v1"]\njobs = ["till.work"]',
    top='provides = ["payment.news.v1"]',
    api=">=0.2,<1",
).replace('kind = "module"', 'kind = "payment"')

TILL_CODE = """
from kundelik_core.sdk import *

heard = []

async def news(ctx, question):
    heard.append(question)
    return PaymentNoted(then="till.work")

async def work(ctx, run):
    pass

class Plugin:
    @hookimpl
    def services(self):
        return [Service(name=PAYMENT_NEWS, handle=news)]
    @hookimpl
    def jobs(self):
        return [Job(name="till.work", run=work, schedule=Every(seconds=60))]

plugin = Plugin()
"""


SAMPLE = Sample("bank", CODE, MANIFEST)
add, fault = SAMPLE.add, SAMPLE.fault


def both(site: Site) -> Registry:
    """Install and load the bank and the till."""
    add(site)
    site.add("till", code=TILL_CODE, manifest=TILL_MANIFEST)
    registry = site.load()
    assert [one.reason for one in registry.plugins] == [None, None]
    return registry
