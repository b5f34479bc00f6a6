"""The file formats that links can be imported from. A new one is a LinkReader and a line here.

The order matters to `auto`: what is told by the most particular signs comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grids.formats.base import FormatError, LinkReader
from grids.formats.csv.reader import CsvReader
from grids.formats.linkstack import LinkStackReader
from grids.formats.linkwarden import LinkwardenReader
from grids.formats.netscape.reader import NetscapeReader
from grids.formats.omnivore import OmnivoreReader
from grids.formats.pocket import PocketReader
from grids.formats.wallabag import WallabagReader

READERS: dict[str, type[LinkReader]] = {
    reader.source: reader
    for reader in (
        NetscapeReader,
        LinkStackReader,
        LinkwardenReader,
        WallabagReader,
        OmnivoreReader,
        PocketReader,
        CsvReader,
    )
}


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A format whose files are no list of links: a job of another app takes them in."""

    source: str
    sniff: Callable[[bytes], bool]
    job_kind: str


WHOLE_FILES: dict[str, WholeFile] = {}


def register_whole(source: str, sniff: Callable[[bytes], bool], job_kind: str) -> None:
    """Make a format known; called by the app that takes its files in."""
    WHOLE_FILES[source] = WholeFile(source, sniff, job_kind)


def sources() -> list[str]:
    """The names of all formats, sorted."""
    return sorted({*READERS, *WHOLE_FILES})


def reader_for(source: str, head: bytes) -> LinkReader:
    """The reader of the named source, or for `auto` of the first that knows `head`. Raises FormatError."""
    if source != "auto":
        return READERS[source]()
    for reader in READERS.values():
        if reader.sniff(head):
            return reader()
    known = ", ".join(sorted(READERS))
    raise FormatError(f"The file is of none of the formats that can be imported: {known}.")
