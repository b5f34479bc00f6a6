"""Reclassify stored clicks and views by the current bot rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import add, itemgetter
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction

from grids.public.wire import Flag
from reports.clicks.audit.expected import bounds
from reports.clicks.audit.rebuild import rebuild_locked
from reports.clicks.enrichment import bots
from reports.clicks.rollups import watermark
from reports.clicks.storage.ingest_lock import ingest_paused
from reports.models import UserAgent, Verdict

_BATCH = 2_000
_REASON = "coalesce(nullif(requests.reason, ''), agent.bot_reason, '')"
# The rows that the rules classify otherwise, each with the reason they give now.
_RECLASSIFY = f"""
CREATE TEMP TABLE reclassified ON COMMIT DROP AS
WITH requests AS (SELECT * FROM unnest(%(flags)s::int[], %(reasons)s::text[]) AS x (flags, reason))
SELECT visit.{{time}}, visit.id, visit.grid_id, visit.visitor, visit.verdict = {Verdict.BOT} AS was_bot,
    {_REASON} AS reason
FROM {{table}} AS visit
LEFT JOIN reports_user_agent AS agent ON agent.id = visit.user_agent_id
LEFT JOIN requests ON requests.flags = visit.flags
WHERE visit.{{time}} >= %(start)s AND visit.{{time}} < %(end)s AND (
    visit.bot_rules <> %(rules)s
    OR visit.bot_reason <> {_REASON}
    OR (visit.verdict = {Verdict.BOT}) = ({_REASON} = '')
)
"""
_COUNT_CHANGED = """
SELECT count(*) FILTER (WHERE NOT was_bot AND reason <> ''), count(*) FILTER (WHERE was_bot AND reason = '')
FROM reclassified
"""
# A visit that is no bot's any more is human for now; the replay says whether it is a duplicate.
_APPLY = f"""
UPDATE {{table}} AS visit SET bot_reason = reclassified.reason, bot_rules = %(rules)s,
    verdict = CASE
        WHEN reclassified.reason <> '' THEN {Verdict.BOT}
        WHEN reclassified.was_bot THEN {Verdict.HUMAN}
        ELSE visit.verdict END
    {{firsts}}
FROM reclassified WHERE visit.{{time}} = reclassified.{{time}} AND visit.id = reclassified.id
"""
_AFFECTED = """
SELECT visit.grid_id, visit.visitor, {link}, visit.{time}, visit.id, visit.verdict,
    visit.is_first_on_grid, {first_on_link}
FROM {table} AS visit
JOIN (
    SELECT DISTINCT grid_id, visitor FROM reclassified
    WHERE visitor IS NOT NULL AND was_bot = (reason = '')
) AS changed USING (grid_id, visitor)
WHERE visit.{time} >= %(start)s AND visit.{time} < %(end)s
ORDER BY visit.grid_id, visit.visitor, visit.{time}, visit.id
"""
_UPDATE = """
UPDATE {table} AS visit SET verdict = new.verdict, is_first_on_grid = new.on_grid {set_on_link}
FROM unnest(%(times)s::timestamptz[], %(ids)s::bigint[], %(verdicts)s::smallint[], %(on_grid)s::boolean[],
    %(on_link)s::boolean[]) AS new (at, id, verdict, on_grid, on_link)
WHERE visit.{time} = new.at AND visit.id = new.id
"""
# Only while the day's salt exists: visitors that were forgotten stay forgotten.
_FORGET = """
DELETE FROM reports_seen_visitor
USING unnest(%(grids)s::bigint[], %(visitors)s::bigint[]) AS changed (grid, visitor)
WHERE day = %(day)s AND grid_id = grid AND reports_seen_visitor.visitor = changed.visitor
    AND (link_id = 0) = %(views)s
"""
_REMEMBER = """
INSERT INTO reports_seen_visitor (day, grid_id, visitor, link_id, last_on)
SELECT %(day)s, seen.*
FROM unnest(%(grids)s::bigint[], %(visitors)s::bigint[], %(links)s::bigint[],
    %(lasts)s::timestamptz[]) AS seen
WHERE EXISTS (SELECT FROM reports_visitor_salt WHERE day = %(day)s AND salt <> '')
"""


class StoredVisit(NamedTuple):
    """Represent a visit as it is stored; of a view, `link` is 0."""

    grid: int
    visitor: int
    link: int
    at: datetime
    id: int
    verdict: int
    is_first_on_grid: bool
    is_first_on_link: bool


class Changes(NamedTuple):
    """Count clicks and views that changed from human, or human duplicate, to bot, and back."""

    clicks_to_bot: int = 0
    clicks_to_human: int = 0
    views_to_bot: int = 0
    views_to_human: int = 0

    def plus(self, other: Changes) -> Changes:
        """Return the sums of both."""
        return Changes(*map(add, self, other))


@dataclass(frozen=True, slots=True)
class _VisitTable:
    name: str
    time: str
    is_view: bool

    def sql(self, text: str) -> str:
        firsts = ["is_first_on_grid"] if self.is_view else ["is_first_on_grid", "is_first_on_link"]
        return text.format(
            table=self.name,
            time=self.time,
            link="0" if self.is_view else "visit.link_id",
            first_on_link="false" if self.is_view else "visit.is_first_on_link",
            set_on_link="" if self.is_view else ", is_first_on_link = new.on_link",
            firsts="".join(f", {x} = visit.{x} AND reclassified.reason = ''" for x in firsts),
        )


_CLICKS = _VisitTable("reports_click", "clicked_on", is_view=False)
_VIEWS = _VisitTable("reports_view", "viewed_on", is_view=True)


def reclassify_agents() -> int:
    """Apply the rules to every stored User-Agent header; return how many changed."""
    # Browser, system and device stay as they are: the roll-ups of all days were made of them.
    changed, stale = 0, []
    for agent in UserAgent.objects.order_by("id").iterator(_BATCH):
        reason = bots.agent_reason(agent.text)
        if (agent.bot_reason, agent.bot_rules) != (reason, bots.RULES_VERSION):
            changed += agent.bot_reason != reason
            agent.bot_reason, agent.bot_rules = reason, bots.RULES_VERSION
            stale.append(agent)
    UserAgent.objects.bulk_update(stale, ["bot_reason", "bot_rules"], batch_size=_BATCH)
    return changed


def reclassify_day(*, day: date) -> Changes:
    """Apply the rules to a UTC day's clicks and views, and rebuild its roll-ups.

    All or nothing. The day must not be before `partitions.oldest_day`. The ingest waits meanwhile. Call
    outside of a transaction.
    """
    with ingest_paused(), transaction.atomic(), connection.cursor() as cursor:
        flags = list(range(sum(Flag) + 1))
        values = bounds(day) | {
            "rules": bots.RULES_VERSION,
            "flags": flags,
            "reasons": [bots.request_reason(each) for each in flags],
        }
        watermark.mark_reclassified(cursor)
        clicks = _reclassify(cursor, _CLICKS, values)
        changes = Changes(*clicks, *_reclassify(cursor, _VIEWS, values))
        if any(changes):
            rebuild_locked(day=day)
    return changes


def _reclassify(cursor: Any, table: _VisitTable, values: dict[str, Any]) -> tuple[int, int]:
    cursor.execute("DROP TABLE IF EXISTS pg_temp.reclassified")
    cursor.execute(table.sql(_RECLASSIFY), values)
    cursor.execute(_COUNT_CHANGED)
    to_bot, to_human = cursor.fetchone()
    cursor.execute(table.sql(_APPLY), values)
    if to_bot or to_human:
        cursor.execute(table.sql(_AFFECTED), values)
        _store_replayed(cursor, table, values, [StoredVisit(*row) for row in cursor.fetchall()])
    return to_bot, to_human


def _store_replayed(
    cursor: Any, table: _VisitTable, values: dict[str, Any], visits: list[StoredVisit]
) -> None:
    """Replay all visits of every visitor affected, and store what changes."""
    window = settings.CLICK_DUPLICATE_SECONDS
    changed: list[StoredVisit] = []
    last_on: dict[tuple[int, int], dict[int, datetime]] = {}
    for visitor, group in groupby(visits, itemgetter(0, 1)):
        replayed, last_on[visitor] = _replay(group, window)
        changed += replayed
    columns = {
        "times": [visit.at for visit in changed],
        "ids": [visit.id for visit in changed],
        "verdicts": [visit.verdict for visit in changed],
        "on_grid": [visit.is_first_on_grid for visit in changed],
        "on_link": [visit.is_first_on_link for visit in changed],
    }
    cursor.execute(table.sql(_UPDATE), columns)
    visitors = {"grids": [grid for grid, _ in last_on], "visitors": [each for _, each in last_on]}
    cursor.execute(_FORGET, values | visitors | {"views": table.is_view})
    seen = [(*key, *link) for key, links in last_on.items() for link in links.items()]
    history = {
        "grids": [grid for grid, *_ in seen],
        "visitors": [visitor for _, visitor, *_ in seen],
        "links": [link for *_, link, _ in seen],
        "lasts": [last for *_, last in seen],
    }
    cursor.execute(_REMEMBER, values | history)


def _replay(
    visits: Iterable[StoredVisit], window: int
) -> tuple[list[StoredVisit], dict[int, datetime]]:
    """Classify one visitor's visits to one grid on one UTC day, in order.

    Return those that change, and each link's last visit that is no duplicate. Bots stay what they are. A
    visit less than `window` seconds after the link's last visit that was no duplicate is one.
    """
    last_on: dict[int, datetime] = {}
    changed = []
    for visit in visits:
        new = visit
        if visit.verdict != Verdict.BOT:
            last = last_on.get(visit.link)
            is_duplicate = last is not None and visit.at - last < timedelta(seconds=window)
            new = visit._replace(
                verdict=int(Verdict.DUPLICATE if is_duplicate else Verdict.HUMAN),
                is_first_on_grid=not last_on,
                is_first_on_link=bool(visit.link) and last is None,
            )
            if not is_duplicate:
                last_on[visit.link] = visit.at
        if new != visit:
            changed.append(new)
    return changed, last_on
