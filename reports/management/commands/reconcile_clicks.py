"""`manage.py reconcile_clicks`: is every accepted click counted, and do the sums agree?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from redis import RedisError

from reports.clicks.audit.reconcile import InRedis, Line, Report, read_redis, reconcile
from reports.clicks.storage.partitions import oldest_day

_COLUMNS = "{:<32} {:>12} {:>12} {:>9} {:>9} {:>9}"


class Command(BaseCommand):
    help = (
        "Compare what redirect processes accepted with what is counted, in the stream and in the spool, and"
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
        report = reconcile(redis=redis, days=_days(options["hours"]))
        differences = [*unreachable, *report.differences]
        self._show(report)
        for difference in differences:
            self.stdout.write(f"  {difference}")
        if differences:
            raise CommandError(f"{len(differences)} differences")
        events = sum(line.counted + line.stream + line.spool for line in report.lines)
        self.stdout.write(f"Everything adds up: {events} events, {report.ledger} in the ledger")

    def _show(self, report: Report) -> None:
        self.stdout.write(
            _COLUMNS.format("producer", "accepted", "counted", "missing", "stream", "spool")
        )
        for line in report.lines:
            self.stdout.write(_row(line))
        self.stdout.write(f"Ledger: {report.ledger} events; set aside: {report.set_aside}")


def _row(line: Line) -> str:
    accepted = "-" if line.accepted is None else line.accepted
    figures = (line.counted, line.missing, line.stream, line.spool)
    return _COLUMNS.format(line.producer, accepted, *figures)


def _redis() -> tuple[InRedis | None, list[str]]:
    try:
        return read_redis(), []
    except RedisError as error:
        return None, [f"Redis cannot be asked: {error}"]


def _days(hours: int) -> tuple[date, date] | None:
    """Those that all raw rows are still there of."""
    now, oldest = datetime.now(UTC), oldest_day()
    if oldest is None:
        return None
    return max(oldest, (now - timedelta(hours=hours)).date()), now.date()
