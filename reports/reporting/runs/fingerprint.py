"""What an answer rests on: how far clicks were stored, by which rules they were judged, and a summary of
all that the numbers come from. As long as the last does not change, neither does the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Coalesce

from grids.models import Grid, Link, LinkCheck
from reports.clicks.enrichment.bots import RULES_VERSION
from reports.clicks.rollups import watermark
from reports.reporting.kinds.base import Data

COUNTS = ("accepted", "humans", "duplicates", "bots", "refused", "visitors", "views")
_SUMS = f"""
SELECT {", ".join(f"coalesce(sum({name}), 0)::bigint" for name in COUNTS)}
FROM reports_user_hour WHERE user_id = %s AND hour < %s
"""


def basis_of(*, user_id: int, reads: Iterable[Data], until: datetime) -> dict[str, Any]:
    """The basis of an answer about the time before `until`, as of the transaction."""
    mark = watermark.read()
    return {
        "watermark": mark.click,
        "judged_again": mark.reclassified,
        "bot_rules": RULES_VERSION,
        "state": {data.value: _STATES[data](user_id, until) for data in sorted(reads)},
    }


def is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two answers to one question are bound to be equal. Clicks of other accounts, and of later,
    move the watermark only."""
    names = ("state", "bot_rules", "judged_again")
    return all(one[name] == other[name] for name in names)


def _clicks(user_id: int, until: datetime) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [user_id, until])
        return dict(zip(COUNTS, cursor.fetchone(), strict=True))


def _links(user_id: int, until: datetime) -> dict[str, list[int]]:
    # Versions only ever grow, and so do keys: with each change of a row the sum does, and what comes in the
    # place of rows that are deleted has other keys.
    def state(model: type[Grid] | type[Link], *versions: str) -> list[int]:
        sums = {name: Coalesce(Sum(name), 0) for name in versions}
        live = Count("pk", filter=Q(is_deleted=False))
        found = model._base_manager.filter(user_id=user_id)
        kept = found.aggregate(rows=Count("pk"), live=live, last=Coalesce(Max("pk"), 0), **sums)
        return list(kept.values())

    return {"grids": state(Grid, "version", "layout_version"), "links": state(Link, "version")}


def _checks(user_id: int, until: datetime) -> list[Any]:
    found = LinkCheck.objects.filter(link__user_id=user_id).aggregate(
        rows=Count("pk"), last=Max("checked_on")
    )
    return [found["rows"], found["last"].isoformat() if found["last"] else None]


_STATES: dict[Data, Callable[[int, datetime], Any]] = {
    Data.CLICKS: _clicks,
    Data.LINKS: _links,
    Data.CHECKS: _checks,
}
