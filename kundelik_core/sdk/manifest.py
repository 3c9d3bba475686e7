"""Read a plugin's ``kundelik.toml``: what it is and may do, known before any of it is imported."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from kundelik_core.sdk._texts import N_
from kundelik_core.sdk.text import Text

__all__ = [
    "Data",
    "Kind",
    "Level",
    "Manifest",
    "ManifestError",
    "Requirement",
    "Uses",
    "Vendor",
    "parse_manifest",
]

Kind: TypeAlias = Literal["module", "payment"]
"""What a plugin is for; some rights belong to one kind only."""

Level: TypeAlias = Literal["platform", "school", "user"]
"""Who switches a plugin on: the operator for all, a school for itself, a person for itself."""

_NAME = r"[a-z][a-z0-9_]{2,29}"
_Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{2,29}\Z")]
_Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]
_Url: TypeAlias = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^https?://\S+\Z")]
_Versioned: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z_]+(\.[a-z_]+)*\.v[1-9][0-9]*\Z")
]
_Dotted: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z")]
_Host: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+\Z")]
_Command: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{1,29}\Z")]
_Secret: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*\Z")]
_Template: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*\.html\Z")]
_Duration: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^P[1-9][0-9]*[DWMY]\Z")]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the manifest; a key nobody knows is a slip of the pen and is said to be one."""


class Vendor(_Table, frozen=True, kw_only=True):
    """Who answers for the plugin, and where to turn."""

    name: _Text
    url: _Url
    support: _Text
    security: _Text


class Data(_Table, frozen=True, kw_only=True):
    """What the plugin reads of the core, and what it keeps itself."""

    reads: tuple[_Versioned, ...] = ()
    personal: bool = False
    retention: _Duration | None = None


class Uses(_Table, frozen=True, kw_only=True):
    """Everything else the plugin may do; what is not named here is refused when it registers.

    ``pages`` allows pages under ``/x/NAME`` and entries of the menu that lead to them, ``search``
    names what staff can find of the plugin, ``webhooks`` doors for messages from outside,
    ``services`` what is asked of other plugins.
    """

    events: tuple[_Versioned, ...] = ()
    slots: tuple[_Dotted, ...] = ()
    permissions: tuple[_Dotted, ...] = ()
    jobs: tuple[_Dotted, ...] = ()
    commands: tuple[_Command, ...] = ()
    pages: bool = False
    search: tuple[_Dotted, ...] = ()
    webhooks: tuple[_Command, ...] = ()
    services: tuple[_Versioned, ...] = ()
    http_out: tuple[_Host, ...] = ()
    secrets: tuple[_Secret, ...] = ()
    products: tuple[_Dotted, ...] = ()


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """Another plugin that has to be there, and its versions (PEP 440; empty: any)."""

    name: str
    versions: str = ""

    def admits(self, version: str) -> bool:
        """Say whether this version of the other plugin will do."""
        return SpecifierSet(self.versions).contains(version, prereleases=True)


class Manifest(_Table, frozen=True, kw_only=True):
    """One plugin's manifest. Version, licence and dependencies are its distribution's to say.

    ``summary`` says in a sentence or two what the plugin does: a school reads it before it decides.
    ``themable`` names templates that a theme may lay out anew; their values are then a promise.
    """

    manifest: Literal[1]
    name: _Name
    api: str
    kind: Kind
    level: Level
    title: Text
    vendor: Vendor
    summary: Text | None = None
    requires: tuple[str, ...] = ()
    after: tuple[_Name, ...] = ()
    provides: tuple[_Versioned, ...] = ()
    themable: tuple[_Template, ...] = ()
    data: Data = Data()
    uses: Uses = Uses()

    def accepts_api(self, version: str) -> bool:
        """Say whether the plugin is made for this version of the contract."""
        return SpecifierSet(self.api).contains(version, prereleases=True)

    def requirements(self) -> tuple[Requirement, ...]:
        """Return ``requires`` taken apart."""
        return tuple(_requirement(text) for text in self.requires)


class ManifestError(Exception):
    """A manifest that cannot be used: which file, which key, what is wrong, what to do.

    ``message`` and ``help`` are English texts with ``%(name)s`` placeholders for ``params``,
    translated where they are shown; ``detail`` in the params stays in English, for the vendor.
    """

    code = "manifest"

    def __init__(self, file: str, key: str, detail: str, help: str) -> None:  # noqa: A002 - see Problem
        self.file, self.key, self.detail, self.help = file, key, detail, help
        self.message = _WRONG
        self.params: Mapping[str, object] = {"file": file, "key": key, "detail": detail}
        super().__init__(f"{self.message % self.params} {help}")


_WRONG = N_("%(file)s, %(key)s: %(detail)s.")
_OWN = N_("Start each with the plugin's own name and a dot, like rating.view in the plugin rating.")
_HELP: Mapping[str, str] = MappingProxyType(
    {
        "": N_("Write the file as TOML in UTF-8."),
        "manifest": N_("Write manifest = 1."),
        "name": N_(
            "Use 3 to 30 of a-z, 0-9 and _, a letter first; the same as the entry point's name."
        ),
        "api": N_('Write the versions of the plugin contract it is made for, like ">=0.2,<0.3".'),
        "kind": N_("Write one of: module, payment."),
        "level": N_("Write one of: platform, school, user."),
        "requires": N_(
            'List plugins by name, each with its versions if they matter, like "social>=1,<2".'
        ),
        "after": N_("List the names of other plugins, without versions."),
        "title": N_("Give the title in kk, ru and en, each up to 200 characters."),
        "summary": N_(
            "Say in kk, ru and en what it does, each in up to 200 characters; schools read it."
        ),
        "vendor": N_(
            "Give name, url (http or https), support and security: who answers, and where."
        ),
        "data": N_("It may hold reads, personal and retention."),
        "data.reads": N_('List scopes with their version, like "student.v1".'),
        "data.personal": N_("Write true when the plugin keeps data about people, else false."),
        "data.retention": N_('Write how long data is kept after a school leaves, like "P400D".'),
        "uses": N_(
            "It may hold events, slots, permissions, jobs, commands, pages, search, webhooks, "
            "services, http_out, secrets and products."
        ),
        "uses.events": N_('List events with their version, like "mark.recorded.v1".'),
        "uses.slots": N_('List slots by name, like "class.page".'),
        "uses.permissions": _OWN,
        "uses.jobs": _OWN,
        "uses.commands": N_("List names of small letters, digits and -, like recount."),
        "uses.pages": N_("Write true when the plugin has pages of its own, else false."),
        "uses.search": _OWN,
        "uses.webhooks": N_("List names of small letters, digits and -, like stripe."),
        "uses.services": N_('List services with their version, like "checkout.offer.v1".'),
        "provides": N_('List services with their version, like "checkout.offer.v1".'),
        "themable": N_('List templates that themes may lay out anew, like "diary_week.html".'),
        "uses.products": _OWN,
        "uses.http_out": N_("List host names in small letters, without a scheme or a port."),
        "uses.secrets": N_("List names of letters, digits and _."),
        "unknown": N_("Take it out, or mend its spelling."),
    }
)

_FIELD = re.compile(r"^Object (missing required|contains unknown) field `([^`]*)`")
_REQUIREMENT = re.compile(rf"^({_NAME})\s*([<>=!~][^;@\[\]]*)?\Z")


def parse_manifest(content: bytes, file: str) -> Manifest:
    """Return the manifest in ``content``; ManifestError names ``file`` and the key at fault."""
    try:
        table = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise ManifestError(file, f"byte {error.start + 1}", "not UTF-8", _HELP[""]) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ManifestError(file, "TOML", _lower(str(error)), _HELP[""]) from error
    try:
        manifest = msgspec.convert(table, Manifest)
    except msgspec.ValidationError as error:
        raise _from_msgspec(file, str(error)) from error
    for key, detail in _breaches(manifest):
        raise ManifestError(file, key, detail, _HELP[key])
    return manifest


def _from_msgspec(file: str, text: str) -> ManifestError:
    """Turn msgspec's sentence into the key as it stands in the file."""
    detail, _, path = text.partition(" - at `$")
    key = path.rstrip("`").lstrip(".")
    if named := _FIELD.match(detail):
        key = f"{key}.{named[2]}".lstrip(".")
        if named[1] == "contains unknown":
            return ManifestError(file, key, "an unknown key", _HELP["unknown"])
        detail = "missing"
    elif " matching regex " in detail:
        detail = "not of the right form"
    stem = re.sub(r"\[.*", "", key)
    while stem not in _HELP:
        stem = stem.rpartition(".")[0]
    return ManifestError(file, key, _lower(detail), _HELP[stem])


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _requirement(text: str) -> Requirement:
    """Take ``name>=1,<2`` apart; ValueError when it is not of that form."""
    match = _REQUIREMENT.match(text)
    if match is None:
        raise ValueError(text)
    return Requirement(name=match[1], versions=str(SpecifierSet(match[2] or "")))


def _breaches(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield (key, what is wrong) for the rules that a type cannot say."""
    try:
        empty = not SpecifierSet(manifest.api)
    except InvalidSpecifier:
        empty = True
    if empty:
        yield "api", f"no range of versions: {manifest.api!r}"
    for text in manifest.requires:
        try:
            other = _requirement(text).name
        except ValueError:  # InvalidSpecifier is one too
            yield "requires", f"cannot be read: {text!r}"
        else:
            if other == manifest.name:
                yield "requires", "the plugin requires itself"
    if manifest.name in manifest.after:
        yield "after", "the plugin comes after itself"
    if manifest.data.personal and manifest.data.retention is None:
        yield "data.retention", "missing, although data.personal is true"
    for key in ("permissions", "jobs", "search", "products"):
        values: tuple[str, ...] = getattr(manifest.uses, key)
        for value in values:
            if not value.startswith(f"{manifest.name}."):
                yield f"uses.{key}", f"not the plugin's own: {value!r}"
    yield from _repeats(manifest)


def _repeats(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield each list that names something twice."""
    lists: dict[str, Any] = {"requires": manifest.requires, "after": manifest.after}
    lists |= {"provides": manifest.provides, "data.reads": manifest.data.reads}
    lists["themable"] = manifest.themable
    fields = (key for key in Uses.__struct_fields__ if key != "pages")
    lists |= {f"uses.{key}": getattr(manifest.uses, key) for key in fields}
    for key, values in lists.items():
        if len(set(values)) < len(values):
            yield key, "something is named twice"
