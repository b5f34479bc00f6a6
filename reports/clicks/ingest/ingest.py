"""Count the clicks of the stream, each exactly once.

A transaction stores the rows, the sums and, per producer, the number of the last group in it; only then are
the entries deleted. What a crash leaves in the stream is recognised by its number and not counted again.
While one batch is being stored, a second thread builds the next: the database and Python work side by side.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from time import monotonic
from typing import NamedTuple

from django.conf import settings
from django.db import DataError, connection, transaction

from reports.clicks.ingest.batches import Batch, BatchBuilder, IngestCounts
from reports.clicks.ingest.deduplication import store_changes
from reports.clicks.ingest.producers import store_progress
from reports.clicks.ingest.stream import Entry, Stream
from reports.clicks.parsing.targets import CLICK_COLUMNS, VIEW_COLUMNS
from reports.clicks.rollups import watermark
from reports.clicks.storage import partitions
from reports.clicks.storage.copy_format import copy
from reports.clicks.storage.ingest_lock import try_ingest_lock
from reports.models import SetAside

logger = logging.getLogger(__name__)

# Events of one transaction, about: a larger one takes more memory, a smaller one adds to the same sums more
# often.
EVENTS = 100_000
# Of the first one, so that the database has something to do soon.
_FIRST = 20_000


class DrainResult(NamedTuple):
    """Hold what a run did; with `is_busy`, nothing, since another one was running."""

    is_busy: bool = False
    counts: IngestCounts = IngestCounts()


def drain(*, seconds: float, events: int = EVENTS) -> DrainResult:
    """Count what is in the stream, for about so long.

    `events` is the size of a transaction. Raises RedisError and database errors; nothing is lost then.
    """
    with try_ingest_lock() as is_taken:
        if not is_taken:
            return DrainResult(is_busy=True)
        with _without_gc(), closing(Stream(settings.CLICKS_REDIS_URL)) as stream:
            return DrainResult(counts=_drain(stream, monotonic() + seconds, events))


@contextmanager
def _without_gc() -> Iterator[None]:
    """Turn off garbage collection: it takes a third of the time to find nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _drain(stream: Stream, deadline: float, events: int) -> IngestCounts:
    counts = IngestCounts()
    with ThreadPoolExecutor(1, thread_name_prefix="clicks") as ahead:
        try:
            builder = BatchBuilder()
            batch = ahead.submit(_next, builder, stream, min(events, _FIRST)).result()
            while batch:
                size = events if monotonic() < deadline else 0
                coming = ahead.submit(_next, builder, stream, size)
                try:
                    store(batch)
                except DataError:
                    logger.exception("clicks_batch_not_taken")
                    # The coming batch builds upon what was not stored: the next run builds it again.
                    return counts.plus(_store_each(batch.entries, stream))
                stream.delete(batch.entries)
                counts = counts.plus(batch.counts)
                batch = coming.result()
        finally:
            # That thread has a connection of its own.
            ahead.submit(connection.close)
    return counts


def store(batch: Batch) -> None:
    """Store a batch in one transaction, all of it or nothing.

    Raises DataError when the database does not accept a value, and ConcurrentIngest when somebody else has
    counted meanwhile.
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


def _next(builder: BatchBuilder, stream: Stream, events: int) -> Batch | None:
    entries = stream.read(events)
    return builder.build(entries) if entries else None


def _store_each(entries: Sequence[Entry], stream: Stream) -> IngestCounts:
    counts = IngestCounts()
    for entry in entries:
        counts = counts.plus(_store_alone(entry))
        stream.delete([entry])
    return counts


def _store_alone(entry: Entry) -> IngestCounts:
    batch = BatchBuilder().build([entry])
    try:
        store(batch)
    except DataError as error:
        batch = BatchBuilder().build_refused(entry, repr(error))
        store(batch)
    return batch.counts
