"""Parquet parts and the one file of them: what pyarrow and DuckDB read is what was in the database."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.exports.base import Style
from reports.exports.columns import Column
from reports.exports.columns import Kind as ColumnKind
from reports.exports.compression import UNCOMPRESSED
from reports.exports.formats import parquet as encoder
from reports.exports.formats.parquet import COPY_OPTIONS, EXPRESSIONS, ParquetFormat, PartWriter
from tasks.storage import object_store

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
    select = ", ".join(EXPRESSIONS.get(column.kind, str)(column.sql) for column in columns)
    counted: list[int] = []

    def count(rows: int) -> None:
        counted.append(rows)
        on_progress(rows)

    with connection.cursor() as cursor:
        with PartWriter(out, columns, count) as part:
            cursor.copy_expert(f"COPY (SELECT {select} {source}) TO STDOUT ({COPY_OPTIONS})", part)
        assert sum(counted) == cursor.rowcount


def part_of(columns: Sequence[Column], source: str, *params: Any) -> bytes:
    """The part file of a FROM clause."""
    out = io.BytesIO()
    with connection.cursor() as cursor:
        filled = cursor.mogrify(source, params or None).decode()
    copied(out, columns, filled)
    return out.getvalue()


def clicks(first: int, last: int) -> bytes:
    return part_of(CLICKS, _CLICKS.format(first, last))


def joined(*parts: bytes, columns: Sequence[Column] = CLICKS) -> bytes:
    """Return one file of the parts, written by a sink that cannot seek."""
    out = Unseekable()
    ParquetFormat(columns, Style(), UNCOMPRESSED).assemble(map(io.BytesIO, parts), out)
    return bytes(out.data)


class Unseekable(io.RawIOBase):
    """Collect what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.data += data
        return len(data)


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
    with store.open("part") as stream:
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
def test_the_file_has_the_rows_of_all_parts(tmp_path: Path, cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), 50]
    parts = [clicks(start + 1, end) for start, end in pairwise(ends)]
    data = joined(*parts)
    assert table(data).equals(table(clicks(1, 50)))
    file = tmp_path / "joined.parquet"
    file.write_bytes(data)
    duck = (
        duckdb.connect().execute(f"SELECT n, name, epoch_us(moment), even FROM '{file}'").fetchall()
    )
    assert duck == [
        (row["n"], row["name"], round(row["moment"].timestamp() * 1_000_000), row["even"])
        for row in table(data).to_pylist()
    ]


def test_row_groups_have_statistics_and_the_same_bytes_each_time() -> None:
    parts = [clicks(1, 100), clicks(1, 0), clicks(101, 150)]
    data = joined(*parts)
    assert data == joined(*parts)
    whole = pq.read_metadata(io.BytesIO(data))
    assert (whole.num_rows, whole.num_row_groups) == (150, 2)
    before = [pq.read_metadata(io.BytesIO(parts[n])).row_group(0) for n in (0, 2)]
    for number, group in enumerate(before):
        for place in range(len(CLICKS)):
            kept, was = whole.row_group(number).column(place), group.column(place)
            assert kept.statistics == was.statistics
            assert (kept.encodings, kept.compression) == (was.encodings, was.compression)
    assert [whole.row_group(n).column(0).statistics.min for n in (0, 1)] == [1, 101]


@pytest.mark.parametrize("rows", [0, 7])
def test_a_single_part_keeps_its_schema_and_its_rows(rows: int) -> None:
    source = """FROM (SELECT n, NULLIF('é' || n, 'é3') AS text, n AS big, n::int AS small, n > 2 AS flag,
        timestamptz '2026-03-04Z' AS moment, ARRAY['a', NULL] AS texts
        FROM generate_series(1, %s) AS n) AS v"""
    part = part_of(EVERY, source, rows)
    found = table(joined(part, columns=EVERY))
    assert found.schema == table(part).schema
    assert found.equals(table(part))


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: b"x" * 99]
)
def test_a_damaged_part_is_an_error(damage: Any) -> None:
    with pytest.raises(pa.ArrowInvalid, match="Parquet"):
        joined(clicks(1, 5), damage(clicks(6, 9)))
