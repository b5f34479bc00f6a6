"""Counts the clicks of the stream, each exactly once.

A transaction stores the rows, the sums and, per producer, the number of the last group in it; only then are
the entries deleted. What a crash leaves in the stream is recognised by its number and not counted again.
While one batch is being written, the next is read and prepared: the database and Python work side by side.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial, reduce
from time import monotonic

from django.conf import settings
from django.db import DatabaseError, DataError, InterfaceError, connection

from reports.clicks.agents import Keys
from reports.clicks.beside import Beside
from reports.clicks.parcels import Parcel, opened
from reports.clicks.store import NOTHING, Stored, store
from reports.clicks.stream import Stream
from reports.clicks.visits import Reader

logger = logging.getLogger(__name__)

# Any number that nothing else locks; the letters "gridclic" as eight bytes.
LOCK_KEY = int.from_bytes(b"gridclic", "big")
# Of one transaction, about: a larger one needs more memory, a smaller one adds to the same sums more often.
EVENTS = 100_000
_NOW = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"


@dataclass(frozen=True, slots=True)
class Drained:
    """What a run did. With `is_busy` another one was at it, and this one did nothing."""

    is_busy: bool = False
    stored: Stored = NOTHING


@dataclass(frozen=True, slots=True)
class _Batch:
    now: int
    parcels: list[Parcel]


def drain(*, seconds: float, events: int = EVENTS) -> Drained:
    """Count what is in the stream, for about so long at most; `events` is the size of a transaction.

    Raises RedisError and database errors when one of the two is away: nothing is lost by that.
    """
    with only_ingest() as is_only:
        if not is_only:
            return Drained(is_busy=True)
        with _no_collections(), closing(Stream(settings.CLICKS_REDIS_URL)) as stream:
            return _drain(stream, monotonic() + seconds, events)


@contextmanager
def only_ingest() -> Iterator[bool]:
    """Whether nobody else counts clicks, which then stays so until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY])
        (is_only,) = cursor.fetchone()
    try:
        yield is_only
    finally:
        if is_only:
            unlock()


def unlock() -> None:
    """Give the lock of the ingest back."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
    except (DatabaseError, InterfaceError):
        # The lock ends with its connection.
        connection.close()


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


def _drain(stream: Stream, deadline: float, events: int) -> Drained:
    drained, agents = NOTHING, Keys()
    with ThreadPoolExecutor(1, thread_name_prefix="clicks") as ahead:
        try:
            batch = _next(stream, events)
            while batch.parcels:
                size = events if monotonic() < deadline else 0
                beside = Beside(ahead, partial(_next, stream, size))
                drained = drained.plus(_store(batch, agents, beside))
                stream.delete([parcel.entry for parcel in batch.parcels])
                batch = beside.rest()
        finally:
            # Its own connection, of that thread.
            ahead.submit(connection.close)
    return Drained(stored=drained)


def _next(stream: Stream, events: int) -> _Batch:
    entries = stream.read(events)
    if not entries:
        return _Batch(0, [])
    with connection.cursor() as cursor:
        cursor.execute(_NOW)
        (now,) = cursor.fetchone()
    reader = Reader(now)
    parcels = [opened(entry, reader) for entry in entries]
    if reader.stepped:
        logger.warning("clicks_of_no_time", extra={"events": reader.stepped})
    return _Batch(now, parcels)


def _store(batch: _Batch, agents: Keys, beside: Beside[_Batch]) -> Stored:
    try:
        return store(batch.parcels, now=batch.now, agents=agents, beside=beside)
    except DataError:
        logger.exception("clicks_batch_not_taken")
    alone = (_store_alone(parcel, batch.now, agents, beside) for parcel in batch.parcels)
    return reduce(Stored.plus, alone, NOTHING)


def _store_alone(parcel: Parcel, now: int, agents: Keys, beside: Beside[_Batch]) -> Stored:
    try:
        return store([parcel], now=now, agents=agents, beside=beside)
    except DataError as error:
        return store([parcel.refuse(repr(error))], now=now, agents=agents, beside=beside)
