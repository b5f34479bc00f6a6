"""Makes batches: all that one transaction stores of some entries, ready to be written.

One batch may be made while the one before it is being stored: what that one changes is known already.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from operator import add
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from reports.clicks.enrichment.agents import UserAgentIds
from reports.clicks.ingest.classifier import Judge, visitors_of
from reports.clicks.ingest.decoding import Parcel, opened
from reports.clicks.ingest.deduplication import NO_CHANGES, Changes, Seen
from reports.clicks.ingest.producers import Move, Positions
from reports.clicks.ingest.stream import Entry
from reports.clicks.parsing.visits import DAY_MS, Reader, Visit
from reports.clicks.rollups.sums import Table
from reports.clicks.storage.copy_format import pieces
from reports.clicks.storage.partitions import month_of
from reports.models import SetAside

logger = logging.getLogger(__name__)

_NOW = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"


class Stored(NamedTuple):
    """What became of entries: `events` are rows now, `replays` are groups that had been counted before,
    `set_aside` and `missing` are events again."""

    events: int = 0
    replays: int = 0
    set_aside: int = 0
    missing: int = 0

    def plus(self, other: Stored) -> Stored:
        """Both together."""
        return Stored(*map(add, self, other))


NOTHING = Stored()


@dataclass(frozen=True, slots=True)
class Batch:
    """What is stored of `entries`: the rows and sums are in the form that COPY reads. `stored` tells what has
    become of them when that is done; `now` is the database's."""

    entries: Sequence[Entry]
    now: datetime
    stored: Stored = NOTHING
    months: set[date] = field(default_factory=set)
    moves: list[Move] = field(default_factory=list)
    clicks: list[bytes] = field(default_factory=list)
    views: list[bytes] = field(default_factory=list)
    seen: Changes = NO_CHANGES
    sums: list[tuple[Table, list[bytes]]] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)


class Maker:
    """Makes one batch after another; each but the last has been stored when the next but one is made."""

    def __init__(self) -> None:
        self._agents = UserAgentIds()
        self._positions = Positions()
        self._seen: Seen | None = None

    def make(self, entries: Sequence[Entry]) -> Batch:
        """The batch of these entries; the empty one of none."""
        if not entries:
            return Batch([], datetime.now(UTC))
        now = _now()
        reader = Reader(now)
        parcels = [opened(entry, reader) for entry in entries]
        if reader.stepped:
            logger.warning("clicks_bad_clock", extra={"events": reader.stepped})
        return self._make(parcels, now)

    def refuse(self, entry: Entry, reason: str) -> Batch:
        """The batch of an entry, with all its visits refused."""
        now = _now()
        return self._make([opened(entry, Reader(now)).refuse(reason)], now)

    def _make(self, parcels: Sequence[Parcel], now: int) -> Batch:
        before = self._positions.missing
        new = self._new(parcels)
        visits = [visit for parcel in new for visit in parcel.readings.visits]
        judge = self._judge(visits)
        for parcel in new:
            judge.refuse(parcel.readings.refused)
        moment = datetime.fromtimestamp(now / 1000, UTC)
        set_aside = list(_set_aside(new, moment))
        return Batch(
            entries=[parcel.entry for parcel in parcels],
            now=moment,
            stored=Stored(
                events=len(visits),
                replays=len(parcels) - len(new),
                set_aside=sum(each.events for each in set_aside),
                missing=self._positions.missing - before,
            ),
            months={month_of(day) for day in {visit[1] // DAY_MS for visit in visits}},
            moves=self._positions.moves(),
            clicks=pieces(judge.clicks),
            views=pieces(judge.views),
            seen=judge.seen.changes(),
            sums=judge.ledger.additions(),
            set_aside=set_aside,
        )

    def _new(self, parcels: Sequence[Parcel]) -> list[Parcel]:
        positions = self._positions
        positions.load(parcel.position.producer for parcel in parcels if parcel.position)
        nameless = [parcel.entry.id for parcel in parcels if not parcel.position]
        # Their number would tell a replay; those without one are known by their entry.
        known = SetAside.objects.filter(entry__in=nameless) if nameless else SetAside.objects.none()
        kept = set(known.values_list("entry", flat=True))
        return [
            parcel
            for parcel in parcels
            if (positions.take(parcel.position) if parcel.position else parcel.entry.id not in kept)
        ]

    def _judge(self, visits: Sequence[Visit]) -> Judge:
        keys = self._agents.resolve({visit[4] for visit in visits})
        visitors = visitors_of(visits)
        window = settings.CLICK_DUPLICATE_SECONDS * 1000
        self._seen = Seen({key for key in visitors if key}, window, self._seen)
        judge = Judge(self._seen, keys)
        judge.take(visits, visitors)
        return judge


def _now() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_NOW)
        (now,) = cursor.fetchone()
    return int(now)


def _set_aside(parcels: Iterable[Parcel], now: datetime) -> Iterable[SetAside]:
    for parcel in parcels:
        for refusal in parcel.readings.refusals:
            yield SetAside(
                entry=parcel.entry.id,
                producer=parcel.position.producer if parcel.position else "",
                number=parcel.position.number if parcel.position else None,
                events=refusal.events,
                reason=refusal.reason,
                payload=refusal.payload,
                created_on=now,
            )
