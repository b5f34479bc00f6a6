"""Turns the cells of a record into a link, as its table's header has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grids.formats.base import FileProblem, FolderEntry, FormatError, LinkEntry
from grids.formats.csv.header import Header
from grids.formats.moments import moment_of_text
from grids.formats.text import mended, windows_mended
from grids.formats.values import alias_of, alias_of_url, answer_of, count_of

FOLDERS_MAX = 100_000
"""So many folders can be told apart in one file, since all must be remembered."""

_GUARDED = frozenset("=+-@\t\r\n")
Parse = Callable[[str, str, list[str]], Any]


def _text(cell: str, what: str, problems: list[str]) -> str:
    return cell.strip()


def _alias(cell: str, what: str, problems: list[str]) -> str:
    return alias_of(cell)


def _alias_of_url(cell: str, what: str, problems: list[str]) -> str:
    return alias_of_url(cell)


# What each field becomes in a link, and how its cell is read.
_PARSERS: dict[str, tuple[str, Parse]] = {
    "url": ("url", _text),
    "title": ("title", _text),
    "note": ("note", _text),
    "alias": ("alias", _alias),
    "short_url": ("alias", _alias_of_url),
    "created_on": ("created_on", moment_of_text),
    "modified_on": ("modified_on", moment_of_text),
    "clicks": ("clicks", count_of),
    "archived": ("archived", answer_of),
    "private": ("private", answer_of),
    "source_id": ("source_id", _text),
    "folder": ("folder", _text),
    "folder_id": ("folder_id", _text),
}


class Rows:
    """Reads the records of one table; `folder` is the one that the last link lies in."""

    def __init__(self, header: Header) -> None:
        self.folder = FolderEntry(path=())
        self._folders = {("", ""): self.folder}
        self._header = header
        self._width = len(header.names)

        def tags(cell: str, what: str, problems: list[str]) -> tuple[str, ...]:
            return header.layout.tags(cell)

        parsers = {**_PARSERS, "tags": ("tags", tags)}
        self._plan = [
            (*parsers[field], index, header.name(field)) for field, index in header.columns.items()
        ]

    def read(self, line: int, cells: list[str]) -> LinkEntry | FileProblem:
        """The link of a record, or the problem that it is none."""
        problems: list[str] = []
        values: dict[str, Any] = {"title": ""}
        if len(cells) != self._width:
            cells = self._levelled(cells, problems)
        for name, parse, index, what in self._plan:
            if cell := cells[index]:
                if cell[0] == "'" and cell[1:2] in _GUARDED:
                    cell = cell[1:]
                if not cell.isprintable():
                    cell = mended(windows_mended(cell, problems), problems)
                values[name] = parse(cell, what, problems)
        folder = values.pop("folder", ""), values.pop("folder_id", "")
        if not values.get("url"):
            return FileProblem(line, f"a record has no address ({self._header.name('url')})")
        self.folder = self._folders.get(folder) or self._new_folder(folder, line)
        if problems:
            values["problems"] = tuple(dict.fromkeys(problems))
        return LinkEntry(line=line, **values)

    def _levelled(self, cells: list[str], problems: list[str]) -> list[str]:
        problems.append(f"the record has {len(cells)} cells where the header has {self._width}")
        return cells + [""] * (self._width - len(cells))

    def _new_folder(self, folder: tuple[str, str], line: int) -> FolderEntry:
        if len(self._folders) > FOLDERS_MAX:
            raise FormatError(f"The links of the file lie in more than {FOLDERS_MAX} folders.")
        title, name = folder
        entry = self._folders[folder] = FolderEntry(path=(title or name,), line=line)
        return entry
