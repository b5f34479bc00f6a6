"""How far each producer has been counted: what came before is a replay, what was skipped is missing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from reports.models import Producer

logger = logging.getLogger(__name__)

# Whoever has counted meanwhile has moved the position, and then nothing of this batch may be stored.
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


class OutOfStep(Exception):
    """Somebody else counts the same groups at the same time."""


class Position(NamedTuple):
    """What a group says of itself: its producer and number, how many events the producer has accepted up to
    and with it, if that can be read, and how many of them it brings or accounts for."""

    producer: str
    number: int
    accepted: int | None
    told: int


class Move(NamedTuple):
    """A producer's position, and the number it was at before."""

    name: str
    was: int
    number: int
    accepted: int
    missing: int


class Positions:
    """The positions of producers, each as of the last group that was taken."""

    def __init__(self) -> None:
        # Of all that producers have accepted up to groups that were taken, how many events never arrived.
        self.missing = 0
        self._at: dict[str, Move] = {}

    def load(self, names: Iterable[str]) -> None:
        """Read the positions of producers that are not known yet."""
        unknown = set(names) - self._at.keys()
        if unknown:
            stored = Producer.objects.filter(name__in=unknown)
            found = {row.name: (row.number, row.accepted, row.missing) for row in stored}
            for name in unknown:
                number, accepted, missing = found.get(name, (0, 0, 0))
                self._at[name] = Move(name, number, number, accepted, missing)

    def take(self, position: Position) -> bool:
        """Whether the group is to be counted: whatever is between it and the last one is missing then."""
        at = self._at[position.producer]
        if position.number <= at.number:
            return False
        told = at.accepted + position.told
        accepted = told if position.accepted is None else position.accepted
        lost, groups = max(0, accepted - told), position.number - at.number - 1
        if lost or groups:
            told_of = {"producer": at.name, "events": lost, "groups": groups}
            logger.warning("clicks_missing", extra=told_of)
        self._at[at.name] = at._replace(
            number=position.number,
            accepted=max(at.accepted, accepted),
            missing=at.missing + lost,
        )
        self.missing += lost
        return True

    def moves(self) -> list[Move]:
        """How positions have moved since this was last asked."""
        moved = [at for at in self._at.values() if at.number != at.was]
        self._at.update((at.name, at._replace(was=at.number)) for at in moved)
        return moved


def store_moves(cursor: Any, moves: Sequence[Move], now: datetime) -> None:
    """Store positions. Raises OutOfStep when one of them is not where it was."""
    if not moves:
        return
    names, was, numbers, accepted, missing = map(list, zip(*moves, strict=True))
    values = {"names": names, "was": was, "numbers": numbers, "accepted": accepted}
    cursor.execute(_STORE, values | {"missing": missing, "now": now})
    if cursor.rowcount != len(moves):
        raise OutOfStep(f"Of {len(moves)} producers, {cursor.rowcount} are where they were.")
