"""Archive all rollups of clicks and views, since they outlive the rows that they count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from reports.exports.archive import names
from reports.exports.archive.fields import Field, model_fields
from reports.exports.archive.table import Scope, Table
from reports.exports.archive.values import BadValue, integer, reference
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
_GRID = Field("grid", names.name("gr", "sums.grid_id"), reference("gr"), "grid_id")
_LINK = Field("link", names.name("li", "sums.link_id"), reference("li"), "link_id")
_OF_GRID = f"{names.joins('gr', 'sums.grid_id')} WHERE sums.user_id = %(user)s"
_OF_LINK = f"{names.joins('li', 'sums.link_id')} {_OF_GRID}"


def _fields(model: type[models.Model], *columns: str) -> tuple[Field, ...]:
    counts = dict.fromkeys((*_CLICKS, *_VIEWS, "link_visitors"), integer(0, _COUNT_MAX))
    return model_fields(model, "sums", columns, overrides=counts)


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
        keys = [field for field in self.fields if field.name in self.key]
        counts = [field.column for field in self.fields if field.name not in self.key]
        is_here = " AND ".join(f"here.{field.column} = {_value(field)}" for field in keys)
        staged, here = (", ".join(f"{side}.{x}" for x in counts) for side in ("row", "here"))
        cursor.execute(
            f"""
            UPDATE {self.staging} AS row SET outcome = found.outcome FROM (
                SELECT row.line, CASE WHEN ({staged}) = ({here}) THEN 'unchanged' ELSE 'kept' END
                    AS outcome
                FROM {self.staging} AS row {self._joins()} JOIN {self.db_table} AS here ON {is_here}
            ) AS found WHERE found.line = row.line"""
        )

    def insert(self, cursor: Any, scope: Scope) -> None:
        """Insert the new rows."""
        values = {field.column: _value(field) for field in self.fields}
        values |= dict.fromkeys(self.left_out, "%(user)s")
        cursor.execute(
            f"""
            INSERT INTO {self.db_table} ({", ".join(values)})
            SELECT {", ".join(values.values())} FROM {self.staging} AS row {self._joins()}
            WHERE row.outcome = 'create' ORDER BY row.line""",
            scope.params,
        )

    def _joins(self) -> str:
        return " ".join(
            f"JOIN archive_{field.value.ref} AS {field.name} ON {field.name}.name = row.{field.name}"
            for field in self.fields
            if field.value.ref
        )


def _value(field: Field) -> str:
    return f"{field.name}.key" if field.value.ref else f"row.{field.name}"


class LinkHoursTable(SumsTable):
    """Restore clicks by link, grid and hour: the ledger."""

    name = "link_hours"
    model = LinkHour
    fields = (
        _LINK,
        *_fields(LinkHour, "hour"),
        _GRID,
        *_fields(LinkHour, *_CLICKS, "link_visitors"),
    )
    key = ("link", "hour", "grid")
    source = f"FROM reports_link_hour AS sums {_OF_LINK}"
    order = "sums.hour, sums.link_id, sums.grid_id"


class LinkDaysTable(SumsTable):
    """Restore clicks by link, grid and UTC day."""

    name = "link_days"
    model = LinkDay
    fields = (_LINK, *_fields(LinkDay, "day"), _GRID, *_fields(LinkDay, *_CLICKS, "link_visitors"))
    key = ("link", "day", "grid")
    source = f"FROM reports_link_day AS sums {_OF_LINK}"
    order = "sums.day, sums.link_id, sums.grid_id"


class GridHoursTable(SumsTable):
    """Restore clicks and views by grid and hour."""

    name = "grid_hours"
    model = GridHour
    fields = (_GRID, *_fields(GridHour, "hour", *_CLICKS, *_VIEWS))
    key = ("grid", "hour")
    source = f"FROM reports_grid_hour AS sums {_OF_GRID}"
    order = "sums.hour, sums.grid_id"


class GridDayValuesTable(SumsTable):
    """Restore clicks by grid, UTC day and value of a dimension."""

    name = "grid_day_values"
    model = GridDayValue
    fields = (
        _GRID,
        *_fields(GridDayValue, "day", "dimension", "value"),
        *_fields(GridDayValue, "humans", "duplicates", "bots", "visitors"),
    )
    left_out = frozenset()
    key = ("grid", "day", "dimension", "value")
    source = f"""
    FROM reports_grid_day_value AS sums {names.joins("gr", "sums.grid_id")}
    WHERE sums.grid_id IN (SELECT grid_id FROM reports_grid_hour WHERE user_id = %(user)s)"""
    order = "sums.day, sums.grid_id, sums.dimension, sums.value"
