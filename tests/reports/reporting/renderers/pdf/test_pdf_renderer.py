"""Test PDF: all cells, reproducible bytes, limits, and text that stays text."""

from __future__ import annotations

import hashlib
import io
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pypdf import PdfReader

from reports.reporting.renderers.base import Paper, RenderContext
from reports.reporting.renderers.pdf import renderer as pdf
from reports.reporting.renderers.pdf import typeset as typesetting
from reports.reporting.renderers.pdf.document import CELLS_MAX, ROWS_MAX, document
from reports.reporting.renderers.pdf.renderer import PdfRenderer, TypesettingError
from reports.reporting.renderers.pdf.typeset import Job, typeset
from reports.reporting.renderers.text.localization import Localizer
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Chart, ChartShape, Column, Fact, Result, Table
from tests.support.reports.page_results import ABOUT, hostile, of_rows, traffic
from tests.support.reports.rendered_pages import cells_of_pdf, first_page_of_pdf, heard
from tests.support.reports.typesetting import noted

TEXT = (Column("text", "Text", CellType.TEXT),)
# Tests say the same whatever fonts a machine has: only those that come with Typst are used.
BUILT_IN = ["Libertinus Serif"]


def printed(result: Result, about: RenderContext = ABOUT) -> bytes:
    out = io.BytesIO()
    PdfRenderer().write(result, about, out)
    return out.getvalue()


def assert_says(document: bytes, result: Result, about: RenderContext = ABOUT) -> None:
    """Every cell of every table is there."""
    words = Localizer(locale=about.locale, zone=result.zone)
    found = cells_of_pdf(document, [table.name for table in result.tables])
    for table in result.tables:
        kinds = tuple(column.type for column in table.columns)
        said = [[numbered(cell) for cell in words.row(kinds, row)] for row in table.rows]
        assert [[numbered(cell) for cell in row] for row in found[table.name]] == said


def numbered(cell: str | None) -> str:
    """With the numbers of control characters' pictures, which few fonts have."""
    pictures = {code: f"[U+{code:04X}]" for code in range(0x2400, 0x2440)}
    return heard(cell or "").translate(pictures)


def latin() -> Result:
    """The ordinary result without the rows that want fonts of their own."""
    days, links = traffic().tables
    kept = [row for row in links.rows if str(row[0]).isascii()]
    return replace(traffic(), tables=(days, replace(links, rows=kept)))


def set_with_built_in_fonts(result: Result, remark: str = "REMARK") -> bytes:
    words = Localizer(locale=ABOUT.locale, zone=result.zone)
    job = Job(
        report=document(result, ABOUT, words),
        latin=BUILT_IN,
        others=[],
        folder="",
        remark=remark,
        seconds=0,
    )
    return typeset(job)


def test_an_ordinary_report() -> None:
    made = printed(latin())
    assert_says(made, latin())
    document = PdfReader(io.BytesIO(made))
    text = document.pages[0].extract_text()
    assert "Traffic" in text
    assert "All grids, 1 to 31 January 2026" in text
    assert "48,210" in text
    assert "Made on 1 Feb 2026, 07:00:00 CET. Run rr_00" in text
    assert f"1 / {len(document.pages)}" in text


def test_what_belongs_to_a_fact_is_on_its_card() -> None:
    clicks = Fact("clicks", "Clicks", CellType.INTEGER, 1180)
    before = Fact("before", "BEFORE", CellType.INTEGER, 1204, before_of="clicks")
    change = Fact("change", "CHANGE", CellType.RATE, 0.0199, change_of="clicks")
    text = first_page_of_pdf(printed(replace(latin(), facts=(clicks, before, change))))
    for words in ("1,180", "1,204 before", "+1.99%"):
        assert words in text
    assert "BEFORE" not in text
    assert "CHANGE" not in text


def test_narrow_tables_stand_side_by_side() -> None:
    columns = (*TEXT, Column("n", "N", CellType.INTEGER))
    tables = [
        Table(name, name, columns, [(f"{name} {i}", i) for i in range(30)], ("text",))
        for name in ("one", "other")
    ]
    result = replace(latin(), tables=tuple(tables), charts=())
    made = printed(result)
    assert_says(made, result)
    assert len(PdfReader(io.BytesIO(made)).pages) == 1


def test_what_is_a_little_more_than_a_page_is_set_smaller() -> None:
    columns = (*TEXT, Column("n", "N" * 60, CellType.INTEGER))
    counts = [
        len(PdfReader(io.BytesIO(printed(of_rows(columns, [("a", i) for i in range(rows)])))).pages)
        for rows in (20, 60, 70, 95)
    ]
    assert counts == [1, 1, 1, 2]


def test_the_header_is_on_each_page() -> None:
    result = of_rows((Column("n", "Number of all", CellType.INTEGER),), [(i,) for i in range(200)])
    document = PdfReader(io.BytesIO(printed(result)))
    assert len(document.pages) > 2
    for number, page in enumerate(document.pages, 1):
        text = page.extract_text()
        assert "Number of all" in text
        assert f"{number} / {len(document.pages)}" in text


def test_what_the_document_says_of_itself() -> None:
    document = PdfReader(io.BytesIO(printed(latin())))
    about: Any = document.metadata
    assert about.title == "Traffic"
    assert about.creation_date.isoformat() == "2026-02-01T06:00:00+00:00"
    root: Any = document.trailer["/Root"]
    assert root["/Lang"] == "en-GB"
    assert root["/MarkInfo"]["/Marked"]
    assert "pdfuaid:part>1<" in root["/Metadata"].get_data().decode()


def test_the_same_report_is_the_same_bytes() -> None:
    first, again = (hashlib.sha256(printed(latin())).hexdigest() for _ in range(2))
    assert first == again
    later = replace(ABOUT, made_on=ABOUT.made_on.replace(minute=1))
    assert hashlib.sha256(printed(latin(), later)).hexdigest() != first


@pytest.mark.parametrize(("paper", "size"), [(Paper.A4, (595, 842)), (Paper.LETTER, (612, 792))])
def test_paper(paper: Paper, size: tuple[int, int]) -> None:
    box = PdfReader(io.BytesIO(printed(latin(), replace(ABOUT, paper=paper)))).pages[0].mediabox
    assert (round(box.width), round(box.height)) == size


def test_many_columns_turn_the_page() -> None:
    columns = tuple(Column(f"c{i}", f"Column {i}", CellType.INTEGER) for i in range(16))
    result = of_rows(columns, [tuple(i * j * 1000 for j in range(16)) for i in range(20)])
    made = printed(result)
    assert_says(made, result)
    box = PdfReader(io.BytesIO(made)).pages[0].mediabox
    assert box.width > box.height


@pytest.mark.parametrize("locale", ["de", "ar", "ja"])
def test_locales(locale: str) -> None:
    about = replace(ABOUT, locale=locale)
    result = of_rows(
        (Column("day", "Day", CellType.DAY), Column("n", "N", CellType.INTEGER)),
        [row[:2] for row in latin().table("days").rows],
    )
    assert_says(printed(result, about), result, about)


def test_hostile_text_is_text() -> None:
    made = printed(hostile())
    assert_says(made, hostile())
    text = first_page_of_pdf(made)
    assert '#eval("1 + 1")' in text
    assert "root:" not in text
    assert "evil[U+202E]txt.exe" in text


@examples(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(max_codepoint=0x24F), max_size=60), min_size=1, max_size=8))
def test_any_latin_text(texts: list[str]) -> None:
    result = of_rows(TEXT, [(text,) for text in texts])
    made = set_with_built_in_fonts(result)
    # The numbers of characters without a glyph are in brackets too, so that such a run says less.
    if "REMARK" not in first_page_of_pdf(made):
        assert_says(made, result)


def test_a_character_without_a_font_is_its_number() -> None:
    result = of_rows(TEXT, [("中文 and 🚀",), ("plain",)])
    made = set_with_built_in_fonts(result)
    rows = cells_of_pdf(made, ["rows"])["rows"]
    assert [[heard(cell) for cell in row] for row in rows] == [
        ["[U+4E2D][U+6587]and[U+1F680]"],
        ["plain"],
    ]
    assert "REMARK" in first_page_of_pdf(made)


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        (["中", "\\u{200b}"], {"中"}),
        (["\\u{1f469}\\u{200d}", "\\u{200d}"], {"👩\u200d"}),
        (["\\u{200d}"], {"\u200d"}),
        ([], set()),
    ],
)
def test_marks_beside_a_missing_character_are_not_missing(
    said: list[str], missing: set[str]
) -> None:
    lines = [f'error: the text `"{each}"` could not be displayed with font `"F"`' for each in said]
    assert typesetting._without_glyph("\n".join(lines)) == missing


def test_without_such_a_character_there_is_no_remark() -> None:
    made = set_with_built_in_fonts(of_rows(TEXT, [("Ελληνικά, Кириллица, café",)]))
    assert "REMARK" not in first_page_of_pdf(made)
    assert "Ελληνικά, Кириллица, café" in first_page_of_pdf(made)


def test_fonts_of_the_folder_are_used(settings: Any, tmp_path: Path) -> None:
    settings.FONTS_DIR = tmp_path / "none"
    assert_says(printed(latin()), latin())


def test_long_words_are_broken_and_whole() -> None:
    address = "https://example.org/" + "a" * 300 + "/?b=" + "c" * 3000
    columns = (
        *TEXT,
        Column("url", "Address", CellType.ADDRESS),
        Column("n", "N", CellType.INTEGER),
    )
    result = of_rows(columns, [("w" * 10_000, address, 1), ("b", "", 2)])
    made = printed(result)
    assert_says(made, result)
    assert len(PdfReader(io.BytesIO(made)).pages) < 12


def test_a_table_that_is_too_long_says_so() -> None:
    result = of_rows(
        (Column("n", "N", CellType.INTEGER),),
        [(i,) for i in range(100_000)],
        Chart("c", "All", ChartShape.LINE, "rows", "n", ("n",), 100_000),
    )
    made = printed(result)
    rows = cells_of_pdf(made, ["rows"])["rows"]
    assert (len(rows), rows[-1]) == (ROWS_MAX, ["1,999"])
    assert (
        "The first 2,000 of 100,000 rows. The other formats of this report have all of them."
        in first_page_of_pdf(made)
    )


@pytest.mark.parametrize(
    ("columns", "cell", "rows", "first"),
    [
        (50, "x", 700, f"The first {CELLS_MAX // 50} of 700 rows."),
        (1, "x" * 250_000, 3, "The first 2 of 3 rows."),
        (1, "x" * 600_000, 3, "The first 1 of 3 rows."),
        (1, "x", ROWS_MAX, ""),
    ],
)
def test_limits(columns: int, cell: Cell, rows: int, first: str) -> None:
    made = tuple(Column(f"c{i}", f"{i}", CellType.TEXT) for i in range(columns))
    result = of_rows(made, [(cell,) * columns] * rows)
    (block,) = document(result, ABOUT, Localizer(locale="en_GB", zone="UTC"))["blocks"]
    ((table,),) = block["stacks"]
    assert table["before"].partition(" The other")[0] == first


def lines_of_pdf(document: bytes) -> list[list[str]]:
    """The words of each page, in lines."""
    return [page.extract_text().splitlines() for page in PdfReader(io.BytesIO(document)).pages]


def test_no_table_begins_at_the_foot_of_a_page() -> None:
    """There is room for its title, its header and five rows, or it begins on the next one."""
    tables = tuple(
        Table(name, name, (Column("n", f"N {name}", CellType.INTEGER),), rows, ("n",))
        for name, rows in (("one", [(0,)] * 112), ("other", [(i,) for i in range(100, 161)]))
    )
    result = Result("any", "Any", "", "UTC", (), tables, ())
    pages = lines_of_pdf(set_with_built_in_fonts(result))
    (begun,) = [page for page in pages if "other" in page]
    assert "N other" in begun
    assert {"100", "101", "102", "103", "104"} <= set(begun)


def test_a_row_is_on_one_page() -> None:
    columns = tuple(Column(f"c{i}", f"C {i}", CellType.TEXT) for i in range(4))
    rows: list[tuple[Cell, ...]] = [(f"{i} {'words ' * 40}{i}.",) * 4 for i in range(100, 140)]
    pages = lines_of_pdf(set_with_built_in_fonts(of_rows(columns, rows)))
    assert len(pages) > 4
    for i in range(100, 140):
        on = [any(f"{i} words" in line for line in page) for page in pages]
        assert on == [any(f"{i}." in line for line in page) for page in pages]
        assert sum(on) == 1


def test_a_label_of_a_chart_stays_on_the_page() -> None:
    """Each of its letters is seven when it is set as its number."""
    chart = Chart("c", "C", ChartShape.BAR, "rows", "text", ("n",), 2)
    columns = (*TEXT, Column("n", "N", CellType.INTEGER))
    made = set_with_built_in_fonts(of_rows(columns, [("中文" * 12, 3), ("b", 1)], chart))
    starts: list[tuple[float, str]] = []

    def note(text: str, around: Any, matrix: Any, *_: Any) -> None:
        starts.append((around[0] * matrix[4] + around[4], text))

    PdfReader(io.BytesIO(made)).pages[0].extract_text(visitor_text=note)
    assert any("[U+4E2D]" in text for _, text in starts)
    assert min(x for x, text in starts if text.strip()) >= 45


def test_a_result_of_nothing() -> None:
    text = first_page_of_pdf(printed(Result("any", "", "", "UTC", (), (), ())))
    assert text.startswith("any")
    assert "1 / 1" in text


def test_what_breaks_a_rule_of_accessibility_is_set_without() -> None:
    result = replace(latin(), title="\u200b")
    assert_says(printed(result), result)


def test_an_empty_table_and_chart() -> None:
    chart = Chart("c", "Nothing yet", ChartShape.LINE, "rows", "text", (), 5)
    made = printed(of_rows(TEXT, [], chart))
    assert cells_of_pdf(made, ["rows"]) == {"rows": []}
    assert "No rows." in first_page_of_pdf(made)
    assert "No data" in first_page_of_pdf(made)


def test_one_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_SECONDS", 0.01)
    out = io.BytesIO()
    with pytest.raises(TypesettingError, match=r"^The PDF took longer than 0\.01 s\.$"):
        PdfRenderer().write(traffic(), ABOUT, out)
    assert out.getvalue() == b""


def test_one_that_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Typst is at work on what takes it many seconds."""

    class BrokenOff(Exception):
        pass

    looks = iter(range(8))

    def watch() -> None:
        if next(looks, None) is None:
            ends.append(monotonic())
            raise BrokenOff

    ends: list[float] = []
    children = noted(monkeypatch)
    columns = tuple(Column(f"c{i}", f"Column {i}", CellType.TEXT) for i in range(15))
    out = io.BytesIO()
    with pytest.raises(BrokenOff):
        PdfRenderer(watch).write(of_rows(columns, [("some words",) * 15] * ROWS_MAX), ABOUT, out)
    assert monotonic() - ends[0] < 1
    assert [child.returncode for child in children] == [-signal.SIGKILL]
    assert out.getvalue() == b""


def test_a_job_larger_than_a_pipe_arrives_at_a_process_that_reads_late(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The process begins to read after `communicate` has timed out several times."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nsleep 0.5\nexec " + sys.executable + ' "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(pdf, "_SECONDS", 20)
    result = of_rows(TEXT, [(f"{number} {'words ' * 15}",) for number in range(1000)])
    words = Localizer(locale=ABOUT.locale, zone=result.zone)
    assert len(json.dumps(document(result, ABOUT, words))) > 65_536
    assert_says(printed(result), result)


def test_one_that_takes_too_much_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The process ends and its parent does not."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nulimit -v 150000\nexec " + sys.executable + ' "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    out = io.BytesIO()
    with pytest.raises(TypesettingError, match=r"^The PDF could not be set: "):
        PdfRenderer().write(of_rows(TEXT, [("some words " * 40,)] * 2000), ABOUT, out)
    assert out.getvalue() == b""


def test_the_process_says_what_is_wrong() -> None:
    job = {"report": {}, "latin": [], "others": [], "folder": "", "remark": "", "seconds": 0}
    done = subprocess.run(
        [sys.executable, "-m", "reports.reporting.renderers.pdf.typeset"],
        input=json.dumps(job).encode(),
        capture_output=True,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith("dictionary does not contain key ")


def test_a_process_that_nobody_waits_for_ends() -> None:
    """As that of a worker which was killed: here it waits for a report that never comes."""
    program = (
        "from reports.reporting.renderers.pdf import typeset; typeset._SECONDS = 1; typeset.main()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as child:
        assert child.wait(timeout=30) == -signal.SIGALRM
