"""Build batches: all that one transaction stores of some entries, ready to be written.

One batch may be built while the one before it is being stored: what that one changes is known already.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import add
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from reports.clicks.enrichment.agents import UserAgentIds
from reports.clicks.ingest.classifier import Classifier, visitor_keys
from reports.clicks.ingest.decoding import DecodedEntry, decode
from reports.clicks.ingest.deduplication import HistoryChanges, VisitorHistory
from reports.clicks.ingest.producers import ProducerPositions, Progress
from reports.clicks.ingest.stream import Entry
from reports.clicks.parsing.visits import DAY_MS, HEADER, TIME, EventParser, Visit
from reports.clicks.rollups.additions import Additions
from reports.clicks.storage.copy_format import copy_chunks
from reports.clicks.storage.partitions import month_of
from reports.models import SetAside

logger = logging.getLogger(__name__)

_NOW = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"


class IngestCounts(NamedTuple):
    """Count events by what became of them, and groups that had been counted before."""

    events: int = 0
    # Groups, not events.
    replays: int = 0
    set_aside: int = 0
    missing: int = 0

    def plus(self, other: IngestCounts) -> IngestCounts:
        """Return the sums of both."""
        return IngestCounts(*map(add, self, other))


@dataclass(frozen=True, slots=True)
class Batch:
    """Hold what is stored of `entries`; rows and sums as COPY reads them."""

    entries: Sequence[Entry]
    # The database's time.
    now: datetime
    counts: IngestCounts
    months: set[date]
    progress: list[Progress]
    clicks: list[bytes]
    views: list[bytes]
    history: HistoryChanges
    rollups: list[tuple[Additions, list[bytes]]]
    set_aside: list[SetAside]


class BatchBuilder:
    """Build one batch after another; store each before the next but one."""

    def __init__(self) -> None:
        self._agents = UserAgentIds()
        self._positions = ProducerPositions()
        self._history: VisitorHistory | None = None

    def build(self, entries: Sequence[Entry]) -> Batch:
        """Return the batch of these entries."""
        now = _now()
        parser = EventParser(now)
        decoded = [decode(entry, parser) for entry in entries]
        if parser.bad_clock:
            logger.warning("clicks_bad_clock", extra={"events": parser.bad_clock})
        return self._build(decoded, now)

    def build_refused(self, entry: Entry, reason: str) -> Batch:
        """Return the batch of an entry with every visit refused."""
        now = _now()
        return self._build([decode(entry, EventParser(now)).refuse(reason)], now)

    def _build(self, entries: Sequence[DecodedEntry], now: int) -> Batch:
        missing_before = self._positions.missing
        new = self._without_replays(entries)
        visits = [visit for entry in new for visit in entry.events.visits]
        classifier = self._classify(visits)
        for entry in new:
            classifier.add_refused(entry.events.refused)
        built_on = datetime.fromtimestamp(now / 1000, UTC)
        set_aside = list(_set_aside(new, built_on))
        return Batch(
            entries=[entry.entry for entry in entries],
            now=built_on,
            counts=IngestCounts(
                events=len(visits),
                replays=len(entries) - len(new),
                set_aside=sum(each.events for each in set_aside),
                missing=self._positions.missing - missing_before,
            ),
            months={month_of(day) for day in {visit[TIME] // DAY_MS for visit in visits}},
            progress=self._positions.take_progress(),
            clicks=copy_chunks(classifier.clicks),
            views=copy_chunks(classifier.views),
            history=classifier.history.changes(),
            rollups=classifier.rollups.encode(),
            set_aside=set_aside,
        )

    def _without_replays(self, entries: Sequence[DecodedEntry]) -> list[DecodedEntry]:
        positions = self._positions
        positions.load(entry.position.producer for entry in entries if entry.position)
        # Replays are known by the group's number; without one, by the id of an entry that was set aside.
        unnumbered = [entry.entry.id for entry in entries if not entry.position]
        known = SetAside.objects.filter(entry__in=unnumbered).values_list("entry", flat=True)
        known_ids = set(known)
        return [
            entry
            for entry in entries
            if (
                positions.accept(entry.position)
                if entry.position
                else entry.entry.id not in known_ids
            )
        ]

    def _classify(self, visits: Sequence[Visit]) -> Classifier:
        agent_ids = self._agents.resolve({visit[HEADER] for visit in visits})
        keys = visitor_keys(visits)
        window = settings.CLICK_DUPLICATE_SECONDS * 1000
        self._history = VisitorHistory({key for key in keys if key}, window, self._history)
        classifier = Classifier(self._history, agent_ids)
        classifier.classify(visits, keys)
        return classifier


def _now() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_NOW)
        (now,) = cursor.fetchone()
    return int(now)


def _set_aside(entries: Iterable[DecodedEntry], now: datetime) -> Iterator[SetAside]:
    for decoded in entries:
        position = decoded.position
        for refusal in decoded.events.refusals:
            yield SetAside(
                entry=decoded.entry.id,
                producer=position.producer if position else "",
                number=position.number if position else None,
                events=refusal.events,
                reason=refusal.reason,
                payload=refusal.payload,
                created_on=now,
            )
