"""The ledger by time: what became of each accepted click."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from reports.analytics.buckets import Bucket
from reports.analytics.periods import Period
from reports.analytics.subjects import Subject

_SQL = """
SELECT width_bucket(hour, %(bounds)s::timestamptz[]),
    sum(accepted)::bigint, sum(humans)::bigint, sum(duplicates)::bigint, sum(bots)::bigint,
    sum(refused)::bigint, bool_and(accepted = humans + duplicates + bots + refused)
FROM {hours} AND hour >= %(start)s AND hour < %(end)s GROUP BY 1
"""


class Entry(NamedTuple):
    """Sums of clicks as they were counted, and whether every single row of the ledger adds up."""

    accepted: int = 0
    humans: int = 0
    duplicates: int = 0
    bots: int = 0
    refused: int = 0
    balanced: bool = True


def read_ledger(subject: Subject, period: Period, steps: Sequence[Bucket]) -> list[Entry]:
    """Of each bucket the UTC hours that begin in it, also where there are none: one query."""
    bounds = [step.start for step in steps]
    params = {"bounds": bounds, "start": period.start, "end": period.end, **subject.params}
    # By grid, since what is wrong in one could be made up for by another.
    with connection.cursor() as cursor:
        cursor.execute(_SQL.format(hours=subject.grid_hours), params)
        found = {number: Entry(*entry) for number, *entry in cursor.fetchall()}
    return [found.get(number, Entry()) for number in range(1, len(steps) + 1)]
