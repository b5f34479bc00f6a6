"""Track how far each producer is counted: earlier groups are replays, skipped ones are missing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from reports.models import Producer

logger = logging.getLogger(__name__)

# A concurrent ingest has moved the position, and then nothing of this batch may be stored.
_STORE = """
WITH moves AS (
    SELECT * FROM unnest(%(names)s::text[], %(was)s::bigint[], %(numbers)s::bigint[], %(accepted)s::bigint[],
        %(missing)s::bigint[]) AS moves (name, was, number, accepted, missing)
)
INSERT INTO reports_producer AS stored (name, number, accepted, missing, seen_on)
SELECT name, number, accepted, missing, %(now)s FROM moves ORDER BY name
ON CONFLICT (name) DO UPDATE SET number = excluded.number, accepted = excluded.accepted,
    missing = excluded.missing, seen_on = excluded.seen_on
WHERE stored.number = (SELECT was FROM moves WHERE moves.name = excluded.name)
"""


class ConcurrentIngest(Exception):
    """Signal that somebody else counts the same groups at the same time."""


class GroupPosition(NamedTuple):
    """Hold what a group says of itself."""

    producer: str
    number: int
    # All events its producer has accepted up to and with this group; None if that cannot be read.
    accepted: int | None
    # Those that the group brings or accounts for.
    events: int


class Progress(NamedTuple):
    """Hold how far a producer is counted, and the number that is stored of it."""

    name: str
    was: int
    number: int
    accepted: int
    missing: int


class ProducerPositions:
    """Hold the positions of producers as of the last accepted group of each."""

    def __init__(self) -> None:
        # How many events, of all that producers had accepted by then, never arrived.
        self.missing = 0
        self._at: dict[str, Progress] = {}

    def load(self, names: Iterable[str]) -> None:
        """Read the positions of producers that are not known yet."""
        unknown = set(names) - self._at.keys()
        if unknown:
            stored = Producer.objects.filter(name__in=unknown)
            found = {row.name: (row.number, row.accepted, row.missing) for row in stored}
            for name in unknown:
                number, accepted, missing = found.get(name, (0, 0, 0))
                self._at[name] = Progress(name, number, number, accepted, missing)

    def accept(self, group: GroupPosition) -> bool:
        """Move on to a group, past missing ones; return False for a replay."""
        at = self._at[group.producer]
        if group.number <= at.number:
            return False
        arrived = at.accepted + group.events
        accepted = arrived if group.accepted is None else group.accepted
        lost, groups = max(0, accepted - arrived), group.number - at.number - 1
        if lost or groups:
            details = {"producer": at.name, "events": lost, "groups": groups}
            logger.warning("clicks_missing", extra=details)
        self._at[at.name] = at._replace(
            number=group.number,
            accepted=max(at.accepted, accepted),
            missing=at.missing + lost,
        )
        self.missing += lost
        return True

    def take_progress(self) -> list[Progress]:
        """Return the positions that have moved since the last call."""
        moved = [at for at in self._at.values() if at.number != at.was]
        self._at.update((at.name, at._replace(was=at.number)) for at in moved)
        return moved


def store_progress(cursor: Any, progress: Sequence[Progress], now: datetime) -> None:
    """Store positions. Raises ConcurrentIngest when a stored one is not where it was."""
    if not progress:
        return
    names, was, numbers, accepted, missing = map(list, zip(*progress, strict=True))
    values = {"names": names, "was": was, "numbers": numbers, "accepted": accepted}
    cursor.execute(_STORE, values | {"missing": missing, "now": now})
    if cursor.rowcount != len(progress):
        raise ConcurrentIngest(
            f"Of {len(progress)} producers, {cursor.rowcount} are where they were."
        )
