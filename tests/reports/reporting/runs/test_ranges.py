"""Test ranges of reports: presets on a given day, and changes of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridlink.lib.errors import Invalid
from reports.analytics.periods import Period
from reports.reporting.runs.ranges import PRESETS, file_name_days, period_at, stored_period

# A Friday.
NOON = datetime(2026, 8, 14, 12, tzinfo=UTC)


def period(now: datetime = NOON, zone: str = "UTC", week: str = "monday", **given: str) -> Period:
    return period_at(range=given, time_zone=zone, week_start=week, now=now)


def days(found: Period) -> tuple[str, str]:
    first, _, last = file_name_days(found).partition("_")
    return first, last


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("today", "2026-08-14", "2026-08-14"),
        ("yesterday", "2026-08-13", "2026-08-13"),
        ("last_7_days", "2026-08-07", "2026-08-13"),
        ("last_30_days", "2026-07-15", "2026-08-13"),
        ("last_90_days", "2026-05-16", "2026-08-13"),
        ("last_365_days", "2025-08-14", "2026-08-13"),
        ("this_week", "2026-08-10", "2026-08-14"),
        ("last_week", "2026-08-03", "2026-08-09"),
        ("this_month", "2026-08-01", "2026-08-14"),
        ("last_month", "2026-07-01", "2026-07-31"),
        ("this_quarter", "2026-07-01", "2026-08-14"),
        ("last_quarter", "2026-04-01", "2026-06-30"),
        ("this_year", "2026-01-01", "2026-08-14"),
        ("last_year", "2025-01-01", "2025-12-31"),
        ("last_12_months", "2025-08-01", "2026-07-31"),
    ],
)
def test_preset(preset: str, first: str, last: str) -> None:
    assert days(period(preset=preset)) == (first, last)


def test_every_preset_is_tested() -> None:
    assert len(PRESETS) == 15


def test_weeks_begin_when_the_owner_says() -> None:
    assert days(period(preset="this_week", week="sunday")) == ("2026-08-09", "2026-08-14")
    assert days(period(preset="last_week", week="sunday")) == ("2026-08-02", "2026-08-08")


def test_today_is_the_zone_s() -> None:
    late = datetime(2026, 8, 14, 22, 30, tzinfo=UTC)
    found = period(late, "Asia/Tokyo", preset="yesterday")
    assert days(found) == ("2026-08-14", "2026-08-14")
    assert found.start == datetime(2026, 8, 13, 15, tzinfo=UTC)
    assert found.until == datetime(2026, 8, 14, 15, tzinfo=UTC)


def test_a_month_with_a_change_of_clocks() -> None:
    found = period(datetime(2026, 4, 2, tzinfo=UTC), "Europe/Athens", preset="last_month")
    assert found.until - found.start == timedelta(days=31, hours=-1)


def test_dates_instead() -> None:
    found = period_at(
        range={"from": "2026-03-01", "to": "2026-03-31"},
        time_zone="Europe/Athens",
        week_start="monday",
        now=NOON,
    )
    assert days(found) == ("2026-03-01", "2026-03-31")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"range": {"from": "2026-03-02", "to": "2026-03-01"}}, "range"),
        ({"range": {"from": "1900-01-01"}}, "range"),
        ({"range": {"from": "2001-01-01", "to": "2100-12-31"}}, "range"),
        ({"range": {"from": "yesterday"}}, "range"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"range": {"from": "2026-01-01"}, "time_zone": ""}, "time_zone"),
    ],
)
def test_senseless(given: dict[str, object], field: str) -> None:
    wish = {"range": {"preset": "today"}, "time_zone": "UTC", "week_start": "monday", **given}
    with pytest.raises(Invalid) as caught:
        period_at(**wish, now=NOON)  # type: ignore[arg-type]
    assert list(caught.value.fields) == [field]


@given(
    st.sampled_from(sorted(PRESETS)),
    st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]),
    st.sampled_from(["monday", "sunday"]),
    st.datetimes(datetime(2005, 1, 1), datetime(2190, 1, 1), timezones=st.just(UTC)),
)
def test_whole_days_that_come_back_from_their_instants(
    preset: str, zone: str, week: str, now: datetime
) -> None:
    found = period(now, zone, week, preset=preset)
    again = stored_period(
        start=found.start.isoformat(), until=found.until.isoformat(), time_zone=zone, now=now
    )
    assert again == found
    first, last = map(date.fromisoformat, days(found))
    today = now.astimezone(ZoneInfo(zone)).date()
    assert first <= last
    assert last == today if preset.startswith("t") else last < today
