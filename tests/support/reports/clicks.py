"""Store clicks and views as rows, and roll them up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.db import connection

from grids.models import Grid, Link
from reports.models import Click, Dimension, UserAgent, Verdict, View

_COUNTS = """count(*) AS accepted,
    count(*) FILTER (WHERE verdict = 0) AS humans,
    count(*) FILTER (WHERE verdict = 2) AS duplicates,
    count(*) FILTER (WHERE verdict = 1) AS bots,
    count(*) FILTER (WHERE is_first_on_grid) AS visitors"""
_LINK_VISITORS = "count(*) FILTER (WHERE is_first_on_link) AS link_visitors"
_HOUR = "date_trunc('hour', {} AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour"
_DAY = "(clicked_on AT TIME ZONE 'UTC')::date AS day"
_LINK_COLUMNS = "grid_id, user_id, accepted, humans, duplicates, bots, visitors, link_visitors"
_ROLLUPS = [
    "DELETE FROM reports_link_hour",
    "DELETE FROM reports_link_day",
    "DELETE FROM reports_grid_hour",
    "DELETE FROM reports_grid_day_value",
    f"""INSERT INTO reports_link_hour (link_id, hour, {_LINK_COLUMNS})
        SELECT link_id, {_HOUR.format("clicked_on")}, min(grid_id), min(user_id), {_COUNTS},
            {_LINK_VISITORS} FROM reports_click GROUP BY 1, 2""",
    f"""INSERT INTO reports_link_day (link_id, day, {_LINK_COLUMNS})
        SELECT link_id, {_DAY}, min(grid_id), min(user_id), {_COUNTS}, {_LINK_VISITORS}
        FROM reports_click GROUP BY 1, 2""",
    f"""INSERT INTO reports_grid_hour
            (grid_id, hour, user_id, accepted, humans, duplicates, bots, visitors)
        SELECT grid_id, {_HOUR.format("clicked_on")}, min(user_id), {_COUNTS}
        FROM reports_click GROUP BY 1, 2""",
    f"""INSERT INTO reports_grid_hour AS old (grid_id, hour, user_id, views)
        SELECT grid_id, {_HOUR.format("viewed_on")}, min(user_id),
            count(*) FILTER (WHERE verdict = 0)
        FROM reports_view GROUP BY 1, 2
        ON CONFLICT (grid_id, hour) DO UPDATE SET views = excluded.views""",
    *(
        f"""INSERT INTO reports_grid_day_value
            (grid_id, day, dimension, value, humans, duplicates, bots, visitors)
        SELECT grid_id, {_DAY}, {dimension.value}, {dimension.name.lower()},
            {_COUNTS.partition(",")[2]}
        FROM reports_click JOIN reports_user_agent AS agent ON agent.id = user_agent_id
        GROUP BY 1, 2, 4"""
        for dimension in Dimension
    ),
    "DELETE FROM reports_user_hour",
    "DELETE FROM reports_user_day_value",
    """INSERT INTO reports_user_hour
            (user_id, hour, accepted, humans, duplicates, bots, visitors, views)
        SELECT user_id, hour, sum(accepted), sum(humans), sum(duplicates), sum(bots), sum(visitors),
            sum(views) FROM reports_grid_hour GROUP BY 1, 2""",
    """INSERT INTO reports_user_day_value
            (user_id, day, dimension, value, humans, duplicates, bots, visitors)
        SELECT user_id, day, dimension, value, sum(humans), sum(duplicates), sum(bots), sum(visitors)
        FROM reports_grid_day_value
        JOIN (SELECT DISTINCT grid_id, user_id FROM reports_grid_hour) AS owners USING (grid_id)
        GROUP BY 1, 2, 3, 4""",
]


@dataclass(frozen=True)
class Visited:
    """One visit; of a view `link` says the grid, and `tile` means nothing. `at` is in UTC."""

    at: datetime
    link: int = 0
    verdict: int = Verdict.HUMAN
    is_first_on_grid: bool = False
    is_first_on_link: bool = False
    tile: str = "0,0,1,1"
    browser: str = "Firefox"
    os: str = "Linux"
    device: str = "desktop"
    country: str = "GR"
    referrer: str = ""
    language: str = "el"
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""


_OF_AGENT = ("browser", "os", "device")
_OF_CLICK = ("link", "at", "tile", "is_first_on_link")


def load(
    grid: Grid, links: list[Link], *, clicks: Iterable[Visited], views: Iterable[Visited] = ()
) -> None:
    """Replace all clicks and views, and their sums, by these; `link` is an index of `links`, and where that
    link was made they count for, or for the grid where there are no links."""
    clicks, views = list(clicks), list(views)
    for table in ("reports_click", "reports_view"):
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")
        # Both for the same months, as the ingest makes them.
        for month in {visit.at.strftime("%Y-%m") for visit in (*clicks, *views)}:
            _partition(table, month)
    on = [link.grid for link in links] or [grid]
    Click.objects.bulk_create(
        Click(
            **_shared(on[click.link], click),
            clicked_on=click.at,
            link_id=links[click.link].pk,
            tile=click.tile,
            is_first_on_link=click.is_first_on_link,
        )
        for click in clicks
    )
    View.objects.bulk_create(
        View(**_shared(on[view.link], view), viewed_on=view.at) for view in views
    )
    roll_up()


def roll_up() -> None:
    """Make the roll-ups anew from the rows that there are."""
    with connection.cursor() as cursor:
        for statement in _ROLLUPS:
            cursor.execute(statement)


def refuse(link: Link, hour: datetime, count: int) -> None:
    """Add refused clicks, which have no row, to an hour in UTC that has clicks already."""
    names: dict[str, Any] = {
        "link": link.pk,
        "grid": link.grid_id,
        "user": link.user_id,
        "hour": hour,
        "day": hour.date(),
        "n": count,
    }
    with connection.cursor() as cursor:
        for where in (
            "link_hour SET {} WHERE link_id = %(link)s AND hour = %(hour)s",
            "link_day SET {} WHERE link_id = %(link)s AND day = %(day)s",
            "grid_hour SET {} WHERE grid_id = %(grid)s AND hour = %(hour)s",
            "user_hour SET {} WHERE user_id = %(user)s AND hour = %(hour)s",
        ):
            added = "refused = refused + %(n)s, accepted = accepted + %(n)s"
            cursor.execute(f"UPDATE reports_{where.format(added)}", names)
            assert cursor.rowcount == 1


def forget_months() -> None:
    """Drop the partitions of months that are over, which outlive a test that is no transaction."""
    _drop("< to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')")


def drop_rows(month: str) -> None:
    """Drop a month, such as 2026-03, and those before it, as retention does."""
    _drop(f"<= '{month.replace('-', '_')}'")


def _drop(which: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent IN ('reports_click'::regclass, 'reports_view'::regclass)"
            f" AND right(inhrelid::regclass::text, 7) {which}"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE {name}")


def _partition(table: str, month: str) -> None:
    start = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {table}_{month.replace('-', '_')} PARTITION OF {table}"
            " FOR VALUES FROM (%s) TO (%s)",
            [start, end],
        )


def _shared(grid: Grid, visit: Visited) -> dict[str, Any]:
    columns = asdict(visit)
    names = [columns.pop(name) for name in _OF_AGENT]
    for name in _OF_CLICK:
        columns.pop(name)
    text = "/".join(names)
    agent, _ = UserAgent.objects.get_or_create(
        digest=sha256(text.encode()).digest(),
        defaults={
            **dict(zip(_OF_AGENT, names, strict=True)),
            "text": text,
            "bot_reason": "",
            "bot_rules": 1,
        },
    )
    same = {"user_id": grid.user_id, "grid_id": grid.pk, "visitor": None, "user_agent": agent}
    return {**same, "bot_reason": "", "bot_rules": 1, "flags": 0, **columns}
