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
        links = 0

        def entries() -> Iterator[FolderEntry | LinkEntry]:
            nonlocal links
            grid = None
            for links, row in enumerate(query.rows(), 1):
                if row["grid"] != grid:
                    grid = row["grid"]
                    yield FolderEntry(path=(row["grid_title"],))
                yield _link(row)
                if links % _REPORT_EVERY == 0:
                    on_progress(_REPORT_EVERY)

        # A buffer counts lines, of which a link has several: `entries` reports progress instead.
        with self.compression.wrap(out) as target, buffered(target, lambda lines: None) as file:
            for text in netscape_document(entries()):
                file.write(text.encode())
        return links


def _link(row: dict[str, Any]) -> LinkEntry:
    return LinkEntry(
        url=row["url"],
        title=row["title"],
        note=row["note"],
        tags=tuple(row["tags"]),
        created_on=row["created_on"],
    )
