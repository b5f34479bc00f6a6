"""Test charts: round ticks, positions of marks, and text that stays text."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.reporting.renderers.charts.axes import outline, ticks
from reports.reporting.renderers.charts.elements import text_width, truncate
from reports.reporting.renderers.charts.shapes import Frame
from reports.reporting.renderers.charts.svg import Drawing, draw_chart
from reports.reporting.renderers.text.localization import Localizer
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Chart, ChartShape, Column, Table
from tests.support.reports.page_results import HOSTILE, traffic

LOCALIZER = Localizer(locale="en_GB", zone="UTC")
SVG = "{http://www.w3.org/2000/svg}"
TEXT, INTEGER = CellType.TEXT, CellType.INTEGER
COLUMNS = (Column("label", "Label", TEXT), Column("n", "N", INTEGER))
finite = st.floats(allow_nan=False, allow_infinity=False)


def chart_of(
    shape: ChartShape,
    rows: list[tuple[Cell, ...]],
    *,
    labels: CellType = TEXT,
    values: CellType = INTEGER,
    title: str = "Clicks",
) -> Drawing:
    series = max((len(row) for row in rows), default=2) - 1
    names = tuple(f"s{i}" for i in range(series))
    columns = [Column(name, f"{title} {i}", values) for i, name in enumerate(names)]
    table = Table("t", "T", (Column("label", "Label", labels), *columns), rows, ("label",))
    chart = Chart("c", title, shape, "t", "label", names, max(len(rows), 1))
    return draw_chart(chart, table, LOCALIZER)


def parsed(drawing: Drawing) -> Element:
    return ElementTree.fromstring(drawing.svg())


def words(drawing: Drawing) -> list[str]:
    return [element.text or "" for element in parsed(drawing).iter(f"{SVG}text")]


def paths(drawing: Drawing) -> list[str]:
    return [element.attrib["d"] for element in parsed(drawing).iter(f"{SVG}path")]


def bars(drawing: Drawing) -> list[dict[str, str]]:
    return [element.attrib for element in parsed(drawing).iter(f"{SVG}rect")]


@pytest.mark.parametrize(
    ("low", "high", "whole", "expected"),
    [
        (0, 0, True, [0, 1]),
        (0, 1, True, [0, 1]),
        (0, 3, True, [0, 1, 2, 3]),
        (120, 1900, True, [0, 500, 1000, 1500, 2000]),
        (0, 48210, True, [0, 10000, 20000, 30000, 40000, 50000]),
        (-30, 70, True, [-40, -20, 0, 20, 40, 60, 80]),
        (-7, -3, True, [-8, -6, -4, -2, 0]),
        (0, 0.31, False, [0, 0.1, 0.2, 0.3, 0.4]),
        (0, 0.05, False, [0, 0.01, 0.02, 0.03, 0.04, 0.05]),
    ],
)
def test_ticks(low: float, high: float, whole: bool, expected: list[float]) -> None:
    assert ticks(low, high, whole=whole) == expected


@given(finite, finite, st.booleans())
def test_ticks_hold_all_values(one: float, other: float, whole: bool) -> None:
    low, high = (max(-1e300, min(1e300, value)) for value in sorted((one, other)))
    made = ticks(low, high, whole=whole)
    assert made == sorted(set(made))
    assert 0.0 in made
    assert 2 <= len(made) <= 13
    margin = (made[-1] / 2 - made[0] / 2) * 1e-6
    assert made[0] - margin <= low
    assert high <= made[-1] + margin
    assert all(map(math.isfinite, made))


def test_few_points_all_stay() -> None:
    assert outline([3, None, 5], 2) == [(0, 3), (1, None), (2, 5)]


def test_of_many_points_the_lowest_and_highest_stay() -> None:
    values = [5, 1, 9, 4, None, None, None, None, 2, 2, 2, 2]
    assert outline(values, 3) == [(1, 1), (2, 9), (4, None), (8, 2), (11, 2)]


@given(st.lists(finite | st.none(), max_size=500), st.integers(1, 40))
def test_an_outline_is_short_and_true(values: list[float | None], columns: int) -> None:
    made = outline(values, columns)
    assert len(made) <= max(2 * columns, 0) or len(values) <= 2 * columns
    assert [i for i, _ in made] == sorted({i for i, _ in made})
    assert all(values[i] == value for i, value in made)
    there = [value for value in values if value is not None]
    drawn_values = [value for _, value in made if value is not None]
    assert bool(there) == bool(drawn_values)
    if there:
        assert (min(drawn_values), max(drawn_values)) == (min(there), max(there))


@pytest.mark.parametrize("shape", ChartShape)
@pytest.mark.parametrize("rows", [[], [("a", None)], [("a", None), ("b", None)]])
def test_no_data(shape: ChartShape, rows: list[tuple[Cell, ...]]) -> None:
    assert words(chart_of(shape, rows)) == ["No data"]


def test_a_line_has_a_gap_where_nothing_is_known() -> None:
    rows: list[tuple[Cell, ...]] = [("a", 0), ("b", 10), ("c", None), ("d", 5), ("e", 10)]
    drawing = chart_of(ChartShape.LINE, rows)
    # 220 units high from 234 up; 0, 2, ... 10 at the side.
    assert [path.count("L") for path in paths(drawing)] == [1, 1]
    first, second = (path[1:].replace("L", " ").split(" ")[1::2] for path in paths(drawing))
    assert (first, second) == (["234", "14"], ["124", "14"])
    assert words(drawing) == ["0", "2", "4", "6", "8", "10", "a", "b", "c", "d", "e"]


def test_one_point_is_a_dot() -> None:
    drawing = chart_of(ChartShape.LINE, [("a", 4)])
    assert paths(drawing) == []
    (dot,) = parsed(drawing).iter(f"{SVG}circle")
    assert dot.attrib["cy"] == "14"
    assert [title.text for title in dot] == ["a, Clicks 0: 4"]


def test_ten_thousand_points() -> None:
    rows: list[tuple[Cell, ...]] = [
        (date(2000, 1, 1) + timedelta(i), i * 7919 % 1000) for i in range(10_000)
    ]
    drawing = chart_of(ChartShape.LINE, rows, labels=CellType.DAY)
    (path,) = paths(drawing)
    assert 700 < path.count("L") + 1 <= 1440
    assert len(drawing.svg()) < 30_000
    assert len(words(drawing)) < 16


def test_long_numbers_leave_room() -> None:
    drawing = chart_of(
        ChartShape.LINE, [("a", 1e200), ("b", None), ("c", 2e200)], values=CellType.RATE
    )
    assert {label.text[-1] for label in drawing.texts if label.anchor == "end"} == {"%", "…"}
    assert words(drawing)[-3:] == ["a", "b", "c"]


def test_bars_say_their_numbers_and_long_labels_are_cut() -> None:
    long = "A title that is much too long for the room beside a bar"
    drawing = chart_of(ChartShape.BAR, [(long, 1234), ("b", -5), ("c", None)])
    assert words(drawing) == [
        "A title that is much too long for the\u2026",
        "1,234",
        "b",
        "-5",
        "c",
    ]
    first, second = bars(drawing)
    assert float(first["width"]) > 100 > float(second["width"])
    assert float(second["x"]) < float(first["x"])


def test_bars_beyond_a_page_are_counted() -> None:
    drawing = chart_of(ChartShape.BAR, [(f"{i}", i) for i in range(10_000)])
    assert len(bars(drawing)) == 34
    assert words(drawing)[-1] == "9,966 more in the table."
    assert drawing.height < 820


def test_several_series_have_a_legend() -> None:
    drawing = chart_of(ChartShape.BAR, [("a", *range(1, 11))])
    assert [word for word in words(drawing) if word.startswith("Clicks")] == [
        f"Clicks {i}" for i in range(10)
    ]
    colours = [bar["fill"] for bar in bars(drawing)][:10]
    assert len(set(colours[:8])) == 8
    assert colours[8:] == colours[:2]


def test_lines_of_the_same_colour_differ() -> None:
    rows: list[tuple[Cell, ...]] = [("a", *range(10)), ("b", *range(10))]
    drawing = chart_of(ChartShape.LINE, rows)
    styles = {
        (path.attrib["stroke"], path.attrib.get("stroke-dasharray"))
        for path in parsed(drawing).iter(f"{SVG}path")
    }
    assert len(styles) == 10


def test_labels_below_do_not_overlap() -> None:
    rows: list[tuple[Cell, ...]] = [(date(2025, 1, 1) + timedelta(i), i) for i in range(400)]
    drawing = chart_of(ChartShape.LINE, rows, labels=CellType.DAY)
    below = [label for label in drawing.texts if label.anchor == "middle"]
    ends = [
        (label.x - text_width(label.text) / 2, label.x + text_width(label.text) / 2)
        for label in below
    ]
    assert len(below) > 4
    assert ends[0][0] >= 0
    assert ends[-1][1] <= 720
    assert all(end <= start for (_, end), (start, _) in pairwise(ends))


@pytest.mark.parametrize(
    ("first", "step", "expected"),
    [
        (date(2026, 1, 1), timedelta(1), ["1 Jan", "2 Jan"]),
        (date(2025, 12, 31), timedelta(1), ["31 Dec 2025", "1 Jan 2026"]),
        (datetime(2026, 1, 1, 9, tzinfo=UTC), timedelta(hours=1), ["1 Jan, 09:00", "1 Jan, 10:00"]),
    ],
)
def test_a_year_that_all_have_is_not_repeated(
    first: date, step: timedelta, expected: list[str]
) -> None:
    kind = CellType.MOMENT if isinstance(first, datetime) else CellType.DAY
    drawing = chart_of(ChartShape.LINE, [(first, 1), (first + step, 1)], labels=kind)
    assert [label.text for label in drawing.texts if label.anchor == "middle"] == expected
    assert "2026" in drawing.description


@pytest.mark.parametrize("shape", ChartShape)
def test_a_narrow_one(shape: ChartShape) -> None:
    table = Table("t", "T", COLUMNS, [("A label that is rather long", 12), ("b", 7)], ("label",))
    chart = Chart("c", "C", shape, "t", "label", ("n",), 2)
    drawing = draw_chart(chart, table, LOCALIZER, Frame(300, 80))
    assert parsed(drawing).attrib["viewBox"].startswith("0 0 300 ")
    assert all(0 <= label.x <= 300 for label in drawing.texts)
    assert all(float(bar["x"]) + float(bar["width"]) <= 300 for bar in bars(drawing))


def test_it_is_described() -> None:
    result = traffic()
    root = parsed(draw_chart(result.charts[0], result.table("days"), LOCALIZER))
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == "Clicks by day"
    assert root.findtext(f"{SVG}desc") == (
        "Clicks, 31 days before: 31 rows, from 1 Jan 2026 to 31 Jan 2026."
    )


def test_right_to_left_is_kept_apart() -> None:
    drawing = chart_of(ChartShape.BAR, [("العربية", 1)])
    assert words(drawing)[0] == "\u2068العربية\u2069"
    assert drawing.texts[0].text == "العربية"


@pytest.mark.parametrize("shape", ChartShape)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text(shape: ChartShape, text: str) -> None:
    drawing = chart_of(shape, [(text, 1), ("b", 2)], title=text)
    known = {"svg", "title", "desc", "text", "rect", "line", "path", "circle"}
    assert {element.tag.removeprefix(SVG) for element in parsed(drawing).iter()} <= known
    assert "\u202e" not in drawing.svg()


def test_words_are_in_the_labels_and_not_in_the_shapes() -> None:
    result = traffic()
    drawing = draw_chart(result.charts[2], result.table("links"), LOCALIZER)
    assert "<text" not in drawing.shapes()
    assert [label.text for label in drawing.texts][2:4] == ["News", "4,500"]


@given(
    st.sampled_from(ChartShape),
    st.lists(st.tuples(st.text(max_size=40), finite | st.none(), finite | st.none()), max_size=60),
)
def test_any_numbers(shape: ChartShape, rows: list[tuple[Cell, ...]]) -> None:
    drawing = chart_of(shape, rows, values=CellType.NUMBER)
    assert "nan" not in drawing.shapes()
    assert "inf" not in drawing.shapes()
    for bar in bars(drawing):
        assert -1 <= float(bar["x"]) <= 721
        assert -1 <= float(bar["y"]) <= drawing.height


@given(st.text(max_size=60), st.floats(20, 300))
def test_short(text: str, width: float) -> None:
    kept = truncate(text, width)
    assert kept == text or (kept.endswith("\u2026") and text_width(kept) <= width + 1)
