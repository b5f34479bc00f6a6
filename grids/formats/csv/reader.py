"""Reads tables of links: the CSV files of Dub, Shlink, YOURLS, Bitly, Gridlink and many others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO, ClassVar

from grids.formats.base import Entry, FileProblem, FormatError, LinkEntry, LinkReader
from grids.formats.csv.header import FIELDS, Header, header_of, shown
from grids.formats.csv.layouts import ANY, GRIDLINK, KUTT, YOURLS, Layout
from grids.formats.csv.records import Lines, records
from grids.formats.csv.rows import Rows
from grids.formats.text import decoded_plain, plain_encoding_of


class CsvReader(LinkReader):
    """Streams the links of a table with a header; `line` is the line where a record begins.

    The delimiter is found out, bytes that are not UTF-8 or UTF-16 are read as Windows-1252, and
    the apostrophe with which tools keep spreadsheets from running a text is taken off. Dates may
    be ISO 8601, or count seconds, ms or µs since 1970; without a time zone they are UTC.
    """

    source: ClassVar[str] = "csv"
    layouts: ClassVar[tuple[Layout, ...]] = (GRIDLINK, YOURLS, KUTT, ANY)

    def __init__(self, columns: Mapping[str, str] | None = None) -> None:
        """`columns` gives, for any of csv_header.FIELDS, the name of its column."""
        self._given = dict(columns or {})
        if unknown := self._given.keys() - set(FIELDS):
            raise FormatError(f"There is no such field: {', '.join(sorted(unknown))}.")

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        """Tell whether the first line of `head` names the columns of such a table."""
        lines = Lines(iter([head.decode(plain_encoding_of(head), "replace")]))
        try:
            header_of(lines.first(), cls.layouts, {})
        except FormatError:
            return False
        return True

    def read(self, file: BinaryIO) -> Iterator[Entry]:
        """Yield a link or a problem for every record; raises FormatError, see LinkReader."""
        lines = Lines(decoded_plain(file))
        header = header_of(lines.first(), self.layouts, self._given)
        if left_out := header.left_out():
            yield FileProblem(lines.count, f"these columns are not imported: {shown(left_out)}")
        yield from _entries(header, lines)


def _entries(header: Header, lines: Lines) -> Iterator[Entry]:
    rows = Rows(header)
    announced = rows.folder
    for record in records(lines, header.delimiter):
        entry = record if isinstance(record, FileProblem) else rows.read(*record)
        if isinstance(entry, LinkEntry) and rows.folder is not announced:
            announced = rows.folder
            yield announced
        yield entry
