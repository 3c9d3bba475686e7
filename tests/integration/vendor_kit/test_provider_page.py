"""The page on ways to pay: its plugin works as it stands there, and a careless one is found out."""

import re
from pathlib import Path

import pytest

from tests.integration.vendor_kit import projects
from tools.lint import ROOT

PAGE = ROOT / "docs" / "vendors" / "payment.md"
FILE = re.compile(r"^\*\*`([^`]+)`\*\*.*?^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)

CARELESS = (
    ('PaymentStarted(known=found["id"], url=found["url"])',
     'PaymentStarted(known=found["id"], url="ftp://" + ctx.school.name)'),
    ("if asked.currency !=", "if False and asked.currency !="),
    ('"/invoices", body, asked.key)', '"/invoices", body, str(id(body)))'),
    ("path, body, asked.key)", "path, body, str(id(body)))"),
    ('amount_minor=found["amount"],\n        currency', 'amount_minor=1,\n        currency'),
    ("(seen(found),) if found else ()", "(seen(found),)"),
    ('found.get("invoices", ())[:100]', 'found.get("invoices", ())[:0]'),
    ("return WebhookReply() if noted else WebhookReply(status=503)", "return WebhookReply()"),
    ("@told\nasync def reconcile", "async def reconcile"),
)  # fmt: skip
MEMORY = (
    ('if one["state"] != "paid" or body["amount"] > left:', "if False:"),
    ("if key not in self.keys:", "if True:"),
)


def written(folder: Path) -> Path:
    """Write the files of the page."""
    for name, text in FILE.findall(PAGE.read_text("utf-8")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def changed(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{file.name}: {old}"
        text = text.replace(old, new)
    file.write_text(text, "utf-8")


def tried(project: Path, tmp_path: Path) -> tuple[int, str]:
    """Build and install the project, and run its tests with the conformance items."""
    place = tmp_path / "site"
    projects.install(projects.build(project, tmp_path / "wheel"), place)
    return projects.pytest_in(project, place, "-rA", "--no-header")


@pytest.mark.slow
def test_the_plugin_of_the_page_keeps_to_everything(tmp_path: Path) -> None:
    code, told = tried(written(tmp_path / "bazar"), tmp_path)
    assert code == 0, told
    assert "failed" not in told
    assert told.count("PASSED tests/test_bazar.py") == 16
    assert "PASSED kundelik_bazar/kundelik.toml::payments_not_set_up" in told


@pytest.mark.slow
def test_a_careless_one_is_found_out(tmp_path: Path) -> None:
    project = written(tmp_path / "bazar")
    changed(project / "kundelik_bazar" / "plugin.py", *CARELESS)
    changed(project / "tests" / "test_bazar.py", *MEMORY)
    code, told = tried(project, tmp_path)
    assert code == 1, told
    tests = {*re.findall(r"^FAILED \S+::(\w+)(?:\[| - |$)", told, re.MULTILINE)}
    assert tests == {
        "test_a_payment_begins_once_for_a_key",
        "test_the_payer_is_led_to_a_page",
        "test_amounts_out_of_range_are_declined",
        "test_what_was_paid_is_told_in_the_smallest_unit",
        "test_what_nobody_began_is_nothing",
        "test_money_goes_back_once_for_a_key",
        "test_more_than_was_paid_stays",
        "test_parts_go_back_as_far_as_there_is_something_left",
        "test_what_changed_is_listed_to_its_end",
        "test_a_message_is_led_to_its_school_and_believed_by_nobody",
        "payments_not_set_up",
    }, told
