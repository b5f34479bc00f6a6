"""Rebuild the sums of clicks and views from raw rows: `manage.py rebuild_rollups`."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from grids.models import Grid
from reports.clicks.audit.expected import days_between
from reports.clicks.audit.rebuild import rebuild_day
from reports.clicks.storage.partitions import oldest_day, today


class Command(BaseCommand):
    help = (
        "Rebuild the roll-ups of whole UTC days from raw clicks and views. Days whose raw rows were"
        " dropped (CLICK_KEEP_MONTHS) are refused: their numbers are in the roll-ups only."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from", dest="first", type=utc_day, metavar="DATE", help="default: the oldest kept"
        )
        parser.add_argument(
            "--to", dest="last", type=utc_day, metavar="DATE", help="included; default: today"
        )
        parser.add_argument("--grid", metavar="SLUG", help="default: all grids")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        first, last = days_with_rows(options["first"], options["last"])
        grid_id = _grid_id(options["grid"]) if options["grid"] else None
        total = 0
        for day in days_between(first, last):
            changed = rebuild_day(day=day, grid_id=grid_id, dry_run=options["dry_run"])
            rows = sum(changed.values())
            details = ", ".join(f"{table} {count}" for table, count in changed.items() if count)
            self.stdout.write(f"{day}: {rows} rows{f' ({details})' if details else ''}")
            total += rows
        verb = "would change" if options["dry_run"] else "changed"
        self.stdout.write(f"{total} rows {verb}")


def utc_day(text: str) -> date:
    """Parse a date argument. Raises ArgumentTypeError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no date like 2026-11-21") from None


def days_with_rows(first: date | None, last: date | None) -> tuple[date, date]:
    """Return the first and last day. Raises CommandError when raw rows are missing."""
    oldest = oldest_day()
    if oldest is None:
        raise CommandError(
            "There are no raw clicks and views: no partition of either table exists."
        )
    first, last = first or oldest, last or today()
    if first < oldest:
        raise CommandError(f"Raw clicks and views are kept from {oldest} on: {first} is too early.")
    if first > last:
        raise CommandError(f"{first} is after {last}.")
    return first, last


def _grid_id(slug: str) -> int:
    grid_id = Grid.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if grid_id is None:
        raise CommandError(f"There is no grid {slug}.")
    return grid_id
