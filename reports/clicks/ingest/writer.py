"""Puts a batch into the database: in one transaction, all of it or nothing."""

from __future__ import annotations

from django.db import connection, transaction

from reports.clicks.ingest.batches import Batch
from reports.clicks.ingest.deduplication import store_changes
from reports.clicks.ingest.producers import store_moves
from reports.clicks.rollups import watermark
from reports.clicks.storage import columns, partitions
from reports.clicks.storage.copy_format import copy
from reports.models import SetAside


def store(batch: Batch) -> None:
    """Count what is in the batch.

    Raises DataError, and leaves everything as it was, when the database does not take a value; OutOfStep when
    somebody else has counted meanwhile.
    """
    for table in partitions.TABLES if batch.months else ():
        partitions.ensure(table, batch.months)
    with (
        transaction.atomic(durable=True),
        connection.wrap_database_errors,
        connection.cursor() as cursor,
    ):
        store_moves(cursor, batch.moves, batch.now)
        copy(cursor, "reports_click", columns.CLICK, batch.clicks)
        watermark.advance(cursor)
        copy(cursor, "reports_view", columns.VIEW, batch.views)
        store_changes(cursor, batch.seen)
        for sums, rows in batch.sums:
            sums.add(cursor, rows)
        SetAside.objects.bulk_create(batch.set_aside)
