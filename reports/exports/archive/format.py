"""Define the layout of an archive: a ZIP of JSON Lines, with a manifest last.

Schemas are numbered. To add a field or table, raise SCHEMA and set `since`; archives of earlier schemas stay
readable.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from reports.exports.archive.values import check_year

SCHEMA = 4
MANIFEST = "manifest.json"
KIND = "account"
ARCHIVE_FORMAT = "zip"
FILE_NAME = "account.zip"
CONTENT_TYPE = "application/zip"
# Far more than any has, and far less than a column holds.
_SIZE_MAX = 1 << 50


class ArchiveError(Exception):
    """Report a file that is no readable archive; the message is for its owner."""


@dataclass(frozen=True, slots=True)
class FileNote:
    """Describe a file in the manifest; the SHA-256 is in hex."""

    name: str
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Describe an archive: whose rows as of when, and its files.

    It has all raw clicks and views from the UTC day `raw_from` on; None means of all days.
    """

    schema: int
    gridlink: str
    as_of: dict[str, Any]
    raw_from: date | None
    files: Sequence[FileNote]
    remarks: Sequence[str] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        """Return what `parse` reads."""
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
    def parse(cls, data: bytes) -> Manifest:
        """Read a manifest; raise ArchiveError if it is none or of a newer Gridlink."""
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
                _day(stored["raw_from"]) if stored["raw_from"] else None,
                tuple(_note(note) for note in stored["files"]),
                tuple(map(str, stored["remarks"])),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ArchiveError(f"{MANIFEST} cannot be read: {error!r}.") from error


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


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    check_year(day)
    return day


def _note(stored: dict[str, Any]) -> FileNote:
    note = FileNote(stored["name"], stored["rows"], stored["size"], stored["sha256"])
    kinds = [type(value) for value in asdict(note).values()]
    if kinds != [str, int, int, str]:
        raise ValueError(f"a file is described by {kinds}")
    if not 0 <= note.rows <= note.size < _SIZE_MAX:
        raise ValueError(f"a file has {note.rows} rows in {note.size} bytes")
    return note
