"""Make empty lists to fill in, of a class and of the staff.

The headings are those that the importer knows, and the rows show how.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from kundelik_core.kernel.i18n import Locale

__all__ = ["sample_list", "sample_staff", "workbook"]

_HEADINGS: dict[Locale, tuple[str, ...]] = {
    "kk": ("Тегі", "Аты", "Әкесінің аты", "Сынып", "Туған күні", "Жынысы",
           "Ата-анасының аты-жөні", "Ата-анасының телефоны"),
    "ru": ("Фамилия", "Имя", "Отчество", "Класс", "Дата рождения", "Пол", "ФИО родителя",
           "Телефон родителя"),
    "en": ("Surname", "First name", "Patronymic", "Class", "Birth date", "Sex", "Parent",
           "Parent phone"),
}  # fmt: skip
_ROWS: dict[Locale, tuple[tuple[str, ...], ...]] = {
    "kk": (
        ("Үлгіұлы", "Арман", "", "5 А", "14.03.2015", "ұл", "Үлгіұлы Серік", "+7 700 000 00 01"),
        ("Үлгіқызы", "Әсел", "Серікқызы", "5 Ә", "02.11.2014", "қыз", "", ""),
    ),
    "ru": (
        ("Образцов", "Арман", "", "5 А", "14.03.2015", "м", "Образцов Серик", "+7 700 000 00 01"),
        ("Образцова", "Асель", "Сериковна", "5 Ә", "02.11.2014", "ж", "", ""),
    ),
    "en": (
        ("Example", "Arman", "", "5 А", "14.03.2015", "m", "Example Serik", "+7 700 000 00 01"),
        ("Example", "Asel", "", "5 Ә", "02.11.2014", "f", "", ""),
    ),
}  # fmt: skip
_STAFF: dict[Locale, tuple[tuple[str, ...], ...]] = {
    "kk": (
        ("Тегі", "Аты", "Әкесінің аты", "Лауазымы", "Жетекші сыныбы", "Пән", "Телефон",
         "Эл. пошта", "Туған күні"),
        ("Үлгіқызы", "Айгерім", "Серікқызы", "мұғалім, сынып жетекшісі", "5 А", "Математика",
         "+7 700 000 00 02", "", "14.03.1985"),
        ("Үлгіұлы", "Серік", "", "директордың оқу ісі жөніндегі орынбасары", "", "", "", "", ""),
    ),
    "ru": (
        ("Фамилия", "Имя", "Отчество", "Должность", "Классное руководство", "Предмет", "Телефон",
         "Эл. почта", "Дата рождения"),
        ("Образцова", "Айгерим", "Сериковна", "учитель, классный руководитель", "5 А",
         "Математика", "+7 700 000 00 02", "", "14.03.1985"),
        ("Образцов", "Серик", "", "заместитель директора по учебной работе", "", "", "", "", ""),
    ),
    "en": (
        ("Surname", "First name", "Patronymic", "Position", "Homeroom", "Subject", "Phone",
         "E-mail", "Birth date"),
        ("Example", "Aigerim", "", "teacher, homeroom teacher", "5 А", "Mathematics",
         "+7 700 000 00 02", "", "14.03.1985"),
        ("Example", "Serik", "", "deputy head", "", "", "", "", ""),
    ),
}  # fmt: skip
_WIDTH = 22


def sample_list(locale: Locale) -> bytes:
    """Return the class list as a workbook."""
    return workbook((_HEADINGS[locale], *_ROWS[locale]))


def sample_staff(locale: Locale) -> bytes:
    """Return the staff list as a workbook."""
    return workbook(_STAFF[locale])


def workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """Return rows under a heading as a workbook of text, so that no date is turned."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = _WIDTH
    for line in sheet.iter_rows(max_row=sheet.max_row):
        for cell in line:
            cell.number_format = "@"
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
