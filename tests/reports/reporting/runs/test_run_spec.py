"""Test run parameters that another version stored or whose values no longer exist."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gridlink.lib.errors import Invalid
from reports.models import Report, ReportRun
from reports.reporting.runs.spec import RunSpec
from tasks.models import Job
from tests.support.client import Client, content
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.platform import execute
from tests.support.reports.report_runs import ask, define, run
from tests.support.tasks.jobs import stored

ANY = {"If-Match": "*"}
NOW = datetime(2026, 5, 4, tzinfo=UTC)
# The least that was ever asked.
LEAST = {
    "report": "rp_" + "0" * 32,
    "title": "March",
    "kind": "traffic",
    "start": "2026-03-01T00:00:00+00:00",
    "until": "2026-04-01T00:00:00+00:00",
    "time_zone": "UTC",
}
FULL = {
    **LEAST,
    "params": {},
    "scope": {},
    "week_start": "monday",
    "include_bots": False,
    "formats": ["json"],
    "paper": "a4",
    "locale": "en",
}
GONE: list[tuple[dict[str, Any], str]] = [
    ({"kind": "gossip"}, "There is no kind of report 'gossip'."),
    ({"params": {"step": "fortnight"}}, "Some parameters are not valid."),
    ({"params": []}, "Some parameters are not valid."),
    ({"scope": {"colours": ["red"]}}, "The scope is not valid."),
    ({"formats": ["json", "docx"]}, "'docx' is not a choice for formats."),
    ({"paper": "a5"}, "'a5' is not a choice for paper."),
    ({"week_start": "friday"}, "'friday' is not a choice for week_start."),
    (
        {"time_zone": "Europe/Atlantis"},
        "There is no such time zone; give an IANA name such as Europe/Athens.",
    ),
    ({"start": "in March"}, "The start or the end of the range is not a valid time."),
    ({"until": None}, "The start or the end of the range is not a valid time."),
    (
        {"colour": "red"},
        "Another version of Gridlink started this run: its field 'colour' is unknown here.",
    ),
]


def test_what_is_lacking_has_its_default() -> None:
    asked = RunSpec.from_json(LEAST)
    assert asked.as_json() == FULL
    assert RunSpec.from_json(FULL) == asked
    asked.report_kind(user_id=1, now=NOW).check()


@pytest.mark.parametrize("name", LEAST)
def test_what_has_no_default(name: str) -> None:
    stored = {key: value for key, value in FULL.items() if key != name}
    with pytest.raises(Invalid, match=f"The run's parameters lack '{name}'."):
        RunSpec.from_json(stored)


@pytest.mark.parametrize(("changes", "message"), GONE)
def test_what_is_gone(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as caught:
        RunSpec.from_json({**FULL, **changes}).report_kind(user_id=1, now=NOW)
    assert caught.value.message == message


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_months_left")
class TestRuns:
    """Of jobs whose parameters another version stored."""

    @pytest.mark.parametrize(("changes", "message"), [GONE[0], GONE[4], GONE[7], GONE[-1]])
    def test_the_job_fails_in_words(
        self, owner: Client, storage: Path, changes: dict[str, Any], message: str
    ) -> None:
        job = Job.objects.get(slug=ask(owner, define(owner)).json()["slug"])
        job.params.update(changes)
        job.save()
        execute(job)
        assert (job.status, job.error_code, job.error_message) == ("failed", "invalid", message)
        assert ReportRun.objects.get().result is None
        assert stored(storage) == []

    def test_a_job_of_an_earlier_version_runs(self, owner: Client) -> None:
        job = Job.objects.get(slug=ask(owner, define(owner)).json()["slug"])
        for name in ("params", "scope", "week_start", "include_bots", "formats", "paper", "locale"):
            del job.params[name]
        job.save()
        execute(job)
        assert (job.status, job.error_message) == ("succeeded", "")
        assert job.files.get().name == "traffic_2026-03-01_2026-03-31.json"

    @pytest.mark.parametrize(
        ("changes", "message", "fields"),
        [(*GONE[0], ["kind"]), (*GONE[7], ["time_zone"]), (*GONE[-1], [])],
    )
    def test_it_is_not_asked_again(
        self, owner: Client, changes: dict[str, Any], message: str, fields: list[str]
    ) -> None:
        report = define(owner)
        job = run(owner, report)
        job.params.update(changes)
        job.save()
        for fresh in (False, True):
            with nothing_changes():
                answer = ask(owner, report, like=job.slug, fresh=fresh)
                error = assert_error(answer, 400, "invalid", *fields)
            assert error["message"] == message

    def test_its_answer_can_still_be_read(self, owner: Client) -> None:
        report = define(owner)
        before = run(owner, report)
        after = run(owner, report, fresh=True)
        for job in (before, after):
            job.params["kind"] = "gossip"
            job.save()
        Report.objects.update(kind="gossip")
        path = f"reports/{report['slug']}/"
        shown = json.loads(content(owner.get(f"{path}runs/{before.slug}/")))
        assert (shown["asked"]["kind"], shown["result"]["kind"]) == ("gossip", "traffic")
        found = owner.get(f"{path}runs/{before.slug}/diff/{after.slug}/").json()
        assert (found["reasons"], found["facts"], found["tables"]) == ([], [], {})

    def test_a_definition_whose_kind_is_gone(self, owner: Client) -> None:
        report = define(owner)
        Report.objects.update(kind="gossip")
        path = f"reports/{report['slug']}/"
        gone = {**report, "kind": "gossip"}
        assert owner.get(path).json() == gone
        assert owner.get("reports/").json()["results"] == [gone]
        with nothing_changes():
            for answer in (
                owner.post(f"{path}runs/"),
                owner.patch(path, {"title": "Other"}, **ANY),
            ):
                error = assert_error(answer, 400, "invalid", "kind")
                assert error["message"] == "There is no kind of report 'gossip'."
        # Which can be given another kind, or deleted.
        assert owner.patch(path, {"kind": "breakdown"}, **ANY).json()["kind"] == "breakdown"
        Report.objects.update(kind="gossip")
        assert owner.delete(path, **ANY).status_code == 204

    def test_a_definition_whose_preset_is_gone(self, owner: Client) -> None:
        report = define(owner)
        Report.objects.update(range={"preset": "someday"})
        with nothing_changes():
            error = assert_error(ask(owner, report), 400, "invalid", "range")
        assert error["message"] == "There is no preset 'someday'."
