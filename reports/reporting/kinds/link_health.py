"""Which links are broken, moved or slow, by their last checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from django.db.models import Case, IntegerField, Value, When

from grids.models import LinkQuerySet, Verdict
from reports.analytics.periods import Period
from reports.reporting.kinds import verdict_counts as health
from reports.reporting.kinds.base import Asking, Data, ReportKind
from reports.reporting.kinds.builders import GRID_TITLE, LINK, TITLE, URL, left_out, local
from reports.reporting.kinds.parameters import Parameters, about
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Result, Row, Table

_COLUMNS = (
    LINK,
    TITLE,
    URL,
    GRID_TITLE,
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
    "last_check__verdict",
    "last_check__status",
    "last_check__moved_to",
    "last_check__milliseconds",
    "last_check__certificate_expires_on",
    "last_check__checked_on",
)
_SHOWN: dict[str, list[str]] = {
    "problems": [verdict for verdict in health.WORST_FIRST if verdict != Verdict.OK],
    "all": list(health.WORST_FIRST),
}
# So much worse than others are those that come before them.
_RANK = Case(
    *(
        When(last_check__verdict=verdict, then=Value(rank))
        for rank, verdict in enumerate(health.WORST_FIRST)
    ),
    default=Value(len(health.WORST_FIRST)),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class LinkHealthParameters(Parameters):
    """Which links are listed; all are counted."""

    show: Literal["problems", "all"] = field(
        default="all", metadata=about("Whether links that are well are listed too.")
    )
    limit: int = field(
        default=10_000, metadata=about("Of links listed, the worst.", minimum=1, maximum=100_000)
    )


class LinkHealth(ReportKind[LinkHealthParameters]):
    """Three queries. The period plays no part: it is what the last checks found."""

    name: ClassVar = "link_health"
    title: ClassVar = "Link health"
    description: ClassVar = "Links that are dead, moved, slow or badly certified, as last checked."
    reads: ClassVar = frozenset({Data.LINKS, Data.CHECKS})
    parameters: ClassVar = LinkHealthParameters

    def result(self) -> Result:
        """How many there are of each verdict, and the links, worst first."""
        asking = Asking(self.question)
        links = asking.scope.links
        found = health.counts(links)
        counts = health.counts_table(found)
        return self.made(
            asking,
            facts=health.facts(found),
            tables=[counts, self._listed(links, found)],
            charts=[health.chart(counts)],
        )

    def subtitle(self, asking: Asking) -> str:
        """Of no range."""
        return f"{asking.scope.words}, as last checked"

    def _listed(self, links: LinkQuerySet, found: dict[str, int]) -> Table:
        shown = _SHOWN[self.params.show]
        listed = health.checked(links).filter(last_check__verdict__in=shown)
        first = listed.order_by(_RANK, "title", "pk").values_list(*_FIELDS)[: self.params.limit]
        total = sum(found[verdict] for verdict in shown)
        note = left_out(min(total, self.params.limit), total)
        rows = _rows(self.question.period, first.iterator())
        return Table.of_many("links", "Links, worst first", _COLUMNS, rows, (LINK.name,), note)


def _rows(period: Period, found: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
    # Of a hundred thousand links the grids and verdicts are a few texts.
    texts: dict[str, str] = {}
    for slug, title, url, grid, verdict, status, moved_to, milliseconds, expires, checked in found:
        shared = (texts.setdefault(text, text) for text in (grid, verdict))
        moments = local(period, expires), local(period, checked)
        yield (slug, title, url, *shared, status, moved_to or None, milliseconds, *moments)
