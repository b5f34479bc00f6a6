"""The bookmark file of every browser, which Gridlink's own import reads back to the same links."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from grids.formats.base import FolderEntry, LinkEntry
from grids.formats.netscape.writer import netscape_document
from reports.exports.base import ExportFormat, ExportQuery, Moved, buffered

_REPORT_EVERY = 1000


class NetscapeFormat(ExportFormat):
    """Each grid is a folder, each link an entry with its note and tags, in reading order."""

    name = "netscape"
    extension = "html"
    content_type = "text/html; charset=utf-8"
    has_own_columns = True

    def write(self, query: ExportQuery, out: io.RawIOBase, moved: Moved) -> int:
        """Streams rows through a server-side cursor, since HTML needs escaping that SQL has not."""
        entries = _Entries(query, moved)
        with self.packing.wrap(out) as packed, buffered(packed, _lines_are_no_rows) as file:
            for piece in netscape_document(entries):
                file.write(piece.encode())
        return entries.links


class _Entries:
    """The rows as folders and links, counted."""

    def __init__(self, query: ExportQuery, moved: Moved) -> None:
        self.links = 0
        self._query = query
        self._moved = moved

    def __iter__(self) -> Iterator[FolderEntry | LinkEntry]:
        grid = None
        for row in self._query.rows():
            if row["grid"] != grid:
                grid = row["grid"]
                yield FolderEntry(path=(row["grid_title"],))
            yield _link(row)
            self.links += 1
            if self.links % _REPORT_EVERY == 0:
                self._moved(_REPORT_EVERY)


def _lines_are_no_rows(_: int) -> None:
    """What a buffer tells of lines says nothing of links."""


def _link(row: dict[str, Any]) -> LinkEntry:
    return LinkEntry(
        url=row["url"],
        title=row["title"],
        note=row["note"],
        tags=tuple(row["tags"]),
        created_on=row["created_on"],
    )
