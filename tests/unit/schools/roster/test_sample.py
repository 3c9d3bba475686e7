"""The list that the office is given to fill in is one that the importer reads."""

import pytest

from kundelik_core.kernel.i18n import LOCALES, Locale
from kundelik_core.schools.roster import read_roster
from kundelik_core.schools.roster.sample import sample_list, sample_staff


@pytest.mark.parametrize("locale", LOCALES)
def test_the_sample_is_read_without_a_remark(locale: Locale) -> None:
    roster = read_roster(sample_list(locale), name="sample.xlsx")
    assert roster.errors == []
    counts = roster.counts()
    assert (counts["pupils"], counts["parents"], counts["classes"]) == (2, 1, 2)
    born = {str(user.birth_date) for user in roster.users.values() if user.birth_date}
    assert born == {"2015-03-14", "2014-11-02"}


@pytest.mark.parametrize("locale", LOCALES)
def test_the_staff_list_is_read_without_a_remark(locale: Locale) -> None:
    roster = read_roster(sample_staff(locale), name="sample.xlsx")
    assert roster.errors == []
    assert roster.format == "staff-list"
    roles = {role.role for user in roster.users.values() for role in user.roles}
    assert roles == {"teacher", "deputy"}
    assert [(row.class_id, row.role) for row in roster.enrollments] == [("5А", "homeroom")]
