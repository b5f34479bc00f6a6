"""Read tables of links: CSV files of Dub, Shlink, YOURLS, Bitly, Pocket, Gridlink and others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, ClassVar

from grids.formats.base import (
    Entry,
    FileProblem,
    FolderEntry,
    FormatError,
    LinkEntry,
    LinkReader,
)
from grids.formats.csv.header import (
    ANY,
    FIELDS,
    GRIDLINK,
    KUTT,
    POCKET,
    YOURLS,
    Header,
    Layout,
    listed,
    read_header,
)
from grids.formats.csv.records import Lines, records
from grids.formats.text import decode_text, repair_cp1252, sanitized, text_encoding
from grids.formats.values import alias_from_url, parse_bool, parse_count, parse_date

FOLDERS_MAX = 100_000
"""The most folders in one file, since all are held in memory."""

_GUARDED = frozenset("=+-@\t\r\n")
Parse = Callable[[str, str, list[str]], Any]


def _simple(parse: Callable[[str], Any]) -> Parse:
    """Return a parser of cells that can hold nothing wrong."""
    return lambda cell, what, problems: parse(cell)


# Fields that are not here hold plain text.
_PARSERS: dict[str, Parse] = {
    # Some tools write a short code as a path ("/code/").
    "alias": _simple(lambda cell: cell.strip().strip("/")),
    "short_url": _simple(alias_from_url),
    "created_on": parse_date,
    "modified_on": parse_date,
    "clicks": parse_count,
    "archived": parse_bool,
    "private": parse_bool,
    "forward_query": parse_bool,
}


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
        rows = _RowReader(header)
        announced = rows.folder
        for record in records(lines, header.delimiter):
            entry = record if isinstance(record, FileProblem) else rows.read(*record)
            if isinstance(entry, LinkEntry) and rows.folder is not announced:
                announced = rows.folder
                yield announced
            yield entry


class PocketReader(CsvReader):
    """Stream the links of a table with title, url, time_added, tags and status.

    Tags are separated by bars, and a link whose status is "archive" is archived.
    """

    source: ClassVar[str] = "pocket"
    layouts: ClassVar[tuple[Layout, ...]] = (POCKET,)


class _RowReader:
    """Read the records of one table; `folder` is that of the last link."""

    def __init__(self, header: Header) -> None:
        self.folder = FolderEntry(path=())
        self._folders = {("", ""): self.folder}
        self._header = header
        self._width = len(header.names)
        parsers = {**_PARSERS, "tags": _simple(header.layout.tags)}
        self._plan = [
            (
                "alias" if field == "short_url" else field,
                parsers.get(field, _simple(str.strip)),
                index,
                header.name(field),
            )
            for field, index in header.columns.items()
        ]

    def read(self, line: int, cells: list[str]) -> LinkEntry | FileProblem:
        """Return the link of a record, or the problem that it is none."""
        problems: list[str] = []
        values: dict[str, Any] = {"title": ""}
        if len(cells) != self._width:
            problems.append(f"the record has {len(cells)} cells where the header has {self._width}")
            cells = cells + [""] * (self._width - len(cells))
        for name, parse, index, what in self._plan:
            if cell := cells[index]:
                if cell[0] == "'" and cell[1:2] in _GUARDED:
                    cell = cell[1:]
                if not cell.isprintable():
                    cell = sanitized(repair_cp1252(cell, problems), problems)
                values[name] = parse(cell, what, problems)
        folder = values.pop("folder", ""), values.pop("folder_id", "")
        if not values.get("url"):
            return FileProblem(line, f"a record has no address ({self._header.name('url')})")
        self.folder = self._folders.get(folder) or self._new_folder(folder, line)
        if problems:
            values["problems"] = tuple(dict.fromkeys(problems))
        return LinkEntry(line=line, **values)

    def _new_folder(self, folder: tuple[str, str], line: int) -> FolderEntry:
        if len(self._folders) > FOLDERS_MAX:
            raise FormatError(f"The links of the file lie in more than {FOLDERS_MAX} folders.")
        title, name = folder
        entry = self._folders[folder] = FolderEntry(path=(title or name,), line=line)
        return entry
