"""Test that results hold only what every format can hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from reports.reporting.results.cells import CellType, replace_unprintable
from reports.reporting.results.result import Chart, ChartShape, Column, Fact, Result, Table
from tests.support.reports.results import RESULT, result_json, results, texts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, <b>, =1+1 and 😀 שלום e\u0301 \u202e \u200b \u00a0", None),
        ("a\tb\r\nc", "a␉b␍␊c"),
        ("\0\x1b\x1f\x7f", "␀␛␟␡"),
        ("\x80\x85\x9f|\u2028\u2029", "\ufffd\ufffd\ufffd|\ufffd\ufffd"),
        ("\ufffe\uffff\ufdd0\ufdef\U0001fffe\U0010ffff", "\ufffd" * 6),
        ("\ud800\udfff", "\ufffd\ufffd"),
        ("\ufdcf\ufdf0\ufffd\ufffc\U0001fffd\U00020000\ud7ff\ue000", None),
    ],
)
def test_what_is_shown(text: str, shown: str | None) -> None:
    assert replace_unprintable(text) == (text if shown is None else shown)


@given(text=texts)
def test_visible_text_stays(text: str) -> None:
    shown = replace_unprintable(text)
    assert replace_unprintable(shown) == shown
    assert len(shown) == len(text)
    shown.encode()


def table(kind: CellType, value: Any) -> Table:
    return Table("t", "T\0", (Column("c", "C\0", kind),), [(value,)], ("c",), "N\0")


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (CellType.TEXT, "a\0", "a␀"),
        (CellType.ADDRESS, "a\n", "a␊"),
        (CellType.RATE, 1 / 3, 0.3333),
        (CellType.RATE, -0.00001, 0.0),
        (CellType.RATE, 12.34567, 12.3457),
        (CellType.NUMBER, 1 / 3, 1 / 3),
        (CellType.NUMBER, 3, 3.0),
        (CellType.INTEGER, 3, 3),
        (CellType.RATE, None, None),
    ],
)
def test_cells_are_clean(kind: CellType, value: Any, kept: Any) -> None:
    made = table(kind, value)
    fact = Fact("f", "F\0", kind, value)
    result = Result("k", "T\0", "S\0", "UTC", (fact,), (made,), (), ("R\0",))
    assert made.rows == [(kept,)]
    assert str(made.rows[0][0]) == str(kept)
    assert (made.title, made.columns[0].title, made.note) == ("T␀", "C␀", "N␀")
    assert result.facts == (Fact("f", "F␀", kind, kept),)
    assert (result.title, result.subtitle, result.remarks) == ("T␀", "S␀", ("R␀",))


def test_charts_have_clean_titles() -> None:
    chart = Chart("c", "C\0", ChartShape.LINE, "t", "c", ("c",), 3)
    assert Result("k", "", "", "UTC", (), (), (chart,)).charts[0].title == "C␀"


@pytest.mark.parametrize("kind", [CellType.NUMBER, CellType.RATE])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_are_finite(kind: CellType, value: float) -> None:
    with pytest.raises(ValueError, match="Not a finite number"):
        table(kind, value)


def test_rows_have_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="2 cells and not 1"):
        Table("t", "T", (Column("c", "C", CellType.TEXT),), [("a", "b")], ("c",))


@settings(max_examples=30, deadline=None)
@given(result=results())
def test_stored_result_comes_back(result: Result) -> None:
    # Moments of different zones are never equal in the hour that a clock shows twice.
    assert result_json(Result.from_json(result_json(result))) == result_json(result)
    assert Result.from_json(result_json(RESULT)) == RESULT
