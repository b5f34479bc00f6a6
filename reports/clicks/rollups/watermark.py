"""Note how far clicks are stored; exports fix the rows they read by it.

Only the ingest stores clicks, one batch after another: once its transaction is committed, every click up to
the noted key is there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections

_ROW = 1
_READ = f"SELECT click, judged_again FROM reports_watermark WHERE id = {_ROW}"
_ADVANCE = f"""
INSERT INTO reports_watermark AS mark (id, click, judged_again)
SELECT {_ROW}, CASE WHEN is_called THEN last_value ELSE 0 END, 0 FROM reports_click_id_seq
ON CONFLICT (id) DO UPDATE SET click = excluded.click
"""
_RECLASSIFIED = f"""
INSERT INTO reports_watermark AS mark (id, click, judged_again) VALUES ({_ROW}, 0, 1)
ON CONFLICT (id) DO UPDATE SET judged_again = mark.judged_again + 1
"""


class Mark(NamedTuple):
    """Hold the key of the last stored click, and how often stored clicks were reclassified."""

    click: int = 0
    reclassified: int = 0


def read(using: str = DEFAULT_DB_ALIAS) -> Mark:
    """Return the watermark as the current transaction or statement sees it."""
    with connections[using].cursor() as cursor:
        cursor.execute(_READ)
        row = cursor.fetchone()
    return Mark(*row) if row else Mark()


def advance(cursor: Any) -> None:
    """Note that clicks were stored, in the transaction that stores them."""
    cursor.execute(_ADVANCE)


def mark_reclassified(cursor: Any) -> None:
    """Note that clicks were reclassified, in the transaction that changes them."""
    cursor.execute(_RECLASSIFIED)
