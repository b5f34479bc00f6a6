"""Verify a file's size, checksum and number of rows by its manifest, without a database."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import zstandard

from reports.exports.archive.format import ArchiveError
from reports.exports.archive.reader import Archive

_BLOCK = 1 << 20
# What is in no name of a column is the delimiter.
_DELIMITER = re.compile(rb"[^a-z0-9_\r\n\xef\xbb\xbf]")
_UNREADABLE = (OSError, EOFError, ValueError, csv.Error, zlib.error, zstandard.ZstdError)


class Unverifiable(Exception):
    """Report a manifest that cannot be read or does not describe the file."""


def verify(file: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """Yield each way in which the file differs from the manifest beside it.

    Raises Unverifiable if the manifest does not name it, and OSError.
    """
    note = _note(file, manifest)
    size = file.stat().st_size
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if size != note["size"]:
        yield f"{file.name}: {size} bytes, not {note['size']}"
    if digest != note["sha256"]:
        yield f"{file.name}: SHA-256 {digest}, not {note['sha256']}"
    if counts_rows(manifest) and note.get("rows") is not None:
        yield from _check_rows(file, manifest, note["rows"])


def _check_rows(file: Path, manifest: dict[str, Any], wanted: int) -> Iterator[str]:
    try:
        rows = _COUNTERS[manifest["format"]](file, manifest.get("compression", "none"))
    except ArchiveError as error:
        yield f"{file.name}: {error}"
    except _UNREADABLE as error:
        yield f"{file.name}: cannot be read: {error}"
    else:
        if rows != wanted:
            yield f"{file.name}: {rows} rows, not {wanted}"


def verify_archive(file: Path) -> int:
    """Check an archive against the manifest in it; return the number of rows.

    Raises ArchiveError, OSError.
    """
    with file.open("rb") as stream:
        archive = Archive(stream)
        return sum(1 for table in archive.tables for _ in archive.lines(table))


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest; raise Unverifiable or OSError."""
    try:
        manifest: Any = json.loads(path.read_bytes())
    except ValueError as error:
        raise Unverifiable(f"{path}: no manifest: {error}") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), list):
        raise Unverifiable(f"{path}: no manifest of an export")
    return manifest


def _note(file: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the note about the file: by its name, or the only one."""
    notes = [note for note in manifest["files"] if isinstance(note, dict)]
    named = [note for note in notes if note.get("name") == file.name] or notes
    if len(named) != 1 or not {"size", "sha256"} <= named[0].keys():
        raise Unverifiable(f"The manifest does not say what {file.name} should be.")
    return named[0]


@contextmanager
def _decompressed(file: Path, compression: str) -> Iterator[BinaryIO]:
    """Open the decompressed content of all members or frames of a file."""
    open_stream = _DECOMPRESSORS.get(compression)
    if open_stream is None:
        raise ValueError(f"unknown compression {compression!r}")
    with file.open("rb") as stream, open_stream(stream) as content:
        yield cast(BinaryIO, content)


_DECOMPRESSORS: dict[str, Callable[[BinaryIO], Any]] = {
    "none": lambda stream: stream,
    "gzip": lambda stream: gzip.GzipFile(fileobj=stream),
    "zstd": lambda stream: io.BufferedReader(
        cast(Any, zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)),
        _BLOCK,
    ),
}


def _lines(file: Path, compression: str) -> int:
    """Count the lines of JSON Lines, each of which must be an object."""
    count = 0
    with _decompressed(file, compression) as content:
        for count, line in enumerate(content, 1):
            if not line.endswith(b"\n") or type(json.loads(line)) is not dict:
                raise ValueError(f"line {count} is no row")
    return count


def _records(file: Path, compression: str) -> int:
    """Count the rows of CSV without the header."""
    # More than a cell can contain, which other limits bound.
    csv.field_size_limit(_BLOCK * 16)
    with _decompressed(file, compression) as content:
        found = _DELIMITER.search(content.readline(_BLOCK).rstrip(b"\n"))
    delimiter = found[0].decode() if found else ","
    with _decompressed(file, compression) as content:
        text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="")
        return sum(1 for _ in csv.reader(text, delimiter=delimiter, strict=True)) - 1


_COUNTERS: dict[str, Callable[[Path, str], int]] = {
    "csv": _records,
    "jsonl": _lines,
    "zip": lambda file, compression: verify_archive(file),
}
"""How to count the rows of a format; of others only size and checksum are checked."""


def counts_rows(manifest: dict[str, Any]) -> bool:
    """Return whether the rows of the manifest's format can be counted."""
    return manifest.get("format") in _COUNTERS
