"""Put clicks into the stream, and read the tables that result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from redis import Redis

from grids.public import wire
from grids.public.wire import Event, Group, Kind, Target

CHROME = (
    b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    b" Chrome/130.0.0.0 Safari/537.36"
)
FIREFOX = b"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
GOOGLEBOT = b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
USER, GRID, LINK, OTHER_LINK = 7, 70, 700, 701
TILE = "0,0,2,1"
HOUR = timedelta(hours=1)
# Noon of today or, in the morning, of yesterday: both have a salt, and what happens soon after it is past.
NOON = (datetime.now(UTC) - 13 * HOUR).replace(hour=12, minute=0, second=0, microsecond=0)

ROWS = {
    "reports_click": "clicked_on, user_id, grid_id, link_id, visitor, verdict, is_first_on_grid,"
    " is_first_on_link, bot_reason, flags, country, referrer, language, utm_source, tile",
    "reports_view": "viewed_on, user_id, grid_id, visitor, verdict, is_first_on_grid, bot_reason, flags",
    "reports_seen_visitor": "*",
    "reports_link_hour": "*",
    "reports_link_day": "*",
    "reports_grid_hour": "*",
    "reports_grid_day_value": "*",
    "reports_user_hour": "*",
    "reports_user_day_value": "*",
    "reports_producer": "name, number, accepted, missing",
    "reports_set_aside": "producer, number, events, reason",
}  # fmt: skip


def click(seconds: float = 0, link: int = LINK, **changes: Any) -> Event:
    """A person's click so long after NOON."""
    event = Event(
        target=Target(Kind.CLICK, USER, GRID, link, TILE),
        at=round((NOON.timestamp() + seconds) * 1000),
        address="192.0.2.1",
        user_agent=CHROME,
        referrer=b"https://www.example.com/a",
        language=b"de-DE,en;q=0.5",
        query=b"utm_source=letter",
        flags=0,
    )
    return event._replace(**changes)


def view(seconds: float = 0, **changes: Any) -> Event:
    """A person's look at the grid's page."""
    return click(seconds, target=Target(Kind.VIEW, USER, GRID), **changes)


class Redirect:
    """A producer that writes to a stream, and counts as a `public` process does."""

    def __init__(self, redis: Redis, name: str = "p1") -> None:
        self.name, self.number, self.accepted = name, 0, 0
        self._redis: Any = redis

    def group(
        self, *events: Any, unkept: dict[tuple[int, int, int, int], int] | None = None
    ) -> dict[bytes, Any]:
        """The next group, not yet written."""
        self.number += 1
        self.accepted += len(events) + sum((unkept or {}).values())
        return wire.encode(Group(self.name, self.number, self.accepted, events, unkept or {}))

    def send(self, *events: Any) -> None:
        """Write the next group."""
        self.put(self.group(*events))

    def put(self, fields: dict[bytes, Any]) -> None:
        """Write an entry."""
        self._redis.xadd(wire.STREAM, fields)

    def left(self) -> int:
        """How many entries there still are."""
        return int(self._redis.xlen(wire.STREAM))


def tables() -> dict[str, list[tuple[Any, ...]]]:
    """What counting has left in the database, but for keys and times that differ from run to run."""
    return {table: rows(table, columns) for table, columns in ROWS.items()}


def rows(table: str, columns: str, order: str = "") -> list[tuple[Any, ...]]:
    """Some columns of a table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table} {order and f'ORDER BY {order}'}")
        found = cursor.fetchall()
    return found if order else sorted(found, key=repr)


def forget(names: Sequence[str] = (*ROWS, "reports_user_agent")) -> None:
    """Empty the tables."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(names)}")
