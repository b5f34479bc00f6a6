"""Merge Parquet files without decoding them: copy their row groups and write one footer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from struct import Struct as Layout
from typing import TYPE_CHECKING, BinaryIO, Protocol

from reports.exports.formats.parquet.thrift import (
    Items,
    Kind,
    Struct,
    ThriftError,
    read_struct,
    write_struct,
)

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_MAGIC = b"PAR1"
# The length of the footer, then the magic again.
_TAIL = Layout("<I4s")
_BLOCK_BYTES = 1 << 20

# Field ids of parquet.thrift.
_SCHEMA, _NUM_ROWS, _ROW_GROUPS, _METADATA = 2, 3, 4, 5
_COLUMNS, _GROUP_ROWS, _GROUP_OFFSET, _ORDINAL = 1, 3, 5, 7
_CHUNK_OFFSETS, _CHUNK_METADATA = (2, 4, 6), 3
_PAGE_OFFSETS = (9, 10, 11, 14)
_REQUIRED = {_SCHEMA: Kind.LIST, _NUM_ROWS: Kind.I64, _ROW_GROUPS: Kind.LIST}


class DamagedPart(ValueError):
    """Report a part that is no Parquet file or has other columns."""


class Part(Protocol):
    """Describe a finished Parquet file: its size, and how to open a range of it."""

    @property
    def size(self) -> int:
        """Return the size in bytes."""

    @property
    def open(self) -> Callable[[int, int], BinaryIO]:
        """Return what opens a range, given its start and length."""


def merge(parts: Iterable[Part], out: SupportsWrite[bytes]) -> int:
    """Write the rows of all parts, at least one, as one file; count them.

    `out` need not seek. Row groups keep their statistics. Raises DamagedPart.
    """
    whole: Struct = {}
    groups: list[Struct] = []
    rows = 0
    place = _write(out, _MAGIC)
    for number, part in enumerate(parts, 1):
        footer, end = _footer(part, number)
        whole = whole or footer
        if any(whole.get(field) != footer.get(field) for field in (_SCHEMA, _METADATA)):
            raise DamagedPart(f"The columns of part {number} are not those of the first.")
        groups += _shifted_groups(footer, place - len(_MAGIC), len(groups), number)
        rows += footer[_NUM_ROWS].value
        place += _copy_body(part, end, out, number)
    if not whole:
        raise DamagedPart("There is no part.")
    whole[_NUM_ROWS].value = rows
    whole[_ROW_GROUPS].value = Items(Kind.STRUCT, groups)
    footer_bytes = write_struct(whole)
    out.write(footer_bytes + _TAIL.pack(len(footer_bytes), _MAGIC))
    return rows


def _footer(part: Part, number: int) -> tuple[Struct, int]:
    """Return the footer and its offset."""
    if part.size < len(_MAGIC) + _TAIL.size:
        raise DamagedPart(f"Part {number} is too short for a Parquet file.")
    length, magic = _TAIL.unpack(_read(part, part.size - _TAIL.size, _TAIL.size, number))
    start = part.size - _TAIL.size - length
    if magic != _MAGIC or start < len(_MAGIC):
        raise DamagedPart(f"Part {number} does not end as a Parquet file does.")
    try:
        footer = read_struct(_read(part, start, length, number))
    except ThriftError as error:
        raise DamagedPart(f"The footer of part {number} is damaged: {error}") from error
    if not _REQUIRED.items() <= {key: field.kind for key, field in footer.items()}.items():
        raise DamagedPart(f"The footer of part {number} is damaged: it lacks required fields.")
    return footer, start


def _read(part: Part, start: int, length: int, number: int) -> bytes:
    with part.open(start, length) as stream:
        data = stream.read(length)
    if len(data) < length:
        raise DamagedPart(f"Part {number} is shorter than its {part.size} bytes.")
    return data


def _shifted_groups(footer: Struct, by: int, ordinal: int, number: int) -> list[Struct]:
    groups: list[Struct] = footer[_ROW_GROUPS].value.values
    try:
        for group in groups:
            _shift_group(group, by, ordinal)
            ordinal += 1
        rows = sum(group[_GROUP_ROWS].value for group in groups)
    except (AttributeError, KeyError, TypeError) as error:
        raise DamagedPart(f"The footer of part {number} is damaged: no row groups.") from error
    if rows != footer[_NUM_ROWS].value:
        raise DamagedPart(f"The footer of part {number} is damaged: its rows do not add up.")
    return groups


def _shift_group(group: Struct, by: int, ordinal: int) -> None:
    _shift(group, (_GROUP_OFFSET,), by)
    if _ORDINAL in group:
        group[_ORDINAL].value = ordinal
    for chunk in group[_COLUMNS].value.values:
        _shift(chunk, _CHUNK_OFFSETS, by)
        _shift(chunk[_CHUNK_METADATA].value, _PAGE_OFFSETS, by)


def _shift(struct: Struct, offsets: tuple[int, ...], by: int) -> None:
    for field in offsets:
        # Offset 0 is the magic: some writers use it for what they leave out.
        if field in struct and struct[field].value:
            struct[field].value += by


def _copy_body(part: Part, end: int, out: SupportsWrite[bytes], number: int) -> int:
    """Copy everything between the first magic and the footer; return the bytes."""
    with part.open(0, end) as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise DamagedPart(f"Part {number} does not begin as a Parquet file does.")
        copied = 0
        while block := stream.read(_BLOCK_BYTES):
            copied += _write(out, block)
    if copied != end - len(_MAGIC):
        raise DamagedPart(f"Part {number} is shorter than its {part.size} bytes.")
    return copied


def _write(out: SupportsWrite[bytes], data: bytes) -> int:
    out.write(data)
    return len(data)
