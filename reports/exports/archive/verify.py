"""Whether a file of an export is as its manifest says: size, checksum, number of rows. Asks no database."""

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
# What the names of columns are made of; what stands between two is the delimiter.
_BETWEEN_NAMES = re.compile(rb"[^a-z0-9_\r\n\xef\xbb\xbf]")
_UNREADABLE = (OSError, EOFError, ValueError, csv.Error, zlib.error, zstandard.ZstdError)


class Unverifiable(Exception):
    """There is nothing to hold the file against, or it cannot be read; the message says why."""


def verify(file: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """Each way in which the file is not as a manifest beside it says. Raises Unverifiable when the manifest
    does not name it, and OSError."""
    note = _note(file, manifest)
    size, digest = _measured(file)
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
    """Check an archive against the manifest in it; the number of rows. Raises ArchiveError, OSError."""
    with file.open("rb") as stream:
        archive = Archive(stream)
        return sum(1 for table in archive.tables for _ in archive.lines(table))


def read_manifest(path: Path) -> dict[str, Any]:
    """Raises Unverifiable, OSError."""
    try:
        manifest: Any = json.loads(path.read_bytes())
    except ValueError as error:
        raise Unverifiable(f"{path}: no manifest: {error}") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), list):
        raise Unverifiable(f"{path}: no manifest of an export")
    return manifest


def _note(file: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """What is said of the file; by its name, or of the only one."""
    notes = [note for note in manifest["files"] if isinstance(note, dict)]
    named = [note for note in notes if note.get("name") == file.name] or notes
    if len(named) != 1 or not {"size", "sha256"} <= named[0].keys():
        raise Unverifiable(f"The manifest does not say what {file.name} should be.")
    return named[0]


def _measured(file: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


@contextmanager
def _unpacked(file: Path, compression: str) -> Iterator[BinaryIO]:
    """What is in the file, of however many members or frames."""
    unpack = _UNPACKERS.get(compression)
    if unpack is None:
        raise ValueError(f"unknown compression {compression!r}")
    with file.open("rb") as stream, unpack(stream) as content:
        yield cast(BinaryIO, content)


_UNPACKERS: dict[str, Callable[[BinaryIO], Any]] = {
    "none": lambda stream: stream,
    "gzip": lambda stream: gzip.GzipFile(fileobj=stream),
    "zstd": lambda stream: io.BufferedReader(
        cast(Any, zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)),
        _BLOCK,
    ),
}


def _lines(file: Path, compression: str) -> int:
    """Of JSON Lines: each must be an object."""
    count = 0
    with _unpacked(file, compression) as content:
        for count, line in enumerate(content, 1):
            if not line.endswith(b"\n") or type(json.loads(line)) is not dict:
                raise ValueError(f"line {count} is no row")
    return count


def _records(file: Path, compression: str) -> int:
    """Of CSV, but for the header."""
    # The longest that a csv reader is told to take; what stands in a cell has limits elsewhere.
    csv.field_size_limit(_BLOCK * 16)
    with _unpacked(file, compression) as content:
        between = _BETWEEN_NAMES.search(content.readline(_BLOCK).rstrip(b"\n"))
    delimiter = between[0].decode() if between else ","
    with _unpacked(file, compression) as content:
        text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="")
        return sum(1 for _ in csv.reader(text, delimiter=delimiter, strict=True)) - 1


def _archived(file: Path, _: str) -> int:
    return verify_archive(file)


_COUNTERS: dict[str, Callable[[Path, str], int]] = {
    "csv": _records,
    "jsonl": _lines,
    "zip": _archived,
}
"""How the rows of a format are counted; of others only size and checksum are checked."""


def counts_rows(manifest: dict[str, Any]) -> bool:
    """Whether the rows of the files of this manifest are counted."""
    return manifest.get("format") in _COUNTERS
