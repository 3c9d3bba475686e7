"""Read the marks of a OneRoster bundle: line items and results, scores kept exact."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from kundelik_core.kernel.i18n import N_

from .columns import Line
from .model import LineItem, Result
from .values import clean_text, parse_decimal

if TYPE_CHECKING:
    from .loader import Loader

_BASE = ("sourcedId", "status", "dateLastModified")
_STATUSES = frozenset(
    {"exempt", "fully graded", "not submitted", "partially graded", "submitted", ""}
)


def read_results(loader: Loader) -> None:
    """Read categories, line items and results into the loader's roster, if the bundle has them."""
    reader = _Results(loader)
    loader.each("categories", (*_BASE, "title"), ("sourcedId", "title"), reader.category)
    loader.each("lineItems", (*_BASE, "title", "description", "assignDate", "dueDate",
                "classSourcedId", "categorySourcedId", "gradingPeriodSourcedId",
                "academicSessionSourcedId", "resultValueMin", "resultValueMax"),
                ("sourcedId", "title", "classSourcedId"), reader.line_item)  # fmt: skip
    loader.each("results", (*_BASE, "lineItemSourcedId", "studentSourcedId", "scoreStatus",
                "score", "scoreDate", "comment"),
                ("sourcedId", "lineItemSourcedId", "studentSourcedId"),
                reader.result)  # fmt: skip


class _Results:
    def __init__(self, loader: Loader) -> None:
        self._loader, self._roster = loader, loader.roster
        self._categories: dict[str, str] = {}
        self._results: dict[str, Result] = {}

    def category(self, line: Line) -> None:
        self._categories[line.get("sourcedId")] = clean_text(line.get("title"), 200)

    def line_item(self, line: Line) -> None:
        loader, roster = self._loader, self._roster
        key = loader.fresh_id(line, "sourcedId", roster.line_items)
        known = loader.refer(line, "classSourcedId", roster.classes, "classes")
        fine, due = line.date("dueDate")
        low_fine, low = self._number(line, "resultValueMin")
        high_fine, high = self._number(line, "resultValueMax")
        if key and known and fine and low_fine and high_fine:
            category = line.get("categorySourcedId")
            roster.line_items[key] = LineItem(
                id=key,
                title=clean_text(line.get("title"), 300),
                class_id=line.get("classSourcedId"),
                source=line.where(),
                category=self._categories.get(category, category),
                session=line.get("gradingPeriodSourcedId") or line.get("academicSessionSourcedId"),
                due=due,
                minimum=low,
                maximum=high,
                ended=loader.ended(line),
            )

    def result(self, line: Line) -> None:
        loader, roster = self._loader, self._roster
        key = loader.fresh_id(line, "sourcedId", self._results)
        item_known = loader.refer(line, "lineItemSourcedId", roster.line_items, "lineItems")
        user_known = loader.refer(line, "studentSourcedId", roster.users, "users")
        score_fine, score = self._number(line, "score")
        date_fine, date = line.date("scoreDate")
        if not (key and item_known and user_known and score_fine and date_fine):
            return
        status = line.get("scoreStatus").casefold()
        if status not in _STATUSES:
            line.report.warning(
                line.where("scoreStatus"),
                "score_status_unknown",
                N_("The score status %(value)s is not known and was left empty."),
                value=status,
                params={"value": status},
            )
            status = ""
        result = Result(
            id=key,
            line_item=line.get("lineItemSourcedId"),
            user=line.get("studentSourcedId"),
            source=line.where(),
            score=score,
            status=status,
            date=date,
            comment=clean_text(line.get("comment")),
            ended=loader.ended(line),
        )
        self._results[key] = result
        roster.results.append(result)

    def _number(self, line: Line, column: str) -> tuple[bool, Decimal | None]:
        text = line.get(column)
        if not text:
            return True, None
        number = parse_decimal(text)
        if number is None:
            line.report.error(
                line.where(column),
                "number_unreadable",
                N_("%(value)s is not a number."),
                value=text,
                params={"value": text},
            )
        return number is not None, number
