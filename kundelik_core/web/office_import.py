"""Bring lists of people and classes into a school: choose a file, see what would change, apply."""

import asyncio
from collections import defaultdict
from http import HTTPStatus
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import quote, urlencode

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
from kundelik_core.kernel.i18n import N_, _, ngettext
from kundelik_core.kernel.keys import installation_key
from kundelik_core.kernel.settings import Settings
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
from kundelik_core.schools.roster.apply import Applied, apply, facts_of, look
from kundelik_core.schools.roster.apply_model import Options, Plan
from kundelik_core.schools.roster.sheet import annotate
from kundelik_core.web.frame import view
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import asked_school, learn_schools, school_tabs
from kundelik_core.web.uploads import Upload, drop_upload, find_upload, keep_upload
from kundelik_core.web.visit import Request, actor_of, form_of

__all__ = ["HANDLERS"]

MAY: Final = Permission.ROSTER_IMPORT
# What a browser wraps around the file.
BODY_MAX: Final = DEFAULT_LIMIT + 64 * 1024
ROWS_SHOWN: Final = 100
LABELS: Final = {
    "pupils": N_("Pupils"),
    "staff": N_("Staff"),
    "parents": N_("Parents"),
    "classes": N_("Classes"),
    "groups": N_("Teaching groups"),
    "places": N_("Places in classes and groups"),
    "guardians": N_("Ties of parents and children"),
}
FORMATS: Final = (
    ("OneRoster 1.1, 1.2", N_("A ZIP of CSV files with manifest.csv")),
    ("Microsoft School Data Sync", N_("A ZIP of CSV files: Student.csv, Section.csv and others")),
    (N_("Class list"),
     N_("XLSX or CSV with headings such as Surname, Name, Class, Birth date, in Kazakh, Russian "
        "or English")),
)  # fmt: skip


def _folder(request: Request) -> Path:
    settings: Settings = request.app.state.settings
    return settings.data_dir / "uploads"


def _options(request: Request) -> Options:
    settings: Settings = request.app.state.settings
    today = clock.today()
    year = school_year_of(today)
    return Options(
        year=year,
        today=today,
        scheme=scheme_chooser(year),
        iin_hash=iin_hasher(installation_key(settings.data_dir, "iin")),
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
        "report": "", "ready": False, "done": [],
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
    return _page(request, school_id, "choose")


@form("/office/import", access=MAY, request_max_body_size=BODY_MAX)
async def review(request: Request) -> Response[bytes]:
    """Show what a file would change; nothing is written but the file itself, for an hour."""
    actor, school_id = await _school(request)
    try:
        name, content = await _uploaded(request)
        roster = await asyncio.to_thread(read_roster, content, name=name)
        plan = await look(school_id, roster, _options(request))
    except Problem as problem:
        return _refused(request, school_id, problem)
    upload = await asyncio.to_thread(
        keep_upload, _folder(request), name, content, actor.account_id, school_id
    )
    return _review(request, school_id, upload, roster, plan)


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
    request: Request, school_id: int, upload: Upload, roster: Roster, plan: Plan
) -> Response[bytes]:
    more = len(plan.errors) - ROWS_SHOWN
    hidden = ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more} if more > 0 else ""
    report = f"/office/import/report/{upload.token}"
    query = _query(school_id) if len(school_tabs(request, MAY, school_id)) else ""
    return _page(
        request,
        school_id,
        "review",
        file=upload.name,
        token=upload.token,
        format=_(roster.format_title),
        counts=[
            {"label": _(LABELS[label]), **{k: str(v) for k, v in numbers.items()}}
            for label, numbers in plan.summary().items()
        ],
        rows=[_row(error) for error in plan.errors[:ROWS_SHOWN]],
        more=hidden,
        report=report + query if plan.errors else "",
        ready=plan.has_changes,
    )


def _row(error: RowError) -> dict[str, object]:
    return {
        "file": error.file,
        "line": str(error.line) if error.line else "",
        "column": error.column,
        "value": error.value,
        "text": _(error.message) % defaultdict(str, error.params),
        "bad": error.severity == "error",
    }


@page("/office/import/report/{token:str}", access=MAY)
async def report(request: Request, token: FromPath[str]) -> Response[bytes]:
    """Give the file back with a last column that says what to mend in each row."""
    upload, school_id = await _kept(request, token)
    roster = await asyncio.to_thread(read_roster, upload.content, name=upload.name)
    plan = await look(school_id, roster, _options(request))
    content, several = await asyncio.to_thread(_annotated, upload, plan)
    name = f"{PurePath(upload.name).stem}-{_('to mend')}.{'zip' if several else 'csv'}"
    ascii_name = "to-mend.zip" if several else "to-mend.csv"
    disposition = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Response(
        content,
        media_type="application/zip" if several else "text/csv; charset=utf-8",
        headers={"Content-Disposition": disposition, "Cache-Control": "private, no-store"},
    )


def _annotated(upload: Upload, plan: Plan) -> tuple[bytes, bool]:
    with open_source(upload.content, name=upload.name) as source:
        return annotate(source, plan.errors), len(source.tables) > 1


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
        roster = await asyncio.to_thread(read_roster, upload.content, name=upload.name)
        done = await apply(
            school_id,
            roster,
            _options(request),
            Doer(actor.account_id, actor.person(school_id)),
            facts_of(upload.content, upload.name),
        )
        await recompute_groups(school_id, done.plan.changed_groups)
    except Problem as problem:
        return _refused(request, school_id, problem)
    await asyncio.to_thread(drop_upload, _folder(request), upload.token, actor.account_id)
    return _page(request, school_id, "done", done=_done(done))


def _done(done: Applied) -> list[dict[str, str]]:
    """What was written, without the lines in which nothing changed."""
    lines = []
    for label, count in done.plan.counts.items():
        new, changed = N_("%(what)s: new"), N_("%(what)s: changed")
        for number, text in ((count.new, new), (count.changed, changed)):
            if number:
                lines.append((_(text) % {"what": _(LABELS[label])}, number))
    if done.accounts:
        lines.append((_("Accounts that wait for their one-time code"), done.accounts))
    left_out = sum(error.severity == "error" for error in done.plan.errors)
    if left_out:
        lines.append((_("Rows left out"), left_out))
    shown = [{"label": label, "value": str(number)} for label, number in lines]
    return shown or [{"label": _("Nothing had to be changed"), "value": "0"}]


HANDLERS: Final[tuple[Any, ...]] = (choose, review, report, apply_upload)
