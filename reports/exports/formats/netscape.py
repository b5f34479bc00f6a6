"""Write the bookmark file that every browser and Gridlink's own import read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from grids.formats.base import FolderEntry, LinkEntry
from grids.formats.netscape.writer import netscape_document
from reports.exports.base import ExportFormat, ExportQuery, OnProgress, buffered

_REPORT_EVERY = 1000


class NetscapeFormat(ExportFormat):
    """Write grids as folders and links with note and tags, in reading order."""

    name = "netscape"
    extension = "html"
    content_type = "text/html; charset=utf-8"
    has_fixed_columns = True

    def write(self, query: ExportQuery, out: io.RawIOBase, on_progress: OnProgress) -> int:
        """Stream rows through a server-side cursor, since SQL cannot escape HTML."""
        entries = _Entries(query, on_progress)
        # A buffer counts lines, of which a link has several: `_Entries` reports progress instead.
        with self.compression.wrap(out) as target, buffered(target, lambda lines: None) as file:
            for text in netscape_document(entries):
                file.write(text.encode())
        return entries.links


class _Entries:
    """Iterate over the rows as folders and links, and count the links."""

    def __init__(self, query: ExportQuery, on_progress: OnProgress) -> None:
        self.links = 0
        self._query = query
        self._on_progress = on_progress

    def __iter__(self) -> Iterator[FolderEntry | LinkEntry]:
        grid = None
        for row in self._query.rows():
            if row["grid"] != grid:
                grid = row["grid"]
                yield FolderEntry(path=(row["grid_title"],))
            yield _link(row)
            self.links += 1
            if self.links % _REPORT_EVERY == 0:
                self._on_progress(_REPORT_EVERY)


def _link(row: dict[str, Any]) -> LinkEntry:
    return LinkEntry(
        url=row["url"],
        title=row["title"],
        note=row["note"],
        tags=tuple(row["tags"]),
        created_on=row["created_on"],
    )
