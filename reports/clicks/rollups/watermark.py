"""How far clicks are stored: by what an export fixes its rows.

Only the ingest stores clicks, and one batch after another, so that all up to the key of the last one are
there as soon as the transaction that notes it is through.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import connection

_ROW = 1
_CURRENT = f"SELECT click, judged_again FROM reports_watermark WHERE id = {_ROW}"
_MOVE = f"""
INSERT INTO reports_watermark AS mark (id, click, judged_again)
SELECT {_ROW}, CASE WHEN is_called THEN last_value ELSE 0 END, 0 FROM reports_click_id_seq
ON CONFLICT (id) DO UPDATE SET click = excluded.click
"""
_JUDGED = f"""
INSERT INTO reports_watermark AS mark (id, click, judged_again) VALUES ({_ROW}, 0, 1)
ON CONFLICT (id) DO UPDATE SET judged_again = mark.judged_again + 1
"""


class Mark(NamedTuple):
    """The key of the last click that is stored, and how often stored ones have been judged again."""

    click: int = 0
    judged_again: int = 0


def current() -> Mark:
    """As of the transaction or statement."""
    with connection.cursor() as cursor:
        cursor.execute(_CURRENT)
        row = cursor.fetchone()
    return Mark(*row) if row else Mark()


def move(cursor: Any) -> None:
    """Note that clicks were stored, in the transaction that stores them."""
    cursor.execute(_MOVE)


def judged(cursor: Any) -> None:
    """Note that clicks were judged again, in the transaction that changes them."""
    cursor.execute(_JUDGED)
