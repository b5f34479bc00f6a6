"""Read the ledger of accepted clicks by bucket of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from reports.analytics.buckets import Bucket
from reports.analytics.periods import Period
from reports.analytics.sources import MetricsSource

_SQL = """
SELECT width_bucket(hour, %(bounds)s::timestamptz[]),
    sum(accepted)::bigint, sum(humans)::bigint, sum(duplicates)::bigint, sum(bots)::bigint,
    sum(refused)::bigint, bool_and(accepted = humans + duplicates + bots + refused)
FROM {hours} AND hour >= %(start)s AND hour < %(end)s GROUP BY 1
"""


class LedgerEntry(NamedTuple):
    """Hold sums of clicks, and whether every single row of the ledger adds up."""

    accepted: int = 0
    humans: int = 0
    duplicates: int = 0
    bots: int = 0
    refused: int = 0
    balanced: bool = True


def read_ledger(
    source: MetricsSource, period: Period, steps: Sequence[Bucket]
) -> list[LedgerEntry]:
    """Return an entry for each bucket, of the UTC hours beginning in it: one query."""
    bounds = [step.start for step in steps]
    params = {"bounds": bounds, "start": period.start, "end": period.end, **source.params}
    # By grid, since an error in one could be offset by another.
    with connection.cursor() as cursor:
        cursor.execute(_SQL.format(hours=source.grid_hours), params)
        found = {number: LedgerEntry(*entry) for number, *entry in cursor.fetchall()}
    return [found.get(number, LedgerEntry()) for number in range(1, len(steps) + 1)]
