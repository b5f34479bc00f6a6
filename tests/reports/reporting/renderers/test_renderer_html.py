"""Test HTML: all values, text that stays text, and nothing fetched."""

from __future__ import annotations

import io
import re
import tracemalloc
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.reporting.renderers.base import Paper, RenderContext
from reports.reporting.renderers.html import HtmlRenderer
from reports.reporting.renderers.text.localization import Localizer
from reports.reporting.results.cells import Cell, CellType, cell_json, replace_unprintable
from reports.reporting.results.result import Column, Fact, Result, Row
from tests.support.reports.page_results import ABOUT, HOSTILE, hostile, of_rows, traffic
from tests.support.reports.rendered_pages import cells_of_html, words_of_html

COLUMNS = tuple(Column(kind.value, kind.value, kind) for kind in CellType)
VALUES: dict[CellType, st.SearchStrategy[Any]] = {
    CellType.TEXT: st.text(),
    CellType.ADDRESS: st.text() | st.text().map("https://{}".format),
    CellType.INTEGER: st.integers(),
    CellType.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
    CellType.RATE: st.floats(-100, 100).map(lambda value: round(value, 4)),
    CellType.FLAG: st.booleans(),
    CellType.DAY: st.dates(),
    CellType.MOMENT: st.datetimes(
        datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)
    ),
}
rows_of_all_kinds = st.lists(
    st.tuples(*(st.none() | VALUES[column.type] for column in COLUMNS)), max_size=5
)


class Elements(HTMLParser):
    """All elements with their attributes."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def page(result: Result, about: RenderContext = ABOUT) -> bytes:
    out = io.BytesIO()
    HtmlRenderer().write(result, about, out)
    return out.getvalue()


def value(kind: CellType, cell: Cell) -> str | None:
    """The cell as `data-value` has it."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell_json(cell)).replace("\x00", "\ufffd")


def test_an_ordinary_page() -> None:
    made = page(traffic())
    cells = cells_of_html(made)
    assert cells["days"][11] == ["2026-01-12", "1447", "1550", "-0.0665", "578"]
    assert cells["days"][12] == ["2026-01-13", "1544", None, None, "617"]
    assert cells["links"][0] == [
        "Documentation of the whole platform, with examples",
        "https://example.org/page?campaign=spring&n=0",
        "9000",
        "0.31",
        "true",
        "2026-01-31T08:05:07+01:00",
    ]
    words = words_of_html(made)
    assert words["days"][12] == ["13 Jan 2026", "1,544", "\u2013", "\u2013", "617"]
    assert words["links"][0][2:] == ["9,000", "31.00%", "Yes", "31 Jan 2026, 08:05:07 CET"]
    assert [len(rows) for rows in cells.values()] == [31, 10]
    text = made.decode()
    assert 'Made on <bdi lang="en-GB">1 Feb 2026, 07:00:00 CET</bdi>. Run <bdi>rr_0000' in text
    assert "Of 1,204 links the ten best are listed." in text
    assert "were counted late." in text


def test_facts() -> None:
    facts = Elements(page(traffic())).named("dd")
    assert [(fact["data-name"], fact.get("data-value")) for fact in facts] == [
        ("clicks", "48210"),
        ("visitors", "17345"),
        ("change", "0.1834"),
        ("per_visitor", "2.7795"),
        ("best_day", "2026-01-22"),
        ("bots", None),
    ]


def test_what_belongs_to_a_fact_is_on_its_card() -> None:
    clicks = Fact("clicks", "Clicks", CellType.INTEGER, 1180)
    before = Fact("before", "Clicks before", CellType.INTEGER, 1204, before_of="clicks")
    change = Fact("change", "Change", CellType.RATE, -0.0199, change_of="clicks")
    made = page(replace(traffic(), facts=(clicks, before, change)))
    facts = Elements(made).named("dd")
    assert [(fact["data-name"], fact["data-value"]) for fact in facts] == [
        ("clicks", "1180"),
        ("before", "1204"),
        ("change", "-0.0199"),
    ]
    assert len(Elements(made).named("dt")) == 1
    text = made.decode()
    assert ">1,204 before</dd>" in text
    assert '<span aria-hidden="true">▼</span> -1.99%</dd>' in text


def test_nothing_is_fetched_and_nothing_runs() -> None:
    elements = Elements(page(traffic()))
    (policy,) = [each for each in elements.named("meta") if "http-equiv" in each]
    assert policy["content"] == (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    kinds = {tag for tag, _ in elements.found}
    assert kinds.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form", "use"})
    names = {name for _, attributes in elements.found for name in attributes}
    assert names.isdisjoint({"src", "srcset", "onclick", "onload", "action"})
    assert "url(" not in page(traffic()).decode()
    assert "@import" not in page(traffic()).decode()


def test_every_table_has_a_caption_and_scopes() -> None:
    made = page(traffic()).decode()
    assert re.findall(r'<caption dir="auto">(.*)</caption>', made) == [
        "Clicks by day",
        "Best links",
    ]
    heads = Elements(made.encode()).named("th")
    assert [head["data-name"] for head in heads][:3] == ["day", "clicks", "before"]
    assert {head["scope"] for head in heads} == {"col"}


@pytest.mark.parametrize(
    ("locale", "language", "reader"), [("en_GB", "en-GB", "en-GB"), ("fr_CH", "en", "fr-CH")]
)
def test_language_and_direction(locale: str, language: str, reader: str) -> None:
    """The words are English; anybody's text has the direction of its first letter, and months have names."""
    elements = Elements(page(traffic(), replace(ABOUT, locale=locale)))
    assert elements.named("html") == [{"lang": language, "dir": "ltr"}]
    looks = {
        (cell["class"], cell.get("dir"), cell.get("lang"))
        for tag in ("td", "dd")
        for cell in elements.named(tag)
    }
    kept = {("t", "auto", None), ("d", "auto", reader), ("n", None, None), ("f", None, None)}
    assert looks == kept
    for tag in ("h1", "caption", "th", "dt", "figcaption"):
        assert {each["dir"] for each in elements.named(tag)} == {"auto"}


@pytest.mark.parametrize(("paper", "size"), [(Paper.A4, "a4"), (Paper.LETTER, "letter")])
def test_paper(paper: Paper, size: str) -> None:
    assert f"@page {{ size: {size};" in page(traffic(), replace(ABOUT, paper=paper)).decode()


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        ('https://example.org/?a=1&b="2"', True),
        ("HTTP://EXAMPLE.ORG", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)//https://", False),
        (" https://example.org", False),
        ("//example.org", False),
        ("data:text/html,<b>", False),
        ("", False),
    ],
)
def test_only_the_web_is_led_to(address: str, leads: bool) -> None:
    made = page(of_rows((Column("url", "Address", CellType.ADDRESS),), [(address,)]))
    links = Elements(made).named("a")
    assert links == [{"href": address, "rel": "noopener noreferrer nofollow"}] * leads
    assert cells_of_html(made)["rows"] == [[replace_unprintable(address)]]


def test_hostile_text_is_text() -> None:
    made = page(hostile())
    ordinary = {tag for tag, _ in Elements(page(traffic())).found}
    assert {tag for tag, _ in Elements(made).found} <= ordinary
    assert not any(
        name.startswith("on") for _, attributes in Elements(made).found for name in attributes
    )
    assert [row[0] for row in cells_of_html(made)["rows"]] == list(
        map(replace_unprintable, HOSTILE)
    )
    assert "\u202etxt" not in re.sub(r'data-value="[^"]*"', "", made.decode())
    assert "evil[U+202E]txt.exe</td>" in made.decode()


def test_an_empty_table_says_so() -> None:
    made = page(of_rows(COLUMNS, []))
    assert cells_of_html(made) == {"rows": []}
    assert '<p class="note">No rows.</p>' in made.decode()


def test_a_result_of_nothing() -> None:
    made = page(Result("any", "", "", "UTC", (), (), ()))
    assert cells_of_html(made) == {}
    assert made.endswith(b"</html>\n")


@given(rows_of_all_kinds)
def test_every_value_is_in_it(rows: list[Row]) -> None:
    result = of_rows(COLUMNS, rows)
    made, (table,) = page(result), result.tables
    words = Localizer(locale="en_GB", zone="Europe/Berlin")
    kinds = tuple(column.type for column in COLUMNS)
    assert cells_of_html(made)["rows"] == [list(map(value, kinds, row)) for row in table.rows]
    assert words_of_html(made)["rows"] == [words.row(kinds, row) for row in table.rows]


def test_memory_does_not_grow_with_the_rows() -> None:
    class Sink(io.RawIOBase):
        length = 0

        def write(self, piece: Any) -> int:
            self.length += len(piece)
            return len(piece)

    columns = (Column("day", "Day", CellType.DAY), Column("n", "N", CellType.INTEGER))
    sink, result = Sink(), of_rows(columns, [(date(2026, 1, 1), i) for i in range(30_000)])
    page(traffic())
    tracemalloc.start()
    HtmlRenderer().write(result, ABOUT, sink)  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sink.length > 3_000_000
    assert peak < 2_500_000
