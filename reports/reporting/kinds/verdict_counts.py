"""How many links are well, by their last checks."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, F

from grids.models import LinkQuerySet, Verdict
from reports.reporting.kinds.builders import bars, shares, table
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Chart, Column, Fact, Table

WORST_FIRST = (
    Verdict.DEAD,
    Verdict.TLS_EXPIRED,
    Verdict.TLS_INVALID,
    Verdict.TIMEOUT,
    Verdict.BLOCKED,
    Verdict.DENIED,
    Verdict.TLS_EXPIRING,
    Verdict.REDIRECTED,
    Verdict.SLOW,
    Verdict.OK,
)
UNCHECKED = "unchecked"
_NEVER = "Not checked, or its address has changed since"


def checked(links: LinkQuerySet) -> LinkQuerySet:
    """Live links whose present address was checked."""
    return links.live().filter(last_check__url_key=F("url_key"))


def counts(links: LinkQuerySet) -> dict[str, int]:
    """How many live links there are of each verdict, worst first, then UNCHECKED: two queries."""
    found = dict(
        checked(links)
        .order_by()
        .values_list("last_check__verdict")
        .annotate(links=Count("pk"))
        .values_list("last_check__verdict", "links")
    )
    by_verdict = {verdict.value: found.get(verdict.value, 0) for verdict in WORST_FIRST}
    return {**by_verdict, UNCHECKED: links.live().count() - sum(by_verdict.values())}


def facts(found: dict[str, int]) -> list[Fact]:
    """The counts, each as a fact, and how many links there are."""
    total = Fact("links", "Links", CellType.INTEGER, sum(found.values()))
    each = [Fact(name, _label(name), CellType.INTEGER, count) for name, count in found.items()]
    return [total, *each]


_LABEL = Column("label", "Result", CellType.TEXT)
_LINKS = Column("links", "Links", CellType.INTEGER)


def counts_table(found: dict[str, int]) -> Table:
    """The counts as a table."""
    columns: dict[Column, Sequence[Cell]] = {
        _LABEL: [_label(name) for name in found],
        Column("verdict", "Verdict", CellType.TEXT): list(found),
        _LINKS: list(found.values()),
        Column("share", "Share of links", CellType.RATE): shares(list(found.values())),
    }
    return table("health", "Link health", columns, key=("verdict",))


def chart(counted: Table) -> Chart:
    """Of the table of the counts."""
    return bars(counted, _LABEL, _LINKS)


def _label(name: str) -> str:
    return _NEVER if name == UNCHECKED else str(Verdict(name).label)
