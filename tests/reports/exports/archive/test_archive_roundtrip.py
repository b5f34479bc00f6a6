"""An account that is written to an archive and restored elsewhere is the same account."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from redis import Redis

from gridlink.accounts.models import User
from gridlink.lib.text import CONTROL
from grids.models import ColourScheme, Grid, Link, Visibility, theme_choices
from grids.public import wire
from reports.clicks.enrichment.agents import USER_AGENTS, UserAgentIds
from reports.exports.archive.registry import TABLES
from reports.models import (
    Click,
    GridHour,
    LinkHour,
    RawFrom,
    Report,
    UserAgent,
    UserDayValue,
    UserHour,
    Verdict,
)
from tasks.models import Schedule
from tests.support.accounts import furnish, stand_in, sum_up, totals
from tests.support.client import Client
from tests.support.platform import user_of
from tests.support.reports.archives import (
    archived,
    contents,
    forget_all,
    noted,
    restored,
    rows_of,
    unzipped,
    zipped,
)
from tests.support.reports.click_rows import make_click, make_view, noon
from tests.support.reports.exports import link_on

pytestmark = pytest.mark.django_db(transaction=True)


def assert_equal(first: bytes, second: bytes) -> None:
    for table in TABLES:
        one, other = (sorted(map(repr, shown(data, table.name))) for data in (first, second))
        assert one == other, table.name


def shown(data: bytes, name: str) -> list[dict[str, Any]]:
    """The rows, but for what is never restored as it was."""
    never = {"webhooks": {"is_enabled"}}.get(name, set())
    return [
        {field: value for field, value in row.items() if field not in never}
        for row in rows_of(data, name)
    ]


def assert_adds_up(tmp_path: Path, settings: Any) -> None:
    """The sums are what their rows say, and all that is counted came from somewhere."""
    settings.CLICK_SPOOL = tmp_path / "spool"
    redis: Any = Redis.from_url(django_settings.CLICKS_REDIS_URL)
    redis.delete(wire.STREAM, wire.COUNTERS)
    redis.close()
    call_command("reconcile_clicks", hours=96, stdout=StringIO())
    out = StringIO()
    call_command("rebuild_rollups", dry_run=True, stdout=out)
    assert out.getvalue().splitlines()[-1] == "0 rows would change"


def test_everything_comes_back(owner: Client, tmp_path: Path, settings: Any) -> None:
    furnish(owner)
    before, sums = totals(), list(UserHour.objects.order_by("hour").values())
    values = set(UserDayValue.objects.values_list())
    data = archived(owner)
    forget_all()
    result = restored(owner, data).result
    assert result == {
        "mode": "apply",
        "account": {"unchanged": 1},
        "grids": {"create": 2},
        "links": {"create": 3},
        "reports": {"create": 3},
        "schedules": {"create": 3},
        "webhooks": {"create": 2},
        "agents": {"create": 2},
        "clicks": {"create": 8},
        "views": {"create": 2},
        "link_hours": {"create": 6},
        "link_days": {"create": 6},
        "grid_hours": {"create": 4},
        "grid_day_values": {"create": before["reports_grid_day_value"]},
    }
    assert totals() == before
    assert list(UserHour.objects.order_by("hour").values()) == sums
    assert set(UserDayValue.objects.values_list()) == values
    assert_adds_up(tmp_path, settings)
    assert_equal(archived(owner), data)


def test_a_second_time_changes_nothing(owner: Client) -> None:
    furnish(owner)
    data = archived(owner)
    forget_all()
    restored(owner, data)
    before = contents()
    result = restored(owner, data).result
    assert {
        name for name in result if name != "mode" and set(result[name]) != {"unchanged"}
    } == set()
    assert contents() == before


def test_where_it_came_from_it_changes_nothing(owner: Client) -> None:
    furnish(owner)
    before = contents()
    restored(owner, archived(owner))
    assert contents() == before


def test_a_dry_run_changes_nothing_and_says_the_same(owner: Client) -> None:
    furnish(owner)
    data = archived(owner)
    forget_all()
    before = contents()
    said = restored(owner, data, "dry_run").result
    assert contents() == before
    done = restored(owner, data).result
    assert said == {**done, "mode": "dry_run"}


def test_what_has_happened_since_stays(owner: Client, tmp_path: Path, settings: Any) -> None:
    grid = furnish(owner)
    data = archived(owner)
    link = grid.links.get(alias="one")
    make_click(noon(2), link.pk, user_id=grid.user_id, grid_id=grid.pk)
    hour = LinkHour.objects.get(link_id=link.pk, grid_id=grid.pk, hour=noon(2))
    hour.humans, hour.accepted = hour.humans + 1, hour.accepted + 1
    hour.save()
    Grid.objects.filter(pk=grid.pk).update(title="Since renamed", version=4)
    before = contents()
    result = restored(owner, data).result
    assert result["grids"] == {"kept": 1, "unchanged": 1}
    assert result["link_hours"] == {"kept": 1, "unchanged": 5}
    assert result["clicks"] == {"unchanged": 8}
    assert contents() == before


def test_two_histories_are_one(owner: Client, tmp_path: Path, settings: Any) -> None:
    """Clicks that only the archive has join those that only the instance has, and the sums are of both."""
    grid = furnish(owner)
    data = archived(owner)
    link = grid.links.get(alias="one")
    Click.objects.filter(link_id=link.pk, grid_id=grid.pk).delete()
    make_click(noon(2), link.pk, user_id=grid.user_id, grid_id=grid.pk)
    sum_up()
    stand_in()
    result = restored(owner, data).result
    assert result["clicks"] == {"create": 4, "unchanged": 4}
    hour = LinkHour.objects.get(link_id=link.pk, grid_id=grid.pk, hour=noon(2))
    assert (hour.accepted, hour.humans, hour.refused) == (5, 4, 1)
    assert_adds_up(tmp_path, settings)


def test_rows_that_are_no_longer_kept_are_not_written(owner: Client, settings: Any) -> None:
    furnish(owner)
    settings.CLICK_KEEP_MONTHS = 1
    data = archived(owner)
    make_click(noon(70), 1, user_id=user_of(owner).pk)
    again = archived(owner)
    assert rows_of(again, "clicks") == rows_of(data, "clicks")
    (remark,) = json.loads(unzipped(again)["manifest.json"])["remarks"]
    assert remark.startswith("Clicks and views from before ")


def test_rows_that_are_no_longer_kept_are_not_restored(owner: Client, settings: Any) -> None:
    furnish(owner)
    make_click(noon(70), 1, user_id=user_of(owner).pk)
    make_view(noon(70), user_id=user_of(owner).pk)
    data = archived(owner)
    forget_all()
    settings.CLICK_KEEP_MONTHS = 1
    assert restored(owner, data).result["clicks"] == {"create": 8, "skip": 1}
    assert Click.objects.count() == 8


def test_rows_of_days_whose_rows_are_gone_are_not_restored(owner: Client) -> None:
    """It would look as if all rows of that time were here."""
    furnish(owner)
    make_click(noon(70), 1, user_id=user_of(owner).pk)
    data = archived(owner)
    forget_all()
    with connection.cursor() as cursor:
        for table in ("click", "view"):
            cursor.execute(f"DROP TABLE reports_{table}_{noon(70):%Y_%m}")
    GridHour.objects.create(grid_id=5, hour=noon(70), user_id=5)
    assert restored(owner, data).result["clicks"] == {"create": 8, "skip": 1}


def test_sums_without_rows_among_rows_of_others(owner: Client) -> None:
    """What cannot be made again from rows is remembered."""
    furnish(owner)
    data = archived(owner)
    forget_all()
    data = zipped(noted(unzipped(data), {"raw_from": noon(3).date().isoformat()}))
    make_view(noon(400), user_id=5, grid_id=5)
    make_click(noon(400), user_id=5, grid_id=5)
    restored(owner, data)
    grid = Grid.objects.get(alias="first")
    assert RawFrom.objects.values_list("grid_id", "day").get() == (grid.pk, noon(3).date())


_CHARS = st.characters(codec="utf-8", exclude_characters="\0")
_ODD = st.sampled_from(
    ["\\", "\\N", '"', '""', "\r\n", "\n", "\t", "\u2028", "😀", "{", ",", "%s", "'", "\\."]
)
TEXT = st.lists(st.one_of(st.text(_CHARS, max_size=6), _ODD), max_size=5).map("".join)
TITLE = TEXT.map(lambda text: CONTROL.sub("", text)).filter(lambda text: bool(text.strip()))
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
# What the server notes itself is judged more narrowly than what owners choose.
NOTED = st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))
RECENT = st.datetimes(
    datetime(2026, 9, 1),
    datetime.combine(date.today(), datetime.min.time()),
    timezones=st.just(UTC),
)
GRID = st.fixed_dictionaries(
    {
        "title": TITLE,
        "description": TEXT,
        "visibility": st.sampled_from(Visibility.values),
        "theme": st.sampled_from([name for name, _ in theme_choices()]),
        "colour_scheme": st.sampled_from(ColourScheme.values),
        "version": st.integers(1, 1 << 30),
        "created_on": NOTED,
    }
)
LINK = st.fixed_dictionaries(
    {
        "url": st.sampled_from(
            ["https://e.org/?q='x'&y=%22", "mailto:a@e.org", "https://例え.jp/"]
        ),
        "title": TITLE,
        "note": TEXT,
        "tags": st.lists(TITLE.map(str.strip).filter(bool), max_size=3, unique=True),
        "style": st.sampled_from([{}, {"icon": '"\\\n'}, {"shadow": False, "radius": 0}]),
        "active_until": st.none() | MOMENTS,
        "created_on": NOTED,
    }
)
VISIT = st.fixed_dictionaries(
    {
        "visitor": st.none() | st.integers(-(1 << 63), (1 << 63) - 1),
        "verdict": st.sampled_from(Verdict.values),
        "is_first_on_grid": st.booleans(),
        "flags": st.integers(0, 32767),
        "referrer": TEXT,
        "utm_term": TEXT,
        "language": st.sampled_from(["", "el"]),
    }
)


def define_and_plan(user: User, title: str, text: str) -> None:
    """A report and a schedule of these words."""
    scope = {"grids": [], "links": [], "tags": [text[:64]] if text else []}
    Report.objects.create(
        user=user, title=title, kind="ledger", scope=scope, time_zone="UTC", week_start="monday",
        formats=["json"], paper="a4",
    )  # fmt: skip
    Schedule.objects.create(
        user=user, name=title, action=text[:50], params={text: [text, {title: None}]}, rule=text,
        form="cron", time_zone=text[:64], starts_on=date(2026, 1, 1), is_enabled=False, note=text,
    )  # fmt: skip


CLICKS = st.lists(st.tuples(RECENT, st.integers(0, 20), TEXT, VISIT), max_size=16)


# Few and large examples, since the four jobs of each take most of the time. Without shrinking: minutes of
# smaller ones would end in the test's time limit, which hides what failed.
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    grids=st.lists(st.tuples(GRID, st.lists(LINK, max_size=6)), max_size=6),
    clicks=CLICKS,
    words=st.lists(st.tuples(TITLE, TEXT), max_size=6),
)
def test_any_account_comes_back(owner: Client, grids: Any, clicks: Any, words: Any) -> None:
    forget_all()
    for title, text in words:
        define_and_plan(user_of(owner), title, text)
    links: list[Link] = []
    for fields, tiles in grids:
        grid = Grid.objects.create(user=user_of(owner), **fields)
        links += [link_on(grid, len(links) + n, x=n, y=0, **tile) for n, tile in enumerate(tiles)]
    for at, number, agent, fields in clicks:
        UserAgentIds().resolve([USER_AGENTS[agent.encode()]])
        link = links[number] if number < len(links) else None
        same = {
            "user_id": user_of(owner).pk,
            "grid_id": link.grid_id if link else 999_999,
            "agent": UserAgent.objects.get(text=agent),
            **fields,
        }
        make_click(at, link.pk if link else 999_000 + number, **same)
        make_view(at + timedelta(hours=1), **same)
    data = archived(owner)
    forget_all()
    restored(owner, data)
    assert_equal(archived(owner), data)
    before = contents()
    restored(owner, data)
    assert contents() == before
