"""Say what every plugin has to keep to; each check returns what it found, a line each.

The first line of a check's docstring heads what is shown when it fails.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.i18n import Locale
from kundelik_core.plugins.check.imports import declared_packages, strange_imports
from kundelik_core.plugins.check.words import untranslated
from kundelik_core.plugins.dispatch import MAX_FRAGMENT_BYTES
from kundelik_core.sdk import PAYMENT_PROVIDER, SLOTS, SlotArgs
from kundelik_core.testing import samples
from kundelik_core.testing.conformance_data import DATA_CHECKS, CannotTellError, demo_school
from kundelik_core.testing.conformance_outside import OUTSIDE_CHECKS
from kundelik_core.testing.conformance_pages import PAGE_CHECKS
from kundelik_core.testing.conformance_search import SEARCH_CHECKS
from kundelik_core.testing.conformance_work import WORK_CHECKS
from kundelik_core.testing.core import Core
from kundelik_core.testing.distfiles import CannotBuildError, foreign, lacking, shipped
from kundelik_core.testing.html import escaped_out, left_open, refused_by_policy
from kundelik_core.testing.subject import LOCALES, NotLoadedError, Subject

__all__ = ["CHECKS", "CannotTellError", "Check"]

Check: TypeAlias = Callable[[Subject], list[str]]

# A winter's day, and 29 February: what depends on dates most often fails on the second.
DAYS: Final = (date(2026, 11, 24), date(2028, 2, 29))


def manifest(subject: Subject) -> list[str]:
    """The server finds the plugin, reads its manifest and loads it."""
    fault = subject.fault()
    return [fault] if fault else []


def registered(subject: Subject) -> list[str]:
    """The plugin registers what its manifest names, no more and no less."""
    manifest = subject.loaded().manifest
    declared = subject.loaded().declared
    there: dict[str, set[str]] = {
        "slots": {slot.slot for slot in declared.slots},
        "search": {one.name for one in declared.search},
        "events": {one.event for one in declared.subscriptions},
        "permissions": {one.code for one in declared.permissions},
        "jobs": {job.name for job in declared.jobs},
        "commands": {command.name for command in declared.commands},
        "webhooks": {hook.name for hook in declared.webhooks},
        "products": {product.sku for product in declared.products},
    }
    answered = {service.name for service in declared.services}
    if declared.provider:
        answered.add(PAYMENT_PROVIDER)
    found = [
        f"provides names {name}, which nothing answers"
        for name in manifest.provides
        if name not in answered
    ]
    for key, registered_names in there.items():
        names: tuple[str, ...] = getattr(manifest.uses, key)
        idle = [name for name in names if name not in registered_names]
        found += [f"uses.{key} names {name}, which nothing registers" for name in idle]
    if manifest.uses.pages and not declared.pages:
        found.append("uses.pages is true, but there is no page")
    return found


def imports(subject: Subject) -> list[str]:
    """It imports kundelik_core.sdk, the standard library, itself and what it requires."""
    if subject.root is None or subject.dist is None:
        raise NotLoadedError(subject.fault())
    return [*strange_imports(subject.root, declared_packages(subject.dist.requires or ()))]


def hooks(subject: Subject) -> list[str]:
    """Its hooks are known ones, marked with a plain @hookimpl: none wraps or overtakes another."""
    reasons = (one.reason for one in subject.registry.plugins if one.name == subject.name)
    found = [why.text() for why in reasons if why and why.code in {"hook", "hook_options"}]
    if not found:
        subject.loaded()
    return found


def slots_empty_school(subject: Subject) -> list[str]:
    """In a school with nothing in it, every slot shows a whole fragment or nothing."""
    return [*_each(subject, samples.empty, left_open)]


def slots_full_class(subject: Subject) -> list[str]:
    """With a full class, every slot shows a whole fragment or nothing."""
    return [*_each(subject, samples.full, left_open)]


def slots_names_are_text(subject: Subject) -> list[str]:
    """A name with markup in it is shown as text."""
    return [*_each(subject, samples.odd, escaped_out)]


def slots_policy(subject: Subject) -> list[str]:
    """No slot brings a script, a style or anything from elsewhere onto the page."""
    return [*_each(subject, samples.full, refused_by_policy)]


def slots_budget(subject: Subject) -> list[str]:
    """Every slot fills no more bytes than a page has for it; its time is held by the page."""

    def size(html: str) -> Iterator[str]:
        if len(html.encode()) > MAX_FRAGMENT_BYTES:
            yield f"{len(html.encode())} bytes; {MAX_FRAGMENT_BYTES} are allowed"

    return [*_each(subject, samples.full, size)]


def slots_demo_school(subject: Subject) -> list[str]:
    """With its own demo data, every slot shows a whole fragment for everybody in the school."""
    loaded = subject.loaded()
    if not (loaded.declared.demo and loaded.slots):
        return []
    core = Core(subject.ground)
    school = demo_school(subject, core)
    found: list[str] = []
    for args in core.slot_args(school):
        slot = next(name for name, kind in SLOTS.items() if type(args) is kind)
        if slot in {one.slot for one in loaded.slots}:
            for locale in LOCALES:
                html = subject.render(slot, args, locale, school=core.told(school))
                found += [f"{slot}: {why}" for why in (*left_open(html), *refused_by_policy(html))]
    return [*dict.fromkeys(found)]


def words(subject: Subject) -> list[str]:
    """Everything that it says is there in Kazakh, Russian and English."""
    if subject.root is None:
        raise NotLoadedError(subject.fault())
    return [*untranslated(subject.root, subject.name, LOCALES)]


def wheel(subject: Subject) -> list[str]:
    """The wheel holds the package, all of it, and nothing else."""
    if subject.root is None or subject.dist is None:
        raise NotLoadedError(subject.fault())
    try:
        files = shipped(subject.dist)
    except CannotBuildError as error:
        raise CannotTellError(f"{error}; install what pyproject.toml requires to build") from error
    return [*foreign(files, subject.root.name), *lacking(files, subject.root)]


CHECKS: Mapping[str, Check] = MappingProxyType({
    check.__name__: check
    for check in (
        *(manifest, registered, imports, hooks),
        *(slots_empty_school, slots_full_class, slots_names_are_text, slots_policy, slots_budget),
        *(slots_demo_school, words, wheel),
        *DATA_CHECKS,
        *PAGE_CHECKS,
        *SEARCH_CHECKS,
        *WORK_CHECKS,
        *OUTSIDE_CHECKS,
    )
})  # fmt: skip
"""Every check by the name of its item."""


def _each(
    subject: Subject,
    make: Callable[[type[SlotArgs], date], SlotArgs],
    look: Callable[[str], Iterator[str]],
) -> Iterator[str]:
    """Render each slot in each language and on each day, and yield what ``look`` finds, once."""
    told: set[str] = set()
    for name in sorted({slot.slot for slot in subject.loaded().slots}):
        for locale in LOCALES:
            for today in DAYS:
                for fault in _one(subject, name, make(SLOTS[name], today), today, locale, look):
                    line = f"{name}: {fault}"
                    if line not in told:
                        told.add(line)
                        yield line


def _one(
    subject: Subject,
    slot: str,
    args: SlotArgs,
    today: date,
    locale: Locale,
    look: Callable[[str], Iterator[str]],
) -> Iterator[str]:
    with set_now(datetime(today.year, today.month, today.day, 7, tzinfo=UTC)):
        try:
            html = subject.render(slot, args, locale)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the plugin raises
            yield f"in {locale}, {type(error).__name__}: {' '.join(str(error).split())}"
            return
    yield from look(html)
