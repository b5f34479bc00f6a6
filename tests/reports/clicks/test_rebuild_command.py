"""`rebuild_rollups` restores exact sums, and only where raw rows are stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from grids.models import Grid
from reports.clicks.storage.ingest_lock import ingest_paused
from reports.clicks.storage.partitions import oldest_day
from reports.models import (
    Click,
    Dimension,
    GridDayValue,
    GridHour,
    LinkDay,
    LinkHour,
    UserDayValue,
    UserHour,
    Verdict,
)
from tests.support.client import Client, make_user
from tests.support.platform import user_of
from tests.support.reports.click_rows import add_to, make_click, make_view, noon

pytestmark = pytest.mark.django_db(transaction=True)
FIRST = {"is_first_on_grid": True, "is_first_on_link": True}


def rebuild(*args: str, days_ago: int = 1) -> str:
    out = StringIO()
    day = noon(days_ago).date().isoformat()
    call_command("rebuild_rollups", "--from", day, "--to", day, *args, stdout=out)
    return out.getvalue()


def counts(row: Any) -> dict[str, int]:
    """What is not 0."""
    names = [f.name for f in row._meta.fields if f.has_db_default()]
    return {name: getattr(row, name) for name in names if getattr(row, name)}


def a_day() -> datetime:
    """Three clicks of link 1 and one of link 2 in two hours, and two views."""
    at = noon()
    make_click(at, visitor=7, country="DE", **FIRST)
    make_click(at + timedelta(seconds=1), visitor=7, country="DE", verdict=Verdict.DUPLICATE)
    make_click(at + timedelta(hours=1), country="FR", verdict=Verdict.BOT, bot_reason="head")
    make_click(at, link=2, visitor=7, is_first_on_link=True)
    make_view(at, visitor=7, is_first_on_grid=True)
    make_view(at, verdict=Verdict.BOT, bot_reason="head")
    return at


def test_every_table_has_the_exact_numbers() -> None:
    at = a_day()
    rebuild()
    link = {"accepted": 2, "humans": 1, "duplicates": 1, "visitors": 1, "link_visitors": 1}
    assert counts(LinkHour.objects.get(link_id=1, hour=at)) == link
    later = LinkHour.objects.get(link_id=1, hour=at + timedelta(hours=1))
    assert counts(later) == {"accepted": 1, "bots": 1}
    assert counts(LinkDay.objects.get(link_id=1)) == link | {"accepted": 3, "bots": 1}
    other = LinkDay.objects.get(link_id=2)
    assert counts(other) == {"accepted": 1, "humans": 1, "link_visitors": 1}
    assert (other.grid_id, other.user_id) == (1, 1)
    views = {"views_accepted": 2, "views": 1, "views_bots": 1, "views_visitors": 1}
    clicks = {"accepted": 3, "humans": 2, "duplicates": 1, "visitors": 1}
    assert counts(GridHour.objects.get(hour=at)) == clicks | views
    countries = GridDayValue.objects.filter(dimension=Dimension.COUNTRY)
    assert {row.value: counts(row) for row in countries} == {
        "DE": {"humans": 1, "duplicates": 1, "visitors": 1},
        "FR": {"bots": 1},
        "": {"humans": 1},
    }
    browsers = GridDayValue.objects.get(dimension=Dimension.BROWSER)
    assert browsers.value == "Firefox"
    assert counts(browsers) == {"humans": 2, "duplicates": 1, "bots": 1, "visitors": 1}
    assert set(GridDayValue.objects.values_list("dimension", flat=True)) == set(Dimension)


def test_the_second_time_changes_nothing() -> None:
    a_day()
    assert rebuild().splitlines()[-1] != "0 rows changed"
    assert rebuild() == f"{noon().date()}: 0 rows\n0 rows changed\n"


def test_refused_clicks_are_carried_over() -> None:
    at = a_day()
    key = {"grid_id": 1, "user_id": 1}
    LinkHour.objects.create(link_id=1, hour=at, accepted=9, humans=4, refused=5, **key)
    LinkDay.objects.create(link_id=1, day=at.date(), **key)
    GridHour.objects.create(hour=at, refused=5, views_refused=3, **key)
    rebuild()
    assert counts(LinkHour.objects.get(link_id=1, hour=at))["accepted"] == 7
    day = counts(LinkDay.objects.get(link_id=1))
    assert (day["accepted"], day["refused"]) == (8, 5)
    grid = counts(GridHour.objects.get(hour=at))
    assert (grid["accepted"], grid["refused"]) == (8, 5)
    assert (grid["views_accepted"], grid["views_refused"]) == (5, 3)


def test_empty_rows_are_deleted() -> None:
    at = a_day()
    rebuild()
    before = GridDayValue.objects.count()
    LinkHour.objects.create(link_id=9, hour=at, grid_id=1, user_id=1, accepted=1, humans=1)
    GridDayValue.objects.create(
        grid_id=1, day=at.date(), dimension=Dimension.COUNTRY, value="XX", humans=1
    )
    assert rebuild().endswith("2 rows changed\n")
    assert not LinkHour.objects.filter(link_id=9).exists()
    assert GridDayValue.objects.count() == before


def test_a_dry_run_changes_nothing() -> None:
    at = a_day()
    rebuild()
    add_to(LinkHour, {"link_id": 1, "hour": at}, accepted=2, humans=2)
    told = rebuild("--dry-run")
    day = at.date()
    assert told == f"{day}: 1 rows (reports_link_hour 1)\n1 rows would change\n"
    assert counts(LinkHour.objects.get(link_id=1, hour=at))["accepted"] == 4
    assert rebuild().endswith("1 rows changed\n")
    assert counts(LinkHour.objects.get(link_id=1, hour=at))["accepted"] == 2


def test_days_are_utc_days_and_others_stay() -> None:
    midnight = noon().replace(hour=0)
    make_click(midnight)
    make_click(midnight - timedelta(microseconds=1))
    rebuild()
    assert [row.hour for row in LinkHour.objects.all()] == [midnight]


def test_a_grid_alone() -> None:
    grid = Grid.objects.create(user=user_of(Client(make_user("alice"))), title="One")
    at = noon()
    make_click(at, link=1, grid_id=grid.pk, user_id=grid.user_id)
    # Moved there within the hour: it has a row for each grid.
    make_click(at, link=1, grid_id=grid.pk + 1, user_id=grid.user_id)
    make_click(at, link=2, grid_id=grid.pk + 1, user_id=grid.user_id)
    make_click(at, link=3, grid_id=grid.pk + 2, user_id=grid.user_id + 1)
    rebuild("--grid", grid.slug)
    assert [(row.link_id, row.accepted) for row in LinkHour.objects.all()] == [(1, 1)]
    assert [(row.grid_id, row.accepted) for row in GridHour.objects.all()] == [(grid.pk, 1)]
    assert users() == {grid.user_id: (1, 1)}
    assert rebuild("--grid", grid.slug).endswith("\n0 rows changed\n")
    rebuild()
    assert users() == {grid.user_id: (3, 3), grid.user_id + 1: (1, 1)}
    Click.objects.filter(grid_id=grid.pk).delete()
    rebuild("--grid", grid.slug)
    assert users() == {grid.user_id: (2, 2), grid.user_id + 1: (1, 1)}


def users() -> dict[int, tuple[int, int]]:
    """By user, the clicks of all hours, and those of all countries."""
    countries = UserDayValue.objects.filter(dimension=Dimension.COUNTRY)
    return {
        row.user_id: (row.accepted, sum(x.humans for x in countries.filter(user_id=row.user_id)))
        for row in UserHour.objects.all()
    }


def test_a_dry_run_reports_users_sums_too() -> None:
    make_click(noon())
    rebuild()
    make_click(noon())
    told = rebuild("--dry-run")
    assert "reports_user_hour 1, reports_user_day_value 12)" in told
    assert users() == {1: (1, 1)}
    assert rebuild() == told.replace("would change", "changed")
    assert users() == {1: (2, 2)}


def test_days_without_their_raw_rows_are_refused() -> None:
    at = noon()
    make_click(at)
    oldest = oldest_day()
    assert oldest == at.date().replace(day=1)
    before = oldest - timedelta(days=1)
    hour = datetime(before.year, before.month, before.day, tzinfo=UTC)
    LinkHour.objects.create(link_id=1, hour=hour, grid_id=1, user_id=1, accepted=1, humans=1)
    with pytest.raises(CommandError, match=f"kept from {oldest} on: {before} is too early"):
        call_command("rebuild_rollups", "--from", before.isoformat())
    assert LinkHour.objects.get().accepted == 1


def test_a_month_dropped_and_created_again_is_refused(settings: Any) -> None:
    make_click(noon())
    make_click(noon(70))
    settings.CLICK_KEEP_MONTHS = 1
    month = datetime.now(UTC).date().replace(day=1)
    assert oldest_day() == (month - timedelta(days=1)).replace(day=1)
    with pytest.raises(CommandError, match="too early"):
        rebuild(days_ago=70)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--from", "yesterday"], "argument --from: 'yesterday' is no date like "),
        (["--from", "2999-01-02"], "2999-01-02 is after "),
        (["--grid", "gr_none"], "There is no grid gr_none."),
    ],
)
def test_invalid_arguments_are_refused(args: list[str], message: str) -> None:
    make_click(noon())
    with pytest.raises(CommandError, match=message):
        call_command("rebuild_rollups", *args)


def test_the_ingest_is_paused_meanwhile() -> None:
    def held() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            )
            (count,) = cursor.fetchone()
        return int(count)

    def fail() -> None:
        with ingest_paused():
            assert held() == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert held() == 0
