"""Archive all rollups of clicks and views, since they outlive the rows that they count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models

from reports.exports.archive import names
from reports.exports.archive.fields import Field, model_fields
from reports.exports.archive.table import Scope, Table
from reports.exports.archive.values import BadValue, integer
from reports.models import GridDayValue, GridHour, LinkDay, LinkHour

_CLICKS = ("accepted", "humans", "duplicates", "bots", "refused", "visitors")
_VIEWS = (
    "views", "views_accepted", "views_duplicates", "views_bots", "views_refused",
    "views_visitors",
)  # fmt: skip
# A total and its parts.
_TOTALS = (
    ("accepted", "humans", "duplicates", "bots", "refused"),
    ("views_accepted", "views", "views_duplicates", "views_bots", "views_refused"),
)
# Of an hour or a day. Sums of so many still fit into a column.
_COUNT_MAX = 10**10
_WHOLE_HOUR = ":00:00+00:00"
_OVERRIDES = names.fields("sums") | dict.fromkeys(
    (*_CLICKS, *_VIEWS, "link_visitors"), integer(0, _COUNT_MAX)
)
_OF_GRID = f"{names.joins('gr', 'sums.grid_id')} WHERE sums.user_id = %(user)s"
_OF_LINK = f"{names.joins('li', 'sums.link_id')} {_OF_GRID}"


def _fields(model: type[models.Model], *columns: str) -> tuple[Field, ...]:
    return model_fields(model, "sums", columns, overrides=_OVERRIDES)


class SumsTable(Table):
    """Restore rollups; rows that exist here stay, since they include what was counted later."""

    left_out = frozenset({"user_id"})

    def check(self, row: Mapping[str, Any]) -> None:
        """Require whole hours, and totals that are the sum of their parts."""
        if not row.get("hour", _WHOLE_HOUR).endswith(_WHOLE_HOUR):
            raise BadValue("is of no whole hour")
        for total, *parts in _TOTALS:
            if total in row and sum(row[part] for part in parts) != row[total]:
                raise BadValue("does not add up")

    def decide(self, cursor: Any, scope: Scope) -> None:
        """Create the rows that do not exist here."""
        cursor.execute(f"UPDATE {self.staging} SET outcome = 'create' WHERE outcome <> 'create'")
        values = self.staged_values()
        keys = [field.column for field in self.fields if field.name in self.key]
        is_here = " AND ".join(f"here.{column} = {values.pop(column)}" for column in keys)
        staged, here = ", ".join(values.values()), ", ".join(f"here.{column}" for column in values)
        cursor.execute(
            f"""
            UPDATE {self.staging} AS row SET outcome = found.outcome FROM (
                SELECT row.line, CASE WHEN ({staged}) = ({here}) THEN 'unchanged' ELSE 'kept' END
                    AS outcome
                {self.staged_rows()} JOIN {self.db_table} AS here ON {is_here}
            ) AS found WHERE found.line = row.line"""
        )


class LinkHoursTable(SumsTable):
    """Restore clicks by link, grid and hour: the ledger."""

    name = "link_hours"
    model = LinkHour
    fields = _fields(LinkHour, "link", "hour", "grid", *_CLICKS, "link_visitors")
    key = ("link", "hour", "grid")
    source = f"FROM reports_link_hour AS sums {_OF_LINK}"
    order = "sums.hour, sums.link_id, sums.grid_id"


class LinkDaysTable(SumsTable):
    """Restore clicks by link, grid and UTC day."""

    name = "link_days"
    model = LinkDay
    fields = _fields(LinkDay, "link", "day", "grid", *_CLICKS, "link_visitors")
    key = ("link", "day", "grid")
    source = f"FROM reports_link_day AS sums {_OF_LINK}"
    order = "sums.day, sums.link_id, sums.grid_id"


class GridHoursTable(SumsTable):
    """Restore clicks and views by grid and hour."""

    name = "grid_hours"
    model = GridHour
    fields = _fields(GridHour, "grid", "hour", *_CLICKS, *_VIEWS)
    key = ("grid", "hour")
    source = f"FROM reports_grid_hour AS sums {_OF_GRID}"
    order = "sums.hour, sums.grid_id"


class GridDayValuesTable(SumsTable):
    """Restore clicks by grid, UTC day and value of a dimension."""

    name = "grid_day_values"
    model = GridDayValue
    fields = _fields(
        GridDayValue,
        "grid",
        "day",
        "dimension",
        "value",
        "humans",
        "duplicates",
        "bots",
        "visitors",
    )
    left_out = frozenset()
    inserted_as: ClassVar[Mapping[str, str]] = {}
    key = ("grid", "day", "dimension", "value")
    source = f"""
    FROM reports_grid_day_value AS sums {names.joins("gr", "sums.grid_id")}
    WHERE sums.grid_id IN (SELECT grid_id FROM reports_grid_hour WHERE user_id = %(user)s)"""
    order = "sums.day, sums.grid_id, sums.dimension, sums.value"
