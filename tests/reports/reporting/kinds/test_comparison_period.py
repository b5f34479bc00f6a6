"""Test the earlier period that a period is compared to."""

from __future__ import annotations

import pytest

from reports.analytics.periods import Period, parse_period
from reports.reporting.kinds.base import describe_range
from reports.reporting.kinds.comparison_period import COMPARISONS
from tests.support.reports.reports import NOW


def period(since: str, until: str, tz: str) -> Period:
    return parse_period(since=since, until=until, tz=tz, now=NOW)


@pytest.mark.parametrize(
    ("compare", "since", "until", "tz", "expected"),
    [
        ("previous", "2026-03-09", "2026-03-15", "UTC", "2026-03-02 to 2026-03-08 (UTC)"),
        # Of 23 hours after one of 24, and the other way around.
        ("previous", "2026-03-29", "2026-03-29", "Europe/Athens", "2026-03-28 (Europe/Athens)"),
        ("previous", "2026-03-30", "2026-03-30", "Europe/Athens", "2026-03-29 (Europe/Athens)"),
        ("previous", "2026-04-24", "2026-04-24", "Africa/Cairo", "2026-04-23 (Africa/Cairo)"),
        ("previous", "2026-04-25", "2026-04-25", "Africa/Cairo", "2026-04-24 (Africa/Cairo)"),
        (
            "previous",
            "2026-03-10T12:00",
            "2026-03-10T15:30",
            "UTC",
            "2026-03-10 08:30 to 2026-03-10 12:00 (UTC)",
        ),
        # An hour that comes twice: the second one, after the first.
        (
            "previous",
            "2025-11-02T01:00-05:00",
            "2025-11-02T02:00-05:00",
            "America/New_York",
            "2025-11-02 01:00 to 2025-11-02 01:00 (America/New_York)",
        ),
        ("year", "2026-03-01", "2026-03-31", "UTC", "2025-03-01 to 2025-03-31 (UTC)"),
        ("year", "2025-02-01", "2025-02-28", "UTC", "2024-02-01 to 2024-02-29 (UTC)"),
        ("year", "2024-02-29", "2024-02-29", "UTC", "2023-02-28 (UTC)"),
        (
            "year",
            "2024-02-28T12:00",
            "2024-02-29T12:00",
            "UTC",
            "2023-02-28 12:00 to 2023-03-01 12:00 (UTC)",
        ),
        ("year", "2000-01-01", "2000-12-31", "UTC", "1999-01-01 to 1999-12-31 (UTC)"),
    ],
)
def test_the_period_before(compare: str, since: str, until: str, tz: str, expected: str) -> None:
    asked = period(since, until, tz)
    earlier = COMPARISONS[compare](asked)
    assert earlier
    assert describe_range(earlier.period) == expected
    assert earlier.period.start < earlier.period.until == earlier.period.end <= asked.until
    if compare == "previous":
        assert earlier.period.until == asked.start


def test_nothing_to_compare_to() -> None:
    assert COMPARISONS["none"](period("2026-03-01", "2026-03-31", "UTC")) is None
