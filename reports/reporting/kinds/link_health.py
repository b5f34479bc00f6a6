"""Report which links are broken, moved or slow, by their last checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from django.db.models import Case, Count, F, IntegerField, Value, When
from rest_framework.serializers import ChoiceField

from grids.models import LinkQuerySet, Verdict
from reports.analytics.periods import Period
from reports.reporting.kinds import builders as build
from reports.reporting.kinds.base import DataSource, MetricsReader, ReportKind
from reports.reporting.kinds.parameters import Parameters, limit_field
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Fact, Result, Row, Table

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
_UNCHECKED = "unchecked"
_LABELS = {
    **{verdict.value: str(verdict.label) for verdict in WORST_FIRST},
    _UNCHECKED: "Not checked, or its address has changed since",
}
_LABEL = Column("label", "Result", CellType.TEXT)
_LINKS = Column("links", "Links", CellType.INTEGER)
_COLUMNS = (
    build.LINK,
    build.TITLE,
    build.URL,
    build.GRID_TITLE,
    Column("verdict", "Verdict", CellType.TEXT),
    Column("status", "Status", CellType.INTEGER),
    Column("moved_to", "Moved to", CellType.ADDRESS),
    Column("milliseconds", "Milliseconds", CellType.INTEGER),
    Column("certificate_expires_on", "Certificate expires", CellType.MOMENT),
    Column("checked_on", "Checked", CellType.MOMENT),
)
_FIELDS = (
    "slug",
    "title",
    "url",
    "grid__title",
    *(f"last_check__{column.name}" for column in _COLUMNS[4:]),
)
_SHOWN: dict[str, list[str]] = {
    "problems": [verdict for verdict in WORST_FIRST if verdict != Verdict.OK],
    "all": list(WORST_FIRST),
}
_RANK = Case(
    *(
        When(last_check__verdict=verdict, then=Value(rank))
        for rank, verdict in enumerate(WORST_FIRST)
    ),
    default=Value(len(WORST_FIRST)),
    output_field=IntegerField(),
)


class LinkHealthParameters(Parameters):
    """Validate which links are listed; all are counted."""

    show = ChoiceField(
        list(_SHOWN),
        default="all",
        help_text="Which links are listed: those with problems, or all.",
    )
    limit = limit_field(10_000, "The most links listed, worst first.")


class LinkHealth(ReportKind):
    """Report the last checks in three queries; the period is ignored."""

    name = "link_health"
    title = "Link health"
    description = "Links that are dead, moved, slow or with certificate problems, as last checked."
    reads = frozenset({DataSource.LINKS, DataSource.CHECKS})
    parameters = LinkHealthParameters

    def result(self) -> Result:
        """Return the number of links by verdict, and the links, worst first."""
        reader = MetricsReader(self.query)
        links = reader.scope.links
        counts = count_verdicts(links)
        total = Fact("links", "Links", CellType.INTEGER, sum(counts.values()))
        health = verdicts_table(counts)
        return self.build_result(
            reader,
            facts=[
                total,
                *(Fact(name, _LABELS[name], CellType.INTEGER, n) for name, n in counts.items()),
            ],
            tables=[health, self._links_table(links, counts)],
            charts=[build.bar_chart(health, _LABEL, _LINKS)],
        )

    def subtitle(self, reader: MetricsReader) -> str:
        """Describe the scope only, since no range applies."""
        return f"{reader.scope.description}, as last checked"

    def _links_table(self, links: LinkQuerySet, counts: dict[str, int]) -> Table:
        shown, limit = _SHOWN[self.params["show"]], self.params["limit"]
        listed = _checked(links).filter(last_check__verdict__in=shown)
        first = listed.order_by(_RANK, "title", "pk").values_list(*_FIELDS)[:limit]
        total = sum(counts[verdict] for verdict in shown)
        note = build.limit_note(min(total, limit), total)
        # Table iterates over the rows only once; a list would double the memory of a hundred thousand rows.
        rows = cast(Sequence[Row], _rows(self.query.period, first.iterator()))
        return Table("links", "Links, worst first", _COLUMNS, rows, (build.LINK.name,), note)


def count_verdicts(links: LinkQuerySet) -> dict[str, int]:
    """Count live links by verdict, worst first, then those not checked: two queries."""
    found = dict(
        _checked(links).order_by().values_list("last_check__verdict").annotate(links=Count("pk"))
    )
    counts = {verdict.value: found.get(verdict.value, 0) for verdict in WORST_FIRST}
    return {**counts, _UNCHECKED: links.live().count() - sum(counts.values())}


def verdicts_table(counts: dict[str, int]) -> Table:
    """Return the table of the counts."""
    columns: build.Columns = {
        _LABEL: [_LABELS[name] for name in counts],
        Column("verdict", "Verdict", CellType.TEXT): list(counts),
        _LINKS: list(counts.values()),
        Column("share", "Share of links", CellType.RATE): build.shares(list(counts.values())),
    }
    return build.table("health", "Link health", columns, key=("verdict",))


def _checked(links: LinkQuerySet) -> LinkQuerySet:
    """Return the live links whose current URL was checked."""
    return links.live().filter(last_check__url_key=F("url_key"))


def _rows(period: Period, found: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
    # Share the few titles of grids and verdicts among a hundred thousand rows.
    texts: dict[str, str] = {}
    for slug, title, url, grid, verdict, status, moved_to, milliseconds, expires, checked in found:
        shared = (texts.setdefault(text, text) for text in (grid, verdict))
        moments = build.local(period, expires), build.local(period, checked)
        yield (slug, title, url, *shared, status, moved_to or None, milliseconds, *moments)
