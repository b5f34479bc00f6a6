"""Read what the analytics API answers: grouped metrics, and the rows of a grid's ledger."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from gridlink.lib.json_values import json_size
from gridlink.lib.rest.pagination import PAGE_BYTES
from grids.models import Grid, Link
from reports.analytics.buckets import STEPS
from reports.analytics.groupings import OTHER, READERS, AnalyticsQuery
from reports.analytics.metrics import Metrics, Row, click_through_rate, sum_metrics
from reports.analytics.periods import Period
from reports.models import LinkHour

# What the counts of a row take beside the rest.
_COUNTS_BYTES = 200
LEDGER_COUNTS = ("accepted", "humans", "duplicates", "bots", "refused")


def analytics_read(*, query: AnalyticsQuery) -> dict[str, Any]:
    """Return the JSON of an analytics answer, in one to four queries. Raises Invalid."""
    grouped = READERS[query.group_by](query)
    approximate, totals = grouped.approximate_before, grouped.totals
    rows = grouped.rows if query.group_by in STEPS else _bounded(grouped.rows)
    return {
        **query.period.as_json,
        "group_by": query.group_by,
        "include_bots": query.include_bots,
        "approximate_before": query.period.local(approximate) if approximate else None,
        "totals": {
            **_counts(totals, query),
            "views": totals.views,
            "click_through_rate": click_through_rate(totals, totals.views),
        },
        "results": [
            {"key": row.key, "label": row.label, **_counts(row.metrics, query), **row.details}
            for row in rows
        ],
    }


def _bounded(rows: list[Row]) -> list[Row]:
    """Merge the smallest groups into OTHER where all would be more than a page."""
    named = [row for row in rows if row.key is not None]
    sizes = accumulate(json_size(row) + _COUNTS_BYTES for row in named)
    fitting = sum(size <= PAGE_BYTES for size in sizes)
    if fitting == len(named):
        return rows
    unnamed = [row for row in rows if row.key is None]
    merged = [*named[fitting:], *(row for row in unnamed if row.label == OTHER)]
    other = Row(None, OTHER, sum_metrics(row.metrics for row in merged), {})
    return [*named[:fitting], other, *(row for row in unnamed if row.label != OTHER)]


def _counts(metrics: Metrics, query: AnalyticsQuery) -> dict[str, int]:
    return {
        "clicks": metrics.humans + metrics.bots * query.include_bots,
        "humans": metrics.humans,
        "bots": metrics.bots,
        "duplicates": metrics.duplicates,
        "refused": metrics.refused,
        "visitors": metrics.visitors,
    }


def ledger_hours(*, grid: Grid, period: Period, link: str = "") -> QuerySet[LinkHour]:
    """Return ledger rows of hours beginning in the period, of one link or of all."""
    hours = LinkHour.objects.filter(grid_id=grid.pk, hour__gte=period.start, hour__lt=period.until)
    if link:
        hours = hours.filter(link_id__in=Link.objects.filter(slug=link).values("pk"))
    return hours


class LedgerSums(NamedTuple):
    """Hold the sums of LEDGER_COUNTS, and whether every single row of the ledger adds up."""

    totals: dict[str, int]
    is_balanced: bool


def ledger_sums(*, hours: QuerySet[LinkHour]) -> LedgerSums:
    """Return the sums of all rows: one query."""
    parts = F("humans") + F("duplicates") + F("bots") + F("refused")
    sums = hours.aggregate(
        # First, while the names still mean the columns.
        unbalanced=Count("hour", filter=~Q(accepted=parts)),
        **{name: Coalesce(Sum(name), 0) for name in LEDGER_COUNTS},
    )
    return LedgerSums({name: int(sums[name]) for name in LEDGER_COUNTS}, not sums["unbalanced"])


def ledger_rows(*, hours: list[LinkHour], period: Period) -> list[dict[str, Any]]:
    """Return the JSON of ledger rows: one query for the slugs, null for deleted links."""
    slugs = dict(
        Link.objects.filter(pk__in={row.link_id for row in hours}).values_list("pk", "slug")
    )
    return [
        {
            "hour": period.local(row.hour),
            "link": slugs.get(row.link_id),
            **{name: getattr(row, name) for name in LEDGER_COUNTS},
        }
        for row in hours
    ]
