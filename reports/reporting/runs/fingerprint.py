"""Compute a fingerprint of data; while it is unchanged, so is the result."""

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
from reports.reporting.kinds.base import DataSource

_COUNTS = ("accepted", "humans", "duplicates", "bots", "refused", "visitors", "views")
_SUMS = f"""
SELECT {", ".join(f"coalesce(sum({name}), 0)::bigint" for name in _COUNTS)}
FROM reports_user_hour WHERE user_id = %s AND hour < %s
"""


def data_fingerprint(
    *, user_id: int, reads: Iterable[DataSource], until: datetime
) -> dict[str, Any]:
    """Return the fingerprint of a user's data before `until`, as of the transaction.

    It holds the last stored click, the versions of bot rules and classification, and sums of each source.
    """
    mark = watermark.read()
    return {
        "watermark": mark.click,
        "judged_again": mark.reclassified,
        "bot_rules": RULES_VERSION,
        "state": {source.value: _STATES[source](user_id, until) for source in sorted(reads)},
    }


def is_unchanged(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Check whether two results of one query must be equal."""
    # The watermark is not compared: clicks of other accounts, and later ones, change it too.
    return all(one[name] == other[name] for name in ("state", "bot_rules", "judged_again"))


def _clicks(user_id: int, until: datetime) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [user_id, until])
        return dict(zip(_COUNTS, cursor.fetchone(), strict=True))


def _links(user_id: int, until: datetime) -> dict[str, list[int]]:
    # Versions and primary keys only grow: any change of a row changes the sum, and rows that replace deleted
    # ones have other keys.
    def state(model: type[Grid] | type[Link], *versions: str) -> list[int]:
        sums = {name: Coalesce(Sum(name), 0) for name in versions}
        live = Count("pk", filter=Q(is_deleted=False))
        rows = model._base_manager.filter(user_id=user_id)
        found = rows.aggregate(rows=Count("pk"), live=live, last=Coalesce(Max("pk"), 0), **sums)
        return list(found.values())

    return {"grids": state(Grid, "version", "layout_version"), "links": state(Link, "version")}


def _checks(user_id: int, until: datetime) -> list[Any]:
    found = LinkCheck.objects.filter(link__user_id=user_id).aggregate(
        rows=Count("pk"), last=Max("checked_on")
    )
    return [found["rows"], found["last"].isoformat() if found["last"] else None]


_STATES: dict[DataSource, Callable[[int, datetime], Any]] = {
    DataSource.CLICKS: _clicks,
    DataSource.LINKS: _links,
    DataSource.CHECKS: _checks,
}
