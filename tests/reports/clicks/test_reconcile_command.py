"""`reconcile_clicks` reports every difference between accepted, counted and summed events."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from grids.public import wire
from grids.public.spool import SUFFIX, Spool
from grids.public.wire import Event, Group, Kind, Target
from reports.clicks.audit.rebuild import rebuild_day
from reports.clicks.ingest.ingest import drain
from reports.models import (
    GridDayValue,
    GridHour,
    LinkDay,
    LinkHour,
    Producer,
    SetAside,
    UserDayValue,
    UserHour,
)
from tests.support.reports.click_rows import (
    BROWSER,
    add_to,
    group_fields,
    make_click,
    make_view,
    noon,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> Path:
    settings.CLICK_SPOOL = tmp_path / "spool"
    return tmp_path / "spool"


@pytest.fixture
def counted(redis: Any) -> datetime:
    """Three clicks and a view that are all where they belong."""
    at = noon()
    for country in ("DE", "FR", "FR"):
        make_click(at, country=country)
    make_view(at)
    rebuild_day(day=at.date())
    make_producer(number=2, accepted=4)
    redis.hset(wire.COUNTERS, "p1", 4)
    return at


def make_producer(**fields: int) -> None:
    Producer.objects.create(name="p1", seen_on=datetime.now(UTC), **fields)


def reconcile() -> str:
    out = StringIO()
    call_command("reconcile_clicks", "--hours", "48", stdout=out)
    return out.getvalue()


def differences() -> list[str]:
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("reconcile_clicks", "--hours", "48", stdout=out)
    return [line.strip() for line in out.getvalue().splitlines() if line.startswith("  ")]


def test_everything_adds_up(counted: datetime) -> None:
    lines = reconcile().splitlines()
    assert lines[1].split() == ["p1", "4", "4", "0", "0", "0"]
    assert lines[-1] == "Everything adds up: 4 events, 4 in the ledger"


def test_an_empty_database_adds_up(redis: Any) -> None:
    assert reconcile().splitlines()[-1] == "Everything adds up: 0 events, 0 in the ledger"


def test_waiting_events_are_not_lost(counted: datetime, redis: Any, spool: Path) -> None:
    # Counted, and only not deleted yet; then one that waits.
    redis.xadd(wire.STREAM, group_fields("p1", 2, 4, 2))
    redis.xadd(wire.STREAM, group_fields("p1", 3, 9, 5))
    redis.hset(wire.COUNTERS, "p1", 9)
    waiting = Spool(spool / f"p2{SUFFIX}")
    waiting.append(group_fields("p2", 1, 6, 6))
    lines = reconcile().splitlines()
    assert lines[1].split() == ["p1", "9", "4", "0", "5", "0"]
    assert lines[2].split() == ["p2", "-", "0", "0", "0", "6"]
    assert lines[-1] == "Everything adds up: 15 events, 4 in the ledger"


def test_lost_events_are_reported(counted: datetime, redis: Any) -> None:
    redis.hset(wire.COUNTERS, "p1", 11)
    assert differences() == ["p1: 7 accepted events are neither counted nor waiting"]


def test_missing_events_are_reported(counted: datetime, redis: Any) -> None:
    add_to(Producer, {"name": "p1"}, accepted=3, missing=3)
    redis.hset(wire.COUNTERS, "p1", 7)
    assert differences() == ["p1: 3 events never arrived"]


def test_a_broken_entry_has_no_producer(counted: datetime, redis: Any) -> None:
    redis.xadd(wire.STREAM, {"x": "y"})
    assert "Everything adds up" in reconcile()


def test_events_set_aside_need_not_be_in_the_ledger(counted: datetime, redis: Any) -> None:
    add_to(Producer, {"name": "p1"}, accepted=2)
    redis.hset(wire.COUNTERS, "p1", 6)
    told = "6 events arrived, but the ledger has 4 and 0 are set aside"
    assert differences() == [told]
    SetAside.objects.create(
        entry="1-1", producer="p1", number=3, events=2, reason="", payload=b"",
        created_on=datetime.now(UTC),
    )  # fmt: skip
    assert "Ledger: 4 events; set aside: 2" in reconcile()


@pytest.mark.parametrize(
    ("model", "key", "counts", "told"),
    [
        (
            LinkHour,
            {"link_id": 1},
            {"visitors": 1},
            "reports_link_hour link_id=1 hour={at} grid_id=1",
        ),
        (
            LinkDay,
            {"link_id": 1},
            {"visitors": 1},
            "reports_link_day link_id=1 day={day} grid_id=1",
        ),
        (GridHour, {"grid_id": 1}, {"visitors": 1}, "reports_grid_hour grid_id=1 hour={at}"),
        (
            GridDayValue,
            {"value": "DE"},
            {"visitors": 1},
            "reports_grid_day_value grid_id=1 dimension=1 day={day} value=DE",
        ),
        (UserHour, {"user_id": 1}, {"visitors": 1}, "reports_user_hour user_id=1 hour={at}"),
        (
            UserDayValue,
            {"value": "DE"},
            {"visitors": 1},
            "reports_user_day_value user_id=1 dimension=1 day={day} value=DE",
        ),
    ],
)
def test_a_sum_that_differs_from_its_rows_is_reported(
    counted: datetime, model: Any, key: dict[str, Any], counts: dict[str, int], told: str
) -> None:
    add_to(model, key, **counts)
    where = told.format(at=counted, day=counted.date())
    assert differences()[0] == f"{where}: visitors 1 instead of 0"


def test_unbalanced_rows_are_reported(counted: datetime) -> None:
    add_to(LinkDay, {"link_id": 1}, accepted=1)
    unbalanced = (
        "reports_link_day: 1 rows where accepted is not humans + duplicates + bots + refused"
    )
    assert differences() == [
        unbalanced,
        f"reports_link_day link_id=1 day={counted.date()} grid_id=1: accepted 4 instead of 3",
    ]


@pytest.mark.parametrize("whole", ["accepted", "views_accepted"])
def test_unbalanced_rows_of_users_are_reported(counted: datetime, whole: str) -> None:
    add_to(UserHour, {"user_id": 1}, **{whole: 1})
    assert "rows where" in differences()[0]
    assert len(differences()) == 2


def test_refused_clicks_of_links_and_grids_must_agree(counted: datetime, redis: Any) -> None:
    for model in (GridHour, UserHour):
        add_to(model, {"user_id": 1}, accepted=1, refused=1)
    assert differences() == [
        f"grid 1, hour {counted:%Y-%m-%d %H:%M}: its links have (3,3,0,0,0,0), it has (4,3,0,0,1,0)"
        " (accepted, humans, duplicates, bots, refused, visitors)"
    ]


def test_without_redis_the_rest_is_checked(
    counted: datetime, settings: Any, tmp_path: Path
) -> None:
    settings.CLICKS_REDIS_URL = f"unix://{tmp_path}/none.sock"
    add_to(LinkDay, {"link_id": 1}, visitors=1)
    found = differences()
    assert found[0].startswith("Redis cannot be read: ")
    assert found[1].startswith("reports_link_day link_id=1")


def test_sums_of_the_ingest_equal_its_rows(redis: Any) -> None:
    """Humans, repeats, bots and what was not kept, of clicks and views: nothing is left to rebuild."""
    at = int(noon().timestamp() * 1000)
    agents = (BROWSER, "curl/8.5.0", "")
    events = [
        Event(
            Target(Kind.CLICK, 1, 1 + n % 2, 1 + n % 5, "0,0,1,1")
            if n % 4
            else Target(Kind.VIEW, 1, 1),
            at + n * 977,
            f"192.0.2.{n % 7}",
            agents[n % 11 % 3].encode(),
            b"https://example.org/x",
            b"de,en;q=0.5",
            b"utm_source=news" if n % 3 else b"",
            n % 13 // 12,
        )
        for n in range(2_000)
    ]
    hour = at // 3_600_000 * 3600
    group = Group("p1", 1, 2_009, events, {(1, 1, 1, hour): 5, (1, 1, 0, hour): 4})
    redis.xadd(wire.STREAM, wire.encode(group))
    redis.hset(wire.COUNTERS, "p1", 2_009)
    assert "2009" in reconcile()
    drain(seconds=30)
    assert reconcile().splitlines()[-1] == "Everything adds up: 2009 events, 2009 in the ledger"
    assert LinkDay.objects.filter(humans__gt=0, bots__gt=0, visitors__gt=0).exists()
    assert sum(rebuild_day(day=noon().date()).values()) == 0


def test_hours_must_be_positive() -> None:
    with pytest.raises(CommandError, match="--hours must be at least 1"):
        call_command("reconcile_clicks", "--hours", "0")
