"""Turn the cells of a record into a link, as the header says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grids.formats.base import FileProblem, FolderEntry, FormatError, LinkEntry
from grids.formats.csv.header import Header
from grids.formats.dates import parse_date
from grids.formats.text import repair_cp1252, sanitized
from grids.formats.values import alias_from_url, parse_alias, parse_bool, parse_count

FOLDERS_MAX = 100_000
"""The most folders in one file, since all are held in memory."""

_GUARDED = frozenset("=+-@\t\r\n")
Parse = Callable[[str, str, list[str]], Any]


def _simple(parse: Callable[[str], Any]) -> Parse:
    """Return a parser of cells that can hold nothing wrong."""
    return lambda cell, what, problems: parse(cell)


_text = _simple(str.strip)
# The link's field that each column fills, and the parser of its cells.
_PARSERS: dict[str, tuple[str, Parse]] = {
    "url": ("url", _text),
    "title": ("title", _text),
    "note": ("note", _text),
    "alias": ("alias", _simple(parse_alias)),
    "short_url": ("alias", _simple(alias_from_url)),
    "created_on": ("created_on", parse_date),
    "modified_on": ("modified_on", parse_date),
    "clicks": ("clicks", parse_count),
    "archived": ("archived", parse_bool),
    "private": ("private", parse_bool),
    "source_id": ("source_id", _text),
    "folder": ("folder", _text),
    "folder_id": ("folder_id", _text),
}


class RowReader:
    """Read the records of one table; `folder` is that of the last link."""

    def __init__(self, header: Header) -> None:
        self.folder = FolderEntry(path=())
        self._folders = {("", ""): self.folder}
        self._header = header
        self._width = len(header.names)
        parsers = {**_PARSERS, "tags": ("tags", _simple(header.layout.tags))}
        self._plan = [
            (*parsers[field], index, header.name(field)) for field, index in header.columns.items()
        ]

    def read(self, line: int, cells: list[str]) -> LinkEntry | FileProblem:
        """Return the link of a record, or the problem that it is none."""
        problems: list[str] = []
        values: dict[str, Any] = {"title": ""}
        if len(cells) != self._width:
            cells = self._padded(cells, problems)
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

    def _padded(self, cells: list[str], problems: list[str]) -> list[str]:
        problems.append(f"the record has {len(cells)} cells where the header has {self._width}")
        return cells + [""] * (self._width - len(cells))

    def _new_folder(self, folder: tuple[str, str], line: int) -> FolderEntry:
        if len(self._folders) > FOLDERS_MAX:
            raise FormatError(f"The links of the file lie in more than {FOLDERS_MAX} folders.")
        title, name = folder
        entry = self._folders[folder] = FolderEntry(path=(title or name,), line=line)
        return entry
