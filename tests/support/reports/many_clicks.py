"""Create thousands of clicks of an account, with their sums."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from grids.models import Grid, Link
from reports.clicks.audit.rebuild import rebuild_day
from reports.clicks.rollups import watermark
from reports.clicks.storage.partitions import ensure
from tests.support.reports.click_rows import make_agent
from tests.support.reports.exports import link_on

# Of the day before the day before, so that nothing of them is to come.
FIRST = datetime.now(UTC).date() - timedelta(days=9)
DAYS = 7
# Every second is a human's, every tenth a bot's, every twentieth a duplicate.
_ROWS = """
INSERT INTO reports_click (clicked_on, user_id, grid_id, link_id, tile, visitor, is_first_on_grid,
    is_first_on_link, verdict, bot_reason, bot_rules, flags, user_agent_id, country, referrer, language,
    utm_source, utm_medium, utm_campaign, utm_term, utm_content)
SELECT %(first)s::date::timestamp AT TIME ZONE 'UTC' + n * interval '1 day' * %(days)s / %(rows)s,
    %(user)s, %(grid)s, CASE n %% 3 WHEN 0 THEN %(one)s ELSE %(two)s END, '0,0,1,1', n::bigint * 7919,
    n %% 4 = 0, n %% 2 = 0, CASE WHEN n %% 10 = 1 THEN 1 WHEN n %% 20 = 13 THEN 2 ELSE 0 END,
    CASE WHEN n %% 10 = 1 THEN 'crawler' ELSE '' END, 1, 0, %(agent)s, 'DE',
    CASE n %% 5 WHEN 0 THEN '=1+1' ELSE 'news.example' END, 'de', 'Zoë "x", y' || chr(10) || n, '', '', '', ''
FROM generate_series(0, %(rows)s - 1) AS n
"""


def make_clicks(grid: Grid, rows: int, first: date = FIRST) -> tuple[Link, Link]:
    """So many clicks of a week on two new links of a grid, stored as the ingest leaves them."""
    one, two = (link_on(grid, 2 * grid.pk + n, slug=f"li_{2 * grid.pk + n:032x}") for n in (0, 1))
    days = [first + timedelta(days=number) for number in range(DAYS)]
    for table in ("reports_click", "reports_view"):
        ensure(table, {day.replace(day=1) for day in days})
    values: dict[str, Any] = {
        "first": first,
        "days": DAYS,
        "rows": rows,
        "user": grid.user_id,
        "grid": grid.pk,
        "one": one.pk,
        "two": two.pk,
        "agent": make_agent().pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, values)
        watermark.advance(cursor)
    for day in days:
        rebuild_day(day=day)
    return one, two
