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
    READWISE,
    YOURLS,
    Header,
    Layout,
    read_header,
)
from grids.formats.csv.records import Lines, records
from grids.formats.left_out import LeftOut
from grids.formats.text import decode_text, text_encoding
from grids.formats.values import (
    ARCHIVED,
    alias_from_url,
    join_notes,
    parse_bool,
    parse_count,
    parse_date,
    read_state,
)

FOLDERS_MAX = 100_000
"""The most folders in one file, since all are held in memory."""

Parse = Callable[[str, str, list[str]], Any]


def _simple(parse: Callable[[str], Any]) -> Parse:
    """Return a parser of cells that can hold nothing wrong."""
    return lambda cell, what, problems: parse(cell)


_NOTES = ("note", "description", "excerpt", "highlights")
_FLAGS = ("starred", "pinned", "toread", "read")
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
    "state": _simple(read_state),
    **dict.fromkeys(_FLAGS, parse_bool),
}


class CsvReader(LinkReader):
    """Stream the links of a table with a header; `line` is a record's first.

    The delimiter is detected, bytes that are not UTF-8 or UTF-16 are read as Windows-1252, and the
    apostrophe with which tools keep spreadsheets from running a text is removed. Dates may be ISO 8601, or
    count seconds, ms or µs since 1970; without a time zone they are UTC.
    """

    source: ClassVar[str] = "csv"
    layouts: ClassVar[tuple[Layout, ...]] = (GRIDLINK, YOURLS, KUTT, READWISE, ANY)

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
            read_header(lines, cls.layouts, {})
        except FormatError:
            return False
        return True

    def read(self, file: BinaryIO) -> Iterator[Entry]:
        """Yield a link or a problem for every record; raises FormatError, see LinkReader."""
        lines = Lines(decode_text(file))
        header = read_header(lines, self.layouts, self._columns)
        left_out = LeftOut("columns")
        left_out.add(header.ignored())
        yield from left_out.problems(lines.count)
        rows = _RowReader(header)
        announced = rows.folder
        for record in records(lines, header.delimiter, header.layout.skips_space):
            entry = record if isinstance(record, FileProblem) else rows.read(*record)
            if isinstance(entry, LinkEntry) and rows.folder is not announced:
                announced = rows.folder
                yield announced
            yield entry


class PocketReader(CsvReader):
    """Stream the links of a table with title, url, time_added, tags and status.

    Tags are separated by bars. A link's status is "unread" or "archive".
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
        self._cell, self._delimiter = header.layout.cell, header.delimiter
        self._gathers = not header.columns.keys().isdisjoint((*_NOTES[1:], *_FLAGS, "state"))
        parsers = {**_PARSERS, "tags": _simple(header.layout.tags)}
        self._plan = [
            (
                "alias" if field == "short_url" else field,
                parsers.get(field),
                index,
                header.name(field),
            )
            for field, index in header.columns.items()
        ]

    def read(self, line: int, cells: list[str]) -> LinkEntry | FileProblem:
        """Return the link of a record, or the problem that it is none."""
        problems: list[str] = []
        if len(cells) != self._width:
            problems.append(f"the record has {len(cells)} cells where the header has {self._width}")
            cells = cells + [""] * (self._width - len(cells))
        values = {"title": "", **self._values(cells, problems)}
        folder = values.pop("folder", ""), values.pop("folder_id", "")
        if not values.get("url"):
            return FileProblem(line, f"a record has no address ({self._header.name('url')})")
        self.folder = self._folders.get(folder) or self._new_folder(folder, line)
        if self._gathers:
            _gather(values)
        if problems:
            values["problems"] = tuple(dict.fromkeys(problems))
        return LinkEntry(line=line, **values)

    def _values(self, cells: list[str], problems: list[str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, parse, index, what in self._plan:
            if cell := cells[index]:
                cell = self._cell(cell, self._delimiter, problems)
                values[name] = parse(cell, what, problems) if parse else cell
        return values

    def _new_folder(self, folder: tuple[str, str], line: int) -> FolderEntry:
        if len(self._folders) > FOLDERS_MAX:
            raise FormatError(f"The links of the file lie in more than {FOLDERS_MAX} folders.")
        title, name = folder
        entry = self._folders[folder] = FolderEntry(path=(title or name,), line=line)
        return entry


def _gather(values: dict[str, Any]) -> None:
    """Make one note of several columns, and the states of the columns that say them."""
    values["note"] = join_notes(*(values.pop(name, "") for name in _NOTES))
    states = values.pop("state", ())
    flags = tuple(name for name in _FLAGS if values.pop(name, None))
    if ARCHIVED in states:
        values["archived"] = True
    values["states"] = (*(state for state in states if state != ARCHIVED), *flags)
