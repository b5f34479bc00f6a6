"""The layout of an archive: a ZIP with one file of JSON Lines a table, and a manifest as the last entry.

A schema is numbered. Whoever adds a field or a table raises SCHEMA, and says since when it is there; archives
of earlier schemas stay readable.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from reports.exports.archive.table import Table

SCHEMA = 2
MANIFEST = "manifest.json"
KIND = "account"
ARCHIVE_FORMAT = "zip"
FILE_NAME = "account.zip"
CONTENT_TYPE = "application/zip"

ARCHIVE_BYTES = 4 << 30
"""An archive may be no larger,"""
CONTENT_BYTES = 32 << 30
"""nor what is in it,"""
MANIFEST_BYTES = 1 << 20
LINE_BYTES = 1 << 20
"""nor a line of it,"""
RATIO = 200
"""nor may a file in it be packed to less than one part in so many."""
ENTRIES = 100


class ArchiveError(Exception):
    """The file is no archive that can be read here; the message tells its owner why."""


@dataclass(frozen=True, slots=True)
class FileNote:
    """What a manifest says of a file: name, number of rows, bytes, SHA-256 in hex."""

    name: str
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself. `as_of` is the instant whose rows it has; raw clicks and views are
    there from the UTC day `raw_from` on, all of them when that is None."""

    schema: int
    gridlink: str
    as_of: dict[str, Any]
    raw_from: date | None
    files: Sequence[FileNote]
    remarks: Sequence[str] = field(default_factory=tuple)

    def as_bytes(self) -> bytes:
        """As it is written."""
        return json.dumps(self.as_json(), indent=2).encode() + b"\n"

    def as_json(self) -> dict[str, Any]:
        """For a person and for `of`."""
        return {
            "manifest": 1,
            "kind": KIND,
            "format": "zip",
            "schema": self.schema,
            "gridlink": self.gridlink,
            "as_of": self.as_of,
            "raw_from": self.raw_from and self.raw_from.isoformat(),
            "status": "complete",
            "remarks": list(self.remarks),
            "files": [asdict(note) for note in self.files],
        }

    @classmethod
    def of(cls, data: bytes) -> Manifest:
        """Raises ArchiveError for what is none, or is of a newer Gridlink."""
        try:
            stored: Any = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ArchiveError(f"{MANIFEST} is no JSON: {error}.") from error
        if not isinstance(stored, dict) or stored.get("kind") != KIND:
            raise ArchiveError(f"{MANIFEST} is not that of an account's archive.")
        _check_schema(stored)
        try:
            return cls(
                stored["schema"],
                str(stored["gridlink"]),
                dict(stored["as_of"]),
                date.fromisoformat(stored["raw_from"]) if stored["raw_from"] else None,
                tuple(_note(note) for note in stored["files"]),
                tuple(map(str, stored["remarks"])),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ArchiveError(f"{MANIFEST} cannot be read: {error!r}.") from error

    def tables(self, tables: Sequence[Table]) -> list[Table]:
        """Those that archives of this schema have."""
        return [table for table in tables if table.since <= self.schema]


def _check_schema(stored: dict[str, Any]) -> None:
    schema = stored.get("schema")
    if type(schema) is not int or schema < 1:
        raise ArchiveError(f"{MANIFEST} names no schema.")
    if schema > SCHEMA:
        version = str(stored.get("gridlink", "?"))[:40]
        raise ArchiveError(
            f"The archive was made by a newer Gridlink ({version}, schema {schema});"
            f" this one reads schemas up to {SCHEMA}."
        )


def _note(stored: dict[str, Any]) -> FileNote:
    note = FileNote(stored["name"], stored["rows"], stored["size"], stored["sha256"])
    kinds = [type(value) for value in asdict(note).values()]
    if kinds != [str, int, int, str]:
        raise ValueError(f"a file is described by {kinds}")
    return note
