"""Whose archive it is, for the SQL that writes or restores it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.archive.table import Table


@dataclass(frozen=True, slots=True)
class Scope:
    """An account here, by key and slug; `raw_from` is the first UTC day that the archive has all raw clicks
    and views of, None when it has no such limit."""

    user_id: int
    slug: str
    tables: Sequence[Table]
    raw_from: date | None = None

    @property
    def params(self) -> dict[str, Any]:
        """What the queries of tables are asked with."""
        day = self.raw_from or date.min
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return {"user": self.user_id, "slug": self.slug, "raw_from": start}
