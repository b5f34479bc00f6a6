"""Test the differences of two results."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reports.reporting.results.cells import CellType
from reports.reporting.results.differences import ROWS_MAX, differences
from reports.reporting.results.result import Chart, ChartShape, Column, Fact, Result, Row, Table
from reports.reporting.runs.compression import compress, decompress

DAY = date(2026, 3, 1)
COLUMNS = (Column("day", "Day", CellType.DAY), Column("clicks", "Clicks", CellType.INTEGER))
NOTHING: dict[str, Any] = {"facts": [], "tables": {}, "only_before": [], "only_after": []}


def result(rows: list[Row], clicks: int = 3, name: str = "days") -> Result:
    return Result(
        kind="traffic",
        title="Traffic",
        subtitle="All of it",
        zone="UTC",
        facts=(Fact("clicks", "Clicks", CellType.INTEGER, clicks),),
        tables=(Table(name, "Days", COLUMNS, rows, ("day",)),),
        charts=(Chart("days", "Days", ChartShape.LINE, name, "day", ("clicks",), 100),),
    )


def test_equal() -> None:
    assert differences(result([(DAY, 1)]), result([(DAY, 1)])) == NOTHING


def test_order_is_no_difference() -> None:
    rows: list[Row] = [(DAY, 1), (date(2026, 3, 2), 2)]
    assert differences(result(rows), result(rows[::-1])) == NOTHING


def test_facts_and_rows() -> None:
    before = result([(DAY, 1), (date(2026, 3, 2), 2)], clicks=3)
    after = result([(DAY, 4), (date(2026, 3, 3), 5)], clicks=9)
    assert differences(before, after) == {
        **NOTHING,
        "facts": [{"name": "clicks", "before": 3, "after": 9}],
        "tables": {
            "days": {
                "counts": {"added": 1, "removed": 1, "changed": 1},
                "added": [{"day": "2026-03-03", "clicks": 5}],
                "removed": [{"day": "2026-03-02", "clicks": 2}],
                "changed": [{"key": {"day": "2026-03-01"}, "cells": {"clicks": [1, 4]}}],
            }
        },
    }


def test_other_tables() -> None:
    found = differences(result([]), result([], name="hours"))
    assert found == {**NOTHING, "only_before": ["days"], "only_after": ["hours"]}


def test_unknown_becomes_known() -> None:
    found = differences(result([(DAY, None)]), result([(DAY, 0)]))
    (change,) = found["tables"]["days"]["changed"]
    assert change["cells"] == {"clicks": [None, 0]}


def test_many_rows_are_counted_and_some_named() -> None:
    rows: list[Row] = [(date.fromordinal(number), 1) for number in range(1, ROWS_MAX + 12)]
    found = differences(result([]), result(rows))["tables"]["days"]
    assert found["counts"]["added"] == ROWS_MAX + 11
    assert len(found["added"]) == ROWS_MAX


CELLS = {
    CellType.TEXT: st.text(),
    CellType.ADDRESS: st.text(),
    CellType.INTEGER: st.integers(-(2**63), 2**63 - 1),
    CellType.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
    CellType.RATE: st.floats(-10, 10).map(lambda rate: round(rate, 4)),
    CellType.FLAG: st.booleans(),
    CellType.DAY: st.dates(),
    CellType.MOMENT: st.datetimes(timezones=st.just(UTC)),
}


@given(st.lists(st.tuples(*(st.none() | cells for cells in CELLS.values()))), st.text())
def test_a_result_is_stored_as_it_is(rows: list[Row], text: str) -> None:
    columns = tuple(Column(kind.value, kind.name, kind) for kind in CELLS)
    facts = tuple(Fact(kind.value, text, kind, None) for kind in CELLS)
    moment = Fact("at", "At", CellType.MOMENT, datetime(2026, 1, 1, tzinfo=UTC))
    table = Table("all", text, columns, rows, ("integer",), note=text)
    whole = replace(
        result([]), facts=(*facts, moment), tables=(table,), remarks=(text,), subtitle=text
    )
    assert decompress(compress(whole)) == whole
