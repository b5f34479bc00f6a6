"""Read tables of links: CSV files of Dub, Shlink, YOURLS, Bitly, Gridlink and others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO, ClassVar

from grids.formats.base import Entry, FileProblem, FormatError, LinkEntry, LinkReader
from grids.formats.csv.header import FIELDS, Header, listed, read_header
from grids.formats.csv.layouts import ANY, GRIDLINK, KUTT, YOURLS, Layout
from grids.formats.csv.records import Lines, records
from grids.formats.csv.rows import RowReader
from grids.formats.text import decode_text, text_encoding


class CsvReader(LinkReader):
    """Stream the links of a table with a header; `line` is a record's first.

    The delimiter is detected, bytes that are not UTF-8 or UTF-16 are read as Windows-1252, and the
    apostrophe with which tools keep spreadsheets from running a text is removed. Dates may be ISO 8601, or
    count seconds, ms or µs since 1970; without a time zone they are UTC.
    """

    source: ClassVar[str] = "csv"
    layouts: ClassVar[tuple[Layout, ...]] = (GRIDLINK, YOURLS, KUTT, ANY)

    def __init__(self, columns: Mapping[str, str] | None = None) -> None:
        """Take the name of the column of any of `header.FIELDS`. Raises FormatError."""
        self._columns = dict(columns or {})
        if unknown := self._columns.keys() - set(FIELDS):
            raise FormatError(f"There is no such field: {', '.join(sorted(unknown))}.")

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        """Check whether the first line of `head` names the columns of such a table."""
        lines = Lines(iter([head.decode(text_encoding(head), "replace")]))
        try:
            read_header(lines.first(), cls.layouts, {})
        except FormatError:
            return False
        return True

    def read(self, file: BinaryIO) -> Iterator[Entry]:
        """Yield a link or a problem for every record; raises FormatError, see LinkReader."""
        lines = Lines(decode_text(file))
        header = read_header(lines.first(), self.layouts, self._columns)
        if ignored := header.ignored():
            yield FileProblem(lines.count, f"these columns are not imported: {listed(ignored)}")
        yield from _entries(header, lines)


def _entries(header: Header, lines: Lines) -> Iterator[Entry]:
    rows = RowReader(header)
    announced = rows.folder
    for record in records(lines, header.delimiter):
        entry = record if isinstance(record, FileProblem) else rows.read(*record)
        if isinstance(entry, LinkEntry) and rows.folder is not announced:
            announced = rows.folder
            yield announced
        yield entry
