"""One value of everything that crosses the border between the core and a plugin."""

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from kundelik_core import sdk

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)
TEXT = sdk.Text(kk="Алғыс", ru="Похвала", en="Praise")
AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
SUBJECT = sdk.Subject(kind="student", id=ONE)
STUDENT = sdk.Student(id=ONE, name="Әсел", birth_date=date(2016, 2, 29))
FORM = {"name": ("a", "b")}
PRODUCT = sdk.Product(sku="praise.see", feature="praise.see", title=TEXT, by="subject")
PRICE = sdk.ListedPrice(
    id=TWO,
    currency="KZT",
    amount_minor=150000,
    interval="month",
    audience="parent",
    valid_from=AT,
    siblings=(sdk.Sibling(nth=2, amount_minor=100000),),
)

TERMS = sdk.PaymentTerms(
    takes=(sdk.Taken(currency="KZT", least_minor=100, most_minor=900000),), fee_bp=95
)
BACK = sdk.RefundSeen(known="R", outcome="done", amount_minor=10, reference="7-ABC-r1")
DISPUTE = sdk.DisputeSeen(known="D", state="open", amount_minor=10, currency="KZT")
AGAIN = sdk.RenewalSeen(
    known="S",
    state="active",
    period_end=AT,
    paid=(sdk.RenewalPaid(known="B2", amount_minor=10, currency="KZT"),),
)
PAID = sdk.PaymentSeen(
    known="B",
    outcome="done",
    amount_minor=10,
    currency="KZT",
    refunds=(BACK,),
    disputes=(DISPUTE,),
    renewal=AGAIN,
)
START = sdk.PaymentStart(
    reference="7-ABC-1",
    amount_minor=150000,
    currency="KZT",
    key="k",
    expires_at=AT,
    return_url="https://d.example/b",
    cancel_url="https://d.example/c",
    locale="kk",
)

VALUES: tuple[msgspec.Struct, ...] = (
    TEXT,
    sdk.School(id=1, name="№ 1", zone="Asia/Almaty", languages=("kk",)),
    sdk.Actor(person_id=ONE, roles=("parent",), permissions=("praise.see",), students=(TWO,)),
    STUDENT,
    sdk.Student(id=ONE, name="Әсел"),
    sdk.ClassPage(class_id=TWO, students=(STUDENT,)),
    sdk.DiaryWeek(student_id=ONE, monday=date(2026, 11, 23), viewer="guardian", student=STUDENT),
    sdk.StudentCard(student_id=ONE),
    sdk.Fragment(template="a.html", context={"n": 1, "list": [{"x": None}], "on": True}),
    sdk.PageRequest(params={"id": "1"}, query=FORM, form=FORM),
    sdk.Upload(name="a.csv", media_type="text/csv", content=b"\xff\x00"),
    sdk.Html(template="a.html", context={"n": 1}, title="Әсел", status=422),
    sdk.Redirect(to="list"),
    sdk.JsonAnswer(value={"n": [1, None]}),
    sdk.File(name="a.bin", media_type="application/octet-stream", content=b"\xff\x00"),
    sdk.NotFound(),
    sdk.NavItem(label=TEXT, path="list"),
    sdk.SearchQuery(text="Әсел 5а", words=("асел", "5", "а"), most=20),
    sdk.SearchHit(title="Әсел", path="list/7", note="5 «А»"),
    sdk.Permission(
        code="praise.give", title=TEXT, allows=TEXT, roles=("teacher",), risks=("bulk",)
    ),
    *(
        kind(**dict.fromkeys(kind.__struct_fields__, ONE))
        for kind in sdk.EVENTS.values()
        if kind is not sdk.PeriodClosed
    ),
    sdk.PeriodClosed(group_id=ONE, period="q1"),
    sdk.Event(
        id=ONE,
        type="mark.recorded.v1",
        school_id=1,
        occurred_at=AT,
        actor_id=None,
        data=sdk.MarkRecorded(student_id=ONE, group_id=TWO, work_id=THREE),
    ),
    sdk.Every(seconds=60),
    sdk.Cron(spec="0 18 * * 5"),
    sdk.JobRun(due_at=AT, attempt=2),
    sdk.Argument(name="class", help="Which class."),
    sdk.CommandRequest(arguments={"class": "5А"}),
    sdk.CommandAnswer(lines=("done",), exit_code=1),
    sdk.Health(ok=False, note="no table"),
    sdk.DemoRequest(size="small", seed=7),
    SUBJECT,
    sdk.Erasure(subject=SUBJECT, mode="anonymise"),
    sdk.Erased(rows=3),
    sdk.Record(title=TEXT, values={"at": "2026-11-24", "n": 1}),
    sdk.PersonalField(
        table="praise", column="student_id", subject="student", purpose=TEXT, ground="public_task"
    ),
    sdk.Away(url="https://pay.example/1"),
    sdk.WebhookRequest(body=b"\xff", headers={"x-sign": "1"}, query=FORM),
    sdk.WebhookReply(status=503, text="later", then="praise.count"),
    sdk.ForSchool(school_id=7),
    sdk.OfferQuestion(feature="praise.see", student_id=ONE, scope="math"),
    sdk.OfferLine(price="1 500 ₸", period="a month"),
    sdk.OfferShown(lines=(sdk.OfferLine(price="1", period="x"),), address="/x/pay/buy"),
    PRODUCT,
    sdk.Sibling(nth=2, percent_bp=5000),
    PRICE,
    sdk.Listed(product=PRODUCT, plugin="praise", vendor="V", prices=(PRICE,)),
    sdk.Bought(ref="1:1", price_id=TWO, amount_minor=150000, student_id=ONE, renews=True),
    sdk.Refunded(ref="1:1", cause="r1", amount_minor=10, policy="keep"),
    sdk.Returned(ref="1:1", cause="r1", amount_minor=10, till="receivable"),
    sdk.ReturnFailed(ref="1:1", cause="r2", amount_minor=10, absorbed=True),
    sdk.Absorbed(ref="1:1", cause="r1"),
    sdk.DisputeOpened(ref="1:1", dispute="d", amount_minor=10),
    sdk.DisputeWon(ref="1:1", dispute="d"),
    sdk.DisputeLost(ref="1:1", dispute="d"),
    sdk.RenewalEnded(ref="1:1"),
    TERMS,
    *TERMS.takes,
    sdk.ListedProvider(
        plugin="bank", title=TEXT, can=sdk.PaymentCan(payout=True), terms=TERMS, ready=True
    ),
    sdk.PaymentCan(refund_full=True),
    START,
    sdk.PaymentStarted(known="B", url="/x/bank/pay/1"),
    sdk.PaymentTrouble(kind="busy", text="429"),
    sdk.PaymentQuery(known="B"),
    BACK,
    DISPUTE,
    AGAIN,
    *AGAIN.paid,
    sdk.RenewalEnd(renewal="S", key="e"),
    sdk.RenewalRest(renewal="S", until=AT, key="r"),
    sdk.RenewalPage(renewal="S", return_url="https://d.example/o"),
    sdk.PageShown(url="/x/bank/card/1"),
    PAID,
    sdk.PaymentsSeen(payments=(PAID,), after="2"),
    sdk.PaymentsBetween(since=AT, until=AT),
    sdk.RefundStart(
        payment="B", reference="7-ABC-r1", amount_minor=10, currency="KZT", key="r", again=True
    ),
    sdk.PayoutStart(reference="t", amount_minor=10, currency="KZT", destination="d", key="t"),
    sdk.PayoutReturn(payout="P", amount_minor=10, key="t"),
    sdk.PayoutSeen(known="P", outcome="pending", returned_minor=3),
    sdk.ProviderQuestion(provider="bank", ask=START),
    sdk.ProviderAnswer(told=sdk.PaymentsSeen(payments=(PAID,))),
    sdk.PaymentNews(event="e", known="B"),
    sdk.PaymentNoted(then="till.work"),
    sdk.Credited(ref="q1", student_id=ONE, feature="praise.see", days=3),
)
