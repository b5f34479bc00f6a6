"""Define an export's source: its rows, as of when, and their chunks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from django.db import models

from reports.exports.base import ExportQuery, Style
from reports.exports.columns import Column


@dataclass(frozen=True, slots=True)
class ExportSpec:
    """Hold what was asked for; no column names means all columns."""

    user_id: int
    format: str
    compression: str = "none"
    columns: tuple[str, ...] = ()
    filters: dict[str, Any] = field(default_factory=dict)
    style: Style = field(default_factory=Style)

    @classmethod
    def from_params(cls, user_id: int, params: dict[str, Any]) -> ExportSpec:
        """Read a job's parameters; what is missing has its default."""
        return cls(
            user_id=user_id,
            format=params["format"],
            compression=params.get("compression", "none"),
            columns=tuple(params.get("columns", ())),
            filters=params.get("filters", {}),
            style=Style(**params.get("style", {})),
        )


@dataclass(frozen=True, slots=True)
class Chunk:
    """Represent the rows from `start` to before `end`, and how many there should be.

    With `is_truncated` there are more, and only the first `rows` are exported.
    """

    rows: int
    start: str = ""
    end: str = ""
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Fix the rows of an export, so that another attempt continues with the same.

    `as_of` goes into the manifest, as do the `remarks` for the owner.
    """

    as_of: dict[str, Any]
    chunks: tuple[Chunk, ...]
    remarks: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Return the number of rows in all chunks."""
        return sum(chunk.rows for chunk in self.chunks)

    def truncated(self, rows: int) -> Plan:
        """Return the plan of the first rows only."""
        chunks, left = [], rows
        for chunk in self.chunks:
            if chunk.rows > left:
                chunks.append(replace(chunk, rows=left, is_truncated=True))
                break
            chunks.append(chunk)
            left -= chunk.rows
        return replace(self, chunks=tuple(chunks))

    def as_json(self) -> dict[str, Any]:
        """Return it for a checkpoint, under the keys that stored ones have."""
        return {
            "as_of": self.as_of,
            "pieces": [
                {
                    "rows": each.rows,
                    "start": each.start,
                    "end": each.end,
                    "is_cut": each.is_truncated,
                }
                for each in self.chunks
            ],
            "remarks": self.remarks,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Plan:
        """Read what `as_json` returned."""
        chunks = tuple(
            Chunk(piece["rows"], piece["start"], piece["end"], piece["is_cut"])
            for piece in stored["pieces"]
        )
        return cls(stored["as_of"], chunks, tuple(stored["remarks"]))


class ExportSource(ABC):
    """Provide the rows of one kind of export; subclasses are listed in `registry`.

    `using` is the alias of the database to read.
    """

    kind: ClassVar[str]
    model: ClassVar[type[models.Model]]
    """The model of the rows; it has a `user_id`."""
    columns: ClassVar[Sequence[Column]]
    filters: ClassVar[frozenset[str]]
    """The names of the filters that apply."""

    def __init__(self, spec: ExportSpec) -> None:
        self.spec = spec
        by_name = {column.name: column for column in self.columns}
        self.columns_selected = tuple(by_name[name] for name in spec.columns or by_name)

    @abstractmethod
    def plan(self, using: str) -> Plan:
        """Return the rows there are now, in at least one chunk.

        A plan of one chunk is written in the same transaction.
        """

    def query(self, plan: Plan, chunk: Chunk, using: str) -> ExportQuery:
        """Return the query of a chunk's rows."""
        query = self.select(plan, chunk, using)
        return replace(query, limit=chunk.rows) if chunk.is_truncated else query

    @abstractmethod
    def select(self, plan: Plan, chunk: Chunk, using: str) -> ExportQuery:
        """Return the query of all rows from a chunk's start to its end."""

    def is_current(self, plan: Plan) -> bool:
        """Return whether an older plan still gives the same rows."""
        return True
