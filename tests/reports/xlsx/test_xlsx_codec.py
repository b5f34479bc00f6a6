"""Workbooks: what openpyxl finds in them is what was in the database."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import openpyxl
import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from reports.xlsx import archive, frames, workbook
from reports.xlsx.cells import (
    BOOLEAN,
    INTEGER,
    TEXT,
    TIMESTAMP,
    VERBATIM,
    Cell,
    SheetColumn,
    row_xml,
)
from reports.xlsx.frames import CellTooLong, DamagedFrames, Frame, RowPacker
from reports.xlsx.workbook import Workbook
from tests.support.tasks.sinks import WriteOnly

pytestmark = pytest.mark.django_db

TEXTS = (SheetColumn("words", TEXT),)
NUMBERED = (SheetColumn("n", INTEGER), SheetColumn("name", TEXT))
PIECES = (
    "_x0041_", "_x", "0041", "x0041_", "_", "_x005F_", "\x01", "\x02", "\x0b", "\x1f", "\x7f", "\x85",
    "\ufffe", "\uffff", "\U0001ffff", " ", "\u00a0", "\u2028", "\n", "\r", "\t", "&", "<", ">", "]]>",
    "&amp;", '"', "'", "\\", "=1+1", "true", "12", "https://a.example/?b=1&c=2", "😀", "e\u0301", "שלום",
)  # fmt: skip
texts = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)


def part_of(columns: Sequence[SheetColumn], select: str, *params: Any) -> bytes:
    """The packed rows of a SELECT."""
    out, told = io.BytesIO(), list[int]()
    with connection.cursor() as cursor:
        rows = cursor.mogrify(select, params).decode()
        statement = f"SELECT {row_xml(columns)} FROM ({rows}) AS rows"
        with RowPacker(out, told.append) as packer:
            cursor.copy_expert(f"COPY ({statement}) TO STDOUT WITH ({VERBATIM})", packer)
        assert sum(told) == cursor.rowcount
    return out.getvalue()


def book_of(columns: Sequence[SheetColumn], *parts: bytes, sheet_rows: int = 1_048_576) -> bytes:
    """The workbook of some parts."""
    out = WriteOnly()
    book = Workbook(out, columns, sheet_rows=sheet_rows)
    for part in parts:
        book.add(frames.frames(io.BytesIO(part)))
    book.close()
    return bytes(out.data)


def sheets(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """Each sheet's rows, header included."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def numbered(first: int, last: int) -> bytes:
    return part_of(
        NUMBERED, "SELECT n, 'No. ' || n AS name FROM generate_series(%s, %s) AS n", first, last
    )


def cell(kind: Cell, sql: str) -> Any:
    """The value and number format of a cell that holds an SQL expression."""
    data = book_of((SheetColumn("v", kind),), part_of((SheetColumn("v", kind),), sql))
    return openpyxl.load_workbook(io.BytesIO(data)).active["A2"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(texts, min_size=1, max_size=20))
@example(rows=["_x0041_x0042_", "_x0041\x01", "_x005F_x0041_", "_X0041_", "_x00g1_"])
@example(rows=[" lead", "trail ", "\n", "=1+1", "+1", "@x", "true", "1e5", "#N/A", "http://a.b"])
@example(rows=["".join(map(chr, range(1, 256))), "\ufffe\uffff\U0010ffff\ue000"])
def test_any_text_comes_back(rows: list[str]) -> None:
    select = "SELECT words FROM unnest(%s::text[]) WITH ORDINALITY AS t (words, n) ORDER BY n"
    data = book_of(TEXTS, part_of(TEXTS, select, rows))
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert [unescape(found.value or "") for found in cells] == rows
    assert {found.data_type for found in cells if found.value} <= {"s", "inlineStr"}
    assert not any(found.hyperlink for found in cells)


def test_row_byte_for_byte() -> None:
    columns = (
        SheetColumn("t", TEXT),
        SheetColumn("i", INTEGER),
        SheetColumn("b", BOOLEAN),
        SheetColumn("m", TIMESTAMP),
    )
    part = part_of(
        columns,
        "SELECT 'a&b' AS t, 7 AS i, true AS b, timestamp '2026-03-04 12:00' AS m"
        " UNION ALL SELECT E' \\x01\\n', NULL, NULL, NULL UNION ALL SELECT '', 0, false, NULL"
        " UNION ALL SELECT NULL, NULL, NULL, NULL",
    )
    (frame,) = frames.frames(io.BytesIO(part))
    with zipfile.ZipFile(io.BytesIO(book_of(columns, part))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.partition("</row>\n")[2] == (
        '<row><c t="inlineStr"><is><t>a&amp;b</t></is></c><c><v>7</v></c><c t="b"><v>1</v></c>'
        '<c s="2"><v>46085.5</v></c></row>\n'
        '<row><c t="inlineStr"><is><t xml:space="preserve"> _x0001_&#10;</t></is></c><c/><c/><c/></row>\n'
        '<row><c t="inlineStr"><is><t></t></is></c><c><v>0</v></c><c t="b"><v>0</v></c><c/></row>\n'
        "<row><c/><c/><c/><c/></row>\n</sheetData></worksheet>"
    )
    assert frame.rows == 4


@pytest.mark.parametrize(
    ("kind", "sql", "value"),
    [
        (INTEGER, "0", 0),
        (INTEGER, "(-32768)::smallint", -32768),
        (INTEGER, "999999999999999", 999999999999999),
        (INTEGER, "1000000000000000", "1000000000000000"),
        (INTEGER, "-9223372036854775808", "-9223372036854775808"),
        (BOOLEAN, "true", True),
        (BOOLEAN, "false", False),
        (TEXT, "'true'", "true"),
        (TEXT, "'007'", "007"),
        (TEXT, "'=1+1'", "=1+1"),
        (TEXT, "NULL::text", None),
        (INTEGER, "NULL::bigint", None),
        (TIMESTAMP, "NULL::timestamp", None),
    ],
)
def test_values_keep_their_type(kind: Cell, sql: str, value: Any) -> None:
    found = cell(kind, f"SELECT {sql} AS v").value
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("timestamp '2026-03-04 05:06:07.089'", datetime(2026, 3, 4, 5, 6, 7, 89_000)),
        ("timestamp '1900-03-01'", datetime(1900, 3, 1)),
        ("timestamp '9999-12-31 23:59:59'", datetime(9999, 12, 31, 23, 59, 59)),
        ("timestamp '1900-02-28 23:59:59'", "1900-02-28T23:59:59"),
        ("timestamp '50000-01-01'", "50000-01-01T00:00:00"),
        ("timestamp 'infinity'", "infinity"),
        (
            "timestamptz '2026-07-01 22:30Z' AT TIME ZONE 'Europe/Berlin'",
            datetime(2026, 7, 2, 0, 30),
        ),
    ],
)
def test_moments_that_excel_knows_are_moments(sql: str, value: Any) -> None:
    found = cell(TIMESTAMP, f"SELECT {sql} AS v")
    assert found.value == value
    assert found.number_format == (
        r"yyyy\-mm\-dd\ hh:mm:ss" if isinstance(value, datetime) else "General"
    )


def test_header_is_bold_and_stays() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(book_of(NUMBERED, numbered(1, 2)))).active
    assert [found.value for found in sheet[1]] == ["n", "name"]
    assert [found.font.b for row in sheet.iter_rows(max_row=2) for found in row] == [
        True, True, False, False,
    ]  # fmt: skip
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["A"].width == 14


def test_nothing_is_a_header() -> None:
    empty = numbered(1, 0)
    assert empty == b""
    assert sheets(book_of(NUMBERED, empty)) == {"Gridlink": [("n", "name")]}
    assert book_of(NUMBERED) == book_of(NUMBERED, empty, empty)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(0, 40), max_size=4), sheet_rows=st.integers(2, 15))
def test_sheets_are_full_to_the_row(cuts: list[int], sheet_rows: int) -> None:
    ends = [0, *sorted(cuts), 40]
    parts = [numbered(start + 1, end) for start, end in pairwise(ends)]
    found = sheets(book_of(NUMBERED, *parts, sheet_rows=sheet_rows))
    rows = [(n, f"No. {n}") for n in range(1, 41)]
    room = sheet_rows - 1
    assert list(found.values()) == [
        [("n", "name"), *rows[start : start + room]] for start in range(0, 40, room)
    ]
    names = ["Gridlink", *(f"Gridlink {n}" for n in range(2, len(found) + 1))]
    assert list(found) == names


def test_frames_of_many_rows_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_FRAME_BYTES", 1000)
    part = numbered(1, 5000)
    assert len(list(frames.frames(io.BytesIO(part)))) > 100
    first, second = sheets(book_of(NUMBERED, part, sheet_rows=3001)).values()
    assert first[1:] + second[1:] == [(n, f"No. {n}") for n in range(1, 5001)]
    assert len(first) == 3001


def test_sheets_end_before_they_are_too_large_for_excel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_FRAME_BYTES", 1000)
    monkeypatch.setattr(workbook, "ENTRY_BYTES", 5000)
    found = list(sheets(book_of(NUMBERED, numbered(1, 200))).values())
    assert len(found) > 2
    assert [row for sheet in found for row in sheet[1:]] == [(n, f"No. {n}") for n in range(1, 201)]


def test_same_rows_same_bytes() -> None:
    assert numbered(1, 3000) == numbered(1, 3000)
    first = book_of(NUMBERED, numbered(1, 3000), sheet_rows=1000)
    assert first == book_of(NUMBERED, numbered(1, 3000), sheet_rows=1000)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=10))
def test_pieces_do_not_matter(monkeypatch: pytest.MonkeyPatch, sizes: list[int]) -> None:
    monkeypatch.setattr(frames, "_FRAME_BYTES", 500)
    lines = [b"<row>%s</row>\n" % (b"x" * size) for size in sizes]
    told: list[int] = []
    whole, pieces = io.BytesIO(), io.BytesIO()
    with RowPacker(whole) as packer:
        packer.write(b"".join(lines))
    with RowPacker(pieces, told.append) as packer:
        data = memoryview(b"".join(lines))
        for start in range(0, len(data), 97):
            packer.write(data[start : start + 97])
    assert pieces.getvalue() == whole.getvalue()
    assert sum(told) == len(lines)


def test_nothing_is_packed_after_a_stop() -> None:
    out, told = io.BytesIO(), list[int]()
    packer = RowPacker(out, told.append)
    with pytest.raises(ZeroDivisionError), packer:
        packer.write(b"<row></row>\n" * (1 // 0))
    assert (out.getvalue(), told) == (b"", [])


def test_archive_is_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    data = book_of(NUMBERED, numbered(1, 100), sheet_rows=40)
    # As if every offset were beyond 4 GiB.
    monkeypatch.setattr(archive, "_ZIP64_ABOVE", 0)
    large = book_of(NUMBERED, numbered(1, 100), sheet_rows=40)
    for found in (data, large):
        with zipfile.ZipFile(io.BytesIO(found)) as book:
            assert book.testzip() is None
            assert book.namelist() == [
                "[Content_Types].xml", "_rels/.rels", "xl/styles.xml", "xl/worksheets/sheet1.xml",
                "xl/worksheets/sheet2.xml", "xl/worksheets/sheet3.xml", "xl/workbook.xml",
                "xl/_rels/workbook.xml.rels",
            ]  # fmt: skip
            assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert sheets(large) == sheets(data)
    assert b"PK\x06\x06" in large
    assert b"PK\x06\x06" not in data


@pytest.mark.parametrize("text", ["x" * 32_767, "😀" * 16_383 + "x", "é" * 32_767, "&" * 32_767])
def test_longest_text(text: str) -> None:
    data = book_of(TEXTS, part_of(TEXTS, "SELECT %s AS words", text))
    assert sheets(data)["Gridlink"][1] == (text,)


@pytest.mark.parametrize("text", ["x" * 32_768, "😀" * 16_384, "\n" * 32_768])
def test_too_long_a_text_is_never_cut(text: str) -> None:
    columns = (*NUMBERED, SheetColumn("it's a note", TEXT))
    select = """SELECT 1 AS n, 'a' AS name, 'short' AS "it's a note" UNION ALL SELECT 2, 'b', %s"""
    with pytest.raises(CellTooLong, match='"it\'s a note" is longer than the 32,767') as caught:
        part_of(columns, select, text)
    assert caught.value.column == "it's a note"


@pytest.mark.parametrize("kept", [7, 16, 100])
def test_cut_parts_are_noticed(kept: int) -> None:
    with pytest.raises(DamagedFrames):
        list(frames.frames(io.BytesIO(numbered(1, 1000)[:kept])))


def test_frames_know_their_rows() -> None:
    head, tail = Frame.of(b"<row>1</row>\n<row>2</row>\n<row>3</row>\n").split(1)
    assert head == Frame.of(b"<row>1</row>\n")
    assert tail == Frame.of(b"<row>2</row>\n<row>3</row>\n")
