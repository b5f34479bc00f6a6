"""Read and write Thrift's compact protocol, of which Parquet footers are made, without its types.

Whatever is read is written back to the same bytes, including fields of later versions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

_DEPTH_MAX = 32
_VARINT_BITS = 70


class Kind(IntEnum):
    """Name the types of the protocol; TRUE and FALSE are whole values."""

    TRUE = 1
    FALSE = 2
    BYTE = 3
    I16 = 4
    I32 = 5
    I64 = 6
    DOUBLE = 7
    BINARY = 8
    LIST = 9
    SET = 10
    STRUCT = 12


class ThriftError(ValueError):
    """Report bytes that are no struct, or a value that does not fit."""


@dataclass(slots=True)
class Field:
    """Hold a type and its value: int, bytes (DOUBLE too), Items, Struct or None."""

    kind: Kind
    value: Any


@dataclass(slots=True)
class Items:
    """Hold the values of a list or set of one type; booleans are bytes."""

    kind: Kind
    values: list[Any]


Struct = dict[int, Field]
"""The fields of a struct by their ids, in order."""


def read_struct(data: bytes) -> Struct:
    """Return the struct that fills `data`; raise ThriftError."""
    reader = _Reader(data)
    struct = reader.struct()
    if reader.place != len(data):
        raise ThriftError("There is more than a struct.")
    return struct


def write_struct(struct: Struct) -> bytes:
    """Return the bytes of a struct; raise ThriftError for a number too large."""
    out = bytearray()
    _write_struct(out, struct)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.place = 0
        self._data = data
        self._depth = 0
        self._readers: dict[Kind, Callable[[], Any]] = {
            Kind.TRUE: lambda: None,
            Kind.FALSE: lambda: None,
            Kind.BYTE: self._byte,
            **dict.fromkeys((Kind.I16, Kind.I32, Kind.I64), self._integer),
            Kind.DOUBLE: lambda: self._bytes(8),
            Kind.BINARY: lambda: self._bytes(self._varint()),
            **dict.fromkeys((Kind.LIST, Kind.SET), self._items),
            Kind.STRUCT: self.struct,
        }

    def struct(self) -> Struct:
        self._enter()
        fields: Struct = {}
        number = 0
        while header := self._byte():
            step, kind = header >> 4, _kind(header & 15)
            number = number + step if step else self._integer()
            fields[number] = Field(kind, self._readers[kind]())
        self._depth -= 1
        return fields

    def _items(self) -> Items:
        self._enter()
        header = self._byte()
        count, kind = header >> 4, _kind(header & 15)
        if count == 15:
            count = self._varint()
        read = self._byte if kind <= Kind.FALSE else self._readers[kind]
        items = Items(kind, [read() for _ in range(count)])
        self._depth -= 1
        return items

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise ThriftError("Nested too deep.")

    def _integer(self) -> int:
        zigzag = self._varint()
        return (zigzag >> 1) ^ -(zigzag & 1)

    def _varint(self) -> int:
        value = 0
        for shift in range(0, _VARINT_BITS, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ThriftError("A number has no end.")

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        start, self.place = self.place, self.place + count
        if self.place > len(self._data):
            raise ThriftError("The bytes end inside a value.")
        return self._data[start : self.place]


def _kind(number: int) -> Kind:
    try:
        return Kind(number)
    except ValueError as error:
        raise ThriftError(f"There is no type {number} in a footer.") from error


def _write_struct(out: bytearray, struct: Struct) -> None:
    last = 0
    for number, field in struct.items():
        step = number - last
        if 0 < step < 16:
            out.append(step << 4 | field.kind)
        else:
            out.append(field.kind)
            _write_integer(16)(out, number)
        _WRITERS[field.kind](out, field.value)
        last = number
    out.append(0)


def _write_items(out: bytearray, items: Items) -> None:
    count = len(items.values)
    out.append(min(count, 15) << 4 | items.kind)
    if count >= 15:
        _write_varint(out, count)
    write = bytearray.append if items.kind <= Kind.FALSE else _WRITERS[items.kind]
    for value in items.values:
        write(out, value)


def _write_integer(bits: int) -> Callable[[bytearray, int], None]:
    def write(out: bytearray, value: int) -> None:
        if not -(1 << bits - 1) <= value < 1 << bits - 1:
            raise ThriftError(f"{value} does not fit into {bits} bits.")
        _write_varint(out, value << 1 if value >= 0 else ~value << 1 | 1)

    return write


def _write_varint(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _write_binary(out: bytearray, value: bytes) -> None:
    _write_varint(out, len(value))
    out += value


_WRITERS: dict[Kind, Callable[[bytearray, Any], None]] = {
    Kind.TRUE: lambda out, value: None,
    Kind.FALSE: lambda out, value: None,
    Kind.BYTE: bytearray.append,
    Kind.I16: _write_integer(16),
    Kind.I32: _write_integer(32),
    Kind.I64: _write_integer(64),
    Kind.DOUBLE: bytearray.extend,
    Kind.BINARY: _write_binary,
    Kind.LIST: _write_items,
    Kind.SET: _write_items,
    Kind.STRUCT: _write_struct,
}
