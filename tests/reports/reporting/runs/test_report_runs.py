"""Test runs of reports: what is stored, reuse of earlier runs, and comparison of two."""

from __future__ import annotations

import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from django.db.models import F

from grids.models import Grid, Link
from reports.models import Report, ReportRun, UserHour, Watermark
from tasks.jobs import lifecycle
from tasks.models import Job
from tests.support.client import Client, content
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.platform import execute, user_of
from tests.support.reports.clicks import Visited, load
from tests.support.reports.report_runs import ask, define, files_of, result_of, run
from tests.support.reports.results import result_json
from tests.support.reports.typesetting import noted
from tests.support.tasks.jobs import stored

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_months_left")]

AT = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
ANY = {"If-Match": "*"}


@pytest.fixture
def link(grid: Grid) -> Link:
    return Link.objects.create(user=grid.user, grid=grid, url="https://e.org/", title="L", x=0, y=0)


@pytest.fixture
def clicks(grid: Grid, link: Link) -> list[Visited]:
    """Three people clicked, a day apart."""
    made = [Visited(AT + timedelta(days=day), is_first_on_grid=True) for day in range(3)]
    load(grid, [link], clicks=made, views=made)
    return made


def shown(client: Client, report: dict[str, Any], job: Job) -> dict[str, Any]:
    response = client.get(f"reports/{report['slug']}/runs/{job.slug}/")
    assert response.status_code == 200, response.content
    body: dict[str, Any] = json.loads(content(response))
    return body


def total(run_: dict[str, Any], name: str = "clicks") -> int:
    (value,) = [fact["value"] for fact in run_["result"]["facts"] if fact["name"] == name]
    return int(value)


def test_a_run_is_a_job_with_a_result(owner: Client, clicks: list[Visited], storage: Path) -> None:
    report = define(owner, title="March")
    answer = ask(owner, report)
    assert answer.status_code == 202
    slug = answer.json()["slug"]
    waiting = shown(owner, report, Job.objects.get(slug=slug))
    assert (waiting["status"], waiting["basis"], waiting["result"]) == ("queued", None, None)
    assert waiting["asked"] == {
        "report": report["slug"],
        "title": "March",
        "kind": "traffic",
        "params": {"step": "auto", "compare": "previous"},
        "scope": {"grids": [], "links": [], "tags": []},
        "start": "2026-03-01T00:00:00+00:00",
        "until": "2026-04-01T00:00:00+00:00",
        "time_zone": "UTC",
        "week_start": "monday",
        "include_bots": False,
        "formats": ["json"],
        "paper": "a4",
        "locale": "en",
    }
    job = execute(Job.objects.get(slug=slug))
    done = shown(owner, report, job)
    assert done["status"] == "succeeded"
    assert total(done) == 3
    assert done["result"]["title"] == "March"
    assert done["result"] == result_json(result_of(job, storage))
    state = done["basis"]["state"]
    assert state == {
        "clicks": {
            "accepted": 3,
            "humans": 3,
            "duplicates": 0,
            "bots": 0,
            "refused": 0,
            "visitors": 3,
            "views": 3,
        }
    }
    (file,) = owner.get(f"jobs/{slug}/").json()["files"]
    assert file["name"] == "traffic_2026-03-01_2026-03-31.json"
    assert file["rows"] == job.result["rows"] == 31
    listed = owner.get(f"reports/{report['slug']}/runs/").json()["results"]
    assert [each["slug"] for each in listed] == [slug]


def test_every_format_at_once(owner: Client, clicks: list[Visited], storage: Path) -> None:
    formats = ["json", "csv", "xlsx", "html", "pdf"]
    files = files_of(run(owner, define(owner, formats=formats)), storage)
    assert sorted(files) == sorted(formats)
    assert all(files.values())
    assert files["pdf"].startswith(b"%PDF-")


def test_unchanged_data_are_not_counted_again(owner: Client, clicks: list[Visited]) -> None:
    report = define(owner)
    first = run(owner, report)
    answer = ask(owner, report)
    assert (answer.status_code, answer["Idempotent-Replayed"]) == (202, "true")
    assert answer.json()["slug"] == first.slug
    assert Job.objects.count() == ReportRun.objects.count() == 1


def test_clicks_of_others_change_nothing(owner: Client, clicks: list[Visited]) -> None:
    report = define(owner)
    first = run(owner, report)
    Watermark.objects.update_or_create(id=1, defaults={"click": 10**6, "judged_again": 0})
    UserHour.objects.create(user_id=10**6, hour=AT, accepted=5, humans=5)
    assert ask(owner, report).json()["slug"] == first.slug


def test_later_clicks_change_nothing(owner: Client, clicks: list[Visited]) -> None:
    report = define(owner)
    first = run(owner, report)
    later = AT + timedelta(days=60)
    UserHour.objects.create(user_id=user_of(owner).pk, hour=later, accepted=5, humans=5)
    assert ask(owner, report).json()["slug"] == first.slug


@pytest.mark.parametrize("what", ["click", "title", "formats", "range", "files", "fresh"])
def test_what_makes_a_new_run(
    owner: Client, grid: Grid, link: Link, clicks: list[Visited], what: str
) -> None:
    report = define(owner, formats=["json", "csv"])
    path = f"reports/{report['slug']}/"
    first = run(owner, report)
    wish: dict[str, Any] = {}
    if what == "click":
        load(grid, [link], clicks=[*clicks, Visited(AT)], views=clicks)
    elif what == "files":
        file = first.files.get(name__endswith=".csv")
        assert owner.delete(f"jobs/{first.slug}/files/{file.name}/").status_code == 204
    elif what == "fresh":
        wish = {"fresh": True}
    else:
        changes = {
            "title": {"title": "Another"},
            "formats": {"formats": ["csv"]},
            "range": {"range": {"from": "2026-03-02", "to": "2026-03-31"}},
        }
        owner.patch(path, changes[what], **ANY)
    assert run(owner, report, **wish).slug != first.slug


def test_links_matter_to_reports_that_name_them(
    owner: Client, link: Link, clicks: list[Visited]
) -> None:
    traffic, top = define(owner), define(owner, kind="top")
    before = [run(owner, report).slug for report in (traffic, top)]
    path = f"links/{link.slug}/"
    assert owner.patch(path, {"title": "Other"}, **ANY).status_code == 200
    assert ask(owner, traffic).json()["slug"] == before[0]
    assert ask(owner, top).json()["slug"] != before[1]


def test_the_same_instants_again_give_the_same_numbers(
    owner: Client, clicks: list[Visited], storage: Path
) -> None:
    report = define(owner, range={"preset": "last_30_days"})
    first = run(owner, report)
    # Of a definition that says something else by now.
    owner.patch(f"reports/{report['slug']}/", {"range": {"preset": "today"}}, **ANY)
    again = run(owner, report, like=first.slug, fresh=True)
    assert again.slug != first.slug
    assert again.params == first.params
    assert result_of(again, storage) == result_of(first, storage)
    assert ask(owner, report, like=first.slug).json()["slug"] == again.slug


def test_like_a_run_of_another_report(owner: Client, clicks: list[Visited]) -> None:
    report, other = define(owner), define(owner)
    job = run(owner, other)
    with nothing_changes():
        assert_error(ask(owner, report, like=job.slug), 404, "not_found")
        assert_error(ask(owner, report, like="jb_1"), 400, "invalid", "like")


def test_what_changed(owner: Client, grid: Grid, link: Link, clicks: list[Visited]) -> None:
    report = define(owner)
    first = run(owner, report)
    load(grid, [link], clicks=[*clicks, Visited(AT), Visited(AT)], views=clicks)
    second = run(owner, report)
    path = f"reports/{report['slug']}/runs"
    found = owner.get(f"{path}/{first.slug}/diff/{second.slug}/").json()
    assert found["reasons"] == ["2 more clicks from before the end of the range were stored."]
    assert {"name": "clicks", "before": 3, "after": 5} in found["facts"]
    change = found["tables"]["traffic"]
    assert change["counts"] == {"added": 0, "removed": 0, "changed": 1}
    (row,) = change["changed"]
    assert row["key"] == {"time": "2026-03-10"}
    assert row["cells"]["clicks"] == [1, 3]
    nothing = owner.get(f"{path}/{first.slug}/diff/{first.slug}/").json()
    assert (nothing["reasons"], nothing["facts"], nothing["tables"]) == ([], [], {})


def test_what_was_asked_is_a_reason_too(owner: Client, clicks: list[Visited]) -> None:
    report = define(owner)
    first = run(owner, report)
    changes = {"range": {"from": "2026-03-10", "to": "2026-03-31"}, "include_bots": True}
    owner.patch(f"reports/{report['slug']}/", changes, **ANY)
    second = run(owner, report)
    path = f"reports/{report['slug']}/runs/{first.slug}/diff/{second.slug}/"
    assert owner.get(path).json()["reasons"] == [
        "The beginning of the range changed from 2026-03-01T00:00:00+00:00 to"
        " 2026-03-10T00:00:00+00:00.",
        "The counting of bots changed from False to True.",
    ]


def test_clicks_judged_again(owner: Client, clicks: list[Visited]) -> None:
    report = define(owner)
    first = run(owner, report)
    Watermark.objects.update_or_create(id=1, defaults={"click": 3, "judged_again": 1})
    hours = UserHour.objects.filter(user_id=user_of(owner).pk, hour__day=10)
    hours.update(humans=F("humans") - 1, bots=1)
    second = run(owner, report)
    path = f"reports/{report['slug']}/runs/{first.slug}/diff/{second.slug}/"
    assert owner.get(path).json()["reasons"][0] == "Clicks were classified again by the bot rules."


def test_no_result_no_difference(owner: Client, clicks: list[Visited]) -> None:
    report = define(owner)
    first = run(owner, report)
    waiting = ask(owner, report, fresh=True).json()["slug"]
    path = f"reports/{report['slug']}/runs"
    assert_error(owner.get(f"{path}/{first.slug}/diff/{waiting}/"), 409, "conflict")
    unknown = "jb_" + "0" * 32
    assert_error(owner.get(f"{path}/{first.slug}/diff/{unknown}/"), 404, "not_found")


def test_a_grid_that_went_between_definition_and_run(
    owner: Client, grid: Grid, clicks: list[Visited]
) -> None:
    report = define(owner, scope={"grids": [grid.slug]})
    assert owner.delete(f"grids/{grid.slug}/", **ANY).status_code == 204
    trashed = shown(owner, report, run(owner, report))
    assert total(trashed) == 3
    assert "is in the trash" in trashed["result"]["remarks"][0]
    Grid.objects.all().delete()
    gone = shown(owner, report, run(owner, report))
    assert total(gone) == 0
    assert "no longer exists" in gone["result"]["remarks"][0]


def test_an_empty_account(owner: Client, storage: Path) -> None:
    report = define(owner)
    assert total(shown(owner, report, run(owner, report))) == 0


def test_deleted_definition_keeps_its_jobs(owner: Client, clicks: list[Visited]) -> None:
    report = define(owner)
    job = run(owner, report)
    assert owner.delete(f"reports/{report['slug']}/", **ANY).status_code == 204
    assert not Report.objects.exists()
    assert not ReportRun.objects.exists()
    assert len(owner.get(f"jobs/{job.slug}/").json()["files"]) == 1


def test_a_report_deleted_while_it_runs(owner: Client, clicks: list[Visited]) -> None:
    report = define(owner)
    slug = ask(owner, report).json()["slug"]
    Report.objects.all().delete()
    job = execute(Job.objects.get(slug=slug))
    assert job.status == "succeeded"


def test_a_range_that_ends_now_is_the_same_for_a_minute(
    owner: Client, clicks: list[Visited], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = define(owner, range={"from": "2026-03-01"})
    path = f"reports/{report['slug']}/runs/"
    now = datetime(2026, 4, 1, 12, 30, 59, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    first = owner.post(path, {}, **{"Idempotency-Key": "k"}).json()
    assert first["params"]["until"] == "2026-04-01T12:30:00+00:00"
    monkeypatch.setattr("django.utils.timezone.now", lambda: now.replace(second=0))
    assert ask(owner, report).json()["slug"] == first["slug"]
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(minutes=5))
    again = owner.post(path, {}, **{"Idempotency-Key": "k"})
    assert again.json()["slug"] == first["slug"]
    other = owner.post(path, {"fresh": True}, **{"Idempotency-Key": "k"})
    assert_error(other, 422, "unprocessable")


def test_rows_in_the_place_of_deleted_ones_are_others(
    owner: Client, grid: Grid, link: Link
) -> None:
    report = define(owner, kind="link_health")
    first = run(owner, report)
    fields = {
        "user": grid.user,
        "grid": grid,
        "url": "https://e.org/",
        "title": "N",
        "x": 0,
        "y": 0,
    }
    link.delete()
    Link.objects.create(**fields)
    assert ask(owner, report).json()["slug"] != first.slug


def test_what_makes_no_sense_any_more_fails_in_words(owner: Client, clicks: list[Visited]) -> None:
    slug = ask(owner, define(owner)).json()["slug"]
    job = Job.objects.get(slug=slug)
    job.params["params"] = {"step": "fortnight"}
    job.save()
    execute(job)
    assert (job.status, job.error_code) == ("failed", "invalid")
    assert job.error_message == "Some parameters are not valid."


def test_a_format_that_cannot_be_made_fails_in_words(
    owner: Client, clicks: list[Visited], storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.reporting.renderers.pdf.renderer._SECONDS", 0.01)
    slug = ask(owner, define(owner, formats=["json", "pdf"])).json()["slug"]
    job = execute(Job.objects.get(slug=slug))
    assert (job.status, job.error_code) == ("failed", "not_rendered")
    assert job.error_message == "The PDF took longer than 0.01 s."
    assert stored(storage) == []


def test_a_cancel_breaks_a_pdf_off(
    owner: Client,
    clicks: list[Visited],
    storage: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    settings.JOB_HEARTBEAT_SECONDS = 0.02
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    job = Job.objects.get(slug=ask(owner, define(owner, formats=["json", "pdf"])).json()["slug"])
    cancelled: list[float] = []

    def cancel() -> None:
        lifecycle.request_cancel(job)
        cancelled.append(monotonic())

    children = noted(monkeypatch, cancel)
    monkeypatch.setattr(sys, "executable", str(program))
    execute(job)
    assert monotonic() - cancelled[0] < 2
    assert job.status == "cancelled"
    assert [child.returncode for child in children] == [-signal.SIGKILL]
    assert stored(storage) == []
    assert ReportRun.objects.get(pk=job.pk).result is None


def test_idempotency(owner: Client, clicks: list[Visited]) -> None:
    report = define(owner)
    path = f"reports/{report['slug']}/runs/"
    first, second = (
        owner.post(path, {"fresh": True}, **{"Idempotency-Key": "k"}).json()["slug"]
        for _ in range(2)
    )
    assert first == second
    assert ReportRun.objects.count() == 1
