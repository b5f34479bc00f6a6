"""Test rules: their slots, also when clocks change, and which texts are rejected."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from itertools import islice, pairwise, takewhile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridlink.lib.errors import Invalid
from tasks.schedules.rules import Rule, make_rule
from tests.support.tasks.schedules import each_time, once_each

# A zone and a day on which its clocks are changed, but for Kathmandu's: by an hour at night, at midnight, by
# half an hour, around Ramadan, by a whole day, and a minute after midnight.
CHANGES = [
    ("Europe/Athens", date(2026, 3, 29)),
    ("Europe/Athens", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Africa/Casablanca", date(2026, 3, 22)),
    ("America/Santiago", date(2026, 4, 4)),
    ("America/Santiago", date(2026, 9, 6)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("America/St_Johns", date(2010, 3, 14)),
    ("Asia/Kathmandu", date(2026, 3, 29)),
]
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
START = date(2010, 1, 1)


def parsed(rule: str, form: str = "rrule", zone: str = "Europe/Athens", **fields: Any) -> Rule:
    days = {"starts_on": START, "ends_on": None, **fields}
    return make_rule(rule=rule, form=form, time_zone=zone, **days)


def shown(rule: Rule, after: str, count: int = 5) -> list[str]:
    """The next slots by the zone's clocks, without seconds."""
    slots = rule.next(datetime.fromisoformat(after).astimezone(UTC), count)
    assert all(slot.second == slot.microsecond == 0 for slot in slots)
    return [slot.isoformat().replace(":00+", "+").replace(":00-", "-") for slot in slots]


@st.composite
def rules(draw: st.DrawFn) -> tuple[str, str, set[clock], set[int]]:
    """A rule with its form, its times of the day and its weekdays, Monday being 0."""
    every = draw(st.booleans())
    hours = set(range(24)) if every else draw(st.sets(st.integers(0, 23), min_size=1, max_size=23))
    first = draw(st.integers(0, 59))
    minutes = {(first + 15 * n) % 60 for n in draw(st.sets(st.integers(0, 3), min_size=1))}
    weekdays = draw(st.sets(st.integers(0, 6), min_size=1))
    times = {clock(hour, minute) for hour in hours for minute in minutes}
    form = draw(st.sampled_from(["cron", "daily", "weekly", "hourly"]))
    texts = {"hours": _listed(hours), "minutes": _listed(minutes)}
    texts["days"] = ",".join(DAYS[day] for day in sorted(weekdays))
    texts["cron"] = "*" if len(weekdays) == 7 else _listed({(day + 1) % 7 for day in weekdays})
    return (*_WRITTEN[form](texts), times, weekdays)


_WRITTEN: dict[str, Any] = {
    "cron": lambda t: (f"{t['minutes']} {t['hours']} * * {t['cron']}", "cron"),
    "daily": lambda t: (_by("DAILY", t), "rrule"),
    "weekly": lambda t: (_by("WEEKLY", t), "rrule"),
    "hourly": lambda t: (_by("HOURLY", t), "rrule"),
}


def _by(frequency: str, texts: dict[str, str]) -> str:
    by = f"BYHOUR={texts['hours']};BYMINUTE={texts['minutes']};BYDAY={texts['days']}"
    return f"FREQ={frequency};{by}"


def _listed(numbers: set[int]) -> str:
    return ",".join(str(number) for number in sorted(numbers))


@settings(max_examples=150, deadline=None)
@given(written=rules(), change=st.sampled_from(CHANGES), minutes=st.integers(0, 600))
def test_slots_are_those_that_a_clock_on_the_wall_shows(
    written: tuple[str, str, set[clock], set[int]], change: tuple[str, date], minutes: int
) -> None:
    text, form, times, weekdays = written
    zone, day = change
    start = datetime.combine(day, clock(), UTC) - timedelta(hours=30, minutes=minutes)
    stop = start + timedelta(days=4)

    def fits(wall: datetime) -> bool:
        return wall.time() in times and wall.weekday() in weekdays

    expected = each_time if len({at.hour for at in times}) == 24 else once_each
    rule = parsed(text, form, zone)
    slots = list(takewhile(lambda slot: slot < stop, rule.slots(start - timedelta(minutes=1))))
    assert slots == list(expected(zone, start, stop, fits))
    assert all(earlier < later for earlier, later in pairwise(slots))


@settings(max_examples=100, deadline=None)
@given(
    written=rules(),
    change=st.sampled_from(CHANGES),
    hours=st.integers(-48, 48),
    skipped=st.integers(0, 9),
)
def test_the_slots_after_a_slot_are_the_rest(
    written: tuple[str, str, set[clock], set[int]],
    change: tuple[str, date],
    hours: int,
    skipped: int,
) -> None:
    text, form, _, _ = written
    zone, day = change
    rule = parsed(text, form, zone)
    after = datetime.combine(day, clock(), UTC) + timedelta(hours=hours)
    slots = list(islice(rule.slots(after), 20))
    assert list(islice(rule.slots(slots[skipped]), 19 - skipped)) == slots[skipped + 1 :]


@pytest.mark.parametrize(
    ("rule", "after", "slots"),
    [
        # Skipped: as soon as the clock shows a time again, and only once.
        ("30 3 * * *", "2026-03-28T12:00Z", ["2026-03-29T04:00+03:00", "2026-03-30T03:30+03:00"]),
        (
            "*/15 3 * * *",
            "2026-03-28T12:00Z",
            ["2026-03-29T04:00+03:00", "2026-03-30T03:00+03:00"],
        ),
        ("0 3,4 * * *", "2026-03-28T12:00Z", ["2026-03-29T04:00+03:00", "2026-03-30T03:00+03:00"]),
        # Shown twice: the first time.
        ("30 3 * * *", "2026-10-24T12:00Z", ["2026-10-25T03:30+03:00", "2026-10-26T03:30+02:00"]),
        # Every hour: each that there is.
        ("5 * * * *", "2026-03-29T00:30Z", ["2026-03-29T04:05+03:00", "2026-03-29T05:05+03:00"]),
        ("5 * * * *", "2026-10-25T00:00Z", ["2026-10-25T03:05+03:00", "2026-10-25T03:05+02:00"]),
        ("*/30 * * * *", "2026-10-25T00:00Z", ["2026-10-25T03:30+03:00", "2026-10-25T03:00+02:00"]),
        # Every other hour names times of the day.
        ("0 1-23/2 * * *", "2026-10-24T23:30Z", ["2026-10-25T03:00+03:00", "2026-10-25T05:00+02:00"]),
    ],
)  # fmt: skip
def test_cron_when_clocks_change(rule: str, after: str, slots: list[str]) -> None:
    assert shown(parsed(rule, "cron"), after, 2) == slots


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=DAILY", ["09-01", "09-02", "09-03"]),
        ("freq=weekly", ["09-04", "09-11", "09-18"]),  # the weekday of the first day
        ("FREQ=MONTHLY;BYDAY=-1FR", ["09-25", "10-30", "11-27"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["09-30", "10-31", "11-30"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["10-31", "12-31", "01-31"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", ["09-01", "10-01", "11-02"]),
        ("FREQ=YEARLY;BYWEEKNO=40;BYDAY=WE", ["09-30", "10-06", "10-04"]),
        ("FREQ=YEARLY;BYYEARDAY=-1", ["12-31", "12-31", "12-31"]),
        ("FREQ=MONTHLY;INTERVAL=3", ["10-01", "01-01", "04-01"]),
        ("FREQ=DAILY;INTERVAL=2;BYMONTH=10", ["10-02", "10-04", "10-06"]),
    ],
)
def test_days_of_an_rrule(rule: str, days: list[str]) -> None:
    found = shown(parsed(rule, zone="UTC", starts_on=date(2010, 1, 1)), "2026-08-31T12:00Z", 3)
    assert [slot[5:10] for slot in found] == days


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU", ["09-06", "09-14", "09-20"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU", ["09-13", "09-14", "09-27"]),
    ],
)
def test_intervals_are_counted_from_the_first_day(rule: str, days: list[str]) -> None:
    monday = parsed(rule, zone="UTC", starts_on=date(2026, 8, 31))
    assert [slot[5:10] for slot in shown(monday, "2026-08-31T12:00Z", 3)] == days


@pytest.mark.parametrize(
    ("rule", "times"),
    [
        ("FREQ=DAILY;BYHOUR=9,17;BYMINUTE=30", ["09:30", "17:30"]),
        ("FREQ=HOURLY;INTERVAL=8", ["00:00", "08:00", "16:00"]),
        ("FREQ=HOURLY;INTERVAL=6;BYMINUTE=5,45;BYHOUR=6", ["06:05", "06:45"]),
        ("FREQ=MINUTELY;INTERVAL=480", ["00:00", "08:00", "16:00"]),
        ("FREQ=MINUTELY;INTERVAL=20;BYHOUR=7;BYMINUTE=20,40", ["07:20", "07:40"]),
    ],
)
def test_times_of_an_rrule(rule: str, times: list[str]) -> None:
    assert [at.isoformat("minutes") for at in parsed(rule).recurrence.times] == times


def test_count_is_counted_from_the_first_day() -> None:
    rule = parsed("FREQ=DAILY;COUNT=3;BYHOUR=9,21", zone="UTC", starts_on=date(2026, 5, 1))
    assert shown(rule, "2026-01-01T00:00Z") == [
        "2026-05-01T09:00+00:00", "2026-05-01T21:00+00:00", "2026-05-02T09:00+00:00",
    ]  # fmt: skip
    assert shown(rule, "2026-05-01T22:00Z") == ["2026-05-02T09:00+00:00"]
    assert shown(rule, "2026-05-02T09:00Z") == []


def test_first_and_last_day_are_local_and_included() -> None:
    days = {"starts_on": date(2026, 5, 1), "ends_on": date(2026, 5, 2)}
    rule = parsed("0 0,23 * * *", "cron", "Pacific/Auckland", **days)
    assert shown(rule, "2026-01-01T00:00Z") == [
        "2026-05-01T00:00+12:00", "2026-05-01T23:00+12:00",
        "2026-05-02T00:00+12:00", "2026-05-02T23:00+12:00",
    ]  # fmt: skip


def test_day_that_a_zone_never_had() -> None:
    rule = parsed("0 9 30 12 *", "cron", "Pacific/Apia")
    assert shown(rule, "2011-12-01T00:00Z", 1) == ["2011-12-31T00:00+14:00"]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", "'' is not a part of a rule."),
        ("FREQ", "FREQ must be one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY."),
        ("FREQ=SECONDLY", "FREQ must be one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY."),
        ("INTERVAL=2", "FREQ is missing."),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ is there twice."),
        ("FREQ=DAILY;BYEASTER=1", "'BYEASTER' is not a part of a rule."),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL may not be 0."),
        ("FREQ=DAILY;INTERVAL=1001", "INTERVAL may not be 1001."),
        ("FREQ=DAILY;INTERVAL=1,2", "INTERVAL is one number."),
        ("FREQ=DAILY;COUNT=1000000000", "COUNT is not a whole number, or too large."),
        ("FREQ=DAILY;COUNT=100000", "COUNT may not be 100000."),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR may not be 24."),
        ("FREQ=DAILY;BYHOUR=-1", "BYHOUR may not be -1."),
        ("FREQ=DAILY;BYHOUR=", "BYHOUR is not a whole number, or too large."),
        ("FREQ=DAILY;BYHOUR=٣", "BYHOUR is not a whole number, or too large."),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY may not be 0."),
        ("FREQ=MONTHLY;BYDAY=XX", "BYDAY is a list of weekdays such as MO, 2TU or -1FR."),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY may not number a weekday 0."),
        ("FREQ=WEEKLY;BYDAY=2MO", "BYDAY may number weekdays in monthly and yearly rules only."),
        ("FREQ=WEEKLY;WKST=1", "WKST is one weekday, such as MO."),
        ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO is for yearly rules only."),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY is not for weekly rules."),
        ("FREQ=DAILY;BYYEARDAY=1", "BYYEARDAY is not for daily rules."),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS needs another part that chooses days."),
        ("FREQ=DAILY;BYDAY=MO;BYSETPOS=1;BYHOUR=1,2", "BYSETPOS needs a rule with one time a day."),
        ("FREQ=DAILY;UNTIL=20270101", "UNTIL cannot be used here. Give the last day as `ends_on`."),
        ("FREQ=DAILY;BYSECOND=1", "BYSECOND cannot be used here. Rules are of whole minutes."),
        ("FREQ=HOURLY;INTERVAL=5", "The INTERVAL of a rule that is HOURLY must divide a day."),
        ("FREQ=HOURLY;INTERVAL=2;BYHOUR=1", "There is no time of day that the rule fits."),
        ("FREQ=MINUTELY;INTERVAL=10", "The rule fires more than once in 15 minutes."),
        ("FREQ=DAILY;BYMINUTE=0,14", "The rule fires more than once in 15 minutes."),
        ("FREQ=DAILY;BYMONTH=" + ",".join(["1"] * 101), "BYMONTH has more than 100 values."),
        ("FREQ=DAILY;" * 30, "The rule is longer than 300 characters."),
    ],
)  # fmt: skip
def test_what_is_no_rrule(rule: str, message: str) -> None:
    assert refusal(rule=rule) == {"rule": [message]}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", "A cron rule has five fields: minute, hour, day, month, weekday."),
        ("@daily", "A cron rule has five fields: minute, hour, day, month, weekday."),
        ("0 0 9 * * *", "A cron rule has five fields: minute, hour, day, month, weekday."),
        ("٣ 9 * * *", "A cron rule has five fields: minute, hour, day, month, weekday."),
        ("60 9 * * *", "Bad minute in the cron rule."),
        ("0 99999999999999999999 * * *", "Bad hour in the cron rule."),
        ("0 0 31 2 *", "Bad day-of-month in the cron rule."),
        ("0 0 * 13 *", "Bad month in the cron rule."),
        ("0 0 * * MON#6", "Bad day-of-week in the cron rule."),
        ("* * * * *", "The rule fires more than once in 15 minutes."),
        ("50,59 23 * * *", "The rule fires more than once in 15 minutes."),
        ("0,50 0,23 * * *", "The rule fires more than once in 15 minutes."),
    ],
)
def test_what_is_no_cron_rule(rule: str, message: str) -> None:
    assert refusal(rule=rule, form="cron") == {"rule": [message]}


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"form": "ical"}, ["form"]),
        ({"time_zone": "Mars/Olympus"}, ["time_zone"]),
        ({"time_zone": "../../etc/passwd"}, ["time_zone"]),
        ({"time_zone": ""}, ["time_zone"]),
        ({"starts_on": date(9999, 12, 31)}, ["starts_on"]),
        ({"starts_on": date(1, 1, 1)}, ["starts_on"]),
        ({"ends_on": date(9999, 12, 31)}, ["ends_on"]),
        ({"ends_on": date(2009, 12, 31)}, ["ends_on"]),
    ],
)
def test_the_field_that_is_wrong_is_named(fields: dict[str, Any], names: list[str]) -> None:
    assert list(refusal(**fields)) == names


def refusal(**fields: Any) -> dict[str, Any]:
    given = {
        "rule": "FREQ=DAILY",
        "form": "rrule",
        "time_zone": "UTC",
        "starts_on": START,
        "ends_on": None,
    }
    with pytest.raises(Invalid) as error:
        make_rule(**{**given, **fields})
    return error.value.fields


@pytest.mark.parametrize(
    ("rule", "form"),
    [
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "rrule"),
        ("FREQ=MINUTELY;INTERVAL=15;BYMONTH=2;BYMONTHDAY=30", "rrule"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31", "rrule"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "rrule"),  # the first day is a Friday
        ("FREQ=YEARLY;BYDAY=MO;BYSETPOS=366", "rrule"),
        ("FREQ=YEARLY;INTERVAL=1000", "rrule"),
        ("FREQ=DAILY;COUNT=1000", "rrule"),
        ("0 0 30 2 MON#5", "cron"),  # not before 2044
    ],
)
def test_rule_without_a_slot_is_found_out_soon(rule: str, form: str) -> None:
    began = time.monotonic()
    assert shown(parsed(rule, form), "2026-01-01T00:00Z") == []
    assert time.monotonic() - began < 3


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "FREQ=DAILY", "FREQ=YEARLY", "FREQ=HOURLY", "FREQ=MINUTELY", "INTERVAL=1000",
                "INTERVAL=15", "COUNT=1000", "BYMONTH=2", "BYMONTHDAY=31,-31", "BYYEARDAY=366",
                "BYWEEKNO=53", "BYDAY=MO,5FR", "BYSETPOS=-366,2", "BYHOUR=2,3", "BYMINUTE=0,30",
                "WKST=SU", "=", ";", ",", "\x00",
            ]
        ),
        max_size=7,
    ).map(";".join)
    | st.text(max_size=40)
    | st.lists(st.from_regex(r"[0-9*/,#L-]{1,4}", fullmatch=True), min_size=5, max_size=5).map(" ".join),
    st.sampled_from(["rrule", "cron"]),
)  # fmt: skip
def test_no_text_is_a_defect_or_takes_long(text: str, form: str) -> None:
    began = time.monotonic()
    with suppress(Invalid):
        slots = parsed(text, form).next(datetime(2026, 1, 1, tzinfo=UTC))
        assert all(earlier < later for earlier, later in pairwise(slots))
    assert time.monotonic() - began < 3
