"""Test broken and malicious tables: every record is a link or a problem."""

from __future__ import annotations

import csv
import io
import time
import tracemalloc
from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gridlink.lib.spreadsheets import guard
from grids.formats.base import Entry, FileProblem, FolderEntry, FormatError, LinkEntry
from grids.formats.csv.reader import FOLDERS_MAX, CsvReader, PocketReader

MIB = 1024 * 1024
A = "https://a.example/"
QUOTE = "a quote is never closed, or closed too early: this line could not be read"


class LazyFile(io.RawIOBase):
    """A file of many equal pieces, which are made up while it is read."""

    def __init__(self, head: bytes, piece: bytes, times: int) -> None:
        self._pieces: Iterable[bytes] = iter([head, *([piece] * times)])
        self.taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        self.taken += 1
        return next(self._pieces, b"")  # type: ignore[call-overload, no-any-return]


def read(table: str | bytes) -> list[Entry]:
    data = table.encode("utf-8", "surrogatepass") if isinstance(table, str) else table
    return list(CsvReader().read(io.BytesIO(data)))


def refusal(table: str | bytes) -> str:
    with pytest.raises(FormatError) as raised:
        read(table)
    return str(raised.value)


def test_open_quote_in_one_line_costs_that_line() -> None:
    assert read(f'url,title\n{A}1,"a" b\n{A}2,c\n{A}3,"d') == [
        FileProblem(2, QUOTE),
        LinkEntry(f"{A}2", "c", line=3),
        FileProblem(4, QUOTE),
    ]


def test_open_quote_that_hides_records() -> None:
    sentence = "In the record that begins in line 3 a quote is never closed, or closed too early."
    assert refusal(f'url,title\n{A},t\n{A},"open\n{A},t\n{A},t\n') == sentence
    assert refusal(f'url,title\n{A},t\n{A},"open\n' + f"{A},t\n" * 9999) == sentence


def test_quotes_that_open_a_new_cell_in_every_line() -> None:
    """No cell becomes long, and yet the record would never end."""
    assert refusal("url,title\n" + 'a","b\n' * 300_000) == (
        "A record of the file is longer than 1048576 characters:"
        " it may be no table, or a quote in it is never closed."
    )


def test_long_cells() -> None:
    assert read(f"url,title\n{A},{'a' * 131_072}\n{A},{'a' * 131_073}\n{A},t\n") == [
        LinkEntry(A, "a" * 131_072, line=2),
        FileProblem(3, "a cell is longer than 131072 characters"),
        LinkEntry(A, "t", line=4),
    ]


def test_too_many_columns() -> None:
    header = ",".join(["url", *(f"c{number}" for number in range(9_999))])
    assert refusal(f"{header}\n{A}\n") == "The table has 10000 columns; at most 1000 are read."


def test_records_of_another_length() -> None:
    many = f"{A}," + "," * 9_998
    assert read(f"url,title\n{A}\n{many}\n") == [
        LinkEntry(A, "", line=2, problems=("the record has 1 cells where the header has 2",)),
        LinkEntry(A, "", line=3, problems=("the record has 10000 cells where the header has 2",)),
    ]


def test_records_without_address() -> None:
    assert read(f"Long URL,title\n,t\n,\n\n{A},t\n") == [
        FileProblem(2, "a record has no address (Long URL)"),
        FileProblem(3, "a record has no address (Long URL)"),
        LinkEntry(A, "t", line=5),
    ]


def test_unfit_characters() -> None:
    table = b"url,title\nhttps://a.example/,a\0b\x07\x81\xed\xa0\x80c\n"
    [link] = read(table)
    assert isinstance(link, LinkEntry)
    assert link.title == "ab\ufffdí\xa0€c"
    assert link.problems == (
        "bytes that are not UTF-8 were read as Windows-1252",
        "undecodable bytes were replaced",
        "NUL characters were removed",
        "control characters were removed",
    )


def test_half_a_character_in_utf16() -> None:
    table = "url,title\nhttps://a.example/,t".encode("utf-16-le") + b"\x3d\xd8"
    assert read(table + ",\n".encode("utf-16-le")[2:]) == [
        LinkEntry(A, "t\ufffd", line=2, problems=("undecodable bytes were replaced",))
    ]


def test_names_in_messages_are_short_and_clean() -> None:
    header = ",".join(["url", "a\x07b" * 100, *(f"c{number}" for number in range(30))])
    first = read(f"{header}\n")[0]
    assert isinstance(first, FileProblem)
    assert first.message == (
        f"these columns are not imported: {('ab' * 100)[:60]}, "
        + ", ".join(f"c{number}" for number in range(19))
        + " and 11 more"
    )


@pytest.mark.parametrize("data", [b"", b"\n \n\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\0\0"])
def test_empty_files(data: bytes) -> None:
    assert refusal(data) == "The file is empty."


def test_header_alone() -> None:
    assert read("url,title") == read("url,title\n\n") == []


@pytest.mark.parametrize("piece", [b"x" * 65536, b'a","b\n' * 9362, b"\xff" * 65536])
def test_a_file_without_records_is_read_no_further_than_needed(piece: bytes) -> None:
    file = LazyFile(b'url\n"', piece, 1000)
    with pytest.raises(FormatError):
        list(CsvReader().read(file))  # type: ignore[arg-type]
    assert file.taken < 40


def test_memory_is_that_of_a_record() -> None:
    record = f'{A},"{"t" * 100}"\n'.encode()
    file = LazyFile(b"url,title\n", record * (65536 // len(record)), 320)
    tracemalloc.start()
    try:
        count = sum(1 for _ in CsvReader().read(file))  # type: ignore[arg-type, misc]
        assert tracemalloc.get_traced_memory()[1] < 2 * MIB
    finally:
        tracemalloc.stop()
    assert count == 65536 // len(record) * 320


def test_too_many_folders() -> None:
    rows = "".join(f"{A},{number}\n" for number in range(FOLDERS_MAX + 1))
    assert refusal(f"url,folder\n{rows}") == (
        f"The links of the file lie in more than {FOLDERS_MAX} folders."
    )


@pytest.mark.parametrize(
    "record",
    [
        f'{A},"a"b',
        f"{A},t,{' ' * 50_000}x",
        f"{A},t,2024-01-01{' ' * 50_000}UTC",
        f'{A},t,,,"{"a," * 50_000}"',
        f"{A},t,,,{'|' * 100_000}",
        f"{A},t,,{'1' * 100_000}",
        f"{'/' * 100_000}?,t",
        f"{A},{chr(0) * 100_000}",
    ],
)
def test_time_grows_with_size_only(record: str) -> None:
    """Twenty such records, or as many as make a million characters, are soon read."""
    times = max(20, MIB // len(record))
    started = time.process_time()
    assert len(read("url,title,created,clicks,tags\n" + f"{record}\n" * times)) == times
    assert time.process_time() - started < 3


def test_bytes_of_no_encoding_take_no_longer() -> None:
    started = time.process_time()
    assert len(read(b"url,title\n" + b"\xff" * 99 + b",\xfe\n" * 40_000)) == 40_000
    assert time.process_time() - started < 3


@pytest.mark.parametrize("opening", ['"', ","])
def test_headers_of_a_megabyte(opening: str) -> None:
    assert refusal(opening * 1_000_000 + "\n").endswith(".")


cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['"', "'", ",", "\n", "\r\n", "\r", "\0", "=1", "'=1", "\\,", "|", "2024-01-01", A, "\ufeff"]
)
rows = st.lists(st.lists(cells, min_size=1, max_size=9), max_size=9)
HEADER = ["url", "title", "tags", "created", "clicks", "archived", "folder"]


@given(rows, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]))
@example([["a"], [""], ["", "b"]], ",", "\n")
def test_every_record_is_a_link_or_a_problem(
    rows: list[list[str]], delimiter: str, line_end: str
) -> None:
    table = io.StringIO()
    writer = csv.writer(table, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([HEADER, *rows])
    entries = read(table.getvalue())
    results = [entry for entry in entries if isinstance(entry, LinkEntry | FileProblem)]
    assert len(results) == len(rows)
    lines = [entry.line for entry in results]
    assert lines == sorted(set(lines))


@given(rows)
def test_addresses_and_titles_come_through(rows: list[list[str]]) -> None:
    plain = [f"x{number}" for number, _ in enumerate(rows)]
    titles = ["".join(row).replace("\r", " ").replace("\0", "").strip() for row in rows]
    titles = [title for title in titles if not title.startswith("'")]
    table = io.StringIO()
    csv.writer(table, quoting=csv.QUOTE_ALL).writerows(
        [["url", "title"], *zip(plain, titles, strict=False)]
    )
    found = [entry for entry in read(table.getvalue()) if isinstance(entry, LinkEntry)]
    fine = [(link.url, link.title) for link in found if not link.problems]
    expected = list(zip(plain, titles, strict=False))
    assert len(found) == len(expected)
    assert set(fine) <= set(expected)


names = st.text(st.sampled_from("a,\\\\| '=\u3000é") | st.characters(categories=["L"]), max_size=9)


@given(st.lists(names.map(str.strip).filter(bool), min_size=1, max_size=5))
@example(["\\\\", ",", "a\\\\,"])
def test_tags_of_gridlink_come_back(tags: list[str]) -> None:
    """Escaped, joined and guarded as its export of links does it."""
    # An apostrophe that was there all along looks like a guard.
    assume(not tags[0].startswith("'"))
    joined = ", ".join(tag.replace("\\", "\\\\").replace(",", "\\,") for tag in tags)
    table = io.StringIO()
    csv.writer(table).writerows([["link", "url", "tags"], ["Lk1", A, guard(joined)]])
    [link] = read(table.getvalue())
    assert isinstance(link, LinkEntry)
    assert link.tags == tuple(tags)


BITS = [b"url", b"title", b",", b";", b"\t", b'"', b"\n", b"\r", b"\0", b"'=", b"\xff", b"\xe2\x82"]
broken = st.binary(max_size=300) | st.lists(
    st.sampled_from(BITS) | st.binary(max_size=4), max_size=40
).map(b"".join)


@given(broken)
def test_no_bytes_upset_the_readers(data: bytes) -> None:
    for reader in (CsvReader, PocketReader):
        reader.sniff(data)
        with suppress(FormatError):
            list(reader().read(io.BytesIO(data)))


@given(broken)
def test_no_bytes_behind_a_header_upset_the_reader(data: bytes) -> None:
    entries: list[Entry] = []
    with suppress(FormatError):
        entries = read(b"url,title,created,clicks,tags\n" + data)
    assert all(entry.line > 1 for entry in entries if not isinstance(entry, FolderEntry))
