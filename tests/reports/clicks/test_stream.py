"""Test how the stream of clicks is read in batches, and emptied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from grids.public import wire
from reports.clicks.ingest import stream
from reports.clicks.ingest.stream import Stream


@pytest.fixture
def reader(redis: Any, settings: Any) -> Iterator[Stream]:
    reader = Stream(settings.CLICKS_REDIS_URL)
    yield reader
    reader.close()


def put(redis: Any, *counts: bytes) -> list[str]:
    """Entries that say how many events they have; their ids."""
    return [redis.xadd(wire.STREAM, {b"c": count}).decode() for count in counts]


def test_each_entry_is_read_once_the_oldest_first(redis: Any, reader: Stream) -> None:
    ids = put(redis, *[b"1"] * 25)
    entries = reader.read(10_000)
    assert [(entry.id, entry.fields) for entry in entries] == [(id, {b"c": b"1"}) for id in ids]
    assert reader.read(10_000) == []
    (later,) = put(redis, b"1")
    assert [entry.id for entry in reader.read(1)] == [later]


def test_a_batch_has_about_so_many_events_and_an_entry_counts_as_one_more(
    redis: Any, reader: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_PAGE", 1)
    put(redis, b"0", b"0", b"0", b"5", b"1", b"0", b"x", b"12345678", b"-9", b"1")
    counts = []
    while batch := reader.read(3):
        counts.append([entry.fields[b"c"] for entry in batch])
    assert counts == [
        [b"0", b"0", b"0"],
        [b"5"],
        [b"1", b"0"],
        # What is no count of events has none.
        [b"x", b"12345678", b"-9"],
        [b"1"],
    ]


@pytest.mark.parametrize("gone", [0, 1, 4, 5, 9])
def test_what_is_counted_is_deleted_and_nothing_else(
    redis: Any, reader: Stream, monkeypatch: pytest.MonkeyPatch, gone: int
) -> None:
    monkeypatch.setattr(stream, "_DELETED_AT_ONCE", 4)
    ids = put(redis, *[b"1"] * 10)
    reader.delete(reader.read(100)[:gone])
    assert [id.decode() for id, _ in redis.xrange(wire.STREAM)] == ids[gone:]
