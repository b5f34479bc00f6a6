"""Test JSON: the stored result, and what the file states about itself."""

from __future__ import annotations

import io
import json
import tracemalloc
from dataclasses import replace

from hypothesis import given, settings

from reports.reporting.renderers.json import JsonRenderer
from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Result, Table
from tests.support.reports.rendered import ABOUT, cells_of_json, cells_of_result, render
from tests.support.reports.results import RESULT, large, result_json, results


def test_file_is_the_result() -> None:
    data = render("json", RESULT)
    found = json.loads(data)
    assert found == {
        "made_on": "2026-05-06T07:08:10+00:00",
        "run": "rn_0001",
        **result_json(RESULT),
    }
    assert list(found)[:2] == ["made_on", "run"]
    assert list(found)[-1] == "tables"
    assert render("json", RESULT) == data


def test_rows_are_lines() -> None:
    lines = render("json", replace(RESULT, tables=RESULT.tables[:1])).decode().splitlines()
    assert lines[0].startswith(
        '{"made_on":"2026-05-06T07:08:10+00:00","run":"rn_0001","kind":"sample"'
    )
    assert lines[0].endswith('"note":"Days without clicks are left out.","rows":[')
    assert lines[1:] == [
        '["2026-03-28",1200,null],',
        '["2026-03-29",300,-0.75],',
        '["2026-03-30",0,-1.0]',
        "]}]}",
    ]


def test_cells_by_type() -> None:
    (_, links) = json.loads(render("json", RESULT))["tables"]
    assert links["rows"] == [
        ["=1+1", "https://a.example/?b=1&c=<2>", 12.5, False, "2026-03-29T03:00:01.500000+02:00"],
        ['Say "hi", _x0041_', "javascript:alert(1)", 0.1, True, None],
        ["", None, None, None, None],
    ]


def test_nothing_at_all() -> None:
    empty = Result("k", "T", "S", "UTC", (), (), ())
    table = Table("t", "T", (Column("c", "C", CellType.TEXT),), [], ("c",))
    assert json.loads(render("json", empty))["tables"] == []
    assert json.loads(render("json", replace(empty, tables=(table,))))["tables"][0]["rows"] == []


@settings(max_examples=40, deadline=None)
@given(result=results())
def test_any_result_comes_back(result: Result) -> None:
    data = render("json", result)
    found = json.loads(data)
    assert (found.pop("made_on"), found.pop("run")) == (ABOUT.made_on.isoformat(), ABOUT.run)
    assert result_json(Result.from_json(found)) == result_json(result)
    assert cells_of_json(data, result) == cells_of_result(result)


def test_memory_is_flat() -> None:
    result = large(20_000)
    with io.BufferedWriter(_Nowhere()) as out:
        tracemalloc.start()
        try:
            JsonRenderer().write(result, ABOUT, out)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 1 << 20


class _Nowhere(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        return len(memoryview(data))  # type: ignore[arg-type]


def test_what_it_is() -> None:
    form = RENDERERS["json"]()
    assert (form.extension(RESULT), form.media_type(RESULT)) == ("json", "application/json")
