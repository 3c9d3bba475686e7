"""Say what every plugin has to keep to; each check returns what it found, a line each.

The first line of a check's docstring heads what is shown when it fails.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.i18n import Locale
from kundelik_core.plugins.dispatch import MAX_FRAGMENT_BYTES
from kundelik_core.sdk import MAX_BUDGET_MS, SLOTS, SlotArgs
from kundelik_core.testing import samples
from kundelik_core.testing.distfiles import CannotBuildError, foreign, lacking, shipped
from kundelik_core.testing.html import escaped_out, left_open, refused_by_policy
from kundelik_core.testing.imports import strange_imports
from kundelik_core.testing.subject import LOCALES, NotLoadedError, Subject
from kundelik_core.testing.words import untranslated

__all__ = ["CHECKS", "CannotTellError", "Check"]

Check: TypeAlias = Callable[[Subject], list[str]]

# A winter's day, and 29 February: what depends on dates most often fails on the second.
DAYS: Final = (date(2026, 11, 24), date(2028, 2, 29))


class CannotTellError(Exception):
    """A check that cannot be made here; the text says what it lacks."""


def manifest(subject: Subject) -> list[str]:
    """The server finds the plugin, reads its manifest and loads it."""
    fault = subject.fault()
    return [fault] if fault else []


def registered(subject: Subject) -> list[str]:
    """The plugin registers what its manifest names, no more and no less."""
    loaded = subject.loaded()
    uses = loaded.manifest.uses
    filled = {slot.slot for slot in loaded.slots}
    idle = [slot for slot in uses.slots if slot not in filled]
    found = [f"uses.slots names {slot}, which it does not fill" for slot in idle]
    # The contract has no hook for these yet, so whoever names them asks for what it cannot use.
    for key in ("permissions", "jobs", "products"):
        names: tuple[str, ...] = getattr(uses, key)
        found += [f"uses.{key} names {name}, which nothing registers" for name in names]
    return found


def imports(subject: Subject) -> list[str]:
    """It imports kundelik_core.sdk, the standard library and itself, nothing else."""
    if subject.root is None:
        raise NotLoadedError(subject.fault())
    return [*strange_imports(subject.root)]


def hooks(subject: Subject) -> list[str]:
    """Its hooks are known ones, marked with a plain @hookimpl: none wraps or overtakes another."""
    reasons = (one.reason for one in subject.registry.plugins if one.name == subject.name)
    found = [why.text() for why in reasons if why and why.code in {"hook", "hook_options"}]
    if not found:
        subject.loaded()
    return found


def slots_empty_school(subject: Subject) -> list[str]:
    """In a school with nothing in it, every slot shows a whole fragment or nothing."""
    return [*_each(subject, lambda kind, _today: samples.empty(kind), left_open)]


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
    """Every slot asks for no more time and fills no more bytes than a page has for it."""
    loaded = subject.loaded()
    found = []
    for name in sorted({slot.slot for slot in loaded.slots}):
        several = [slot for slot in loaded.slots if slot.slot == name]
        if len(several) > 1:
            found.append(f"{name}: it is filled {len(several)} times; put them into one fragment")
        asked = sum(slot.budget_ms for slot in several)
        if asked > MAX_BUDGET_MS:
            found.append(f"{name}: {asked} ms in all; a page waits for {MAX_BUDGET_MS}")

    def size(html: str) -> Iterator[str]:
        if len(html.encode()) > MAX_FRAGMENT_BYTES:
            yield f"{len(html.encode())} bytes; {MAX_FRAGMENT_BYTES} are allowed"

    return [*found, *_each(subject, samples.full, size)]


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
        *(words, wheel),
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
