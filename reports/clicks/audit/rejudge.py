"""Stored clicks and views judged again by the bot rules of today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from grids.public.wire import Flag
from reports.clicks.audit.expected import bounds
from reports.clicks.audit.rebuild import rebuild_locked
from reports.clicks.audit.replay import Replayed, Stored, replay
from reports.clicks.enrichment import bots
from reports.clicks.rollups import watermark
from reports.clicks.storage.ingest_lock import ingest_paused
from reports.models import UserAgent, Verdict

_BATCH = 2_000
# The reason that the rules give for each row, and the rows that say something else.
_JUDGE = f"""
CREATE TEMP TABLE judged ON COMMIT DROP AS
WITH requests AS (SELECT * FROM unnest(%(flags)s::int[], %(reasons)s::text[]) AS x (flags, reason))
SELECT visit.{{time}}, visit.id, visit.grid_id, visit.visitor, visit.verdict = {Verdict.BOT} AS was_bot,
    coalesce(nullif(requests.reason, ''), agent.bot_reason, '') AS reason
FROM {{table}} AS visit
LEFT JOIN reports_user_agent AS agent ON agent.id = visit.user_agent_id
LEFT JOIN requests ON requests.flags = visit.flags
WHERE visit.{{time}} >= %(start)s AND visit.{{time}} < %(end)s AND (
    visit.bot_rules <> %(rules)s
    OR visit.bot_reason <> coalesce(nullif(requests.reason, ''), agent.bot_reason, '')
    OR (visit.verdict = {Verdict.BOT}) = (coalesce(nullif(requests.reason, ''), agent.bot_reason, '') = '')
)
"""
_TURNED = """
SELECT count(*) FILTER (WHERE NOT was_bot AND reason <> ''), count(*) FILTER (WHERE was_bot AND reason = '')
FROM judged
"""
# Whoever turned is human for now, unless a bot; what else a human's visit is, the replay says.
_APPLY = f"""
UPDATE {{table}} AS visit SET bot_reason = judged.reason, bot_rules = %(rules)s,
    verdict = CASE
        WHEN judged.reason <> '' THEN {Verdict.BOT}
        WHEN judged.was_bot THEN {Verdict.HUMAN}
        ELSE visit.verdict END
    {{firsts}}
FROM judged WHERE visit.{{time}} = judged.{{time}} AND visit.id = judged.id
"""
_AFFECTED = """
SELECT visit.grid_id, visit.visitor, {link}, visit.{time}, visit.id, visit.verdict,
    visit.is_first_on_grid, {first_on_link}
FROM {table} AS visit
JOIN (
    SELECT DISTINCT grid_id, visitor FROM judged
    WHERE visitor IS NOT NULL AND was_bot = (reason = '')
) AS turned USING (grid_id, visitor)
WHERE visit.{time} >= %(start)s AND visit.{time} < %(end)s
ORDER BY visit.grid_id, visit.visitor, visit.{time}, visit.id
"""
_SET = """
UPDATE {table} AS visit SET verdict = new.verdict, is_first_on_grid = new.on_grid {set_on_link}
FROM unnest(%(times)s::timestamptz[], %(ids)s::bigint[], %(verdicts)s::smallint[], %(on_grid)s::boolean[],
    %(on_link)s::boolean[]) AS new (at, id, verdict, on_grid, on_link)
WHERE visit.{time} = new.at AND visit.id = new.id
"""
# Only while the day's visitors may still come again: forgotten ones stay forgotten.
_FORGET = """
DELETE FROM reports_seen_visitor
USING unnest(%(grids)s::bigint[], %(visitors)s::bigint[]) AS turned (grid, visitor)
WHERE day = %(day)s AND grid_id = grid AND reports_seen_visitor.visitor = turned.visitor
    AND (link_id = 0) = %(views)s
"""
_REMEMBER = """
INSERT INTO reports_seen_visitor (day, grid_id, visitor, link_id, last_on)
SELECT %(day)s, seen.*
FROM unnest(%(grids)s::bigint[], %(visitors)s::bigint[], %(links)s::bigint[],
    %(lasts)s::timestamptz[]) AS seen
WHERE EXISTS (SELECT FROM reports_visitor_salt WHERE day = %(day)s AND salt <> '')
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many clicks and views turned from a human's (or a human's repeat) to a bot's, and back."""

    clicks_to_bot: int = 0
    clicks_to_human: int = 0
    views_to_bot: int = 0
    views_to_human: int = 0

    def __add__(self, other: Moved) -> Moved:
        return Moved(
            self.clicks_to_bot + other.clicks_to_bot,
            self.clicks_to_human + other.clicks_to_human,
            self.views_to_bot + other.views_to_bot,
            self.views_to_human + other.views_to_human,
        )


@dataclass(frozen=True, slots=True)
class _Kind:
    table: str
    time: str
    is_view: bool

    def sql(self, text: str) -> str:
        return text.format(
            table=self.table,
            time=self.time,
            link="0" if self.is_view else "visit.link_id",
            first_on_link="false" if self.is_view else "visit.is_first_on_link",
            set_on_link="" if self.is_view else ", is_first_on_link = new.on_link",
            firsts=", ".join(
                ["", *(f"{x} = visit.{x} AND judged.reason = ''" for x in self._firsts())]
            ),
        )

    def _firsts(self) -> list[str]:
        return ["is_first_on_grid"] if self.is_view else ["is_first_on_grid", "is_first_on_link"]


_CLICKS = _Kind("reports_click", "clicked_on", is_view=False)
_VIEWS = _Kind("reports_view", "viewed_on", is_view=True)


def rejudge_agents() -> int:
    """Ask the rules again about every User-Agent header there is; how many are judged otherwise now.

    What each says of browser, system and device stays, since the roll-ups of all days were made of it.
    """
    turned, stale = 0, []
    for agent in UserAgent.objects.order_by("id").iterator(_BATCH):
        reason = bots.agent_reason(agent.text)
        if (agent.bot_reason, agent.bot_rules) != (reason, bots.RULES_VERSION):
            turned += agent.bot_reason != reason
            agent.bot_reason, agent.bot_rules = reason, bots.RULES_VERSION
            stale.append(agent)
    UserAgent.objects.bulk_update(stale, ["bot_reason", "bot_rules"], batch_size=_BATCH)
    return turned


def rejudge_day(*, day: date) -> Moved:
    """Apply the rules to a UTC day's clicks and views, and make its roll-ups again; all or nothing. The day
    must not be before `partitions.oldest_day`.

    The ingest waits meanwhile; to be called outside of a transaction.
    """
    with ingest_paused(), transaction.atomic(), connection.cursor() as cursor:
        values = bounds(day) | _reasons() | {"rules": bots.RULES_VERSION}
        watermark.mark_reclassified(cursor)
        moved = Moved(*_judge(cursor, _CLICKS, values), *_judge(cursor, _VIEWS, values))
        if moved != Moved():
            rebuild_locked(day=day)
    return moved


def _reasons() -> dict[str, Any]:
    flags = list(range(sum(Flag) + 1))
    return {"flags": flags, "reasons": [bots.request_reason(each) for each in flags]}


def _judge(cursor: Any, kind: _Kind, values: dict[str, Any]) -> tuple[int, int]:
    cursor.execute("DROP TABLE IF EXISTS pg_temp.judged")
    cursor.execute(kind.sql(_JUDGE), values)
    cursor.execute(_TURNED)
    to_bot, to_human = cursor.fetchone()
    cursor.execute(kind.sql(_APPLY), values)
    if to_bot or to_human:
        cursor.execute(kind.sql(_AFFECTED), values)
        _replay(cursor, kind, values, [Stored(*row) for row in cursor.fetchall()])
    return to_bot, to_human


def _replay(cursor: Any, kind: _Kind, values: dict[str, Any], rows: list[Stored]) -> None:
    window = settings.CLICK_DUPLICATE_SECONDS
    days = [replay(list(group), window) for _, group in groupby(rows, itemgetter(0, 1))]
    changed = [visit for replayed in days for visit in replayed.changed]
    columns = {
        "times": [visit.at for visit in changed],
        "ids": [visit.id for visit in changed],
        "verdicts": [visit.verdict for visit in changed],
        "on_grid": [visit.is_first_on_grid for visit in changed],
        "on_link": [visit.is_first_on_link for visit in changed],
    }
    cursor.execute(kind.sql(_SET), columns)
    whose = {"grids": [each.grid for each in days], "visitors": [each.visitor for each in days]}
    cursor.execute(_FORGET, values | whose | {"views": kind.is_view})
    seen = list(_seen(days))
    names = ("grids", "visitors", "links", "lasts")
    cursor.execute(_REMEMBER, values | {x: [row[n] for row in seen] for n, x in enumerate(names)})


def _seen(days: list[Replayed]) -> Iterator[tuple[Any, ...]]:
    for each in days:
        for link, last_on in each.last_on.items():
            yield each.grid, each.visitor, link, last_on
