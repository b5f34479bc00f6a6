"""Measure click ingest against plain COPY of the same rows: `make bench-ingest`.

A million clicks lie in the stream as the public tier writes them. They are drained: read, decoded,
enriched, classified, stored, rolled up, deleted. The resulting rows, dumped table by table, are then
loaded by COPY into the same, emptied tables with the same indexes. Both are done in turns.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from bench.clicks import fill
from bench.command import options, timed
from bench.report import conclude, say, show, show_turns
from bench.servers import database, stop_gently
from gridlink.embedded import embedded_redis, redis_url
from reports.clicks.ingest.batches import IngestCounts
from reports.clicks.ingest.ingest import drain
from reports.clicks.storage import partitions

TARGET = 0.5
_TABLES = (
    "reports_user_agent", "reports_click", "reports_seen_visitor", "reports_link_hour",
    "reports_link_day", "reports_grid_hour", "reports_grid_day_value", "reports_user_hour",
    "reports_user_day_value",
)  # fmt: skip
# What else ingest writes; a salt that is gone is made anew, and so must not be.
_ALSO = ("reports_producer", "reports_set_aside")


def main() -> int:
    """Measure and report; return the exit code."""
    asked = options(__doc__, clicks=1_000_000, turns=3)
    stop_gently()
    # The clicks are of three days, and all of them have visitors.
    settings.VISITOR_SALT_DAYS = 4
    with tempfile.TemporaryDirectory() as name, database("ingest"):
        folder = Path(name)
        # Of its own: what is in another's stream is somebody's clicks.
        with embedded_redis(folder):
            settings.CLICKS_REDIS_URL = redis_url(folder)
            partitions.ensure_ahead()
            # The first turn is for PostgreSQL, which makes the files that all later ones write over.
            turns = range(asked.turns + 1)
            timings = [_turn(turn, asked.clicks, folder) for turn in turns][1:]
        show("Rows", ["table", "rows"], [[table, f"{_count(table):,}"] for table in _TABLES])
    return _report(asked.clicks, timings)


def _report(clicks: int, turns: list[tuple[float, float]]) -> int:
    ratio, per_second = show_turns("clicks", clicks, ("ingest", "COPY"), turns)
    return conclude(
        "ingest", ratio=round(ratio, 2), per_second=per_second, target=TARGET, holds=ratio >= TARGET
    )


def _turn(turn: int, clicks: int, folder: Path) -> tuple[float, float]:
    """Return the seconds of ingest and of COPY."""
    say(f"Turn {turn}: filling the stream")
    _empty(*_TABLES, *_ALSO)
    fill(settings.CLICKS_REDIS_URL, clicks)
    say("Draining")
    drained = timed(partial(_drain, clicks))
    _dump(folder)
    _empty(*_TABLES)
    say("Copying")
    return drained, timed(partial(_load, folder))


def _drain(clicks: int) -> None:
    stored = drain(seconds=600).counts
    if stored != IngestCounts(events=clicks):
        raise RuntimeError(f"Not every click was counted: {stored}")


def _dump(folder: Path) -> None:
    with connection.cursor() as cursor:
        for table in _TABLES:
            with (folder / table).open("wb") as file:
                cursor.copy_expert(f"COPY (SELECT * FROM {table}) TO STDOUT", file)


def _load(folder: Path) -> None:
    for table in _TABLES:
        with (
            transaction.atomic(),
            connection.cursor() as cursor,
            (folder / table).open("rb") as file,
        ):
            cursor.copy_expert(f"COPY {table} FROM STDIN", file)


def _empty(*tables: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)}")
        # What one side leaves to be written later must not be paid for by the other.
        cursor.execute("CHECKPOINT")


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        (count,) = cursor.fetchone()
    return int(count)


if __name__ == "__main__":
    sys.exit(main())
