"""What can be exported: which rows there are, as of when, and in which parts they are written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from django.db import models

from reports.exports.base import ExportQuery, Style
from reports.exports.columns import Column, chosen


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked for. Without names of columns, all are meant."""

    user_id: int
    format: str
    compression: str = "none"
    columns: tuple[str, ...] = ()
    filters: dict[str, Any] = field(default_factory=dict)
    style: Style = field(default_factory=Style)

    @classmethod
    def of(cls, user_id: int, params: dict[str, Any]) -> Wish:
        """From the parameters of a job, in which what is missing has its default."""
        return cls(
            user_id=user_id,
            format=params["format"],
            compression=params.get("compression", "none"),
            columns=tuple(params.get("columns", ())),
            filters=params.get("filters", {}),
            style=Style(**params.get("style", {})),
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of the rows: those from `start` to before `end`, of which there should be `rows`. With `is_cut`
    there are more, and only the first so many are meant."""

    rows: int
    start: str = ""
    end: str = ""
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows of an export, fixed: `as_of` says by what, for the manifest; `remarks` what an owner should
    know of them. It is JSON, so that another attempt can go on with it."""

    as_of: dict[str, Any]
    pieces: tuple[Piece, ...]
    remarks: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many there are in all."""
        return sum(piece.rows for piece in self.pieces)

    def cut(self, rows: int) -> Plan:
        """Of no more than so many rows."""
        pieces, left = [], rows
        for piece in self.pieces:
            if piece.rows > left:
                pieces.append(replace(piece, rows=left, is_cut=True))
                break
            pieces.append(piece)
            left -= piece.rows
        return replace(self, pieces=tuple(pieces))

    def as_json(self) -> dict[str, Any]:
        """For a checkpoint."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Plan:
        """From a checkpoint."""
        pieces = tuple(Piece(**piece) for piece in stored["pieces"])
        return cls(stored["as_of"], pieces, tuple(stored["remarks"]))


class ExportSource(ABC):
    """One kind of export. Adding another is a subclass in a file of its own, and a line in `registry`."""

    kind: ClassVar[str]
    model: ClassVar[type[models.Model]]
    """Whose rows they are; it has a `user_id`."""
    columns: ClassVar[Sequence[Column]]
    filters: ClassVar[frozenset[str]]
    """The names of the filters that it knows."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.chosen = chosen(self.columns, wish.columns)

    @abstractmethod
    def plan(self) -> Plan:
        """The rows there are now, in one piece at least. Runs in the transaction that also writes them, if
        they are no more than one."""

    def query(self, plan: Plan, piece: Piece) -> ExportQuery:
        """The query of some rows of the plan."""
        found = self.select(plan, piece)
        return replace(found, limit=piece.rows) if piece.is_cut else found

    @abstractmethod
    def select(self, plan: Plan, piece: Piece) -> ExportQuery:
        """The query of all rows from a piece's start to its end."""

    def is_current(self, plan: Plan) -> bool:
        """Whether the plan, made a while ago, still gives the rows that it gave then."""
        return True


def instant(text: str) -> datetime:
    """A moment as plans hold it."""
    return datetime.fromisoformat(text)
