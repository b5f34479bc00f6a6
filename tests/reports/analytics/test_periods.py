"""Local days follow one another without gap or overlap, wherever clocks change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from gridlink.lib.zones import zone_names
from reports.analytics.periods import day_start, local_day

_DAY, _WEEK, _QUARTER = timedelta(days=1), timedelta(days=7), timedelta(minutes=15)
_SECOND = timedelta(seconds=1)
_MIDNIGHTS = [
    # Shown twice: at 01:00 clocks go back to 00:00.
    ("Atlantic/Azores", "2025-10-26", "2025-10-26T00:00", 25),
    ("America/Havana", "2025-11-02", "2025-11-02T04:00", 25),
    ("Asia/Beirut", "2025-10-26", "2025-10-25T22:00", 24),
    # At midnight back to 23:00, so that the evening before has 25 hours.
    ("Asia/Beirut", "2025-10-25", "2025-10-24T21:00", 25),
    # At 00:01 back to 23:01: the evening comes again, and midnight after it.
    ("America/St_Johns", "2010-11-06", "2010-11-06T02:30", 25),
    ("America/St_Johns", "2010-11-07", "2010-11-07T03:30", 24),
    # Not shown at all: from 00:00 to 01:00, or from 23:30 to 00:30.
    ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00", 23),
    ("America/Toronto", "1919-03-31", "1919-03-31T04:30", 23.5),
    # The whole day is not.
    ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00", 0),
    ("Europe/Athens", "2026-03-29", "2026-03-28T22:00", 23),
    ("Asia/Kathmandu", "2026-01-01", "2025-12-31T18:15", 24),
]


@pytest.mark.parametrize(("zone", "day", "start", "hours"), _MIDNIGHTS)
def test_a_day_begins_when_its_date_is_there_to_stay(
    zone: str, day: str, start: str, hours: float
) -> None:
    first, place = date.fromisoformat(day), ZoneInfo(zone)
    began = day_start(first, place)
    assert began == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert day_start(first + _DAY, place) - began == timedelta(hours=hours)


def _changes() -> Iterator[tuple[ZoneInfo, datetime]]:
    """Each change of clocks of any zone from 1970 to 2039, in the week after the moment."""
    seen = set()
    for name in sorted(zone_names()):
        zone, moment = ZoneInfo(name), datetime(1970, 1, 1, tzinfo=UTC)
        before = moment.astimezone(zone).utcoffset()
        while moment.year < 2040:
            after = (moment + _WEEK).astimezone(zone).utcoffset()
            # Many zones share their changes.
            if after != before and (change := (moment, before, after)) not in seen:
                seen.add(change)
                yield zone, moment
            moment, before = moment + _WEEK, after


def test_days_tile_the_time_line_in_every_zone() -> None:
    checked = 0
    for zone, moment in _changes():
        first = local_day(moment, zone)
        starts = [day_start(first + n * _DAY, zone) for n in range(-1, 10)]
        assert starts == sorted(starts)
        for day, start in enumerate(starts, -1):
            shown = first + day * _DAY
            assert local_day(start - _SECOND, zone) < shown, (zone, shown)
            # No clock is put back by more than an hour or two, but where the date line moves.
            later = (start + n * _QUARTER for n in range(13))
            assert all(local_day(each, zone) >= shown for each in later), (zone, shown)
        checked += 1
    assert checked > 1000


@pytest.mark.django_db
@pytest.mark.parametrize(("zone", "day"), [case[:2] for case in _MIDNIGHTS if case[1] > "2020"])
def test_postgresql_shows_the_same_days(zone: str, day: str) -> None:
    start, end = (day_start(date.fromisoformat(day) + n * _DAY, ZoneInfo(zone)) for n in (0, 1))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(at), max(at) FROM generate_series(%(from)s, %(until)s, interval '15 minutes') AS at"
            " WHERE (at AT TIME ZONE %(zone)s)::date = %(day)s::date",
            {"from": start - _DAY, "until": end + _DAY, "zone": zone, "day": day},
        )
        assert cursor.fetchone() == (start, end - _QUARTER)
