"""Every page of the gallery: its name, its template, its sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.gallery import (
    sample_appearance,
    sample_diary,
    sample_journal,
    sample_modules,
    sample_pages,
    sample_plugins,
    sample_privacy,
    sample_staff,
)

PAGES: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "login": ("login", sample_pages.login),
    "login-error": ("login", sample_pages.login_error),
    "diary": ("diary", sample_diary.diary),
    "diary-holidays": ("diary", sample_diary.holidays),
    "marks": ("marks", sample_diary.marks),
    "marks-subject": ("marks", sample_diary.subject),
    "journal": ("journal", sample_journal.journal),
    "journal-list": ("journal_list", sample_staff.journal_list),
    "home-teacher": ("home_teacher", sample_staff.home_teacher),
    "office": ("office", sample_staff.office),
    "classes": ("classes", sample_staff.classes),
    "class": ("class", sample_staff.klass),
    "account": ("account", sample_pages.account),
    "data": ("data", sample_privacy.data),
    "data-nobody": ("data", sample_privacy.data_of_nobody),
    "timetable": ("timetable", sample_pages.timetable),
    "import": ("import", sample_staff.choose),
    "import-review": ("import", sample_staff.review),
    "appearance": ("appearance", sample_appearance.appearance),
    "appearance-refused": ("appearance", sample_appearance.refused),
    "office-own-colours": ("office", sample_appearance.own_colours),
    "modules": ("modules", sample_modules.modules),
    "module-about": ("module_about", sample_modules.about),
    "module-page": ("module", sample_modules.own_page),
    "slip": ("slip", sample_appearance.slip),
    "people": ("people", sample_staff.people),
    "platform": ("platform", sample_staff.platform),
    "plugins": ("plugins", sample_plugins.plugins),
    "plugin": ("plugin", sample_plugins.plugin),
    "letters": ("letters", sample_plugins.letters),
    "region": ("region", sample_staff.region),
    "error": ("error", sample_pages.missing),
    "keys": ("help_keys", sample_staff.keys),
}
