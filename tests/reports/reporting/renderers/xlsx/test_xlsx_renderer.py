"""Test workbooks: openpyxl reads what was in the result."""

from __future__ import annotations

import io
import tracemalloc
import warnings
import zipfile
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import given, settings

from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.renderers.xlsx import renderer as xlsx
from reports.reporting.renderers.xlsx.sheets import SheetNames
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Chart, ChartShape, Column, Result, Table
from reports.xlsx.frames import CellTooLong
from tests.support.reports.rendered import (
    ABOUT,
    cells_of_csv,
    cells_of_json,
    cells_of_result,
    cells_of_xlsx,
    render,
)
from tests.support.reports.results import DAYS, LINKS, RESULT, large, results

CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def opened(result: Result) -> Any:
    return openpyxl.load_workbook(io.BytesIO(render("xlsx", result)))


def parts(data: bytes) -> dict[str, bytes]:
    """The files of the workbook; every one of them must be sound XML."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    for content in found.values():
        ElementTree.fromstring(content)
    return found


def single(kind: CellType, value: Any) -> Result:
    """A result of one cell."""
    columns = (Column("n", "N", CellType.INTEGER), Column("c", "C", kind))
    return Result(
        "k", "T", "S", "Europe/Berlin", (), (Table("t", "Tab", columns, [(1, value)], ("n",)),), ()
    )


def test_sheet_of_each_table() -> None:
    book = opened(RESULT)
    assert book.sheetnames == ["Summary", "By day", "Links  top all  2026"]
    assert list(book["By day"].values) == [
        ("Day", "Clicks of people", "Change"),
        (datetime(2026, 3, 28), 1200, None),
        (datetime(2026, 3, 29), 300, -0.75),
        (datetime(2026, 3, 30), 0, -1),
    ]
    assert list(book["Links  top all  2026"].values) == [
        ("Title", "Address", "Clicks per day", "Gone", "Last click"),
        (
            "=1+1",
            "https://a.example/?b=1&c=<2>",
            12.5,
            False,
            datetime(2026, 3, 29, 3, 0, 1, 500_000),
        ),
        ('Say "hi", _x005F_x0041_', "javascript:alert(1)", 0.1, True, None),
        ("", None, None, None, None),
    ]


def test_summary_says_what_it_is() -> None:
    assert [tuple(cell for cell in row if cell is not None) for row in opened(RESULT)["Summary"].values] == [
        ("A <sample>",),
        ("All grids, 28 to 30 March 2026",),
        (),
        ("Clicks of people", 1500),
        ("Change", 0.25),
        ("Best day", datetime(2026, 3, 28)),
        ("Top link", "@home"),
        ("Not known",),
        (),
        ("Clicks of bots are not counted.",),
        (),
        ("Time zone of all days and times", "Europe/Berlin"),
        ("Made on", datetime(2026, 5, 6, 9, 8, 10)),
        ("Run", "rn_0001"),
        (),
        ("Table", "First sheet", "Rows", "Note"),
        ("By day", "By day", 3, "Days without clicks are left out."),
        ("Links: top/all [2026]", "Links  top all  2026", 3, ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value", "found", "form"),
    [
        (CellType.TEXT, "=1+1", "=1+1", "General"),
        (CellType.TEXT, "007", "007", "General"),
        (CellType.TEXT, "true", "true", "General"),
        (CellType.TEXT, " a ", " a ", "General"),
        (CellType.TEXT, "a\tb\0", "a␉b␀", "General"),
        (CellType.ADDRESS, "https://a.example/", "https://a.example/", "General"),
        (CellType.INTEGER, 999_999_999_999_999, 999_999_999_999_999, "General"),
        (CellType.INTEGER, -(10**15), "-1000000000000000", "General"),
        (CellType.NUMBER, 0.1, 0.1, "General"),
        (CellType.NUMBER, 1e300, 1e300, "General"),
        (CellType.RATE, 0.2512, 0.2512, "0.00%"),
        (CellType.FLAG, True, True, "General"),
        (CellType.DAY, date(2026, 3, 4), datetime(2026, 3, 4), "yyyy-mm-dd"),
        (CellType.DAY, date(1900, 3, 1), datetime(1900, 3, 1), "yyyy-mm-dd"),
        (CellType.DAY, date(1900, 2, 28), "1900-02-28", "General"),
        (
            CellType.MOMENT,
            datetime.fromisoformat("2026-07-01T22:30:00.25Z"),
            datetime(2026, 7, 2, 0, 30, 0, 250_000),
            "yyyy-mm-dd hh:mm:ss",
        ),
        (
            CellType.MOMENT,
            datetime.fromisoformat("1899-01-01T00:00:00+01:00"),
            "1899-01-01T00:00:00+01:00",
            "General",
        ),
    ],
)
def test_cells_by_type(kind: CellType, value: Any, found: Any, form: str) -> None:
    cell = opened(single(kind, value))["Tab"]["B2"]
    assert (cell.value, type(cell.value)) == (found, type(found))
    assert cell.number_format == form
    assert cell.hyperlink is None
    assert cell.data_type in "sinbd"


def test_empty_text_is_a_text() -> None:
    for value, xml in (("", b'<c t="inlineStr"><is><t></t></is></c>'), (None, b"<c/>")):
        sheet = parts(render("xlsx", single(CellType.TEXT, value)))["xl/worksheets/sheet2.xml"]
        assert b"<row><c><v>1</v></c>" + xml + b"</row>" in sheet


def test_header_stays_and_filters() -> None:
    sheet = opened(RESULT)["By day"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.dimensions) == ("A2", "A1:C4", "A1:C4")
    assert [[cell.font.b for cell in row] for row in sheet["A1:C2"]] == [[True] * 3, [False] * 3]
    widths = {name: round(each.width) for name, each in sheet.column_dimensions.items()}
    assert widths == {"A": 13, "B": 20, "C": 13}


def test_no_rows_leave_the_header() -> None:
    result = replace(RESULT, tables=(replace(DAYS, rows=[]),), charts=RESULT.charts[:1])
    book = opened(result)
    assert list(book["By day"].values) == [("Day", "Clicks of people", "Change")]
    assert book["By day"]._charts == []
    assert opened(replace(RESULT, tables=(), charts=())).sheetnames == ["Summary"]


def chart_xml(result: Result, number: int) -> ElementTree.Element:
    return ElementTree.fromstring(parts(render("xlsx", result))[f"xl/charts/chart{number}.xml"])


def cached(chart: ElementTree.Element, what: str) -> list[list[str | None]]:
    """The values that the chart keeps of each series."""
    return [
        [point.text for point in each.iter(f"{CHART}v")] for each in chart.iter(f"{CHART}{what}")
    ]


def ranges(chart: ElementTree.Element) -> list[str | None]:
    return [each.text for each in chart.iter(f"{CHART}f")]


def title(chart: ElementTree.Element) -> str:
    found = chart.find(f"{CHART}chart/{CHART}title")
    assert found is not None
    return "".join(each.text or "" for each in found.iter(f"{DRAWING}t"))


def test_line_over_days() -> None:
    chart = chart_xml(RESULT, 1)
    assert [each.tag for each in chart.iter() if each.tag.endswith("Chart")] == [
        f"{CHART}lineChart"
    ]
    assert ranges(chart) == ["'By day'!$B$1", "'By day'!$A$2:$A$4", "'By day'!$B$2:$B$4"]
    assert cached(chart, "tx")[0] == []
    assert cached(chart, "tx")[1] == ["Clicks of people"]
    assert cached(chart, "cat") == [["46109.0", "46110.0", "46111.0"]]
    assert cached(chart, "val") == [["1200", "300", "0"]]
    # The title is text, though it looks like the address of a cell.
    assert title(chart) == "=Day!A1"
    assert chart.find(f".//{CHART}dateAx") is not None


def test_bars_of_the_first_rows() -> None:
    chart = chart_xml(RESULT, 2)
    assert ranges(chart)[1:3] == ["'By day'!$A$2:$A$3", "'By day'!$B$2:$B$3"]
    assert cached(chart, "val") == [["1200", "300"], ["-0.75"]]
    assert [each.get("val") for each in chart.iter(f"{CHART}barDir")] == ["bar"]


def test_bars_from_the_top() -> None:
    chart = chart_xml(RESULT, 3)
    assert [each.get("val") for each in chart.iter(f"{CHART}barDir")] == ["bar"]
    assert cached(chart, "cat") == [["=1+1", 'Say "hi", _x005F_x0041_']]
    turned = [each.get("val") for each in chart.iter(f"{CHART}orientation")]
    assert turned == ["maxMin", "minMax"]
    values = chart.find(f".//{CHART}valAx/{CHART}crosses")
    assert values is not None
    assert values.get("val") == "max"


def test_charts_stand_beside_their_table() -> None:
    book = opened(RESULT)
    places = [(chart.anchor._from.col, chart.anchor._from.row) for chart in book["By day"]._charts]
    assert places == [(4, 1), (4, 22)]
    assert len(book["Links  top all  2026"]._charts) == 1
    assert book["Summary"]._charts == []


@pytest.mark.parametrize("label", ["nan", "inf", "1_000", "12", "=1+1", "<b>"])
def test_labels_are_text(label: str) -> None:
    table = replace(LINKS, rows=[(label, None, 2.0, None, None)])
    chart = Chart("c", "C", ChartShape.BAR, "links", "title", ("mean",), 5)
    found = chart_xml(replace(RESULT, tables=(table,), charts=(chart,)), 1)
    assert cached(found, "cat") == [[label]]
    assert found.find(f".//{CHART}cat/{CHART}strRef/{CHART}strCache") is not None


def test_flags_are_labels() -> None:
    chart = Chart("c", "C", ChartShape.BAR, "links", "is_gone", ("mean",), 2)
    found = chart_xml(replace(RESULT, charts=(chart,)), 1)
    assert cached(found, "cat") == [["FALSE", "TRUE"]]


def test_rates_are_percent_along_the_axis() -> None:
    chart = Chart("c", "C", ChartShape.LINE, "days", "day", ("change",), 5)
    found = chart_xml(replace(RESULT, charts=(chart,)), 1)
    formats = [each.get("formatCode") for each in found.iter(f"{CHART}numFmt")]
    assert formats == ["yyyy-mm-dd", "0%"]
    # One series needs no legend; of two, one would not know which is which.
    assert found.find(f".//{CHART}legend") is None


@pytest.mark.parametrize(
    ("titles", "names"),
    [
        (["Links", "links", "LINKS"], ["Links", "links 2", "LINKS 3"]),
        (["Summary", "History"], ["Summary 2", "History 2"]),
        (["a/b:c*d?e[f]g\\h"], ["a b c d e f g h"]),
        (["", "''", " ", "///"], ["Table", "Table 2", "Table 3", "Table 4"]),
        (["'quoted'", "it's"], ["quoted", "it's"]),
        (["x" * 40, "x" * 31], ["x" * 31, "x" * 29 + " 2"]),
        (["x" * 30 + "'y"], ["x" * 30]),
        (["😀" * 20], ["😀" * 15]),
    ],
)
def test_names_of_sheets(titles: list[str], names: list[str]) -> None:
    taking = SheetNames()
    taking.take("Summary")
    assert [taking.take(title) for title in titles] == names


def test_full_sheet_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "SHEET_ROWS", 3)
    book = opened(RESULT)
    assert book.sheetnames == [
        "Summary", "By day", "By day 2", "Links  top all  2026", "Links  top all  2026 2",
    ]  # fmt: skip
    assert [row[1] for name in ("By day", "By day 2") for row in book[name].values] == [
        "Clicks of people", 1200, 300, "Clicks of people", 0,
    ]  # fmt: skip
    assert [sheet.freeze_panes for sheet in book][1:] == ["A2"] * 4
    # A chart knows one sheet.
    assert ranges(chart_xml(RESULT, 1))[2] == "'By day'!$B$2:$B$3"
    assert cells_of_xlsx(render("xlsx", RESULT), RESULT) == cells_of_result(RESULT)


@pytest.mark.parametrize("text", ["a" * 32_768, "😀" * 16_384])
def test_nothing_is_cut(text: str) -> None:
    for result in (
        single(CellType.TEXT, text),
        single(CellType.ADDRESS, text),
        replace(RESULT, subtitle=text),
    ):
        with pytest.raises(CellTooLong, match="32,767 characters"):
            render("xlsx", result)
    fits = text[:-1]
    assert opened(single(CellType.TEXT, fits))["Tab"]["B2"].value == fits


def test_same_bytes_wherever_it_goes() -> None:
    seekable = io.BytesIO()
    RENDERERS["xlsx"]().write(RESULT, ABOUT, seekable)
    assert seekable.getvalue() == render("xlsx", RESULT) == render("xlsx", RESULT)


@settings(max_examples=60, deadline=None)
@given(result=results())
def test_all_tables_agree(result: Result) -> None:
    expected = cells_of_result(result)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = render("xlsx", result)
        # Of a chart that it cannot read, openpyxl warns.
        assert cells_of_xlsx(data, result) == expected
    for name, content in parts(data).items():
        if name.startswith("xl/worksheets/sheet"):
            assert b"<f>" not in content
            assert b"hyperlink" not in content
    assert cells_of_json(render("json", result), result) == expected
    assert cells_of_csv(render("csv", result), result) == expected


def test_memory_holds_no_sheet() -> None:
    result = large(20_000)
    tracemalloc.start()
    try:
        RENDERERS["xlsx"]().write(result, ABOUT, io.BytesIO())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


def test_what_it_is() -> None:
    form = RENDERERS["xlsx"]()
    assert form.extension(RESULT) == "xlsx"
    assert form.media_type(RESULT) == (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
