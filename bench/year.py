"""Generate a year of one account's clicks by SQL."""

from __future__ import annotations

from datetime import date

from django.db import connection

from reports.clicks.audit.expected import days_between
from reports.clicks.audit.rebuild import rebuild_day
from reports.clicks.storage.partitions import ensure, months_from

_LINKS = 2_000
_AGENTS = """
INSERT INTO reports_user_agent (digest, text, browser, os, device, bot_reason, bot_rules)
SELECT sha256(n::text::bytea), 'Agent ' || n, 'Browser ' || n % 12, 'OS ' || n % 6,
    (ARRAY['desktop', 'mobile', 'tablet'])[1 + n % 3], '', 1
FROM generate_series(1, 300) AS n
"""
# A visitor makes one or two clicks a day; 5 % are bots and 5 % duplicates. The power makes some links and
# countries far more frequent than others.
_CLICKS = f"""
INSERT INTO reports_click (clicked_on, user_id, grid_id, link_id, tile, visitor, is_first_on_grid,
    is_first_on_link, verdict, bot_reason, bot_rules, flags, user_agent_id, country, referrer, language,
    utm_source, utm_medium, utm_campaign, utm_term, utm_content)
SELECT %(day)s::date::timestamp AT TIME ZONE 'UTC' + n * interval '1 day' / %(count)s,
    1, 1 + link %% %(grids)s, 1 + link, link %% 6 || ',' || link / 6 %% 20 || ',1,1', n / 2,
    verdict = 0 AND n %% 2 = 0, verdict = 0, verdict,
    CASE verdict WHEN 1 THEN 'crawler' ELSE '' END, 1, 0, 1 + (n * 7919) %% 300,
    chr(65 + (country * 26)::int %% 26) || chr(65 + (country * 7)::int %% 26),
    'site-' || (country * 40)::int || '.example', (ARRAY['en', 'de', 'fr', 'es', 'ja'])[1 + n %% 5],
    (ARRAY['', '', '', 'newsletter', 'social'])[1 + n %% 5], '', '', '', ''
FROM (
    SELECT n, (power(random(), 3) * {_LINKS - 1})::int AS link, power(random(), 3) AS country,
        CASE WHEN n %% 40 = 7 THEN 1 WHEN n %% 40 = 9 THEN 1 WHEN n %% 20 = 13 THEN 2 ELSE 0 END AS verdict
    FROM generate_series(0, %(count)s - 1) AS n
) AS made
"""


def load_clicks(first: date, last: date, rows: int, grids: int) -> None:
    """Insert clicks of user 1, `rows` in all, on `grids` grids."""
    months = months_from(first.replace(day=1), 14)
    for table in ("reports_click", "reports_view"):
        ensure(table, months)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(_AGENTS)
        days = list(days_between(first, last))
        for number, day in enumerate(days, 1):
            # However many rows do not divide by the days, all of them are made.
            count = rows * number // len(days) - rows * (number - 1) // len(days)
            cursor.execute(_CLICKS, {"day": day, "count": count, "grids": grids})
        cursor.execute("VACUUM ANALYZE reports_click")


def roll_up(first: date, last: date) -> None:
    """Rebuild the roll-ups of all days."""
    for day in days_between(first, last):
        rebuild_day(day=day)
    with connection.cursor() as cursor:
        for whose in ("grid", "user"):
            cursor.execute(f"VACUUM ANALYZE reports_{whose}_hour, reports_{whose}_day_value")
