"""Counts the clicks of the stream, each exactly once.

A transaction stores the rows, the sums and, per producer, the number of the last group in it; only then are
the entries deleted. What a crash leaves in the stream is recognised by its number and not counted again.
While one batch is being stored, a second thread makes the next: the database and Python work side by side.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from time import monotonic

from django.conf import settings
from django.db import DataError, connection

from reports.clicks.ingest.batches import NOTHING, Batch, Maker, Stored
from reports.clicks.ingest.stream import Entry, Stream
from reports.clicks.ingest.writer import store
from reports.clicks.storage.ingest_lock import try_ingest_lock

logger = logging.getLogger(__name__)

# Of one transaction, about: a larger one needs more memory, a smaller one adds to the same sums more often.
EVENTS = 100_000
# Of the first one, so that the database has something to do soon.
_FIRST = 20_000


@dataclass(frozen=True, slots=True)
class Drained:
    """What a run did. With `is_busy` another one was at it, and this one did nothing."""

    is_busy: bool = False
    stored: Stored = NOTHING


def drain(*, seconds: float, events: int = EVENTS) -> Drained:
    """Count what is in the stream, for about so long at most; `events` is the size of a transaction.

    Raises RedisError and database errors when one of the two is away: nothing is lost by that.
    """
    with try_ingest_lock() as is_taken:
        if not is_taken:
            return Drained(is_busy=True)
        with _no_collections(), closing(Stream(settings.CLICKS_REDIS_URL)) as stream:
            return Drained(stored=_drain(stream, monotonic() + seconds, events))


@contextmanager
def _no_collections() -> Iterator[None]:
    """The search for cycles would walk over every visit again and again, a third of all the time, and there
    are none among them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _drain(stream: Stream, deadline: float, events: int) -> Stored:
    stored = NOTHING
    with ThreadPoolExecutor(1, thread_name_prefix="clicks") as ahead:
        try:
            maker = Maker()
            batch = ahead.submit(_next, maker, stream, min(events, _FIRST)).result()
            while batch.entries:
                size = events if monotonic() < deadline else 0
                coming = ahead.submit(_next, maker, stream, size)
                try:
                    store(batch)
                except DataError:
                    logger.exception("clicks_batch_not_taken")
                    # What is coming builds upon what was not stored: the next run makes it anew.
                    return stored.plus(_store_each(batch.entries, stream))
                stream.delete(batch.entries)
                stored = stored.plus(batch.stored)
                batch = coming.result()
        finally:
            # Its own connection, of that thread.
            ahead.submit(connection.close)
    return stored


def _next(maker: Maker, stream: Stream, events: int) -> Batch:
    return maker.make(stream.read(events))


def _store_each(entries: Sequence[Entry], stream: Stream) -> Stored:
    stored = NOTHING
    for entry in entries:
        stored = stored.plus(_store_alone(entry))
        stream.delete([entry])
    return stored


def _store_alone(entry: Entry) -> Stored:
    batch = Maker().make([entry])
    try:
        store(batch)
    except DataError as error:
        batch = Maker().refuse(entry, repr(error))
        store(batch)
    return batch.stored
