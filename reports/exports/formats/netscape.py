"""Write the bookmark file that every browser and Gridlink's own import read."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from grids.formats.base import FolderEntry, LinkEntry
from grids.formats.netscape.writer import netscape_document
from grids.imports.limits import folder_path
from reports.exports.base import ExportFormat, ExportQuery, OnProgress, buffered
from reports.exports.columns import Column

_REPORT_EVERY = 1000
_GRID_COLUMNS = (
    Column("grid_description", "grid.description"),
    Column("grid_created_on", "grid.created_on"),
)


class NetscapeFormat(ExportFormat):
    """Write grids as folders and links with note and tags, in reading order.

    A grid that an import made of nested folders is nested folders again.
    """

    name = "netscape"
    extension = "html"
    content_type = "text/html; charset=utf-8"
    has_fixed_columns = True
    cannot_hold: ClassVar[Mapping[str, str]] = {
        "links": "An import of this file brings back the title, description and date of each grid, and URL,"
        " title, note, tags and dates (in whole seconds) of each link. It does not bring back alias, earlier"
        " clicks, place, size, background, style and active window of links, what else belongs to a grid, and"
        " grids without links: an export of the account does."
    }

    @property
    def zone(self) -> str:
        """Return UTC: the format counts seconds, and no local time is out of Python's range."""
        return "UTC"

    def write(self, query: ExportQuery, out: io.RawIOBase, on_progress: OnProgress) -> int:
        """Stream rows through a server-side cursor, since SQL cannot escape HTML."""
        query = replace(query, columns=(*query.columns, *_GRID_COLUMNS))
        links = 0

        def entries() -> Iterator[FolderEntry | LinkEntry]:
            nonlocal links
            grid = None
            for links, row in enumerate(query.rows(), 1):
                if row["grid"] != grid:
                    grid = row["grid"]
                    yield _folder(row)
                yield _link(row)
                if links % _REPORT_EVERY == 0:
                    on_progress(_REPORT_EVERY)

        # A buffer counts lines, of which a link has several: `entries` reports progress instead.
        with self.compression.wrap(out) as target, buffered(target, lambda lines: None) as file:
            for text in netscape_document(entries()):
                file.write(text.encode())
        return links


def _folder(row: dict[str, Any]) -> FolderEntry:
    path = folder_path(row["grid_title"])
    return FolderEntry(path, row["grid_description"], row["grid_created_on"])


def _link(row: dict[str, Any]) -> LinkEntry:
    return LinkEntry(
        url=row["url"],
        title=row["title"],
        note=row["note"],
        tags=tuple(row["tags"]),
        created_on=row["created_on"],
        modified_on=row["modified_on"],
    )
