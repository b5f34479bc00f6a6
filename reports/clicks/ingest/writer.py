"""Store a batch in one transaction, all of it or nothing."""

from __future__ import annotations

from django.db import connection, transaction

from reports.clicks.ingest.batches import Batch
from reports.clicks.ingest.deduplication import store_changes
from reports.clicks.ingest.producers import store_progress
from reports.clicks.parsing.targets import CLICK_COLUMNS, VIEW_COLUMNS
from reports.clicks.rollups import watermark
from reports.clicks.storage import partitions
from reports.clicks.storage.copy_format import copy
from reports.models import SetAside


def store(batch: Batch) -> None:
    """Store the rows, the sums and the producers' positions of a batch.

    Raises DataError when the database does not accept a value, and ConcurrentIngest when somebody else has
    counted meanwhile; both leave everything as it was.
    """
    for table in partitions.TABLES if batch.months else ():
        partitions.ensure(table, batch.months)
    with (
        transaction.atomic(durable=True),
        connection.wrap_database_errors,
        connection.cursor() as cursor,
    ):
        store_progress(cursor, batch.progress, batch.now)
        copy(cursor, "reports_click", CLICK_COLUMNS, batch.clicks)
        watermark.advance(cursor)
        copy(cursor, "reports_view", VIEW_COLUMNS, batch.views)
        store_changes(cursor, batch.history)
        for additions, rows in batch.rollups:
            additions.store(cursor, rows)
        SetAside.objects.bulk_create(batch.set_aside)
