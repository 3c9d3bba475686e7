"""Bring lists of people and classes into a school: choose a file, see what would change, apply."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from kundelik_core.gradebook.group_scheme import scheme_chooser
from kundelik_core.gradebook.periods.roster_changes import recompute_groups
from kundelik_core.identity.access import Permission
from kundelik_core.identity.model import Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, _
from kundelik_core.kernel.keys import installation_key
from kundelik_core.kernel.settings import Settings
from kundelik_core.schools.access import roles_given_by
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.iin_hash import iin_hasher
from kundelik_core.schools.roster import (
    DEFAULT_LIMIT,
    FileRefusedError,
    Roster,
    RowError,
    open_source,
    read_roster,
)
from kundelik_core.schools.roster.apply import apply, facts_of, look
from kundelik_core.schools.roster.apply_model import Options, Plan
from kundelik_core.schools.roster.apply_scope import schools_in
from kundelik_core.schools.roster.sample import sample_list, sample_staff
from kundelik_core.schools.roster.sheet import annotate
from kundelik_core.schools.timetable_file import TimetableFile
from kundelik_core.schools.timetable_file.model import TimetablePlan
from kundelik_core.schools.timetable_file.sample import sample_timetable
from kundelik_core.web import office_timetable
from kundelik_core.web.frame import view
from kundelik_core.web.import_view import (
    FORMATS,
    LABELS,
    ROWS_SHOWN,
    attachment,
    counted,
    done_lines,
    hidden,
    remark,
)
from kundelik_core.web.office_slips import slip_choices
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import asked_school, learn_schools, missing, school_tabs
from kundelik_core.web.uploads import Upload, drop_upload, find_upload, keep_upload
from kundelik_core.web.visit import Request, actor_of, form_of, visit_of

__all__ = ["HANDLERS"]

MAY: Final = Permission.ROSTER_IMPORT
# What a browser wraps around the file.
BODY_MAX: Final = DEFAULT_LIMIT + 64 * 1024
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _folder(request: Request) -> Path:
    settings: Settings = request.app.state.settings
    return settings.data_dir / "uploads"


def _options(request: Request, school_id: int, org: str = "") -> Options:
    settings: Settings = request.app.state.settings
    today = clock.today()
    year = school_year_of(today)
    return Options(
        year=year,
        today=today,
        scheme=scheme_chooser(year),
        org=org,
        iin_hash=iin_hasher(installation_key(settings.data_dir, "iin")),
        gives=roles_given_by(actor_of(request).roles(school_id)),
    )


def _page(
    request: Request,
    school_id: int,
    step: str,
    *,
    status: int = 200,
    **context: Any,  # noqa: ANN401
) -> Response[bytes]:
    tabs = school_tabs(request, MAY, school_id)
    blank: dict[str, Any] = {
        "error": "", "formats": [{"label": _(a), "sub": _(b)} for a, b in FORMATS],
        "file": "", "token": "", "format": "", "counts": [], "rows": [], "more": "",
        "report": "", "ready": False, "done": [], "org": "", "orgs": [],
        "week": False, "day": "", "same": False, "parts": [], "slips": [],
    }  # fmt: skip
    more: dict[str, Any] = {
        "schools": tabs if step == "choose" else [],
        "query": _query(school_id) if tabs else "",
    }
    return view(request, "import.html", status=status, step=step, **{**blank, **more, **context})


def _query(school_id: int) -> str:
    return "?" + urlencode({"school": school_id})


def _refused(request: Request, school_id: int, problem: Problem) -> Response[bytes]:
    """Say on the page itself what is wrong with the file as a whole."""
    text = _(problem.message) % problem.params
    return _page(request, school_id, "choose", status=problem.status, error=text)


async def _school(request: Request) -> tuple[Actor, int]:
    actor = actor_of(request)
    await learn_schools(actor)
    return actor, asked_school(request, MAY)


@page("/office/import", access=MAY)
async def choose(request: Request) -> Response[bytes]:
    """Ask for a file."""
    _actor, school_id = await _school(request)
    return _page(request, school_id, "choose", slips=await slip_choices(school_id))


@form("/office/import", access=MAY, request_max_body_size=BODY_MAX)
async def review(request: Request) -> Response[bytes]:
    """Show what a file would change; nothing is written but the file itself, for an hour."""
    actor, school_id = await _school(request)
    try:
        name, content = await _uploaded(request)
        week = await asyncio.to_thread(office_timetable.opened, name, content)
        if week is not None:
            planned = await office_timetable.look(school_id, week)
            upload = await asyncio.to_thread(
                keep_upload, _folder(request), name, content, actor.account_id, school_id
            )
            return _review_week(request, school_id, upload, planned)
        roster = await asyncio.to_thread(read_roster, content, name=name)
        several, plan = False, None
        try:
            plan = await look(school_id, roster, _options(request, school_id))
        except Problem as problem:
            several = problem.code == "several-schools"
            if not several:
                raise
    except Problem as problem:
        return _refused(request, school_id, problem)
    upload = await asyncio.to_thread(
        keep_upload, _folder(request), name, content, actor.account_id, school_id
    )
    if plan is None:
        orgs = [{"id": org.id, "name": org.name or org.id} for org in schools_in(roster)]
        return _page(request, school_id, "school", file=upload.name, token=upload.token, orgs=orgs)
    return _review(request, school_id, upload, roster, plan)


@form("/office/import/school", access=MAY)
async def choose_school(request: Request) -> Response[bytes]:
    """Look at one school of a file that holds several."""
    fields = await form_of(request)
    _actor, school_id = await _school(request)
    org = fields.get("org", "")[:200]
    try:
        upload, _same = await _kept(request, fields.get("token", ""))
        roster = await asyncio.to_thread(read_roster, upload.content, name=upload.name)
        plan = await look(school_id, roster, _options(request, school_id, org))
    except Problem as problem:
        return _refused(request, school_id, problem)
    return _review(request, school_id, upload, roster, plan, org)


async def _uploaded(request: Request) -> tuple[str, bytes]:
    """The file of the form.

    Raises:
        Problem: it is too large (told before it is read), or there is none.
    """
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isascii() and announced.isdigit() else 0
    if size > BODY_MAX:
        raise _too_large()
    try:
        # The whole body first: a form that is cut off in the middle would leave its file open.
        await request.body()
    except HTTPException as error:
        if error.status_code != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise
        raise _too_large() from None
    fields = await request.form()
    file = fields.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise FileRefusedError("file_none", N_("Choose a file first."))
    content = await file.read()
    await file.close()
    if len(content) > DEFAULT_LIMIT:
        raise _too_large()
    # Some browsers send the whole path.
    return PurePath(file.filename.replace("\\", "/")).name[:120] or "file.csv", content


def _too_large() -> FileRefusedError:
    return FileRefusedError(
        "file_too_large",
        N_("The file is too large: at most %(limit)s MB are read at once. Split it by school or by "
           "class."),
        params={"limit": DEFAULT_LIMIT // 2**20},
    )  # fmt: skip


def _review(
    request: Request, school_id: int, upload: Upload, roster: Roster, plan: Plan, org: str = ""
) -> Response[bytes]:
    report = f"/office/import/report/{upload.token}"
    query = _query(school_id) if len(school_tabs(request, MAY, school_id)) else ""
    if org:
        query += f"{'&' if query else '?'}{urlencode({'org': org})}"
    return _page(
        request,
        school_id,
        "review",
        file=upload.name,
        token=upload.token,
        org=org,
        format=_(roster.format_title),
        counts=counted(plan.summary(), LABELS),
        rows=[remark(error) for error in plan.errors[:ROWS_SHOWN]],
        more=hidden(len(plan.errors)),
        report=report + query if plan.errors else "",
        ready=plan.has_changes,
    )


def _review_week(
    request: Request, school_id: int, upload: Upload, plan: TimetablePlan
) -> Response[bytes]:
    query = _query(school_id) if len(school_tabs(request, MAY, school_id)) else ""
    return _page(
        request,
        school_id,
        "review",
        file=upload.name,
        token=upload.token,
        format=_("Timetable"),
        rows=[remark(error) for error in plan.errors[:ROWS_SHOWN]],
        more=hidden(len(plan.errors)),
        report=f"/office/import/report/{upload.token}{query}" if plan.errors else "",
        **office_timetable.review_context(plan),
    )


@form("/office/import/day", access=MAY)
async def choose_day(request: Request) -> Response[bytes]:
    """Look at the same timetable as it would count from another day."""
    fields = await form_of(request)
    _actor, school_id = await _school(request)
    try:
        upload, _same = await _kept(request, fields.get("token", ""))
        week = await asyncio.to_thread(office_timetable.opened, upload.name, upload.content)
        if week is None:
            raise missing()
        day = office_timetable.day_of(fields.get("from", ""))
        planned = await office_timetable.look(school_id, week, day)
    except Problem as problem:
        return _refused(request, school_id, problem)
    return _review_week(request, school_id, upload, planned)


@page("/office/import/report/{token:str}", access=MAY)
async def report(request: Request, token: FromPath[str]) -> Response[bytes]:
    """Give the file back with a last column that says what to mend in each row."""
    upload, school_id = await _kept(request, token)
    week = await asyncio.to_thread(office_timetable.opened, upload.name, upload.content)
    if week is not None:
        planned = await office_timetable.look(school_id, week)
        return await _to_mend(upload, planned.errors)
    roster = await asyncio.to_thread(read_roster, upload.content, name=upload.name)
    org = request.query_params.get("org", "")[:200]
    plan = await look(school_id, roster, _options(request, school_id, org))
    return await _to_mend(upload, plan.errors)


async def _to_mend(upload: Upload, errors: Sequence[RowError]) -> Response[bytes]:
    content, several = await asyncio.to_thread(_annotated, upload, errors)
    ending, kind = ("zip", "application/zip") if several else ("csv", "text/csv; charset=utf-8")
    return attachment(
        content, f"{PurePath(upload.name).stem}-{_('to mend')}", "to-mend", ending, kind
    )


def _annotated(upload: Upload, errors: Sequence[RowError]) -> tuple[bytes, bool]:
    with open_source(upload.content, name=upload.name) as source:
        return annotate(source, errors), len(source.tables) > 1


async def _kept(request: Request, token: str) -> tuple[Upload, int]:
    """The file that was looked at.

    Raises:
        Problem: it was more than an hour ago, or it was somebody else's.
    """
    actor, school_id = await _school(request)
    upload = await asyncio.to_thread(
        find_upload, _folder(request), token, actor.account_id, school_id
    )
    if upload is None:
        raise Problem(
            "upload-gone",
            N_("The file is kept for an hour only and is gone. Choose it again."),
            status=410,
        )
    return upload, school_id


@form("/office/import/apply", access=MAY)
async def apply_upload(request: Request) -> Response[bytes]:
    """Write the good rows of the file that was looked at."""
    fields = await form_of(request)
    actor, school_id = await _school(request)
    try:
        upload, _same = await _kept(request, fields.get("token", ""))
        week = await asyncio.to_thread(office_timetable.opened, upload.name, upload.content)
        if week is not None:
            return await _apply_week(request, school_id, upload, week, fields.get("from", ""))
        roster = await asyncio.to_thread(read_roster, upload.content, name=upload.name)
        done = await apply(
            school_id,
            roster,
            _options(request, school_id, fields.get("org", "")[:200]),
            Doer(actor.account_id, actor.person(school_id)),
            facts_of(upload.content, upload.name),
        )
        await recompute_groups(school_id, done.plan.changed_groups)
    except Problem as problem:
        return _refused(request, school_id, problem)
    await asyncio.to_thread(drop_upload, _folder(request), upload.token, actor.account_id)
    slips = await slip_choices(school_id) if done.accounts else []
    return _page(request, school_id, "done", done=done_lines(done), slips=slips)


async def _apply_week(
    request: Request, school_id: int, upload: Upload, week: TimetableFile, day: str
) -> Response[bytes]:
    actor = actor_of(request)
    doer = Doer(actor.account_id, actor.person(school_id))
    done = await office_timetable.write(school_id, week, upload, office_timetable.day_of(day), doer)
    await asyncio.to_thread(drop_upload, _folder(request), upload.token, actor.account_id)
    return _page(request, school_id, "done", week=True, **office_timetable.done_context(done))


@page("/office/import/sample", access=MAY)
async def sample(request: Request) -> Response[bytes]:
    """Give an empty list or timetable to fill in, or the week as it is, in the reader's words."""
    locale = visit_of(request).locale
    kind = request.query_params.get("kind")
    if kind == "week":
        _actor, school_id = await _school(request)
        content = await office_timetable.present(school_id, locale)
        return attachment(content, _("timetable"), "timetable", "xlsx", _XLSX)
    if kind == "staff":
        return attachment(sample_staff(locale), _("staff list"), "staff-list", "xlsx", _XLSX)
    if kind == "timetable":
        return attachment(sample_timetable(locale), _("timetable"), "timetable", "xlsx", _XLSX)
    return attachment(sample_list(locale), _("class list"), "class-list", "xlsx", _XLSX)


HANDLERS: Final[tuple[Any, ...]] = (
    choose, sample, review, choose_school, choose_day, report, apply_upload,
)  # fmt: skip
