"""Decode the entries of the stream: producer, number and events of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgpack

from grids.public import wire
from reports.clicks.ingest.producers import GroupPosition
from reports.clicks.ingest.stream import Entry
from reports.clicks.parsing.visits import EventParser, ParsedEvents, Refusal, valid_count

_NAME_LENGTH = 32
_NUMBER_LIMIT = (1 << 63) - 1
_COUNT_LIMIT = (1 << 31) - 1
_NO_EVENTS = {b"d": msgpack.packb([]), b"c": b"0"}


@dataclass(frozen=True, slots=True)
class DecodedEntry:
    """Hold what an entry brings; without a position its producer is unknown."""

    entry: Entry
    position: GroupPosition | None
    events: ParsedEvents

    def refuse(self, reason: str) -> DecodedEntry:
        """Return the same with every visit refused."""
        return replace(self, events=self.events.refuse_all(reason, _payload(self.entry)))


def decode(entry: Entry, parser: EventParser) -> DecodedEntry:
    """Decode an entry; refuse an invalid one, with as many events as it says."""
    try:
        group = wire.decode(entry.fields)
        position = _position(entry.fields, len(group.events) + _unkept(group))
    except wire.BadGroup as error:
        return _refused(entry, parser, str(error))
    if position is None:
        return _refused(entry, parser, "The producer or the number is invalid")
    return DecodedEntry(entry, position, parser.parse(group))


def _refused(entry: Entry, parser: EventParser, reason: str) -> DecodedEntry:
    events = _number(entry.fields, b"c", _COUNT_LIMIT) or 0
    refusal = Refusal(events, reason, _payload(entry))
    try:
        # What the producer could not keep may be readable all the same.
        rest = wire.decode({**entry.fields, **_NO_EVENTS})
    except wire.BadGroup:
        position = _position(entry.fields, events)
        return DecodedEntry(entry, position, ParsedEvents(refusals=[refusal]))
    position = _position(entry.fields, events + _unkept(rest))
    parsed = ParsedEvents() if position is None else parser.parse(rest)
    parsed.refusals.append(refusal)
    return DecodedEntry(entry, position, parsed)


def _position(fields: Mapping[bytes, bytes], events: int) -> GroupPosition | None:
    producer = fields.get(b"p", b"")
    number = _number(fields, b"n")
    is_name = producer.isascii() and producer.isalnum() and len(producer) <= _NAME_LENGTH
    if not number or not is_name:
        return None
    return GroupPosition(producer.decode(), number, _number(fields, b"a"), events)


def _number(fields: Mapping[bytes, bytes], name: bytes, limit: int = _NUMBER_LIMIT) -> int | None:
    digits = fields.get(name, b"")
    # int() refuses thousands of digits.
    number = int(digits) if digits.isdigit() and len(digits) < 20 else limit
    return number if number < limit else None


def _unkept(group: wire.Group) -> int:
    return sum(map(valid_count, group.unkept.values()))


def _payload(entry: Entry) -> bytes:
    return entry.fields.get(b"d", b"")
