"""A made-up plugin in three versions: with a table, with a column more, and with a wish more."""

from pathlib import Path

from kundelik_core.testing.packages import manifest
from tests.unit.plugins.dists import Site

CODE = """
from kundelik_core.sdk import (
    Command, CommandAnswer, Erased, Fragment, PersonalField, PrivacyHandlers, Record, Slot, Text,
    hookimpl,
)

async def render(ctx, args):
    {body}
    async with ctx.db.read() as tx:
        count = await tx.fetchval("select count(*) from note")
    return Fragment(template="show.html", context={{"text": f"{version}: {{count}}"}})

async def count(ctx, request):
    async with ctx.db.write() as tx:
        await tx.execute(
            "insert into note (school_id, id, student_id, body) "
            "values ($1, gen_random_uuid(), gen_random_uuid(), 'x')", ctx.school.id)
        number = await tx.fetchval("select count(*) from note")
    return CommandAnswer(lines=(f"{{number}} notes",))

async def export(ctx, subject):
    async with ctx.db.read() as tx:
        rows = await tx.fetch("select body from note where student_id = $1", subject.id)
    title = Text(kk="Ескерту", ru="Заметка", en="Note")
    return [Record(title=title, values={{"body": row["body"]}}) for row in rows]

async def erase(ctx, erasure):
    return Erased(rows=0)

class Plugin:
    @hookimpl
    def slots(self):
        return [Slot(slot="class.page", render=render)]

    @hookimpl
    def commands(self):
        return [Command(name="count", help="Adds a note and counts.", run=count)]

    @hookimpl
    def personal_data(self):
        why = Text(kk="к", ru="р", en="e")
        return [PersonalField(table="note", column="student_id", subject="student", purpose=why,
                              ground="consent")]

    @hookimpl
    def privacy(self):
        return PrivacyHandlers(export=export, erase=erase)

plugin = Plugin()
"""

NOTES = """
create table note (
  school_id  integer not null,
  id         uuid    not null,
  student_id uuid    not null,
  body       text    not null,
  primary key (school_id, id)
);
"""
MORE = "alter table note add column tone text not null default 'kind';\n"


def install(
    site: Site, name: str, version: str = "1.0", *, reads: str = '"student.v1"',
    files: dict[str, str] | None = None, body: str = "pass",
) -> None:  # fmt: skip
    """Install a version; another one that was there goes, as pip does it."""
    package = f"vendor_{name}"
    remove(site, name)
    site.add(
        name,
        version=version,
        manifest=manifest(
            name,
            'slots = ["class.page"]\ncommands = ["count"]',
            tables=f'[data]\nreads = [{reads}]\npersonal = true\nretention = "P400D"',
            title=("Ескерту", "Заметки", "Notes"),
        ),
        code=CODE.format(version=version, body=body),
    )
    folder = site.folder / package / "migrations"
    folder.mkdir()
    for file, sql in (files or {"0001_notes": NOTES}).items():
        (folder / f"{file}.sql").write_text(sql)


def remove(site: Site, name: str) -> None:
    """Uninstall whatever version is there."""
    folders = [site.folder / f"vendor_{name}", *site.folder.glob(f"vendor_{name}-*.dist-info")]
    for folder in folders:
        if folder.exists():
            _drop(folder)


def _drop(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
