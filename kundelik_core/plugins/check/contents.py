"""Read a plugin's manifest, migrations, templates and words, as far as files alone tell."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import jinja2
from jinja2 import nodes

from kundelik_core.kernel.i18n import Locale
from kundelik_core.kernel.migrate import MigrationError, split, valid_name
from kundelik_core.plugins.check.model import Finding, Level
from kundelik_core.plugins.check.words import untranslated
from kundelik_core.plugins.database.rules import check_statement
from kundelik_core.plugins.static import faults
from kundelik_core.sdk import (
    API_VERSION,
    EVENTS,
    SCOPES,
    SERVICES,
    SLOTS,
    Manifest,
    ManifestError,
    parse_manifest,
)

__all__ = ["about_contents", "about_manifest", "read_manifest"]

MAX_TEMPLATE: Final = 64 * 1024
_TABLE: Final = re.compile(r"create\s+table\s+(?:if\s+not\s+exists\s+)?([\w.\"]+)", re.IGNORECASE)
_SCHOOL: Final = re.compile(r"\bschool_id\s+(integer|int|int4)\s+not\s+null\b", re.IGNORECASE)
_KEY: Final = re.compile(r"primary\s+key\s*\(\s*school_id\b", re.IGNORECASE)
_ABROAD: Final = re.compile(
    r"references\s+\"?(core|core_api|directory|jobs)\"?\s*\.", re.IGNORECASE
)
_COMMENT: Final = re.compile(r"--[^\n]*")
_PERSON: Final = re.compile(
    r"\b\w*(student|pupil|guardian|parent|staff|teacher|person|author)_id\b"
)
_ACTIVE: Final = (
    (re.compile(r"<script\b", re.IGNORECASE), "a script"),
    (re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE), "a style"),
    (re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE), "a script in an attribute"),
    (re.compile(r"<(iframe|object|embed|base|link|meta)\b", re.IGNORECASE), "an element of pages"),
    (
        re.compile(r"\s(?:src|srcset|poster)\s*=\s*[\"']?(?:https?:)?//", re.IGNORECASE),
        "an address",
    ),
)


def read_manifest(root: Path, entry: str) -> tuple[Manifest | None, list[Finding]]:
    """Return the manifest of a package, or why it cannot be used."""
    where = f"{root.name}/kundelik.toml"
    try:
        manifest = parse_manifest((root / "kundelik.toml").read_bytes(), where)
    except OSError:
        help_ = "Put it beside the package's __init__.py and into the wheel."
        return None, [Finding("error", "manifest", where, "is not in the wheel", help_)]
    except ManifestError as error:
        text = str(error.message % error.params)
        return None, [Finding("error", "manifest", where, text, error.help)]
    if manifest.name != entry:
        text = f"is called {manifest.name}, but the entry point {entry}"
        return manifest, [Finding("error", "manifest", where, text, "Give both the same name.")]
    return manifest, []


def about_manifest(manifest: Manifest, where: str) -> Iterator[Finding]:
    """Yield what a well-formed manifest asks for in vain, and what a reviewer looks at."""
    if not manifest.accepts_api(API_VERSION):
        text = f"is made for {manifest.api} of the contract; this is {API_VERSION}"
        yield Finding("error", "api", where, text, "Try it with this version and widen the range.")
    unknown = [one for one in manifest.uses.slots if one not in SLOTS]
    unknown += [one for one in manifest.data.reads if one not in SCOPES]
    unknown += [one for one in manifest.uses.events if one not in EVENTS]
    unknown += [one for one in manifest.uses.services if one not in SERVICES]
    unknown += [one for one in manifest.provides if one not in SERVICES]
    if unknown:
        text = f"asks for what there is not: {', '.join(unknown)}"
        yield Finding("error", "unknown", where, text, "See the reference of hooks.")
    if manifest.summary is None:
        text = "does not say what it does"
        help_ = "Write [summary] in kk, ru and en: schools read it before they switch it on."
        yield Finding("warning", "summary", where, text, help_)
    vendor = manifest.vendor
    if ".example" in f"{vendor.url} {vendor.support} {vendor.security}":
        text = "has nobody who answers: the contact is an example"
        yield Finding("warning", "contact", where, text, "Write your own under [vendor].")
    for scope in manifest.data.reads:
        if scope in SCOPES:
            yield Finding("review", "reads", where, f"{scope}: {SCOPES[scope]}")
    for host in manifest.uses.http_out:
        yield Finding("review", "http", where, f"talks to {host}")
    for hook in manifest.uses.webhooks:
        yield Finding("review", "webhook", where, f"takes messages from outside at hook/{hook}")
    for secret in manifest.uses.secrets:
        yield Finding("review", "secret", where, f"wants the secret {secret}")


def about_contents(root: Path, manifest: Manifest, *, first_party: bool) -> Iterator[Finding]:
    """Yield what is wrong with migrations, templates and catalogues."""
    yield from _migrations(root, manifest)
    for path in sorted((root / "templates").rglob("*")):
        if path.is_file():
            yield from _template(path, path.relative_to(root.parent).as_posix())
    for name in manifest.themable:
        if not (root / "templates" / name).is_file():
            where = f"{root.name}/kundelik.toml"
            yield Finding("error", "themable", where, f"{name} is no template", "Take it out.")
    for name, fault in faults(root):
        help_ = "It would not be served; see static files in the cookbook."
        yield Finding("error", "static", f"{root.name}/static/{name}", fault, help_)
    yield from _words(root, manifest.name, first_party=first_party)


def _migrations(root: Path, manifest: Manifest) -> Iterator[Finding]:
    folder = root / "migrations"
    files = sorted(folder.glob("*")) if folder.is_dir() else []
    numbers: set[str] = set()
    text = ""
    for path in files:
        where = path.relative_to(root.parent).as_posix()
        if not valid_name(path.name) or path.name[:4] in numbers:
            help_ = "Write NNNN_what_it_does.sql, each number once."
            yield Finding("error", "migration", where, "is misnamed", help_)
            continue
        numbers.add(path.name[:4])
        try:
            sql = path.read_text("utf-8")
        except UnicodeDecodeError:
            yield Finding("error", "migration", where, "is not UTF-8", "Save it as UTF-8.")
            continue
        text += _COMMENT.sub("", sql)
        yield from _statements(where, sql)
    if text and not manifest.data.personal and (found := _PERSON.search(text)):
        what = f"has {found[0]}, but the manifest says that it keeps nothing about people"
        yield Finding("error", "personal", folder.name, what, "Write data.personal = true.")


def _statements(where: str, sql: str) -> Iterator[Finding]:
    help_ = "See the rules of migrations in the security model."
    try:
        statements = split(sql)
        for number, statement in enumerate(statements, 1):
            check_statement(where, number, statement)
    except MigrationError as error:
        yield Finding("error", "migration", where, str(error), help_)
        return
    for statement in (_COMMENT.sub("", one) for one in statements):
        if table := _TABLE.match(statement.lstrip()):
            if "." in table[1]:
                what = f"{table[1]} names a schema"
                yield Finding("error", "migration", where, what, "Write its bare name.")
            if not _SCHOOL.search(statement):
                what = f"{table[1]} has no school_id integer not null"
                yield Finding("error", "migration", where, what, help_)
            elif not _KEY.search(statement):
                what = f"the primary key of {table[1]} does not begin with school_id"
                yield Finding("error", "migration", where, what, help_)
        if _ABROAD.search(statement):
            what = "has a foreign key into the core"
            yield Finding("error", "migration", where, what, "Keep ids without a foreign key.")


def _template(path: Path, where: str) -> Iterator[Finding]:
    if path.stat().st_size > MAX_TEMPLATE:
        yield Finding("error", "template", where, "is larger than 64 KB", "Cut it up.")
        return
    try:
        text = path.read_text("utf-8")
        tree = jinja2.Environment(autoescape=True, extensions=()).parse(text)
    except (jinja2.TemplateSyntaxError, UnicodeDecodeError) as error:
        yield Finding("error", "template", where, str(error), "Mend it.")
        return
    for node in tree.find_all((nodes.Filter, nodes.ScopedEvalContextModifier)):
        if isinstance(node, nodes.Filter) and node.name == "random":
            at = f"{where}, line {node.lineno}"
            yield Finding("error", "template", at, "uses random", "Choose in the handler.")
        if not isinstance(node, nodes.Filter) or node.name in {"safe", "forceescape"}:
            at = f"{where}, line {node.lineno}"
            help_ = "Give values as they are; every value is text and never markup."
            yield Finding("error", "escape", at, "switches escaping off", help_)
    for pattern, what in _ACTIVE:
        if found := pattern.search(text):
            at = f"{where}, line {text.count(chr(10), 0, found.start()) + 1}"
            help_ = "The pages' policy refuses it; leave it out."
            yield Finding("error", "active", at, f"holds {what}", help_)


def _words(root: Path, name: str, *, first_party: bool) -> Iterator[Finding]:
    try:
        faults = {each: [*untranslated(root, name, [each])] for each in get_args(Locale)}
    except (SyntaxError, ValueError, jinja2.TemplateError):
        return  # a file that cannot be read, which is told of already
    whole = [one for one, found in faults.items() if not found and one != "en"]
    level: Level = "error" if first_party or not whole else "warning"
    help_ = "Translate it in locale/LANGUAGE/LC_MESSAGES." + ("" if whole else " One is a must.")
    for text in dict.fromkeys(line for found in faults.values() for line in found):
        yield Finding(level, "words", f"{root.name}/locale", text, help_)
