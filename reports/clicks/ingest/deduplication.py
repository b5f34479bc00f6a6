"""Recognise first visits of the day and duplicates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct
from typing import Any

from django.db import connection

from reports.clicks.parsing.outcomes import Outcome
from reports.clicks.storage.copy_format import copy, copy_chunks, pg_date, pg_timestamp

# The day since 1970, the grid and the visitor.
VisitorKey = tuple[int, int, int]

_COLUMNS = ("day", "grid_id", "visitor", "link_id", "last_on")
# OFFSET keeps the subquery one, so that each key is looked up in the index: without statistics of a day
# that has just begun, the planner would rather read the whole table.
_LOAD = """
SELECT keys.day, keys.grid, keys.visitor, found.link_id, found.last_on
FROM unnest(%s::integer[], %s::bigint[], %s::bigint[]) AS keys (day, grid, visitor)
CROSS JOIN LATERAL (
    SELECT link_id, (extract(epoch FROM last_on) * 1000)::bigint AS last_on
    FROM reports_seen_visitor
    WHERE day = date '1970-01-01' + keys.day AND grid_id = keys.grid AND visitor = keys.visitor
    OFFSET 0
) AS found
"""
_MOVE = """
UPDATE reports_seen_visitor AS seen
SET last_on = timestamptz '1970-01-01 00:00+00' + moved.at * interval '1 millisecond'
FROM unnest(%s::integer[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS moved (day, grid, visitor, link, at)
WHERE seen.day = date '1970-01-01' + moved.day AND seen.grid_id = moved.grid
    AND seen.visitor = moved.visitor AND seen.link_id = moved.link
"""


@dataclass(frozen=True, slots=True)
class HistoryChanges:
    """Hold new rows, as COPY reads them, and later visits of known visitors, as columns."""

    new: list[bytes]
    moved: list[str]


class VisitorHistory:
    """Hold when the visitors `keys` last visited each link, to classify their next visits.

    `before` is the history of the batch before, whose changes may not be stored yet. `window` is in
    milliseconds: a human's visit less than that away from the last one is a duplicate.
    """

    def __init__(
        self, keys: Iterable[VisitorKey], window: int, before: VisitorHistory | None = None
    ) -> None:
        self._window = window
        known = before._last if before else {}
        # Per visitor, when each link was last visited; a view of the grid is link 0.
        self._last: dict[VisitorKey, dict[int, int]] = {key: known.get(key, {}) for key in keys}
        # New rows, each with its visitor's part of the above, in which the last visit may still change.
        self._new: list[tuple[VisitorKey, int, dict[int, int]]] = []
        self._moved: dict[tuple[VisitorKey, int], None] = {}
        unknown = [key for key, last_on in self._last.items() if not last_on]
        if unknown:
            self._load(unknown)
        # All rows of a new visitor are new.
        self._new_visitors = {key for key in unknown if not self._last[key]}

    def _load(self, keys: Iterable[VisitorKey]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_LOAD, _arrays(keys))
            for day, grid, visitor, link, at in cursor.fetchall():
                self._last[day, grid, visitor][link] = at

    def outcome(self, key: VisitorKey, link: int, at: int) -> Outcome:
        """Return what a human's visit at `at` counts as, and remember it."""
        last_on = self._last[key]
        last = last_on.get(link)
        if last is None:
            # A view says nothing of clicks.
            is_first_click = len(last_on) == (0 in last_on)
            last_on[link] = at
            self._new.append((key, link, last_on))
            return _FIRST_ON_LINK if link and not is_first_click else _FIRST_ON_GRID
        if abs(at - last) < self._window:
            return _DUPLICATE
        if at > last:
            last_on[link] = at
            if key not in self._new_visitors:
                self._moved[key, link] = None
        return _HUMAN

    def changes(self) -> HistoryChanges:
        """Return what the outcomes have changed."""
        pack = _ROW.pack
        rows = [
            pack(5, 4, pg_date(day), 8, grid, 8, visitor, 8, link, 8, pg_timestamp(last_on[link]))
            for (day, grid, visitor), link, last_on in self._new
        ]
        moved = [(*key, link, self._last[key][link]) for key, link in self._moved]
        return HistoryChanges(copy_chunks(rows), _arrays(moved))


def store_changes(cursor: Any, changes: HistoryChanges) -> None:
    """Store changes within a transaction."""
    if changes.moved:
        cursor.execute(_MOVE, changes.moved)
    copy(cursor, "reports_seen_visitor", _COLUMNS, changes.new)


# A member of an enumeration is found more slowly than a name.
_HUMAN, _DUPLICATE = Outcome.HUMAN, Outcome.DUPLICATE
_FIRST_ON_LINK, _FIRST_ON_GRID = Outcome.FIRST_ON_LINK, Outcome.FIRST_ON_GRID
# The number of columns, and each with its size.
_ROW = Struct("!hiiiqiqiqiq")


def _arrays(rows: Iterable[tuple[int, ...]]) -> list[str]:
    """Return columns as array literals: adapting each number would take ten times as long."""
    return [f"{{{','.join(map(str, column))}}}" for column in zip(*rows, strict=True)]
