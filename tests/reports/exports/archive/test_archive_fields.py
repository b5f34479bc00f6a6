"""An archive carries every column of its models or leaves it out by name, within the models' bounds."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models

from grids.models import Grid, Link
from reports.exports.archive.fields import value_of
from reports.exports.archive.registry import TABLES
from reports.exports.archive.table import Table
from reports.exports.archive.values import BadValue
from reports.models import Click, GridDayValue


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_of_a_model_is_archived_or_left_out(table: Table) -> None:
    archived = [field.column for field in table.fields if field.column]
    columns = [field.attname for field in table.model._meta.concrete_fields]
    assert sorted([*archived, *table.left_out]) == sorted(columns)


@pytest.mark.parametrize(
    ("model", "name", "low", "high"),
    [
        (Link, "x", 0, 23),
        (Link, "y", 0, 1_000_000),
        (Link, "width", 1, 24),
        (Link, "height", 1, 50),
        (Grid, "columns", 1, 24),
        (Click, "visitor", -(1 << 63), (1 << 63) - 1),
        (Click, "verdict", 0, 2),
        (Click, "flags", 0, 32767),
        (GridDayValue, "dimension", 1, 12),
    ],
)
def test_bounds_come_from_the_column_its_choices_and_its_constraints(
    model: type[models.Model], name: str, low: int, high: int
) -> None:
    value = value_of(model._meta.get_field(name))
    assert (value.cell(low), value.cell(high)) == (str(low), str(high))
    for outside in (low - 1, high + 1):
        with pytest.raises(BadValue, match=f"^is not between {low} and {high}$"):
            value.cell(outside)


@pytest.mark.parametrize(
    ("model", "name", "good", "cell"),
    [
        (Link, "background", "a" * 2048, '"' + "a" * 2048 + '"'),
        (Link, "active_from", None, ""),
        (Grid, "theme", "dusk", '"dusk"'),
        (Click, "is_first_on_link", False, "f"),
        (GridDayValue, "day", "2026-03-04", "2026-03-04"),
    ],
)
def test_other_types_and_null_come_from_the_column(
    model: type[models.Model], name: str, good: Any, cell: str
) -> None:
    value = value_of(model._meta.get_field(name))
    assert value.cell(good) == cell
    bad_values: list[Any] = [{}, "a" * 2049]
    for bad in bad_values:
        with pytest.raises(BadValue):
            value.cell(bad)
