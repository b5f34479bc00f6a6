"""How far each producer has been counted: what came before is a replay, what was skipped is missing."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from reports.models import Producer

logger = logging.getLogger(__name__)


class Position(NamedTuple):
    """What a group says of itself: its producer and number, how many events the producer has accepted up to
    and with it, if that can be read, and how many of them it brings or accounts for."""

    producer: str
    number: int
    accepted: int | None
    told: int


class Positions:
    """The positions of the producers of some groups; in a transaction, which then holds them."""

    def __init__(self, names: Iterable[str], now: datetime) -> None:
        rows = Producer.objects.select_for_update().order_by("name")
        self._rows = {row.name: row for row in rows.filter(name__in=set(names))}
        self._now = now
        self.missing = 0

    def take(self, position: Position) -> bool:
        """Whether the group is to be counted: whatever is between it and the last one is missing then."""
        row = self._row(position.producer)
        if position.number <= row.number:
            return False
        told = row.accepted + position.told
        accepted = told if position.accepted is None else position.accepted
        lost, groups = max(0, accepted - told), position.number - row.number - 1
        if lost or groups:
            told_of = {"producer": row.name, "events": lost, "groups": groups}
            logger.warning("clicks_missing", extra=told_of)
        row.number, row.accepted = position.number, max(row.accepted, accepted)
        row.missing += lost
        row.seen_on = self._now
        self.missing += lost
        return True

    def save(self) -> None:
        """Store them."""
        Producer.objects.bulk_create(
            self._rows.values(),
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["number", "accepted", "missing", "seen_on"],
        )

    def _row(self, name: str) -> Producer:
        if name not in self._rows:
            self._rows[name] = Producer(name=name, number=0, accepted=0, missing=0)
        return self._rows[name]
