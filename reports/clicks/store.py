"""Puts a batch into the database: in one transaction, all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import add
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction

from reports.clicks import partitions
from reports.clicks.agents import Keys
from reports.clicks.beside import Beside
from reports.clicks.judge import Judge, visitors_of
from reports.clicks.parcels import Parcel
from reports.clicks.producers import Positions
from reports.clicks.seen import Seen
from reports.clicks.visits import DAY_MS
from reports.models import SetAside


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


def store(parcels: Sequence[Parcel], *, now: int, agents: Keys, beside: Beside[Any]) -> Stored:
    """Count what has not been counted yet. `now` is the database's, in milliseconds since 1970; `beside` does
    what needs no database.

    Raises DataError, and leaves everything as it was, when the database does not take a value.
    """
    _make_partitions(parcels)
    moment = datetime.fromtimestamp(now / 1000, UTC)
    with transaction.atomic(durable=True):
        new, missing = _new(parcels, moment)
        keys = _store_visits(new, agents, beside)
        _set_aside(new, moment)
    agents.committed(keys)
    return Stored(
        events=sum(len(parcel.readings.visits) for parcel in new),
        replays=len(parcels) - len(new),
        set_aside=sum(refusal.events for parcel in new for refusal in parcel.readings.refusals),
        missing=missing,
    )


def _make_partitions(parcels: Sequence[Parcel]) -> None:
    days = {visit[1] // DAY_MS for parcel in parcels for visit in parcel.readings.visits}
    months = {partitions.month_of(day) for day in days}
    for table in partitions.TABLES if months else ():
        partitions.ensure(table, months)


def _new(parcels: Sequence[Parcel], now: datetime) -> tuple[list[Parcel], int]:
    names = [parcel.position.producer for parcel in parcels if parcel.position]
    nameless = [parcel.entry.id for parcel in parcels if not parcel.position]
    # Their number would tell a replay; those without one are known by their entry.
    known = SetAside.objects.filter(entry__in=nameless) if nameless else SetAside.objects.none()
    kept = set(known.values_list("entry", flat=True))
    positions = Positions(names, now)
    new = [
        parcel
        for parcel in parcels
        if (positions.take(parcel.position) if parcel.position else parcel.entry.id not in kept)
    ]
    positions.save()
    return new, positions.missing


def _store_visits(parcels: Sequence[Parcel], agents: Keys, beside: Beside[Any]) -> dict[bytes, int]:
    visits = [visit for parcel in parcels for visit in parcel.readings.visits]
    keys = agents.find({visit[4] for visit in visits})
    with connection.wrap_database_errors, connection.cursor() as cursor:
        window = settings.CLICK_DUPLICATE_SECONDS * 1000
        visitors = visitors_of(visits)
        judge = Judge(Seen(cursor, {key for key in visitors if key}, window), keys)
        judge.take(visits, visitors)
        for parcel in parcels:
            judge.refuse(parcel.readings.refused)
        judge.store(cursor, beside)
    return keys


def _set_aside(parcels: Sequence[Parcel], now: datetime) -> None:
    SetAside.objects.bulk_create(
        SetAside(
            entry=parcel.entry.id,
            producer=parcel.position.producer if parcel.position else "",
            number=parcel.position.number if parcel.position else None,
            events=refusal.events,
            reason=refusal.reason,
            payload=refusal.payload,
            created_on=now,
        )
        for parcel in parcels
        for refusal in parcel.readings.refusals
    )
