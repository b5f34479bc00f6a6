"""The bookmark file of every browser, which Gridlink's own import reads back to the same links."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, BinaryIO

from grids.formats.base import FolderEntry, LinkEntry
from grids.formats.netscape_writer import netscape_document
from reports.exports.base import ExportFormat, ExportQuery

_REPORT_EVERY = 1000


class NetscapeFormat(ExportFormat):
    """Each grid is a folder, each link an entry with its note and tags, in reading order."""

    name = "netscape"
    extension = "html"
    content_type = "text/html; charset=utf-8"

    def write(self, query: ExportQuery, out: BinaryIO, report: Callable[[int], None]) -> int:
        """Streams rows through a server-side cursor, since HTML needs escaping that SQL has not."""
        entries = _Entries(query, report)
        for piece in netscape_document(entries):
            out.write(piece.encode())
        return entries.links


class _Entries:
    """The rows as folders and links, counted."""

    def __init__(self, query: ExportQuery, report: Callable[[int], None]) -> None:
        self.links = 0
        self._query = query
        self._report = report

    def __iter__(self) -> Iterator[FolderEntry | LinkEntry]:
        grid = None
        for row in self._query.rows():
            if row["grid"] != grid:
                grid = row["grid"]
                yield FolderEntry(path=(row["grid_title"],))
            yield _link(row)
            self.links += 1
            if self.links % _REPORT_EVERY == 0:
                self._report(self.links)


def _link(row: dict[str, Any]) -> LinkEntry:
    return LinkEntry(
        url=row["url"],
        title=row["title"],
        note=row["note"],
        tags=tuple(row["tags"]),
        created_on=datetime.fromisoformat(row["created_on"]),
    )
