"""The sums of clicks and views: all of them, since they outlive the rows that they were made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from reports.exports.archive import names
from reports.exports.archive.table import Field, Scope, Table
from reports.exports.archive.values import BadValue, Day, Integer, Moment, Ref, Text
from reports.models import Dimension

_CLICKS = ("accepted", "humans", "duplicates", "bots", "refused", "visitors")
_VIEWS = (
    "views", "views_accepted", "views_duplicates", "views_bots", "views_refused",
    "views_visitors",
)  # fmt: skip
# Of an hour or a day. So many of them still add up to what a column can hold.
_MOST = 10**10
_KEYS = {"grid": "gr", "link": "li"}


def _of_link(time: Field) -> tuple[Field, ...]:
    return (
        Field("link", names.name("li", "sums.link_id"), Ref("li")),
        time,
        Field("grid", names.name("gr", "sums.grid_id"), Ref("gr")),
        *_counts(*_CLICKS, "link_visitors"),
    )


def _counts(*columns: str) -> tuple[Field, ...]:
    return tuple(Field(column, f"sums.{column}", Integer(0, _MOST)) for column in columns)


_SUMS = (
    ("accepted", "humans", "duplicates", "bots", "refused"),
    ("views_accepted", "views", "views_duplicates", "views_bots", "views_refused"),
)
_WHOLE = ":00:00+00:00"
_HOUR = Field("hour", "sums.hour", Moment())
_DAY = Field("day", "sums.day", Day())
_OF_GRID = f"{names.joins('gr', 'sums.grid_id')} WHERE sums.user_id = %(user)s"
_OF_LINK = f"{names.joins('li', 'sums.link_id')} {_OF_GRID}"


class SumsTable(Table):
    """A table of sums. Rows that are here stay as they are: what was added to them since is in them."""

    model_table: ClassVar[str]
    has_owner: ClassVar[bool] = True

    def check(self, row: Mapping[str, Any]) -> None:
        """Nothing is counted that is neither one nor the other, and hours are whole."""
        if not row.get("hour", _WHOLE).endswith(_WHOLE):
            raise BadValue("is of no whole hour")
        for whole, *parts in _SUMS:
            if whole in row and sum(row[part] for part in parts) != row[whole]:
                raise BadValue("does not add up")

    def decide(self, cursor: Any, scope: Scope) -> None:
        """By what is here."""
        cursor.execute(f"UPDATE {self.staging} SET fate = 'create' WHERE fate <> 'create'")
        key = " AND ".join(f"here.{self._column(name)} = {self._value(name)}" for name in self.key)
        counts = [field.name for field in self.fields if field.name not in self.key]
        theirs, ours = (", ".join(f"{side}.{x}" for x in counts) for side in ("row", "here"))
        cursor.execute(
            f"""
            UPDATE {self.staging} AS row SET fate = found.fate FROM (
                SELECT row.line, CASE WHEN ({theirs}) = ({ours}) THEN 'unchanged' ELSE 'kept' END
                    AS fate
                FROM {self.staging} AS row {self._joined()} JOIN {self.model_table} AS here ON {key}
            ) AS found WHERE found.line = row.line"""
        )

    def put(self, cursor: Any, scope: Scope) -> None:
        """New ones."""
        own = [field.name for field in self.fields]
        columns = [self._column(name) for name in own] + ["user_id"] * self.has_owner
        values = [self._value(name) for name in own] + ["%(user)s"] * self.has_owner
        cursor.execute(
            f"""
            INSERT INTO {self.model_table} ({", ".join(columns)})
            SELECT {", ".join(values)} FROM {self.staging} AS row {self._joined()}
            WHERE row.fate = 'create' ORDER BY row.line""",
            scope.params,
        )

    def _column(self, name: str) -> str:
        return f"{name}_id" if name in _KEYS else name

    def _value(self, name: str) -> str:
        return f"{name}.key" if name in _KEYS else f"row.{name}"

    def _joined(self) -> str:
        return " ".join(
            f"JOIN archive_{kind} AS {name} ON {name}.name = row.{name}"
            for name, kind in _KEYS.items()
            if name in self.key
        )


class LinkHoursTable(SumsTable):
    """Clicks by link, grid and hour: the ledger."""

    name = "link_hours"
    model_table = "reports_link_hour"
    fields = _of_link(_HOUR)
    key = ("link", "hour", "grid")
    source = f"FROM reports_link_hour AS sums {_OF_LINK}"
    order = "sums.hour, sums.link_id, sums.grid_id"


class LinkDaysTable(SumsTable):
    """Clicks by link, grid and UTC day."""

    name = "link_days"
    model_table = "reports_link_day"
    fields = _of_link(_DAY)
    key = ("link", "day", "grid")
    source = f"FROM reports_link_day AS sums {_OF_LINK}"
    order = "sums.day, sums.link_id, sums.grid_id"


class GridHoursTable(SumsTable):
    """Clicks and views by grid and hour."""

    name = "grid_hours"
    model_table = "reports_grid_hour"
    fields = (
        Field("grid", names.name("gr", "sums.grid_id"), Ref("gr")),
        _HOUR,
        *_counts(*_CLICKS, *_VIEWS),
    )
    key = ("grid", "hour")
    source = f"FROM reports_grid_hour AS sums {_OF_GRID}"
    order = "sums.hour, sums.grid_id"


class GridDayValuesTable(SumsTable):
    """Clicks by grid, UTC day and one value of a dimension."""

    name = "grid_day_values"
    model_table = "reports_grid_day_value"
    has_owner = False
    fields = (
        Field("grid", names.name("gr", "sums.grid_id"), Ref("gr")),
        _DAY,
        Field("dimension", "sums.dimension", Integer(min(Dimension), max(Dimension))),
        Field("value", "sums.value", Text(255)),
        *_counts("humans", "duplicates", "bots", "visitors"),
    )
    key = ("grid", "day", "dimension", "value")
    source = f"""
    FROM reports_grid_day_value AS sums {names.joins("gr", "sums.grid_id")}
    WHERE sums.grid_id IN (SELECT grid_id FROM reports_grid_hour WHERE user_id = %(user)s)"""
    order = "sums.day, sums.grid_id, sums.dimension, sums.value"
