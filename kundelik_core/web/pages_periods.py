"""Let heads close a period, seeing first who still has no mark, and open it again for a reason."""

from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core.gradebook.periods.closing import FINISH, PeriodLine, gaps, period_lines
from kundelik_core.identity.access import Permission, require
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, current_locale, long_date, moment
from kundelik_core.kernel.jobs.queue import enqueue
from kundelik_core.kernel.names import short_name
from kundelik_core.schools.actions.structure import close_period, reopen_period
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.titles import Title
from kundelik_core.web.frame import NOTES, Note, after, view
from kundelik_core.web.journal_titles import period_title
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import asked_school, learn_schools, missing, school_tabs
from kundelik_core.web.visit import Request, actor_of, form_of, with_query

__all__ = ["HANDLERS"]

NOTES["period-closed"] = Note(N_("The period is closed. Its marks no longer change."))
NOTES["period-opened"] = Note(N_("The period is open again. Your reason is kept."))

ONE: Final = "/office/periods/{school_id:int}/{year:int}/{period:str}"
REASON_MAX: Final = 500
FINISH_S: Final = 900


@page("/office/periods", access=Permission.PERIOD_CLOSE)
async def periods(request: Request) -> Response[bytes]:
    """Show the periods of this school year."""
    actor, today = actor_of(request), clock.today()
    await learn_schools(actor)
    school_id = asked_school(request, Permission.PERIOD_CLOSE)
    year = school_year_of(today)
    async with tenant(school_id) as tx:
        lines = await period_lines(tx, year)
    return view(
        request,
        "periods.html",
        schools=school_tabs(request, Permission.PERIOD_CLOSE, school_id),
        periods=[
            {
                "title": period_title(one.code),
                "span": f"{long_date(one.begins, current_locale())} – "
                f"{long_date(one.ends, current_locale())}",
                "open": one.state == "open",
                "ahead": one.begins > today,
                "closed": _closed(one),
                "href": f"/office/periods/{school_id}/{year}/{one.code}",
            }
            for one in lines
        ],
    )


def _closed(one: PeriodLine) -> dict[str, str]:
    if one.closed_at is None:
        return {}
    at = one.closed_at.astimezone(ZoneInfo(SCHOOL_ZONE))
    return {
        "at": moment(at, current_locale()),
        "by": short_name(one.surname, one.given, "") if one.surname else "",
    }


@page(ONE, access=Permission.PERIOD_CLOSE)
async def one_period(
    request: Request, school_id: FromPath[int], year: FromPath[int], period: FromPath[str]
) -> Response[bytes]:
    """Show what a period still lacks, and the button that closes or opens it."""
    require(actor_of(request), Permission.PERIOD_CLOSE, school_id)
    code = period
    async with tenant(school_id) as tx:
        one = await _line(tx, year, code)
        lacking = await gaps(tx, year, code) if one.state == "open" else []
    address = f"/office/periods/{school_id}/{year}/{code}"
    return view(
        request,
        "period.html",
        title=period_title(code),
        back=with_query("/office/periods", school=school_id),
        open=one.state == "open",
        early=clock.today() <= one.ends,
        ends=long_date(one.ends, current_locale()),
        closed=_closed(one),
        computing=one.state == "closed" and one.unsettled > 0,
        action=f"{address}/{'close' if one.state == 'open' else 'reopen'}",
        gaps=[
            {
                "href": f"/journal/{gap.group_id}?period={code}",
                "title": gap.title,
                "subject": Title(kk=gap.title_kk, ru=gap.title_ru, en=gap.title_en).of(
                    current_locale()
                ),
                "pupils": gap.pupils,
            }
            for gap in lacking
        ],
    )


async def _line(tx: Tenant, year: int, code: str) -> PeriodLine:
    """Return one period of a year.

    Raises:
        Problem: 404, the school has no such period.
    """
    found = next((one for one in await period_lines(tx, year) if one.code == code), None)
    if found is None or not 0 < year <= 32767:
        raise missing()
    return found


@form(
    "/office/periods/{school_id:int}/{year:int}/{period:str}/close", access=Permission.PERIOD_CLOSE
)
async def close(
    request: Request, school_id: FromPath[int], year: FromPath[int], period: FromPath[str]
) -> Redirect:
    """Close a period; its results are computed to the end in the background."""
    require(actor_of(request), Permission.PERIOD_CLOSE, school_id)
    sure = (await form_of(request)).get("sure") == "1"
    async with tenant(school_id, write=True) as tx:
        one = await _line(tx, year, period)
        if clock.today() <= one.ends and not sure:
            raise Problem(
                "period-runs",
                N_("This period runs until %(day)s."),
                status=422,
                params={"day": long_date(one.ends, current_locale())},
                help=N_("Tick that you want to close it early."),
                field="sure",
            )
        await close_period(tx, _doer(request, school_id), year, period)
        await _finish(tx, school_id, year, period)
    return after(request, _address(school_id), "period-closed")


@form(
    "/office/periods/{school_id:int}/{year:int}/{period:str}/reopen", access=Permission.PERIOD_CLOSE
)
async def reopen(
    request: Request, school_id: FromPath[int], year: FromPath[int], period: FromPath[str]
) -> Redirect:
    """Open a closed period again; the reason goes into the log."""
    require(actor_of(request), Permission.PERIOD_CLOSE, school_id)
    reason = (await form_of(request)).get("reason", "").strip()
    if not 0 < len(reason) <= REASON_MAX:
        raise Problem(
            "reason-needed",
            N_("Write why the period is opened again, in at most 500 letters."),
            status=422,
            field="reason",
        )
    async with tenant(school_id, write=True) as tx:
        await _line(tx, year, period)
        await reopen_period(tx, _doer(request, school_id), year, period, reason=reason)
        await _finish(tx, school_id, year, period)
    return after(request, _address(school_id), "period-opened")


async def _finish(tx: Tenant, school_id: int, year: int, code: str) -> None:
    await enqueue(
        FINISH,
        {"year": year, "code": code},
        school_id=school_id,
        lock=f"{FINISH}/{school_id}/{year}/{code}",
        timeout_s=FINISH_S,
        tx=tx,
    )


def _doer(request: Request, school_id: int) -> Doer:
    actor = actor_of(request)
    return Doer(actor.account_id, actor.person(school_id))


def _address(school_id: int) -> str:
    return with_query("/office/periods", school=school_id)


HANDLERS: Final[tuple[Any, ...]] = (periods, one_period, close, reopen)
