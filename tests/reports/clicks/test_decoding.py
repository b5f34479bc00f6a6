"""Test which entries of the stream name a group, and how many events a damaged one counts for."""

from __future__ import annotations

import msgpack
import pytest

from reports.clicks.ingest.decoding import DecodedEntry, decode
from reports.clicks.ingest.stream import Entry
from reports.clicks.parsing.visits import EventParser

DAMAGED = b"\xc1"
LAST_NUMBER, LAST_COUNT = (1 << 63) - 2, (1 << 31) - 2


def decoded(**changes: bytes) -> DecodedEntry:
    """An entry without events, but for the changes."""
    fields = {"p": b"p1", "n": b"1", "a": b"4", "c": b"0", "d": msgpack.packb([]), **changes}
    entry = Entry("1-1", {name.encode(): value for name, value in fields.items()})
    return decode(entry, EventParser(0))


def refused(entry: DecodedEntry) -> list[int]:
    """Of how many events each refusal is."""
    return [refusal.events for refusal in entry.events.refusals]


@pytest.mark.parametrize("data", [msgpack.packb([]), DAMAGED])
@pytest.mark.parametrize("number", [1, 2, LAST_NUMBER])
@pytest.mark.parametrize("name", ["p", "0", "a1" * 16])
def test_a_group_has_a_producer_and_a_number(name: str, number: int, data: bytes) -> None:
    position = decoded(p=name.encode(), n=str(number).encode(), d=data).position
    assert position
    assert (position.producer, position.number) == (name, number)
    assert (position.accepted, position.events) == (4, 0)


@pytest.mark.parametrize(
    "changes",
    [
        *({"n": number} for number in (b"", b"0", b"-1", b"1.5", b"x", b"9" * 19, b"1" * 20)),
        {"n": str(LAST_NUMBER + 1).encode()},
        *({"p": name} for name in (b"", b"a" * 33, b"a b", b"a-b", "ä".encode(), b"\xff")),
    ],
)
def test_an_entry_without_either_is_refused(changes: dict[str, bytes]) -> None:
    entry = decoded(**changes)
    assert entry.position is None
    assert refused(entry) == [0]
    assert not entry.events.visits


@pytest.mark.parametrize(
    ("said", "events"),
    [
        (b"0", 0), (b"7", 7), (str(LAST_COUNT).encode(), LAST_COUNT),
        (str(LAST_COUNT + 1).encode(), 0), (b"9" * 19, 0), (b"1" * 5000, 0), (b"-7", 0), (b"x", 0),
        (b"", 0),
    ],
)  # fmt: skip
def test_a_damaged_entry_counts_for_as_many_events_as_it_says(said: bytes, events: int) -> None:
    entry = decoded(c=said, d=DAMAGED)
    assert entry.position
    assert entry.position.events == events
    assert refused(entry) == [events]
    assert entry.events.refusals[0].payload == DAMAGED


@pytest.mark.parametrize("accepted", [b"", b"x", b"-1", b"9" * 19])
def test_what_a_producer_accepted_may_be_unreadable(accepted: bytes) -> None:
    position = decoded(a=accepted, d=DAMAGED).position
    assert position
    assert position.accepted is None
