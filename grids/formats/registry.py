"""Register the formats that links can be imported from: a LinkReader and a line here.

The order matters to `auto`: what is recognised by the most specific signs comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from grids.formats.base import FormatError, LinkReader
from grids.formats.csv.reader import CsvReader, PocketReader
from grids.formats.linkstack import LinkStackReader
from grids.formats.linkwarden import LinkwardenReader
from grids.formats.netscape.reader import NetscapeReader
from grids.formats.reading_lists import OmnivoreReader, WallabagReader

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


# Archives are not opened: their contents are unknown, and of any size.
_ARCHIVES = {
    b"PK\x03\x04": "ZIP archive",
    b"PK\x05\x06": "ZIP archive",
    b"\x1f\x8b": "gzip file",
    b"BZh": "bzip2 file",
    b"\xfd7zXZ\x00": "xz file",
    b"7z\xbc\xaf\x27\x1c": "7-Zip archive",
    b"(\xb5/\xfd": "Zstandard file",
}


@dataclass(frozen=True, slots=True)
class JobFormat:
    """Represent a format whose files are imported by a job of another app."""

    sniff: Callable[[bytes], bool]
    job_kind: str


JOB_FORMATS: dict[str, JobFormat] = {}


def register_job_format(source: str, sniff: Callable[[bytes], bool], job_kind: str) -> None:
    """Register such a format; called by the app whose job imports its files."""
    JOB_FORMATS[source] = JobFormat(sniff, job_kind)


def sources() -> list[str]:
    """Return the names of all formats, sorted."""
    return sorted({*READERS, *JOB_FORMATS})


def choose_reader(source: str, head: bytes, columns: Mapping[str, str] | None = None) -> LinkReader:
    """Return the reader of a file that begins with `head`. Raises FormatError.

    It is that of the source, or for `auto` the first that knows `head`; `columns` are those of a table.
    """
    for magic, name in _ARCHIVES.items():
        if head.startswith(magic):
            raise FormatError(f"The file is a {name}: unpack it and import the file in it.")
    if columns:
        return CsvReader(columns)
    if source != "auto":
        return READERS[source]()
    for reader in READERS.values():
        if reader.sniff(head):
            return reader()
    known = ", ".join(sorted(READERS))
    raise FormatError(f"The file is of none of the formats that can be imported: {known}.")
