"""The months that clicks and views are kept by: made before they are needed, dropped as a whole.

Roll-ups have no months, and are kept for good.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction

logger = logging.getLogger(__name__)

TABLES = ("reports_click", "reports_view")
_MONTHS_AHEAD = 2
# Any number that nothing else locks; the letters "gridpart" as eight bytes.
_LOCK_KEY = int.from_bytes(b"gridpart", "big")
# Whoever waits for a table makes all others wait behind it.
_LOCK_TIMEOUT = "1s"
_THIS_MONTH = "SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date"
_PARTITIONS = """
SELECT child.relname FROM pg_inherits
JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = %s::regclass
ORDER BY child.relname
"""


def month_of(day: int) -> date:
    """The first day of the month of a day, counted from 1970."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + day).replace(day=1)


def months_from(month: date, count: int) -> list[date]:
    """`count` months, `month` first; negative: the months before it, the latest last."""
    first = month.year * 12 + month.month - 1
    numbers = range(first + min(count, 0), first + max(count, 0))
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def ensure(table: str, months: Iterable[date]) -> list[str]:
    """Make the partitions of `table` that are missing; their names. Two may do it at once.

    Raises OperationalError when the table is locked for more than a second.
    """
    wanted = {_name(table, month): month for month in months}
    if not wanted.keys() - set(_existing(table)):
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        _lock(cursor)
        missing = sorted(wanted.keys() - set(_existing(table)))
        for name in missing:
            _make(cursor, table, name, wanted[name])
    return missing


def ensure_ahead() -> list[str]:
    """Make the partitions of this month and the next two; the names of the new ones."""
    months = months_from(_this_month(), _MONTHS_AHEAD + 1)
    return [name for table in TABLES for name in ensure(table, months)]


def drop_old() -> list[str]:
    """Drop the partitions that end more than settings.CLICK_KEEP_MONTHS months before this one; their names.

    One that is in use is left to the next run.
    """
    oldest = months_from(_this_month(), -settings.CLICK_KEEP_MONTHS)[0]
    return [
        name
        for table in TABLES
        for name in _existing(table)
        if name < _name(table, oldest) and _drop(name)
    ]


def _make(cursor: Any, table: str, name: str, month: date) -> None:
    start, end = months_from(month, 2)
    # Attached, not made a partition at once: that would wait for, and then hold up, whoever uses the others.
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


def _existing(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_PARTITIONS, [table])
        return [name for (name,) in cursor.fetchall()]


def _this_month() -> date:
    with connection.cursor() as cursor:
        cursor.execute(_THIS_MONTH)
        month: date = cursor.fetchone()[0]
    return month


def _name(table: str, month: date) -> str:
    return f"{table}_{month:%Y_%m}"
