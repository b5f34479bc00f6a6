"""What users' sums are: all that their grids' sums add up to, and nothing of their own."""

from __future__ import annotations

from django.db import models

from reports.models import UserDayValue, UserHour


def _counts(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(field.name for field in model._meta.fields if field.has_db_default())


def _sums(names: tuple[str, ...]) -> str:
    return ", ".join(f"sum({name})::bigint AS {name}" for name in names)


HOUR_COUNTS, VALUE_COUNTS = _counts(UserHour), _counts(UserDayValue)
_DAY = "(hour AT TIME ZONE 'UTC')::date"


def hours(grid_hours: str) -> str:
    """Selects rows of UserHour from grids' hours, a table with or without a condition."""
    return f"SELECT user_id, hour, {_sums(HOUR_COUNTS)} FROM {grid_hours} GROUP BY user_id, hour"


def values(grid_values: str, grid_hours: str) -> str:
    """Selects rows of UserDayValue from grids' values and hours; the hours of a day say whose a grid is."""
    return f"""
    SELECT user_id, dimension, day, value, {_sums(VALUE_COUNTS)}
    FROM (SELECT * FROM {grid_values}) AS parts
    JOIN (SELECT grid_id, {_DAY} AS day, min(user_id) AS user_id FROM {grid_hours} GROUP BY 1, 2) AS owners
        USING (grid_id, day)
    GROUP BY user_id, dimension, day, value"""
