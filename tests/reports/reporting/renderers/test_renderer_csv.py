"""Test CSV: exact text, and no formulas."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from gridlink.lib.spreadsheets import MARKS, guard, unguard
from reports.reporting.renderers.base import RenderContext
from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Fact, Result, Table
from tests.support.reports.rendered import (
    ABOUT,
    cells_of_csv,
    cells_of_result,
    csv_files,
    csv_rows,
    render,
)
from tests.support.reports.results import DAYS, RESULT, results

ALONE = replace(RESULT, tables=(DAYS,))


def test_one_table_is_a_file() -> None:
    assert render("csv", ALONE).decode() == (
        "day,humans,change\r\n2026-03-28,1200,\r\n2026-03-29,300,-0.75\r\n2026-03-30,0,-1\r\n"
    )


def test_several_tables_are_files() -> None:
    files = csv_files(render("csv", RESULT), RESULT)
    assert list(files) == ["days.csv", "links.csv", "facts.csv"]
    assert files["days.csv"].encode() == render("csv", ALONE)
    assert files["links.csv"] == (
        "title,url,mean,is_gone,last_on\r\n"
        "'=1+1,https://a.example/?b=1&c=<2>,12.5,false,2026-03-29T03:00:01.500000+02:00\r\n"
        '"Say ""hi"", _x0041_",javascript:alert(1),0.1,true,\r\n'
        '"",,,,\r\n'
    )
    assert files["facts.csv"] == (
        "name,title,value\r\nhumans,Clicks of people,1500\r\nchange,Change,0.25\r\n"
        "best,Best day,2026-03-28\r\ntop,Top link,'@home\r\nnone,Not known,\r\n"
    )


def test_no_table_leaves_the_facts() -> None:
    empty = replace(RESULT, tables=(), charts=())
    assert list(csv_files(render("csv", empty), empty)) == ["facts.csv"]


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        (CellType.TEXT, "", '""'),
        (CellType.TEXT, None, ""),
        (CellType.TEXT, " a ", " a "),
        (CellType.TEXT, "a,b", '"a,b"'),
        (CellType.TEXT, 'a"b', '"a""b"'),
        (CellType.TEXT, '=HYPERLINK("http://a.example")', '"\'=HYPERLINK(""http://a.example"")"'),
        (CellType.TEXT, "+1", "'+1"),
        (CellType.TEXT, "-1", "'-1"),
        (CellType.TEXT, "@x", "'@x"),
        (CellType.ADDRESS, "=x", "'=x"),
        (CellType.TEXT, "\t=1", "␉=1"),
        (CellType.INTEGER, -(2**63), "-9223372036854775808"),
        (CellType.NUMBER, -1.5, "-1.5"),
        (CellType.NUMBER, 3.0, "3.0"),
        (CellType.NUMBER, 1e300, "1e+300"),
        (CellType.RATE, 0.25, "0.25"),
        (CellType.RATE, 1 / 3, "0.3333"),
        (CellType.RATE, 0.0, "0"),
        (CellType.RATE, -0.00001, "0"),
        (CellType.RATE, 10.0, "10"),
        (CellType.RATE, -1.5, "-1.5"),
        (CellType.FLAG, True, "true"),
        (CellType.FLAG, False, "false"),
        (CellType.DAY, date(2026, 3, 4), "2026-03-04"),
    ],
)
def test_cells_by_type(kind: CellType, value: Any, written: str) -> None:
    columns = (Column("n", "N", CellType.INTEGER), Column("c", "C", kind))
    table = Table("t", "T", columns, [(1, value)], ("n",))
    result = Result("k", "T", "S", "UTC", (Fact("f", "F", kind, value),), (table,), ())
    assert render("csv", result).decode() == f"n,c\r\n1,{written}\r\n"
    files = csv_files(render("csv", replace(result, tables=())), replace(result, tables=()))
    assert files["facts.csv"] == f"name,title,value\r\nf,F,{written}\r\n"


@settings(max_examples=60, deadline=None)
@given(result=results())
def test_any_result_comes_back(result: Result) -> None:
    data = render("csv", result)
    assert cells_of_csv(data, result) == cells_of_result(result)


@settings(max_examples=60, deadline=None)
@given(result=results())
def test_no_text_is_a_formula(result: Result) -> None:
    data = render("csv", result)
    words = {CellType.TEXT, CellType.ADDRESS}
    files = csv_files(data, result)
    for table in result.tables:
        rows = csv_rows(files[f"{table.name}.csv"])
        texts = [n for n, column in enumerate(table.columns) if column.type in words]
        cells = [row[n] for row in rows for n in texts]
        assert [guard(unguard(cell)) for cell in cells] == cells
        assert [cell for cell in cells if cell[:1] in MARKS and cell] == []


def test_same_bytes_wherever_it_goes() -> None:
    seekable = io.BytesIO()
    RENDERERS["csv"]().write(RESULT, ABOUT, seekable)
    assert seekable.getvalue() == render("csv", RESULT) == render("csv", RESULT)


def test_files_are_as_old_as_the_report() -> None:
    with zipfile.ZipFile(io.BytesIO(render("csv", RESULT))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 5, 6, 9, 8, 10)}
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o600}
    later = RenderContext(made_on=ABOUT.made_on.replace(year=2027), run=ABOUT.run)
    assert render("csv", RESULT, later) != render("csv", RESULT)


@pytest.mark.parametrize("names", [("a", "a"), ("facts", "b")])
def test_tables_need_names_of_their_own(names: tuple[str, str]) -> None:
    tables = tuple(replace(DAYS, name=name) for name in names)
    with pytest.raises(ValueError, match="names of their own"):
        render("csv", replace(RESULT, tables=tables, charts=()))


def test_what_it_is() -> None:
    form = RENDERERS["csv"]()
    assert (form.extension(ALONE), form.media_type(ALONE)) == ("csv", "text/csv; charset=utf-8")
    assert (form.extension(RESULT), form.media_type(RESULT)) == ("zip", "application/zip")
