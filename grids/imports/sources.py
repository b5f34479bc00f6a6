"""Choose the reader of an upload."""

from __future__ import annotations

from typing import Any

from grids.formats.base import FormatError, LinkReader
from grids.formats.csv.reader import CsvReader
from grids.formats.registry import reader_for

# Archives are not opened: what is in them is anybody's guess, and of any size.
_PACKED = {
    b"PK\x03\x04": "ZIP archive",
    b"PK\x05\x06": "ZIP archive",
    b"\x1f\x8b": "gzip file",
    b"BZh": "bzip2 file",
    b"\xfd7zXZ\x00": "xz file",
    b"7z\xbc\xaf\x27\x1c": "7-Zip archive",
    b"(\xb5/\xfd": "Zstandard file",
}


def choose_reader(params: dict[str, Any], head: bytes) -> LinkReader:
    """Return the reader for an import of a file that begins with `head`. Raises FormatError."""
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            raise FormatError(f"The file is a {name}: unpack it and import the file in it.")
    # Only a table has columns that somebody can have named.
    if columns := params.get("columns"):
        return CsvReader(columns)
    return reader_for(params["source"], head)
