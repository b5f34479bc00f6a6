"""Provide results for HTML and PDF: an ordinary one and one of hostile texts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from reports.reporting.renderers.base import RenderContext
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Chart, ChartShape, Column, Fact, Result, Table

BERLIN = ZoneInfo("Europe/Berlin")
ABOUT = RenderContext(
    made_on=datetime(2026, 2, 1, 6, 0, tzinfo=UTC), run="rr_" + "0" * 31 + "1", locale="en_GB"
)
SCRIPTS = (
    "Ελληνικά και Кириллица",
    "العربية: صفحة الأخبار",
    "עברית: דף החדשות",
    "中文 日本語 한국어",
    "Emoji 😀 🚀 👩‍💻 🇩🇪",
)
HOSTILE = (
    "<script>alert(1)</script><!-- ]]> -->",
    '"onmouseover="alert(1)',
    '#eval("1 + 1") #read("/etc/passwd") $x^2$ \\ ] [ *b* _i_ `c` <l> @l // c /* c */',
    "= Not a heading",
    "{{ title }} {% load x %}",
    "&amp; &lt; &#65;",
    "evil\u202etxt.exe",
    "bell\x07 escape\x1b[31m delete\x7f next\x85line",
    "line\r\nline\nline\ttab",
    "  spaces  around  ",
    "=cmd|' /C calc'!A0",
    "w" * 1000,
    "",
    "\u2013",
)


def traffic() -> Result:
    """A month of clicks by day and the ten best links: two tables, three charts, facts."""
    return Result(
        kind="traffic",
        title="Traffic",
        subtitle="All grids, 1 to 31 January 2026, compared with the 31 days before",
        zone="Europe/Berlin",
        facts=(
            Fact("clicks", "Clicks", CellType.INTEGER, 48210),
            Fact("visitors", "Visitors", CellType.INTEGER, 17345),
            Fact("change", "Change", CellType.RATE, 0.1834),
            Fact("per_visitor", "Clicks per visitor", CellType.NUMBER, 2.7795),
            Fact("best_day", "Best day", CellType.DAY, date(2026, 1, 22)),
            Fact("bots", "Share of bots", CellType.RATE, None),
        ),
        tables=(_days(), _links()),
        charts=(
            Chart(
                "by_day", "Clicks by day", ChartShape.LINE, "days", "day", ("clicks", "before"), 31
            ),
            Chart("visitors", "Visitors by day", ChartShape.LINE, "days", "day", ("visitors",), 31),
            Chart("best", "Best links", ChartShape.BAR, "links", "title", ("clicks",), 10),
        ),
        remarks=("Clicks of 14 January between 03:10 and 03:40 were counted late.",),
    )


def _days() -> Table:
    first = date(2026, 1, 1)
    rows: list[tuple[Cell, ...]] = []
    for i in range(31):
        clicks = 1200 + (i * 37) % 400 + (i % 7) * 60
        before = None if i in (12, 13) else clicks - 180 + (i * 53) % 300
        change = None if before is None else round(clicks / before - 1, 4)
        rows.append((first + timedelta(i), clicks, before, change, clicks * 2 // 5))
    columns = (
        Column("day", "Day", CellType.DAY),
        Column("clicks", "Clicks", CellType.INTEGER),
        Column("before", "31 days before", CellType.INTEGER),
        Column("change", "Change", CellType.RATE),
        Column("visitors", "Visitors", CellType.INTEGER),
    )
    return Table("days", "Clicks by day", columns, rows, ("day",))


def _links() -> Table:
    titles = (
        "Documentation of the whole platform, with examples",
        "News",
        *SCRIPTS,
        "Shop",
        "A",
        "B",
    )
    rows: list[tuple[Cell, ...]] = [
        (
            title,
            f"https://example.org/{'section/' * i}page?campaign=spring&n={i}",
            9000 // (i + 1),
            round(0.31 / (i + 1), 4),
            i % 3 == 0,
            datetime(2026, 1, 31, 8 + i, 5, 7, tzinfo=BERLIN),
        )
        for i, title in enumerate(titles)
    ]
    columns = (
        Column("title", "Title", CellType.TEXT),
        Column("url", "Address", CellType.ADDRESS),
        Column("clicks", "Clicks", CellType.INTEGER),
        Column("share", "Share", CellType.RATE),
        Column("healthy", "Healthy", CellType.FLAG),
        Column("last", "Last click", CellType.MOMENT),
    )
    note = "Of 1,204 links the ten best are listed."
    return Table("links", "Best links", columns, rows, ("url",), note)


def of_rows(columns: tuple[Column, ...], rows: list[tuple[Cell, ...]], *charts: Chart) -> Result:
    """A result of one table, `rows`, whose key is its first column."""
    table = Table("rows", "Rows", columns, rows, (columns[0].name,))
    return Result("any", "Any", "All of it", "Europe/Berlin", (), (table,), charts)


def hostile() -> Result:
    """Text that would be something else than text, everywhere that there is text."""
    columns = (
        Column("text", HOSTILE[0], CellType.TEXT),
        Column("url", HOSTILE[2], CellType.ADDRESS),
        Column("clicks", HOSTILE[6], CellType.INTEGER),
    )
    urls = ("javascript:alert(1)", "data:text/html,x", " https://space", "HTTPS://x/\"onclick='a'")
    rows = [(text, urls[i % len(urls)] + text[:50], -i) for i, text in enumerate(HOSTILE)]
    table = Table("rows", HOSTILE[2], columns, rows, ("text",), note=HOSTILE[0])
    chart = Chart("c", HOSTILE[0], ChartShape.BAR, "rows", "text", ("clicks",), 100)
    facts = tuple(Fact(f"f{i}", text, CellType.TEXT, text) for i, text in enumerate(HOSTILE))
    return Result(
        "any", HOSTILE[2], HOSTILE[0], "Europe/Berlin", facts, (table,), (chart,), HOSTILE[:4]
    )
