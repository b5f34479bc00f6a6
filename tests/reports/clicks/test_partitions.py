"""Partitions are created ahead and on demand, concurrently, and dropped as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from reports.clicks.storage import partitions
from tests.support.platform import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
CLICK = "reports_click"


@pytest.fixture(autouse=True)
def only_these() -> Iterator[None]:
    """Partitions outlive tests."""
    drop_all()
    yield
    drop_all()


def drop_all() -> None:
    with connection.cursor() as cursor:
        for table in partitions.TABLES:
            for name in existing(table):
                cursor.execute(f"DROP TABLE {name}")


def existing(table: str = CLICK) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass ORDER BY 1",
            [table],
        )
        return [name for (name,) in cursor.fetchall()]


def this_month() -> date:
    return datetime.now(UTC).date().replace(day=1)


def test_months() -> None:
    january = date(2026, 1, 1)
    assert partitions.months_from(january, 2) == [january, date(2026, 2, 1)]
    assert partitions.months_from(january, -2) == [date(2025, 11, 1), date(2025, 12, 1)]
    assert partitions.month_of(0) == date(1970, 1, 1)
    assert partitions.month_of(31 + 28 - 1) == date(1970, 2, 1)


def test_partitions_hold_exactly_their_month() -> None:
    assert partitions.ensure(CLICK, [date(2024, 12, 1)]) == ["reports_click_2024_12"]
    assert partitions.ensure(CLICK, [date(2024, 12, 1)]) == []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname LIKE '%2024_12'"
        )
        assert cursor.fetchall() == [
            ("FOR VALUES FROM ('2024-12-01 00:00:00+00') TO ('2025-01-01 00:00:00+00')",)
        ]
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'reports_click_2024_12'")
        assert cursor.fetchone() == (3,)


def test_months_ahead_are_created() -> None:
    months = partitions.months_from(this_month(), 3)
    names = [f"{table}_{month:%Y_%m}" for table in partitions.TABLES for month in months]
    assert partitions.ensure_ahead() == names
    assert partitions.ensure_ahead() == []
    assert existing(CLICK) + existing("reports_view") == names


def test_concurrent_calls_create_each_once() -> None:
    made = in_threads(6, lambda: partitions.ensure(CLICK, [date(2024, 1, 1), date(2024, 2, 1)]))
    assert sorted(name for names in made for name in names) == existing()
    assert len(existing()) == 2


def test_partitions_are_created_beside_readers_and_writers() -> None:
    partitions.ensure(CLICK, [date(2024, 1, 1)])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE reports_click IN ROW EXCLUSIVE MODE")
        assert in_threads(1, lambda: partitions.ensure(CLICK, [date(2024, 2, 1)])) == [
            ["reports_click_2024_02"]
        ]


def test_old_months_are_dropped_as_a_whole(settings: Any) -> None:
    settings.CLICK_KEEP_MONTHS = 3
    month = this_month()
    for table in partitions.TABLES:
        partitions.ensure(table, partitions.months_from(month, -5))
    oldest, older = partitions.months_from(month, -5)[:2]
    assert partitions.drop_old() == [
        f"{table}_{old:%Y_%m}" for table in partitions.TABLES for old in (oldest, older)
    ]
    assert existing() == [f"{CLICK}_{m:%Y_%m}" for m in partitions.months_from(month, -3)]
    assert partitions.drop_old() == []


def test_a_month_in_use_is_left_to_the_next_run(settings: Any) -> None:
    partitions.ensure(CLICK, [date(2021, 1, 1)])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM reports_click")
        assert in_threads(1, partitions.drop_old) == [[]]
    assert partitions.drop_old() == ["reports_click_2021_01"]
