"""Describe the roll-up tables once, for all who write, rebuild or check them.

The columns follow from the models: the composite primary key, the counts, which have a database default, and
the owner, which is the rest. Users' sums are made of those of their grids, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models

from reports.models import (
    GridDayValue,
    GridHour,
    LinkDay,
    LinkHour,
    UserDayValue,
    UserHour,
)

HOUR_TO_DAY = "(hour AT TIME ZONE 'UTC')::date"


def sums(names: Iterable[str]) -> str:
    """Return SQL that sums columns under their own names."""
    return ", ".join(f"sum({name})::bigint AS {name}" for name in names)


class RollupTable:
    """Represent a table of sums by its columns: key, owner and counts."""

    def __init__(self, model: type[models.Model]) -> None:
        self.name = model._meta.db_table
        self.key_fields = model._meta.pk_fields
        self.key = [field.name for field in self.key_fields]
        fields = model._meta.concrete_fields
        self.counts = [field.name for field in fields if field.has_db_default()]
        self.owner = [field.name for field in fields if field.name not in (*self.key, *self.counts)]
        self.columns = [*self.key, *self.owner, *self.counts]

    def upsert(self, source: str, *, add: bool) -> str:
        """Return SQL that inserts rows, or adds to existing ones or replaces their counts."""
        old = "old.{0} + " if add else ""
        counts = ", ".join(f"{name} = {old.format(name)}excluded.{name}" for name in self.counts)
        columns, key = ", ".join(self.columns), ", ".join(self.key)
        # All writers take the rows in the same order, so that there is no deadlock.
        return (
            f"INSERT INTO {self.name} AS old ({columns}) SELECT {columns} FROM {source}"
            f" ORDER BY {key} ON CONFLICT ({key}) DO UPDATE SET {counts}"
        )


LINK_HOUR, LINK_DAY = RollupTable(LinkHour), RollupTable(LinkDay)
GRID_HOUR, GRID_DAY_VALUE = RollupTable(GridHour), RollupTable(GridDayValue)
USER_HOUR, USER_DAY_VALUE = RollupTable(UserHour), RollupTable(UserDayValue)


def link_days(link_hours: str) -> str:
    """Return SQL for rows of LINK_DAY; `link_hours` is a table of LINK_HOUR with any condition."""
    return f"""
    SELECT link_id, {HOUR_TO_DAY} AS day, grid_id, min(user_id) AS user_id, {sums(LINK_DAY.counts)}
    FROM {link_hours} GROUP BY 1, 2, 3"""


def user_hours(grid_hours: str) -> str:
    """Return SQL for rows of USER_HOUR from rows of GRID_HOUR."""
    return f"""
    SELECT user_id, hour, {sums(USER_HOUR.counts)} FROM {grid_hours} GROUP BY user_id, hour"""


def user_values(grid_values: str, grid_hours: str) -> str:
    """Return SQL for rows of USER_DAY_VALUE from rows of GRID_DAY_VALUE, whose owners the hours tell."""
    return f"""
    SELECT user_id, dimension, day, value, {sums(USER_DAY_VALUE.counts)}
    FROM (SELECT * FROM {grid_values}) AS parts
    JOIN (
        SELECT grid_id, {HOUR_TO_DAY} AS day, min(user_id) AS user_id FROM {grid_hours} GROUP BY 1, 2
    ) AS owners USING (grid_id, day)
    GROUP BY user_id, dimension, day, value"""
