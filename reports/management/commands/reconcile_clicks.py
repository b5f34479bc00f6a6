"""Check that accepted clicks are counted and sums agree: `manage.py reconcile_clicks`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from redis import RedisError

from reports.clicks.audit.reconcile import (
    ProducerEvents,
    Reconciliation,
    RedisState,
    read_redis,
    reconcile,
)
from reports.clicks.storage.partitions import oldest_day

_COLUMNS = "{:<32} {:>12} {:>12} {:>9} {:>9} {:>9}"


class Command(BaseCommand):
    help = (
        "Compare what `public` processes accepted with what is counted, in the stream and in the spool, and"
        " the rows with the sums. Ends with 1 when anything differs or is missing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--hours",
            type=int,
            default=24,
            metavar="N",
            help="compare the sums of the UTC days that the last N hours are in; default 24",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["hours"] < 1:
            raise CommandError("--hours must be at least 1.")
        redis, unreachable = _redis()
        found = reconcile(redis=redis, days=_days(options["hours"]))
        differences = [*unreachable, *found.differences]
        self._show(found)
        for difference in differences:
            self.stdout.write(f"  {difference}")
        if differences:
            raise CommandError(f"{len(differences)} differences")
        events = sum(each.counted + each.stream + each.spool for each in found.producers)
        self.stdout.write(f"Everything adds up: {events} events, {found.ledger} in the ledger")

    def _show(self, found: Reconciliation) -> None:
        self.stdout.write(
            _COLUMNS.format("producer", "accepted", "counted", "missing", "stream", "spool")
        )
        for each in found.producers:
            self.stdout.write(_row(each))
        self.stdout.write(f"Ledger: {found.ledger} events; set aside: {found.set_aside}")


def _row(each: ProducerEvents) -> str:
    accepted = "-" if each.accepted is None else each.accepted
    figures = (each.counted, each.missing, each.stream, each.spool)
    return _COLUMNS.format(each.producer, accepted, *figures)


def _redis() -> tuple[RedisState | None, list[str]]:
    try:
        return read_redis(), []
    except RedisError as error:
        return None, [f"Redis cannot be read: {error}"]


def _days(hours: int) -> tuple[date, date] | None:
    """Return the UTC days of the last hours that have all raw rows."""
    now, oldest = datetime.now(UTC), oldest_day()
    if oldest is None:
        return None
    return max(oldest, (now - timedelta(hours=hours)).date()), now.date()
