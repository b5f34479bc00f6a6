"""What is counted, of a group of clicks or of all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple


class Numbers(NamedTuple):
    """Counts of clicks, the human visitors behind them, and human views of the grid's page."""

    humans: int = 0
    duplicates: int = 0
    bots: int = 0
    refused: int = 0
    visitors: int = 0
    views: int = 0


NOTHING = Numbers()


def summed(parts: Iterable[Numbers]) -> Numbers:
    """All the parts together."""
    return Numbers(*map(sum, zip(NOTHING, *parts, strict=True)))


class Row(NamedTuple):
    """One group. `key` names it for programs, `label` for people; what cannot be named has no key.
    `details` are further fields of its JSON."""

    key: str | None
    label: str
    numbers: Numbers
    details: dict[str, Any]


class Reading(NamedTuple):
    """All groups, which add up to the whole; all views, which not every grouping can tell by group; and
    before what time it is approximate, if it is."""

    rows: list[Row]
    views: int
    approximate_before: datetime | None

    @property
    def totals(self) -> Numbers:
        """The sum of the rows, with the views of the whole."""
        return summed(row.numbers for row in self.rows)._replace(views=self.views)
