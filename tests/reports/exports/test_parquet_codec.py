"""Parquet parts and the one file of them: what pyarrow and DuckDB read is what was in the database."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.exports.columns import Column, expression
from reports.exports.columns import Kind as ColumnKind
from reports.exports.formats.parquet import encoder
from reports.exports.formats.parquet.encoder import COPY_OPTIONS, EXPRESSIONS, PartWriter
from reports.exports.formats.parquet.merge import DamagedPart, merge
from reports.exports.formats.parquet.thrift import (
    Field,
    Items,
    Kind,
    Struct,
    ThriftError,
    read_struct,
    write_struct,
)
from tasks.storage import ObjectStore, object_store
from tests.support.tasks.sinks import WriteOnly

pytestmark = pytest.mark.django_db

EVERY = tuple(
    Column(name, name, kind)
    for name, kind in (
        ("text", ColumnKind.TEXT),
        ("big", ColumnKind.BIGINT),
        ("small", ColumnKind.INTEGER),
        ("flag", ColumnKind.BOOLEAN),
        ("moment", ColumnKind.TIMESTAMP),
        ("texts", ColumnKind.TEXT_ARRAY),
    )
)
TEXT = Column("text", "text", ColumnKind.TEXT)
CLICKS = (
    Column("n", "n", ColumnKind.BIGINT),
    Column("name", "name", ColumnKind.TEXT),
    Column("moment", "moment", ColumnKind.TIMESTAMP),
    Column("even", "even", ColumnKind.BOOLEAN),
)
_CLICKS = """
FROM (
    SELECT n, 'No. ' || n % 7 AS name, CASE WHEN n % 3 > 0 THEN n % 2 = 0 END AS even,
        timestamptz '2026-03-04 05:06:07.000089Z' + n * interval '1 s' AS moment
    FROM generate_series({}::bigint, {}) AS n
) AS clicks
"""
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def copied(
    out: IO[bytes] | io.RawIOBase,
    columns: Sequence[Column],
    source: str,
    on_progress: Callable[[int], object] = id,
) -> None:
    """Write the part of a FROM clause to `out`."""
    select = ", ".join(expression(column, EXPRESSIONS) for column in columns)
    with connection.cursor() as cursor:
        with PartWriter(out, columns, on_progress) as part:
            cursor.copy_expert(f"COPY (SELECT {select} {source}) TO STDOUT ({COPY_OPTIONS})", part)
        assert part.rows == cursor.rowcount


def part_of(columns: Sequence[Column], source: str, *params: Any) -> bytes:
    """The part file of a FROM clause."""
    out = io.BytesIO()
    with connection.cursor() as cursor:
        filled = cursor.mogrify(source, params or None).decode()
    copied(out, columns, filled)
    return out.getvalue()


def clicks(first: int, last: int) -> bytes:
    return part_of(CLICKS, _CLICKS.format(first, last))


def merged(*parts: bytes) -> bytes:
    """One file of the parts, by a sink that only takes bytes."""
    out = WriteOnly()
    rows = merge([part_in(data) for data in parts], out)
    assert rows == sum(table(data).num_rows for data in parts)
    return bytes(out.data)


class Stored(NamedTuple):
    size: int
    open: Callable[[int, int], BinaryIO]


def _ranged(store: ObjectStore, key: str, start: int, length: int) -> BinaryIO:
    return store.open(key, start=start, length=length)


def part_in(data: bytes, size: int | None = None) -> Stored:
    return Stored(
        len(data) if size is None else size,
        lambda start, length: io.BytesIO(data[start : start + length]),
    )


def table(data: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(data))


def test_every_type() -> None:
    rows = """FROM (VALUES
        ('a,"b"', -9223372036854775808, -2147483648, true,
         timestamptz '2026-03-04 05:06:07.000089Z', ARRAY['a, b', '', '"', NULL, E'\\n']),
        ('', 9223372036854775807, 2147483647, false,
         timestamptz '1000-01-01 00:00Z', '{}'::text[]),
        (NULL, NULL, NULL, NULL, NULL, NULL)
    ) AS v (text, big, small, flag, moment, texts)"""
    found = table(part_of(EVERY, rows))
    assert found.schema == pa.schema(
        [(column.name, encoder._TYPES[column.kind]) for column in EVERY]
    )
    first, second, third = found.to_pylist()
    assert first == {
        "text": 'a,"b"',
        "big": -(2**63),
        "small": -(2**31),
        "flag": True,
        "moment": datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC),
        "texts": ["a, b", "", '"', None, "\n"],
    }
    assert second == {
        "text": "",
        "big": 2**63 - 1,
        "small": 2**31 - 1,
        "flag": False,
        "moment": datetime(1000, 1, 1, tzinfo=UTC),
        "texts": [],
    }
    assert set(third.values()) == {None}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.one_of(st.none(), texts), max_size=20), lists=st.lists(texts, max_size=5))
def test_any_text_comes_back(rows: list[str | None], lists: list[str]) -> None:
    columns = (TEXT, EVERY[-1])
    source = (
        "FROM unnest(%s::text[]) WITH ORDINALITY AS t (text, n), (SELECT %s::text[] AS texts) AS l"
    )
    found = table(part_of(columns, f"{source} ORDER BY n", rows, lists))
    assert found["text"].to_pylist() == rows
    assert found["texts"].to_pylist() == [lists] * len(rows)


def test_looks_of_values_change_nothing() -> None:
    words = ["NULL", "null", "NaN", "t", "f", "1", "\\N", "\\.", "#N/A", " ", '""', "2026-01-01"]
    source = "FROM unnest(%s::text[]) WITH ORDINALITY AS t (text, n) ORDER BY n"
    found = table(part_of((TEXT,), source, words))
    assert found["text"].to_pylist() == words


@pytest.mark.parametrize("rows", [[None], ["", None, None, ""], [None] * 3, ["a", None]])
def test_a_single_column_keeps_its_nulls(rows: list[str | None]) -> None:
    source = "FROM unnest(%s::text[]) WITH ORDINALITY AS t (text, n) ORDER BY n"
    found = table(part_of((TEXT,), source, rows))
    assert found["text"].to_pylist() == rows


def group_sizes(data: bytes) -> list[int]:
    footer = pq.read_metadata(io.BytesIO(data))
    return [footer.row_group(n).num_rows for n in range(footer.num_row_groups)]


def test_groups_have_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "GROUP_ROWS", 1000)
    monkeypatch.setattr(encoder, "_BLOCK_BYTES", 500)
    data = clicks(1, 3500)
    *full, last = group_sizes(data)
    assert len(full) == 3
    assert all(1000 <= size < 1020 for size in full)
    assert last < 1000
    assert table(data)["n"].to_pylist() == list(range(1, 3501))
    footer = pq.read_metadata(io.BytesIO(data))
    assert {footer.row_group(0).column(n).compression for n in range(4)} == {"ZSTD"}
    assert data == clicks(1, 3500)


def test_groups_of_long_rows_are_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "_BLOCK_BYTES", 1000)
    monkeypatch.setattr(encoder, "_GROUP_BYTES", 10_000)
    columns = (TEXT,)
    data = part_of(
        columns, "FROM (SELECT repeat('x', 999) AS text FROM generate_series(1, 25)) AS t"
    )
    assert group_sizes(data) == [10, 10, 5]


def test_parts_go_into_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "_BLOCK_BYTES", 5000)
    store = object_store()
    told: list[int] = []
    with store.sink("part") as sink:
        copied(sink, CLICKS, _CLICKS.format(1, 1000), told.append)
    assert sum(told) == 1000
    assert len(told) > 5
    with store.sink("whole") as sink:
        merge([Stored(store.size("part"), partial(_ranged, store, "part"))], sink)
    with store.open("whole") as stream:
        assert stream.read() == clicks(1, 1000)


def test_what_a_sink_says_is_heard() -> None:
    class Full(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            if len(data) > 4:
                raise BlockingIOError("no room")
            return len(data)

    part = PartWriter(Full(), CLICKS)
    part.write(b"1,a,2026-01-01 00:00:00+00,t\n")
    with pytest.raises(BlockingIOError, match="no room"), part:
        pass


def test_a_stop_is_passed_on() -> None:
    def stop(rows: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError), PartWriter(io.BytesIO(), CLICKS, stop) as part:
        part.write(b"1,a,2026-01-01 00:00:00+00,t\n")


def test_a_value_that_its_column_cannot_hold() -> None:
    with pytest.raises(pa.ArrowInvalid, match="timestamp"):
        part_of((CLICKS[2],), "FROM (SELECT timestamptz 'infinity' AS moment) AS clicks")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(0, 50), max_size=5))
def test_merged_is_the_parts(tmp_path: Path, cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), 50]
    parts = [clicks(start + 1, end) for start, end in pairwise(ends)]
    data = merged(*parts)
    assert table(data).equals(table(clicks(1, 50)))
    file = tmp_path / "merged.parquet"
    file.write_bytes(data)
    duck = (
        duckdb.connect().execute(f"SELECT n, name, epoch_us(moment), even FROM '{file}'").fetchall()
    )
    assert duck == [
        (row["n"], row["name"], round(row["moment"].timestamp() * 1_000_000), row["even"])
        for row in table(data).to_pylist()
    ]


def test_row_groups_keep_what_is_known_of_them() -> None:
    parts = [clicks(1, 100), clicks(1, 0), clicks(101, 150)]
    whole = pq.read_metadata(io.BytesIO(merged(*parts)))
    assert (whole.num_rows, whole.num_row_groups) == (150, 2)
    before = [pq.read_metadata(io.BytesIO(parts[n])).row_group(0) for n in (0, 2)]
    for number, group in enumerate(before):
        for place in range(len(CLICKS)):
            kept, was = whole.row_group(number).column(place), group.column(place)
            assert kept.statistics == was.statistics
            assert kept.encodings == was.encodings
            assert kept.total_compressed_size == was.total_compressed_size
    assert [whole.row_group(n).column(0).statistics.min for n in (0, 1)] == [1, 101]
    assert [whole.row_group(n).column(0).statistics.max for n in (0, 1)] == [100, 150]


def test_one_part_stays_as_it_is() -> None:
    assert merged(clicks(1, 10)) == clicks(1, 10)
    assert merged(clicks(1, 0)) == clicks(1, 0)


def test_indexes_move_along(tmp_path: Path) -> None:
    parts = []
    for rows in (range(100), range(1000, 1100)):
        out = io.BytesIO()
        options = {"write_page_index": True, "bloom_filter_options": {"n": {"fpp": 0.0001}}}
        pq.write_table(pa.table({"n": rows}), out, **options)
        parts.append(out.getvalue())
    data = merged(*parts)
    assert table(data)["n"].to_pylist() == [*range(100), *range(1000, 1100)]
    column = pq.read_metadata(io.BytesIO(data)).row_group(1).column(0)
    assert (column.has_offset_index, column.has_column_index) == (True, True)
    file = tmp_path / "merged.parquet"
    file.write_bytes(data)
    probe = f"SELECT bloom_filter_excludes FROM parquet_bloom_probe('{file}', 'n', 1050)"
    assert duckdb.connect().execute(probe).fetchall() == [(True,), (False,)]


def test_parts_with_other_columns_are_refused() -> None:
    other = part_of(CLICKS[:2], _CLICKS.format(1, 2))
    with pytest.raises(DamagedPart, match="columns of part 2 are not those of the first"):
        merged(clicks(1, 2), other)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:11], "Part 1 is too short"),
        (lambda data: data[:-1] + b"X", "Part 1 does not end as"),
        (lambda data: data[:-8] + b"\xff\xff\xff\x7fPAR1", "Part 1 does not end as"),
        (lambda data: data[:-8] + b"\x05\0\0\0PAR1", "footer of part 1 is damaged"),
        (lambda data: data[:-9] + b"\xff" + data[-8:], "footer of part 1 is damaged"),
        (lambda data: data[:4] + b"\0" + b"\x01\0\0\0PAR1", "it lacks required fields"),
        (lambda data: b"NOPE" + data[4:], "Part 1 does not begin as"),
    ],
)
def test_damaged_parts_are_refused(damage: Any, message: str) -> None:
    with pytest.raises(DamagedPart, match=message):
        merge([part_in(damage(clicks(1, 5)))], io.BytesIO())


def test_a_part_that_lost_its_end_is_refused() -> None:
    data = clicks(1, 5)
    with pytest.raises(DamagedPart, match="shorter than its"):
        merge([part_in(data, size=len(data) + 10)], io.BytesIO())
    with pytest.raises(DamagedPart, match="There is no part"):
        merge([], io.BytesIO())


@pytest.fixture
def whole_file() -> bytes:
    return clicks(1, 5)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_damaged_footer_is_anything_but_an_error(whole_file: bytes, data: st.DataObject) -> None:
    whole = bytearray(whole_file)
    length = int.from_bytes(whole[-8:-4], "little")
    place = data.draw(st.integers(len(whole) - 8 - length, len(whole) - 5))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        merge([part_in(bytes(whole))], io.BytesIO())
    except DamagedPart:
        return


def integers(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)


VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.BYTE: st.integers(0, 255),
    Kind.I16: integers(16),
    Kind.I32: integers(32),
    Kind.I64: integers(64),
    Kind.DOUBLE: st.binary(min_size=8, max_size=8),
    Kind.BINARY: st.binary(max_size=200),
}
simple = st.sampled_from(list(VALUES)).flatmap(
    lambda kind: st.builds(Field, st.just(kind), VALUES[kind])
) | st.builds(Field, st.sampled_from([Kind.TRUE, Kind.FALSE]), st.none())
lists = st.sampled_from(list(VALUES)).flatmap(
    lambda kind: st.builds(Items, st.just(kind), st.lists(VALUES[kind], max_size=40))
) | st.builds(Items, st.just(Kind.TRUE), st.lists(st.sampled_from([1, 2]), max_size=20))
structs: st.SearchStrategy[Struct] = st.recursive(
    st.dictionaries(integers(16), simple, max_size=4),
    lambda inner: st.dictionaries(
        integers(16),
        simple
        | st.builds(Field, st.sampled_from([Kind.LIST, Kind.SET]), lists)
        | st.builds(Field, st.just(Kind.STRUCT), inner)
        | st.builds(
            Field,
            st.just(Kind.LIST),
            st.builds(Items, st.just(Kind.STRUCT), st.lists(inner, max_size=3)),
        ),
        max_size=4,
    ),
    max_leaves=10,
)


@given(struct=structs)
def test_structs_come_back(struct: Struct) -> None:
    assert read_struct(write_struct(struct)) == struct


def test_arrows_footer_comes_back_to_the_byte() -> None:
    data = clicks(1, 10)
    footer = data[-8 - int.from_bytes(data[-8:-4], "little") : -8]
    assert write_struct(read_struct(footer)) == footer


@given(data=st.binary(max_size=60))
def test_no_bytes_are_anything_but_a_struct_or_an_error(data: bytes) -> None:
    try:
        read_struct(data)
    except ThriftError:
        return


def test_structs_that_are_too_deep_or_too_large() -> None:
    with pytest.raises(ThriftError, match="too deep"):
        read_struct(b"\x1c" * 5000)
    with pytest.raises(ThriftError, match="more than a struct"):
        read_struct(b"\0\0")
    with pytest.raises(ThriftError, match="has no end"):
        read_struct(b"\x16" + b"\xff" * 20)
    with pytest.raises(ThriftError, match="32768 does not fit into 16 bits"):
        write_struct({7: Field(Kind.I16, 32768)})
