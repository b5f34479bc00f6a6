"""Create and drop the monthly partitions of clicks and views.

Roll-ups are not partitioned: they are kept for good.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections, transaction

logger = logging.getLogger(__name__)

CLICKS, VIEWS = TABLES = ("reports_click", "reports_view")
_MONTHS_AHEAD = 2
# Any number that nothing else locks; the letters "gridpart" as eight bytes.
_LOCK_KEY = int.from_bytes(b"gridpart", "big")
# A statement that waits for a lock makes all later ones wait behind it.
_LOCK_TIMEOUT = "1s"
_PARTITIONS = """
SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = %s::regclass ORDER BY child.relname
"""


def today(using: str = DEFAULT_DB_ALIAS) -> date:
    """Return the current UTC day by the database's clock."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT (now() AT TIME ZONE 'UTC')::date")
        day: date = cursor.fetchone()[0]
    return day


def oldest_month(table: str, using: str = DEFAULT_DB_ALIAS) -> date | None:
    """Return the first day of the oldest partition; None when the table has none."""
    months = [name[-7:] for name in _existing(table, using)]
    return date.fromisoformat(f"{months[0].replace('_', '-')}-01") if months else None


def oldest_day(using: str = DEFAULT_DB_ALIAS) -> date | None:
    """Return the first UTC day whose raw clicks and views are all stored, or None."""
    oldest = [month for table in TABLES if (month := oldest_month(table, using))]
    if len(oldest) < len(TABLES):
        return None
    # A month dropped as too old may exist again, made for a late click, and lacks most of its rows.
    return max(*oldest, _oldest_retained(using))


def month_of(day: int) -> date:
    """Return the first day of the month of a day, counted from 1970."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + day).replace(day=1)


def months_from(month: date, count: int) -> list[date]:
    """Return `count` months from `month` on; if negative, the months before it, latest last."""
    first = month.year * 12 + month.month - 1
    numbers = range(first + min(count, 0), first + max(count, 0))
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def ensure(table: str, months: Iterable[date]) -> list[str]:
    """Create the missing partitions of these months; return their names.

    Safe to run concurrently. Raises OperationalError when the table is locked for more than a second.
    """
    wanted = {_name(table, month): month for month in months}
    if not wanted.keys() - set(_existing(table)):
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        _lock(cursor)
        missing = sorted(wanted.keys() - set(_existing(table)))
        for name in missing:
            _create(cursor, table, name, wanted[name])
    return missing


def ensure_ahead() -> list[str]:
    """Create the partitions of this month and the next two; return new names."""
    months = months_from(today(), _MONTHS_AHEAD + 1)
    return [name for table in TABLES for name in ensure(table, months)]


def drop_old() -> list[str]:
    """Drop partitions older than settings.CLICK_KEEP_MONTHS months; return their names.

    A partition that is in use is left to the next run.
    """
    oldest = _oldest_retained()
    return [
        name
        for table in TABLES
        for name in _existing(table)
        if name < _name(table, oldest) and _drop(name)
    ]


def _oldest_retained(using: str = DEFAULT_DB_ALIAS) -> date:
    return months_from(today(using), -settings.CLICK_KEEP_MONTHS)[0]


def _create(cursor: Any, table: str, name: str, month: date) -> None:
    start, end = months_from(month, 2)
    # Creating it as a partition at once would wait for, and then block, all who use the other partitions.
    cursor.execute(f"CREATE TABLE {name} (LIKE {table})")
    cursor.execute(
        f"ALTER TABLE {table} ATTACH PARTITION {name}"
        f" FOR VALUES FROM ('{start} 00:00+00') TO ('{end} 00:00+00')"
    )
    logger.info("partition_made", extra={"partition": name})


def _drop(name: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            _lock(cursor)
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
    except OperationalError as error:
        logger.warning("partition_in_use", extra={"partition": name, "error": repr(error)})
        return False
    logger.info("partition_dropped", extra={"partition": name})
    return True


def _lock(cursor: Any) -> None:
    cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK_KEY])


def _existing(table: str, using: str = DEFAULT_DB_ALIAS) -> list[str]:
    with connections[using].cursor() as cursor:
        cursor.execute(_PARTITIONS, [table])
        return [name for (name,) in cursor.fetchall()]


def _name(table: str, month: date) -> str:
    return f"{table}_{month:%Y_%m}"
