"""Entries of the stream, opened: what their events are and which group of which producer they bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgpack

from grids.public import wire
from reports.clicks.ingest.producers import Position
from reports.clicks.ingest.stream import Entry
from reports.clicks.parsing.visits import Reader, Readings, Refusal, told

_NAME = 32
_NUMBER_MAX = (1 << 63) - 1
_COUNT_MAX = (1 << 31) - 1
_NO_EVENTS = {b"d": msgpack.packb([]), b"c": b"0"}


@dataclass(frozen=True, slots=True)
class Parcel:
    """What an entry brings; without a position nobody knows whose it is."""

    entry: Entry
    position: Position | None
    readings: Readings

    def refuse(self, reason: str) -> Parcel:
        """The same with all its visits refused."""
        return replace(self, readings=self.readings.refuse_all(reason, _payload(self.entry)))


def opened(entry: Entry, reader: Reader) -> Parcel:
    """What is in an entry. One that is no group is among its own refusals, with as many events as it says."""
    try:
        group = wire.decode(entry.fields)
        position = _position(entry.fields, len(group.events) + _unkept(group))
    except wire.BadGroup as error:
        return _poison(entry, reader, str(error))
    if position is None:
        return _poison(entry, reader, "The producer or the number makes no sense")
    return Parcel(entry, position, reader.read(group))


def _poison(entry: Entry, reader: Reader, reason: str) -> Parcel:
    events = _number(entry.fields, b"c", _COUNT_MAX) or 0
    refusal = Refusal(events, reason, _payload(entry))
    try:
        # What the producer could not keep may be readable all the same.
        rest = wire.decode({**entry.fields, **_NO_EVENTS})
    except wire.BadGroup:
        return Parcel(entry, _position(entry.fields, events), Readings(refusals=[refusal]))
    position = _position(entry.fields, events + _unkept(rest))
    if position is None:
        return Parcel(entry, None, Readings(refusals=[refusal]))
    readings = reader.read(rest)
    readings.refusals.append(refusal)
    return Parcel(entry, position, readings)


def _position(fields: Mapping[bytes, bytes], events: int) -> Position | None:
    producer = fields.get(b"p", b"")
    number = _number(fields, b"n")
    if not number or not producer.isascii() or not producer.isalnum() or len(producer) > _NAME:
        return None
    return Position(producer.decode(), number, _number(fields, b"a"), events)


def _number(fields: Mapping[bytes, bytes], name: bytes, limit: int = _NUMBER_MAX) -> int | None:
    digits = fields.get(name, b"")
    # int() refuses thousands of digits.
    number = int(digits) if digits.isdigit() and len(digits) < 20 else limit
    return number if number < limit else None


def _unkept(group: wire.Group) -> int:
    return sum(map(told, group.unkept.values()))


def _payload(entry: Entry) -> bytes:
    return entry.fields.get(b"d", b"")
