"""Test scheduled reports and exports: parameters, ranges as of the slot, and missing objects."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reports.models import Report, ReportRun
from tasks.models import Channel, Job, Schedule
from tasks.notifications.recipients import DeliveryRequest, delivery_requests
from tasks.schedules.firing import fire_due
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.grids.grids import make_grid, make_link
from tests.support.platform import user_of
from tests.support.reports.report_runs import ask, define
from tests.support.tasks.schedules import begin_at, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]
ATHENS = "Europe/Athens"
YESTERDAY = {"preset": "yesterday"}
CLICKS = {"kind": "clicks", "format": "csv", "time_zone": ATHENS, "range": YESTERDAY}
DAY = timedelta(days=1)
NO_ZONE = "There is no such time zone; give an IANA name such as Europe/Athens."
# Half past midnight in Athens after an ordinary day, and after those of 23 and 25 hours; and that day.
SLOTS = [
    ("2026-01-15T22:30", "2026-01-14T22:00", "2026-01-15T22:00"),
    ("2026-03-29T21:30", "2026-03-28T22:00", "2026-03-29T21:00"),
    ("2025-10-26T22:30", "2025-10-25T21:00", "2025-10-26T22:00"),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def body(action: str, params: Any) -> dict[str, Any]:
    rule = {"rule": "30 0 * * *", "form": "cron", "time_zone": ATHENS}
    return {"name": "Nightly", "action": action, "params": params, **rule}


def nightly(client: Client, action: str, params: dict[str, Any], **fields: Any) -> Schedule:
    """At half past midnight in Athens, since long ago."""
    wish = {**body(action, params), "starts_on": date(2025, 1, 1), **fields}
    return make_schedule(user_of(client), **wish)


def fired(schedule: Schedule, slot: datetime, *, late: timedelta = timedelta()) -> Job:
    """The job of a slot."""
    begin_at(schedule, slot - timedelta(minutes=1))
    assert fire_due(now=slot + late) == 1
    run = schedule.runs.get(slot=slot)
    assert (run.status, run.note) == ("submitted", "")
    assert run.job
    return run.job


def notes(schedule: Schedule) -> list[tuple[str, str]]:
    return list(schedule.runs.order_by("slot").values_list("status", "note"))


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "report"),
        ({"report": ""}, "report"),
        ({"report": 5}, "report"),
        ({"report": ["rp_0"]}, "report"),
        ({"report": "r" * 36}, "report"),
        ({"report": "rp_0", "fresh": True}, "fresh"),
        ([], "params"),
    ],
)
def test_senseless_reports(alice: Client, params: Any, field: str) -> None:
    with nothing_changes():
        assert_error(alice.post("schedules/", body("report", params)), 400, "invalid", field)
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "numbers"}, "kind"),
        ({"kind": "account", "format": "zip"}, "kind"),
        ({"format": "docx"}, "format"),
        ({"columns": ["colour"]}, "columns"),
        ({"delimiter": "dot"}, "delimiter"),
        ({"filters": {"colour": "red"}}, "filters"),
        # Links have no time.
        ({"kind": "links"}, "filters"),
        ({"filters": {"from": "2026-01-01"}}, "range"),
        ({"range": {"preset": "someday"}}, "range"),
        ({"range": {"preset": "today", "to": "2026-01-01"}}, "range"),
        ({"range": {"from": "2026-03-02", "to": "2026-03-01"}}, "range"),
        ({"range": {"from": "1990-01-01"}}, "range"),
        ({"range": "yesterday"}, "range"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"report": "rp_0"}, "report"),
    ],
)
def test_senseless_exports(alice: Client, changes: dict[str, Any], field: str) -> None:
    with nothing_changes():
        response = alice.post("schedules/", body("export", {**CLICKS, **changes}))
        assert_error(response, 400, "invalid", field)
    assert not Schedule.objects.exists()


def test_reports_and_grids_are_one_s_own(alice: Client, bob: Client) -> None:
    grid = make_grid(bob, visibility="public")
    filters = {"grids": [grid["slug"]]}, {"links": [make_link(bob, grid)["slug"]]}
    wishes = [
        body("report", {"report": define(bob)["slug"]}),
        body("report", {"report": "rp_" + "0" * 32}),
        *(body("export", {**CLICKS, "filters": each}) for each in filters),
    ]
    with nothing_changes():
        for wish in wishes:
            assert_error(alice.post("schedules/", wish), 404, "not_found")
    assert not Schedule.objects.exists()


def test_made_through_the_api(alice: Client) -> None:
    params = {"report": define(alice)["slug"]}
    made = alice.post("schedules/", body("report", params)).json()
    assert (made["action"], made["params"]) == ("report", params)
    made = alice.post("schedules/", body("export", CLICKS)).json()
    # Not yet the day that it would be today.
    assert made["params"]["range"] == YESTERDAY
    assert made["params"]["filters"] == {}


@pytest.mark.parametrize(("slot", "start", "until"), SLOTS)
@pytest.mark.parametrize("late", [timedelta(), 3 * timedelta(hours=7)])
def test_a_report_s_range_is_as_of_the_slot(
    alice: Client, slot: str, start: str, until: str, late: timedelta
) -> None:
    report = define(alice, range=YESTERDAY, time_zone=ATHENS)
    schedule = nightly(alice, "report", {"report": report["slug"]}, missed="catch_up")
    job = fired(schedule, at(slot), late=late)
    assert (job.kind, job.params["report"]) == ("reports.report", report["slug"])
    assert at(start).isoformat() == job.params["start"]
    assert at(until).isoformat() == job.params["until"]
    assert ReportRun.objects.get(job=job).report == Report.objects.get()


@pytest.mark.parametrize(("slot", "start", "until"), SLOTS)
def test_an_export_s_range_is_as_of_the_slot(
    alice: Client, slot: str, start: str, until: str
) -> None:
    job = fired(nightly(alice, "export", CLICKS), at(slot))
    assert (job.kind, job.params["kind"]) == ("reports.export", "clicks")
    moments = {"from": at(start).isoformat(), "to": at(until).isoformat()}
    assert job.params["filters"] == moments


def test_an_export_without_a_range_is_of_all(alice: Client) -> None:
    job = fired(nightly(alice, "export", {"kind": "links", "format": "csv"}), at(SLOTS[0][0]))
    assert job.params["filters"] == {}


def test_each_slot_that_was_missed_is_of_its_own_day(alice: Client) -> None:
    report = define(alice, range=YESTERDAY, time_zone=ATHENS)
    schedule = nightly(alice, "report", {"report": report["slug"]}, missed="catch_up")
    begin_at(schedule, at("2026-03-27T22:00"))
    assert fire_due(now=at("2026-03-31T00:00")) == 1
    jobs = Job.objects.order_by("id")
    assert [(job.params["start"][5:16], job.params["until"][5:16]) for job in jobs] == [
        ("03-26T22:00", "03-27T22:00"),
        ("03-27T22:00", "03-28T22:00"),
        ("03-28T22:00", "03-29T21:00"),
        ("03-29T21:00", "03-30T21:00"),
    ]


@pytest.mark.parametrize("action", ["report", "export"])
def test_deliveries_reach_the_job(alice: Client, action: str) -> None:
    deliveries = [
        {"channel": "in_app"},
        {"channel": "email", "attach": True},
        {"channel": "webhook"},
    ]
    params = {"report": {"report": define(alice)["slug"]}, "export": CLICKS}[action]
    schedule = nightly(alice, action, params, deliveries=deliveries)
    job = fired(schedule, at(SLOTS[0][0]))
    assert delivery_requests(job) == [
        DeliveryRequest(Channel.EMAIL, attach=True),
        DeliveryRequest(Channel.WEBHOOK),
    ]


def test_a_run_by_hand_that_waits_does_not_stand_for_one_that_is_delivered(alice: Client) -> None:
    report = define(alice)
    by_hand = ask(alice, report, fresh=True).json()["slug"]
    deliveries = [{"channel": "webhook"}]
    schedule = nightly(alice, "report", {"report": report["slug"]}, deliveries=deliveries)
    assert fired(schedule, at(SLOTS[0][0])).slug != by_hand
    assert Job.objects.count() == 2


def test_a_deleted_report_disables_its_schedule_in_the_end(alice: Client) -> None:
    report = define(alice)
    schedule = nightly(alice, "report", {"report": report["slug"]})
    slot = at(SLOTS[0][0])
    fired(schedule, slot)
    assert alice.delete(f"reports/{report['slug']}/", **{"If-Match": "*"}).status_code == 204
    for day in range(1, 5):
        assert fire_due(now=slot + day * DAY) == 1
    refused = ("refused", "The report no longer exists.")
    assert notes(schedule) == [("submitted", ""), *[refused] * 4]
    shown = alice.get(f"schedules/{schedule.slug}/").json()
    assert (shown["is_enabled"], shown["failures"], shown["note"]) == (True, 4, "")
    assert fire_due(now=slot + 5 * DAY) == 1
    shown = alice.get(f"schedules/{schedule.slug}/").json()
    assert (shown["is_enabled"], shown["next_on"], shown["next"]) == (False, None, [])
    assert (
        shown["note"]
        == "Disabled after 5 failures in a row. The last: The report no longer exists."
    )
    assert fire_due(now=slot + 6 * DAY) == 0
    assert Job.objects.count() == 1


def test_an_export_whose_grid_is_gone(alice: Client) -> None:
    grid = make_grid(alice)
    schedule = nightly(alice, "export", {**CLICKS, "filters": {"grids": [grid["slug"]]}})
    alice.delete(f"grids/{grid['slug']}/", **{"If-Match": "*"})
    begin_at(schedule, at(SLOTS[0][0]) - DAY / 2)
    assert fire_due(now=at(SLOTS[0][0])) == 1
    assert notes(schedule) == [("refused", "A grid or link in the filters no longer exists.")]
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        ({"kind": "gossip"}, "There is no kind of report 'gossip'."),
        ({"range": {"preset": "someday"}}, "There is no preset 'someday'."),
        ({"time_zone": "Europe/Atlantis"}, NO_ZONE),
        ({"formats": ["docx"]}, "'docx' is not a choice for formats."),
    ],
)  # fmt: skip
def test_what_is_gone_fails_the_slot(alice: Client, gone: dict[str, Any], reason: str) -> None:
    report = define(alice)
    schedule = nightly(alice, "report", {"report": report["slug"]})
    Report.objects.update(**gone)
    slot = at(SLOTS[0][0])
    begin_at(schedule, slot - DAY / 2)
    for day in range(6):
        fire_due(now=slot + day * DAY)
    assert notes(schedule) == [("refused", reason)] * 5
    schedule.refresh_from_db()
    assert (schedule.is_enabled, schedule.failures) == (False, 5)
    assert schedule.note == f"Disabled after 5 failures in a row. The last: {reason}"
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("action", "changes", "reason"),
    [
        ("report", {"report": 5}, "report: Not a valid string."),
        ("report", {"colour": "red"}, "colour: There is no such field here."),
        ("export", {"format": "docx"}, 'format: "docx" is not a valid choice.'),
        ("export", {"range": {"preset": "someday"}}, 'range: preset: "someday" is not a valid choice.'),
    ],
)  # fmt: skip
def test_parameters_of_another_version(
    alice: Client, action: str, changes: dict[str, Any], reason: str
) -> None:
    params = {"report": {"report": define(alice)["slug"]}, "export": CLICKS}[action]
    schedule = nightly(alice, action, params)
    Schedule.objects.update(params={**params, **changes})
    begin_at(Schedule.objects.get(), at(SLOTS[0][0]) - DAY / 2)
    assert fire_due(now=at(SLOTS[0][0])) == 1
    assert notes(schedule) == [
        ("refused", f"The schedule's parameters are no longer valid. {reason}")
    ]
    assert Schedule.objects.get().failures == 1
    assert not Job.objects.exists()


def test_what_parameters_lack_has_its_default(alice: Client) -> None:
    schedule = nightly(alice, "export", CLICKS)
    Schedule.objects.update(params={"kind": "clicks", "format": "csv", "range": YESTERDAY})
    schedule.refresh_from_db()
    job = fired(schedule, at(SLOTS[0][0]))
    assert job.params["style"] == {
        "zone": "UTC",
        "delimiter": ",",
        "bom": False,
        "times": "offset",
    }
    moments = {"from": "2026-01-14T00:00:00+00:00", "to": "2026-01-15T00:00:00+00:00"}
    assert job.params["filters"] == moments
