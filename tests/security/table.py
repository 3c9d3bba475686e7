"""Who may: one line for each route. A route that is served and not listed here fails the walk.

The table repeats on purpose what the code decides, from the side of the people: it is read by
whoever wants to know what a role reaches, and every line is tried with every role, in the own
school and in another one.
"""

from typing import Any, Final, Literal

import msgspec

from kundelik_core.kernel.ids import new_id
from tests.security.town import School

ACTORS: Final = (
    "anonymous", "pupil", "parent", "other_parent", "commuter", "teacher", "other_teacher",
    "homeroom", "deputy", "director", "admin", "psychologist", "region", "operator", "vendor",
)  # fmt: skip

FAMILY: Final = frozenset({"pupil", "parent"})
FAMILIES: Final = FAMILY | {"other_parent", "commuter"}
LEADERS: Final = frozenset({"deputy", "director", "admin"})
OFFICE: Final = frozenset({"director", "admin"})
HEADS: Final = frozenset({"director", "deputy"})
STAFF: Final = LEADERS | {"teacher", "other_teacher", "homeroom", "psychologist"}
SCHOOL: Final = STAFF | FAMILIES
EVERYBODY: Final = frozenset(ACTORS) - {"anonymous"}
JOURNAL_READERS: Final = LEADERS | {"teacher", "homeroom"}
DIARY_READERS: Final = FAMILY | LEADERS | {"homeroom", "psychologist"}
# The commuter directs a school of their own: pages that name nothing show that school.
OWN_SCHOOL: Final = frozenset({"commuter"})

Body = dict[str, Any]
Sends = Literal["", "form", "json"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One route: who gets through, what is sent, and whether it names something of a school."""

    may: frozenset[str]
    sends: Sends = ""
    body: Any = None
    """The body, or a function of the school that gives it."""
    query: str = ""
    names: bool = True
    """Whether path or query name something of a school; otherwise there is no other school."""
    public: bool = False
    door: bool = False
    """Whether it takes messages of machines elsewhere, and so asks for no origin and no session."""
    ends_session: bool = False
    through: frozenset[int] = frozenset({200, 303})
    """Answers to those who may; a write may also be refused for what it says, never for who."""

    def content(self, school: School) -> Body:
        """Return what is sent to the things of a school."""
        return dict(self.body(school) if callable(self.body) else self.body or {})


def _cells(school: School) -> Body:
    change = {
        "id": new_id(), "column": school.journal.lessons[2], "pupil": school.journal.pupils[0],
        "value": "8", "base": "", "reason": None,
    }  # fmt: skip
    return {"changes": [change]}


def _work(school: School) -> Body:
    return {"id": new_id(), "kind": "sor", "title": "БЖБ", "max": "20",
            "date": school.journal.dates[2].isoformat()}  # fmt: skip


def _lesson(_school: School) -> Body:
    empty = {"topic": "", "homework": ""}
    return {"topic": "Тақырып", "homework": "", "base": empty}


def _of_school(school: School) -> Body:
    return {"school": str(school.id)}


def _extra_lesson(school: School) -> Body:
    return {"id": new_id(), "date": school.journal.dates[3].isoformat(), "slot": 7}


def _new(**fields: str) -> Any:
    return lambda _school: {"id": new_id(), **fields}


API: Final = "/api/v1/journal/{group:uuid}"
CELL: Final = f"{API}/cells/{{column:uuid}}/{{pupil:uuid}}"
WRITTEN: Final = frozenset({200, 201, 400, 409, 422})

OPEN: Final[dict[tuple[str, str], Line]] = {
    ("GET", "/login"): Line(may=EVERYBODY, public=True, names=False),
    ("POST", "/login"): Line(
        may=EVERYBODY, public=True, names=False, sends="form",
        body={"login": "nobody.there", "password": "not this one"},
        through=frozenset({401, 429}),
    ),
    ("GET", "/activate"): Line(may=EVERYBODY, public=True, names=False),
    ("POST", "/activate"): Line(
        may=EVERYBODY, public=True, names=False, sends="form",
        body={"code": "AAAA-AAAA", "password": "three quiet camels",
              "again": "three quiet camels"},
        through=frozenset({422, 429}),
    ),
    ("POST", "/logout"): Line(
        may=EVERYBODY, public=True, names=False, sends="form", ends_session=True
    ),
    ("POST", "/preferences"): Line(
        may=EVERYBODY, public=True, names=False, sends="form", body={"lang": "en"}
    ),
    ("GET", "/readyz"): Line(may=EVERYBODY, public=True, names=False),
}  # fmt: skip

OWN: Final[dict[tuple[str, str], Line]] = {
    ("GET", "/"): Line(may=EVERYBODY, names=False),
    ("GET", "/account"): Line(may=EVERYBODY, names=False),
    ("POST", "/account/password"): Line(
        may=EVERYBODY, names=False, sends="form", body={"old": "", "new": "x", "again": "y"},
        through=frozenset({401, 422, 429}),
    ),
    ("POST", "/account/sessions/{ref:str}/end"): Line(may=EVERYBODY, names=False, sends="form"),
    ("POST", "/account/sessions/end-all"): Line(
        may=EVERYBODY, names=False, sends="form", ends_session=True
    ),
    ("GET", "/account/services"): Line(may=EVERYBODY, names=False),
    ("GET", "/account/data"): Line(may=EVERYBODY, names=False),
    ("POST", "/account/data"): Line(
        may=EVERYBODY, names=False, sends="form", body={"format": "json"}
    ),
    ("GET", "/account/modules"): Line(may=EVERYBODY, names=False),
    ("POST", "/account/modules/{school_id:int}/{plugin:str}"): Line(
        may=frozenset(), sends="form", body={"on": "1"}
    ),
    ("GET", "/help"): Line(may=EVERYBODY, names=False),
    ("GET", "/help/keys"): Line(may=EVERYBODY, names=False),
    ("GET", "/diary"): Line(may=FAMILIES, names=False),
    ("GET", "/homework"): Line(may=FAMILIES, names=False),
    ("GET", "/journal"): Line(may=STAFF | OWN_SCHOOL, names=False),
    ("GET", "/today"): Line(may=STAFF | OWN_SCHOOL, names=False),
    ("GET", "/timetable"): Line(may=SCHOOL, names=False),
}  # fmt: skip

DIARY: Final[dict[tuple[str, str], Line]] = {
    ("GET", "/diary/{child:uuid}"): Line(may=DIARY_READERS),
    ("GET", "/diary/{child:uuid}/{week:str}"): Line(may=DIARY_READERS),
    ("GET", "/diary/{child:uuid}/marks"): Line(may=DIARY_READERS),
    ("GET", "/diary/{child:uuid}/marks/{group:uuid}/{period:str}"): Line(may=DIARY_READERS),
    ("GET", "/homework/{child:uuid}"): Line(may=FAMILY),
    # A code that nobody gave out; for whom it would be is looked at first.
    ("POST", "/account/services"): Line(
        may=frozenset({"parent"}),
        sends="form",
        through=frozenset({422}),
        body=lambda school: {"child": str(school.journal.pupils[0]), "code": "2222"},
    ),
    ("GET", "/account/data/{child:uuid}"): Line(may=frozenset({"parent"})),
    ("POST", "/account/data/{child:uuid}"): Line(
        may=frozenset({"parent"}), sends="form", body={"format": "json"}
    ),
    ("POST", "/diary/{child:uuid}/seen"): Line(may=FAMILY, sends="form"),
    ("POST", "/diary/{child:uuid}/{week:str}/seen"): Line(may=FAMILY, sends="form"),
}

TEACHER: Final = frozenset({"teacher"})
JOURNAL: Final[dict[tuple[str, str], Line]] = {
    ("GET", "/journal/{group:uuid}"): Line(may=JOURNAL_READERS),
    ("GET", "/journal/{group:uuid}/{period:str}"): Line(may=JOURNAL_READERS),
    ("GET", f"{API}/{{period:str}}/changes"): Line(may=JOURNAL_READERS, query="since=0"),
    ("GET", f"{API}/parallel"): Line(may=JOURNAL_READERS),
    ("GET", f"{CELL}/history"): Line(may=JOURNAL_READERS),
    ("POST", f"{API}/cells"): Line(may=TEACHER, sends="json", body=_cells),
    ("POST", f"{CELL}/comment"): Line(
        may=TEACHER, sends="json", body=_new(comment="Жақсы"), through=WRITTEN
    ),
    ("POST", f"{API}/lessons"): Line(
        may=TEACHER, sends="json", body=_extra_lesson, through=WRITTEN
    ),
    ("POST", f"{API}/lessons/{{lesson:uuid}}"): Line(
        may=TEACHER, sends="json", body=_lesson, through=WRITTEN
    ),
    ("POST", f"{API}/works"): Line(may=TEACHER, sends="json", body=_work, through=WRITTEN),
    ("POST", f"{API}/works/{{work:uuid}}"): Line(
        may=TEACHER, sends="json", body=_work, through=WRITTEN
    ),
    ("POST", f"{API}/works/{{work:uuid}}/void"): Line(
        may=TEACHER, sends="json", body={"reason": "Қате"}, through=WRITTEN
    ),
    ("POST", f"{API}/periods/{{period:str}}/{{pupil:uuid}}/mark"): Line(
        may=TEACHER, sends="json", body={"mark": "5", "reason": "Кеңес"}, through=WRITTEN
    ),
}

CLASSES: Final[dict[tuple[str, str], Line]] = {
    ("GET", "/classes"): Line(may=STAFF | OWN_SCHOOL, names=False),
    ("GET", "/classes/{class_id:uuid}"): Line(may=STAFF),
    ("GET", "/classes/{class_id:uuid}/marks"): Line(may=DIARY_READERS - FAMILY),
    ("GET", "/classes/{class_id:uuid}/marks/{period:str}"): Line(may=DIARY_READERS - FAMILY),
    ("GET", "/timetable/class/{class_id:uuid}"): Line(may=SCHOOL),
}

# Whoever sees records at all: the psychologist those of pupils, homeroom teachers their class.
RECORDS: Final = LEADERS | {"homeroom", "psychologist"}
OFFICE_PAGES: Final[dict[tuple[str, str], Line]] = {
    ("GET", "/office"): Line(may=LEADERS | OWN_SCHOOL, names=False),
    # Words of the town, so that what belongs to the other school would be found if it could be.
    ("GET", "/search"): Line(may=STAFF | OWN_SCHOOL, names=False, query="q=5"),
    ("GET", "/office/permissions"): Line(may=STAFF | OWN_SCHOOL, names=False),
    ("GET", "/office/people"): Line(may=RECORDS | OWN_SCHOOL, names=False),
    ("GET", "/office/people/{person:uuid}"): Line(may=RECORDS),
    ("GET", "/office/people/{person:uuid}/erase"): Line(may=OFFICE),
    ("POST", "/office/people/{person:uuid}/erase"): Line(
        may=OFFICE, sends="form", body={"sure": "1"}, through=frozenset({409})
    ),
    ("POST", "/office/people/{person:uuid}/code"): Line(may=LEADERS | {"homeroom"}, sends="form"),
    ("GET", "/office/groups/{group:uuid}"): Line(may=LEADERS),
    ("POST", "/office/groups/{group:uuid}"): Line(may=LEADERS, sends="form", body={"none": ""}),
    ("GET", "/office/periods"): Line(may=HEADS | OWN_SCHOOL, names=False),
    ("GET", "/office/periods/{school_id:int}/{year:int}/{period:str}"): Line(may=HEADS),
    ("POST", "/office/periods/{school_id:int}/{year:int}/{period:str}/close"): Line(
        may=HEADS, sends="form", body={"sure": "1"}
    ),
    ("POST", "/office/periods/{school_id:int}/{year:int}/{period:str}/reopen"): Line(
        may=HEADS, sends="form", body={"reason": "x"}
    ),
    ("GET", "/office/import"): Line(may=LEADERS | OWN_SCHOOL, names=False),
    ("POST", "/office/import/school"): Line(
        may=LEADERS | OWN_SCHOOL,
        names=False,
        sends="form",
        body={"token": "nothing", "org": "1"},
        through=frozenset({410}),
    ),
    ("POST", "/office/import/day"): Line(
        may=LEADERS | OWN_SCHOOL,
        names=False,
        sends="form",
        body={"token": "nothing"},
        through=frozenset({410}),
    ),
    ("POST", "/office/import/slips"): Line(
        may=LEADERS | OWN_SCHOOL, names=False, sends="form", body={"who": "staff"}
    ),
    ("GET", "/office/import/sample"): Line(may=LEADERS | OWN_SCHOOL, names=False),
    ("POST", "/office/import"): Line(
        may=LEADERS | OWN_SCHOOL, names=False, sends="form", through=WRITTEN
    ),
    ("GET", "/office/import/report/{token:str}"): Line(
        may=LEADERS | OWN_SCHOOL, names=False, through=frozenset({410})
    ),
    ("POST", "/office/import/apply"): Line(
        may=LEADERS | OWN_SCHOOL,
        names=False,
        sends="form",
        body={"token": "nothing"},
        through=frozenset({410}),
    ),
    ("GET", "/office/appearance"): Line(may=OFFICE | OWN_SCHOOL, names=False),
    ("POST", "/office/appearance"): Line(
        may=OFFICE | OWN_SCHOOL,
        names=False,
        sends="form",
        body={"theme": "default", "accent": "#0b3d91", "second": ""},
    ),
    # Nobody has sent in a logo in this town, so whoever may ask is told that there is none.
    ("GET", "/logo/{school:int}/{token:str}"): Line(may=SCHOOL, through=frozenset({404})),
    ("GET", "/office/modules"): Line(may=OFFICE | OWN_SCHOOL, names=False),
    ("GET", "/office/modules/{name:str}"): Line(may=OFFICE | OWN_SCHOOL, names=False),
    ("GET", "/office/licences"): Line(may=OFFICE | OWN_SCHOOL, names=False),
    # No module of this town offers anything, so there is nothing to give.
    ("POST", "/office/licences/places"): Line(
        may=OFFICE | OWN_SCHOOL,
        names=False,
        sends="form",
        through=frozenset({422}),
        body=lambda school: {"pupil": str(school.journal.pupils[0]), "months": "1"},
    ),
    ("POST", "/office/licences/sharing"): Line(
        may=OFFICE | OWN_SCHOOL, names=False, sends="form", body={"shared": "yes"}
    ),
    ("POST", "/office/licences/codes"): Line(
        may=OFFICE | OWN_SCHOOL, names=False, sends="form", through=frozenset({422})
    ),
    ("POST", "/office/licences/places/{place:uuid}/end"): Line(
        may=OFFICE | OWN_SCHOOL, names=False, sends="form", through=frozenset({404})
    ),
    ("POST", "/office/licences/codes/{voucher:uuid}/withdraw"): Line(
        may=OFFICE | OWN_SCHOOL, names=False, sends="form", through=frozenset({404})
    ),
    ("GET", "/office/licences/{licence:uuid}"): Line(
        may=OFFICE | OWN_SCHOOL, names=False, through=frozenset({404})
    ),
    ("POST", "/office/licences/{licence:uuid}/seats"): Line(
        may=OFFICE | OWN_SCHOOL, names=False, sends="form", through=frozenset({422, 404})
    ),
    ("POST", "/office/licences/{licence:uuid}/free/{pupil:uuid}"): Line(
        may=OFFICE | OWN_SCHOOL, names=False, sends="form", through=frozenset({404})
    ),
    # Of two who start from the same settings the second is told of the first.
    ("POST", "/office/modules/{name:str}/settings"): Line(
        may=OFFICE | OWN_SCHOOL,
        names=False,
        sends="form",
        body={"version": "0", "days": "3"},
        through=frozenset({303, 409}),
    ),
    ("POST", "/office/modules/{name:str}/{turn:str}"): Line(
        may=OFFICE | OWN_SCHOOL, names=False, sends="form"
    ),
}

ABOVE: Final[dict[tuple[str, str], Line]] = {
    ("GET", "/platform"): Line(may=frozenset({"operator"}), names=False),
    ("GET", "/region"): Line(may=frozenset({"region", "operator"}), names=False),
    ("GET", "/platform/prices"): Line(may=frozenset({"operator"}), names=False),
    ("POST", "/platform/prices"): Line(
        may=frozenset({"operator"}), names=False, sends="form", through=frozenset({422})
    ),
    ("GET", "/platform/payouts"): Line(may=frozenset({"operator"}), names=False),
    # Nobody has sold anything in this town, so nothing can be paid.
    ("POST", "/platform/payouts/paid"): Line(
        may=frozenset({"operator"}), names=False, sends="form", through=frozenset({422})
    ),
    ("POST", "/platform/payouts/impossible"): Line(
        may=frozenset({"operator"}), names=False, sends="form"
    ),
    ("POST", "/platform/payouts/payee"): Line(
        may=frozenset({"operator"}), names=False, sends="form", through=frozenset({422})
    ),
    ("POST", "/platform/payouts/transfers/{confirmation:uuid}/back"): Line(
        may=frozenset({"operator"}), names=False, sends="form", through=frozenset({404})
    ),
    ("POST", "/platform/payouts/{school:int}/{payout:uuid}/by-hand"): Line(
        may=frozenset({"operator"}), names=False, sends="form", through=frozenset({404})
    ),
    ("POST", "/platform/payouts/{school:int}/{payout:uuid}/not-paid"): Line(
        may=frozenset({"operator"}), names=False, sends="form", through=frozenset({404})
    ),
    ("GET", "/vendor"): Line(may=frozenset({"vendor"}), names=False),
    ("POST", "/platform/prices/end"): Line(
        may=frozenset({"operator"}),
        names=False,
        sends="form",
        body={"sku": "nobody.sells", "per": "month", "audience": "parent"},
    ),
    ("GET", "/platform/plugins"): Line(may=frozenset({"operator"}), names=False),
    ("GET", "/platform/plugins/{name:str}"): Line(may=frozenset({"operator"}), names=False),
    # Let go, in this town: what is held back there is held back in all others of the suite.
    ("POST", "/platform/plugins/{name:str}/{step:str}"): Line(
        may=frozenset({"operator"}), names=False, sends="form"
    ),
    ("GET", "/platform/plugins/{name:str}/letters"): Line(may=frozenset({"operator"}), names=False),
    ("POST", "/platform/plugins/{name:str}/letters/{fate:str}"): Line(
        may=frozenset({"operator"}), names=False, sends="form", body=_of_school
    ),
}

# In this town no module with pages is on, so there are none for anybody; who may what in a module
# is tried in tests/integration/modules.
NOBODY: Final = frozenset[str]()
MODULES: Final[dict[tuple[str, str], Line]] = {
    ("GET", "/x/{plugin:str}"): Line(may=NOBODY, names=False),
    ("POST", "/x/{plugin:str}"): Line(may=NOBODY, names=False, sends="form"),
    ("GET", "/x/{plugin:str}/{path:path}"): Line(may=NOBODY, names=False),
    ("POST", "/x/{plugin:str}/{path:path}"): Line(may=NOBODY, names=False, sends="form"),
    # The one exception; what gets through to whom is tried in tests/integration/webhooks.
    ("POST", "/x/{plugin:str}/hook/{hook:str}"): Line(
        may=NOBODY, names=False, public=True, door=True, sends="json", through=frozenset({404})
    ),
}

ROUTES: Final = OPEN | OWN | DIARY | JOURNAL | CLASSES | OFFICE_PAGES | ABOVE | MODULES

# The same pages with a school, a class or a person named in the query.
QUERIES: Final[dict[str, Line]] = {
    "/classes?school={school:int}": Line(may=STAFF),
    "/office?school={school:int}": Line(may=LEADERS),
    "/office/people?school={school:int}": Line(may=RECORDS),
    "/office/modules?school={school:int}": Line(may=OFFICE),
    "/office/modules/birthdays?school={school:int}": Line(may=OFFICE),
    "/x/praise?school={school:int}": Line(may=NOBODY),
    "/office/import?school={school:int}": Line(may=LEADERS),
    "/office/licences?school={school:int}": Line(may=OFFICE),
    "/office/appearance?school={school:int}": Line(may=OFFICE),
    "/timetable?of={child:uuid}": Line(may=FAMILY),
}
