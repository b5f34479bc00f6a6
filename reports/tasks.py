"""Define the Celery tasks of reports; the schedule calls them."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from reports.clicks.enrichment import visitors
from reports.clicks.ingest import ingest
from reports.clicks.storage import partitions
from reports.reporting.runs import retention
from tasks.broker.periodic import claim_slot

# A run ends long before its queue's limits, so that it does not delay the stop of a worker.
_SECONDS = 50


@shared_task(name="reports.ingest_clicks", ignore_result=True)
def ingest_clicks(**_: Any) -> None:
    """Count the clicks of the stream; of two runs at once, one does nothing."""
    ingest.drain(seconds=_SECONDS)


@shared_task(name="reports.sweep_clicks", ignore_result=False)
def sweep_clicks(**_: Any) -> str:
    """Create coming partitions; delete clicks, salts and visitors past their time."""
    if not claim_slot("sweep_clicks", 3600):
        return "another run has this slot"
    partitions.ensure_ahead()
    partitions.drop_old()
    visitors.destroy_salts()
    return "swept"


@shared_task(name="reports.sweep_results", ignore_result=False)
def sweep_results(**_: Any) -> str:
    """Delete the results of runs past their time."""
    if not claim_slot("sweep_results", 3600):
        return "another run has this slot"
    retention.sweep_results()
    return "swept"
