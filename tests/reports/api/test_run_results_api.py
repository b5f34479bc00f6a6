"""What is shown of results: passed on as they are stored, gone when they are, and compared up to a size."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
import zstandard

from reports.models import ReportRun
from reports.reporting.results.json_stream import json_lines
from reports.reporting.runs import comparison, retention
from tasks.models import Job
from tests.support.client import Client, content
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.platform import execute_slug
from tests.support.reports.report_runs import ask, define, run
from tests.support.reports.results import result_json
from tests.support.reports.run_results import (
    BASIS,
    answered,
    defined,
    kept,
    result_of_rows,
    rows_of,
    unanswered,
)

pytestmark = pytest.mark.django_db

MIB = 1024 * 1024
GONE = "The result of this run has been deleted; run the report again."


def path_of(run_: ReportRun) -> str:
    return f"reports/{run_.report.slug}/runs/{run_.job.slug}/"


def diff_of(one: ReportRun, other: ReportRun) -> str:
    return f"{path_of(one)}diff/{other.job.slug}/"


# --- As it is stored -------------------------------------------------------------------------------


def test_the_whole_answer(alice: Client, bob: Client, carol: Client) -> None:
    done = answered(defined(alice, title="Wöchentlich “1”"))
    response = carol.get(path_of(done))
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert json.loads(content(response)) == {
        "job": done.job.slug,
        "status": "succeeded",
        "asked": done.job.params,
        "basis": BASIS,
        "result": result_json(result_of_rows(rows_of(3))),
    }
    assert_error(bob.get(path_of(done)), 404, "not_found")
    assert_error(alice.get(path_of(done), Accept="text/html"), 406, "not_acceptable")
    assert alice.http.head(f"/api/v1/{path_of(done)}").status_code == 200


@pytest.mark.parametrize("status", ["queued", "failed", "cancelled"])
def test_no_result_yet(alice: Client, status: str) -> None:
    waiting = unanswered(defined(alice), status)
    assert json.loads(content(alice.get(path_of(waiting)))) == {
        "job": waiting.job.slug,
        "status": status,
        "asked": {},
        "basis": None,
        "result": None,
    }


def test_stored_by_an_earlier_version(alice: Client) -> None:
    """On one line, and in another order."""
    done, result = answered(defined(alice)), result_of_rows(rows_of(2))
    text = json.dumps(result_json(result), ensure_ascii=False, separators=(",", ":"))
    ReportRun.objects.update(result=zstandard.compress(text.encode()))
    assert json.loads(content(alice.get(path_of(done))))["result"] == result_json(result)


def test_a_large_result_takes_no_memory(alice: Client) -> None:
    done = answered(defined(alice), rows=100_000)
    pieces = size = 0
    tracemalloc.start()
    try:
        for piece in alice.get(path_of(done)).streaming_content:
            pieces, size = pieces + 1, size + len(piece)
            assert len(piece) <= 128 * 1024
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    whole = json.loads(content(alice.get(path_of(done))))
    assert whole["result"]["tables"][0]["rows"] == [list(row) for row in rows_of(100_000)]
    assert size > 5 * MIB
    assert pieces > 40
    assert peak < 2 * MIB


# --- Gone ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["succeeded", "expired"])
def test_a_result_that_is_gone(alice: Client, bob: Client, status: str) -> None:
    report = defined(alice)
    gone, newest = answered(report, days=900, status=status), answered(report)
    retention.sweep_results()
    assert kept() == {newest.pk}
    with nothing_changes():
        for path in (path_of(gone), diff_of(gone, newest), diff_of(newest, gone)):
            error = assert_error(alice.get(path), 410, "gone")
            assert error["message"] == GONE
            assert_error(bob.get(path), 404, "not_found")
    listed = alice.get(f"reports/{report.slug}/runs/").json()["results"]
    assert [each["slug"] for each in listed] == [newest.job.slug, gone.job.slug]
    assert alice.get(f"jobs/{gone.job.slug}/").json()["params"] == gone.job.params


def test_files_go_and_the_result_stays(alice: Client) -> None:
    report = defined(alice)
    one, other = answered(report, status="expired"), answered(report, status="expired")
    assert json.loads(content(alice.get(path_of(one))))["status"] == "expired"
    assert alice.get(diff_of(one, other)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_run_like_one_that_is_gone(owner: Client, settings: Any) -> None:
    report = define(owner)
    first = run(owner, report)
    run(owner, report, fresh=True)
    ReportRun.objects.filter(pk=first.pk).update(result=None, basis=None)
    again = execute_slug(ask(owner, report, like=first.slug, fresh=True).json()["slug"])
    assert (again.status, again.params) == ("succeeded", first.params)
    assert again.pk in kept()


@pytest.mark.django_db(transaction=True)
def test_what_is_gone_answers_no_later_question(owner: Client) -> None:
    report = define(owner)
    first = run(owner, report)
    assert ask(owner, report).json()["slug"] == first.slug
    ReportRun.objects.update(result=None, basis=None)
    assert ask(owner, report).json()["slug"] != first.slug
    assert Job.objects.count() == 2


# --- Compared --------------------------------------------------------------------------------------


def test_too_many_rows_to_compare(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "ROWS_MAX", 7)
    report = defined(alice)
    three, four, five = (answered(report, rows=rows) for rows in (3, 4, 5))
    found = alice.get(diff_of(three, four))
    assert found.status_code == 200
    assert found.json()["tables"]["links"]["counts"] == {"added": 1, "removed": 0, "changed": 0}
    with nothing_changes():
        error = assert_error(alice.get(diff_of(five, three)), 409, "too_large")
    assert error["message"] == (
        "Together the results have 8 rows; up to 7 can be compared here. Compare the files of the runs."
    )


def test_the_largest_take_so_much_memory(alice: Client) -> None:
    report = defined(alice)
    one, other = (answered(report, rows=comparison.ROWS_MAX // 2) for _ in range(2))
    tracemalloc.start()
    try:
        found = comparison.compare_runs(one, other)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (found["reasons"], found["tables"]) == ([], {})
    assert peak < 50 * MIB


def test_too_much_text_to_compare(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    report = defined(alice)
    one, other = answered(report), answered(report)
    size = 2 * len("".join(json_lines(result_of_rows(rows_of(3)))).encode())
    monkeypatch.setattr(comparison, "BYTES_MAX", size)
    assert alice.get(diff_of(one, other)).status_code == 200
    monkeypatch.setattr(comparison, "BYTES_MAX", size - 1)
    error = assert_error(alice.get(diff_of(one, other)), 409, "too_large")
    assert error["message"] == (
        f"Together the results have {size:,} bytes; up to {size - 1:,} can be compared here."
        " Compare the files of the runs."
    )
