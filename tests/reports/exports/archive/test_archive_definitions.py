"""Reports, schedules and webhooks come back so that they work here, or it is said why they do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reports.models import Report
from tasks.models import Job, Schedule, ScheduledRun, WebhookEndpoint
from tasks.notifications.channels.webhook_secret import decrypt
from tasks.notifications.services import WebhookChanges, webhook_rotate, webhook_update
from tasks.schedules.firing import fire_due
from tasks.schedules.services import ScheduleChanges, schedule_update
from tests.support.accounts import furnish
from tests.support.client import Client, make_user
from tests.support.platform import user_of
from tests.support.reports.archives import (
    archived,
    contents,
    forget_all,
    restored,
    rewritten,
    verdicts,
)

pytestmark = pytest.mark.django_db(transaction=True)

GONE = (f"gr_{7:032x}", f"gr_{8:032x}", f"rp_{9:032x}")
SIGNED = "it has a new secret and is disabled: its owner must set it up"


@pytest.fixture
def bob(owner: Client) -> Client:
    """Another owner."""
    return Client(make_user("bob"))


@pytest.fixture
def data(good: bytes) -> bytes:
    """An archive of an account that is gone."""
    return good


def verdicts_of(owner: Client, data: bytes, table: str) -> list[tuple[str, str]]:
    """The verdicts of a table's rows; a dry run must have said the same."""
    tried, done = (verdicts(restored(owner, data, mode)) for mode in ("dry_run", "apply"))
    assert tried == done
    return [(outcome, remarks) for name, outcome, remarks in done if name == table]


def test_references_follow_new_slugs(owner: Client, bob: Client) -> None:
    """Of what is gone, the names stay."""
    grid = furnish(owner)
    link = grid.links.get(alias="one")
    data = archived(owner)
    restored(bob, data)
    there = user_of(bob)
    (new_grid,) = there.grids.filter(title=grid.title)
    new_link = new_grid.links.get(title=link.title)
    report, _, top = Report.objects.filter(user=there).order_by("pk")
    assert report.scope["grids"] == [new_grid.slug, GONE[0]]
    assert report.scope["links"] == [new_link.slug]
    assert report.scope["tags"] == ['q"\\', "{}"]
    assert top.scope == {"grids": [GONE[1]], "links": [], "tags": []}
    first, second, third = Schedule.objects.filter(user=there).order_by("pk")
    assert first.params == {"report": report.slug}
    assert second.params["filters"] == {"grids": [new_grid.slug, GONE[0]], "links": [new_link.slug]}
    assert third.params == {"report": GONE[2]}


def test_what_is_here_and_differs_stays(owner: Client) -> None:
    furnish(owner)
    data = archived(owner)
    Report.objects.filter(kind="top").update(title="Changed since")
    Schedule.objects.filter(name="Export").update(missed="skip")
    WebhookEndpoint.objects.filter(url__contains="/1").update(url="https://e.org/", note="Mine.")
    before = contents()
    result = restored(owner, data).result
    assert contents() == before
    assert result["reports"] == {"kept": 1, "unchanged": 2}
    assert result["schedules"] == {"kept": 1, "unchanged": 2}
    assert result["webhooks"] == {"kept": 1, "unchanged": 1}


def test_a_schedule_begins_anew(owner: Client, data: bytes) -> None:
    """No slot that has passed fires, however late the rest is."""

    def long_ago(rows: list[Any]) -> None:
        rows[1] |= {"starts_on": "2020-01-01", "rule": "FREQ=DAILY;BYHOUR=4"}
        rows[2] |= {"is_enabled": True, "starts_on": "2020-01-01", "ends_on": "2020-02-01"}

    restored(owner, rewritten(data, "schedules.jsonl", long_ago))
    coming, daily, over = Schedule.objects.order_by("pk")
    now = datetime.now(UTC)
    assert coming.next_on
    assert daily.next_on
    assert coming.next_on > now + timedelta(days=360)
    assert now < daily.next_on < now + timedelta(days=1, hours=1)
    assert (over.is_enabled, over.next_on) == (True, None)
    assert [(each.failures, each.last_slot) for each in (coming, daily, over)] == [(0, None)] * 3
    assert fire_due(now=daily.next_on - timedelta(seconds=1)) == 0
    assert not Job.objects.filter(kind="reports.export").exists()
    assert fire_due(now=daily.next_on) == 1
    assert ScheduledRun.objects.get().slot == daily.next_on


BROKEN = [
    (0, {"rule": "61 * * * *"}, "rule: "),
    (0, {"rule": "* * * * *"}, "rule: The rule fires more than once in 15 minutes."),
    (0, {"time_zone": "Moon/Tycho"}, "time_zone: There is no such time zone."),
    (0, {"time_zone": "../../etc/passwd"}, "time_zone: There is no such time zone."),
    (0, {"starts_on": "0001-01-01"}, "starts_on: The year must be from 2000 to 2199."),
    (0, {"action": "shell"}, "action: There is no such action; a schedule can start "),
    (0, {"params": {}}, "report: This field is required."),
    (0, {"params": {"report": 3}}, "report: Not a valid string."),
    (0, {"params": {"report": "rp_", "x": 1}}, "x: There is no such field here."),
    (1, {"params": {"format": "csv"}}, "kind: This field is required."),
    (1, {"params": {"kind": "links", "format": "x" * 9999}}, 'format: "xxx'),
    (
        1,
        {"params": {"kind": "clicks", "format": "csv", "filters": {"grids": [[1]]}}},
        "filters: grids: 0: Not a valid string.",
    ),
    (
        1,
        {"params": {"kind": "clicks", "format": "csv", "filters": {"grids": "all", "links": 1}}},
        "filters: grids: Expected a list of items",
    ),
    (1, {"params": {"kind": "clicks", "format": "csv", "filters": 5}}, "filters: "),
    (1, {"params": {"kind": "links", "format": "pdf"}}, 'format: "pdf" is not a valid choice.'),
]


@pytest.mark.parametrize(("number", "change", "reason"), BROKEN)
def test_a_schedule_that_could_start_nothing(
    owner: Client, data: bytes, number: int, change: dict[str, Any], reason: str
) -> None:
    """It is there, disabled, and all else as well."""
    bad = rewritten(data, "schedules.jsonl", lambda rows: rows[number].update(change))
    verdict = verdicts_of(owner, bad, "schedules")[number]
    assert verdict[0] == "create"
    assert verdict[1].startswith(f"it is disabled: {reason}")
    assert Schedule.objects.count() == 3
    found = Schedule.objects.get(slug=f"sc_{number + 1:032x}")
    assert (found.is_enabled, found.next_on) == (False, None)
    assert found.note.startswith(f"Disabled when it was restored. {reason}")
    assert owner.get(f"schedules/{found.slug}/").status_code == 200
    assert fire_due(now=datetime.now(UTC) + timedelta(days=3)) == 0


def test_a_disabled_schedule_is_checked_when_it_is_enabled(owner: Client, data: bytes) -> None:
    bad = rewritten(data, "schedules.jsonl", lambda rows: rows[2].update(rule="never"))
    assert verdicts_of(owner, bad, "schedules")[2] == ("create", "")
    found = Schedule.objects.get(name="Off")
    answer = owner.patch(f"schedules/{found.slug}/", {"is_enabled": True}, if_match="*")
    assert answer.status_code == 400
    assert Schedule.objects.get(name="Off").is_enabled is False


UNANSWERABLE = [
    ({"kind": "gossip"}, "there is no kind of report 'gossip' here"),
    ({"params": {"depth": 3}}, "its parameters cannot be read here: depth: There is no such "),
    ({"params": {"step": "year"}}, "its parameters cannot be read here: step: "),
    ({"formats": []}, "its formats are not some of: csv, html, json, pdf, xlsx"),
    ({"formats": ["docx"]}, "its formats are not some of: "),
    ({"formats": ["csv", "csv"]}, "its formats are not some of: "),
    ({"time_zone": "Moon/Tycho"}, "there is no time zone 'Moon/Tycho' here"),
    ({"range": {"preset": "last_year", "to": "now"}}, "its range cannot be read here: "),
    ({"range": {"preset": "always"}}, "its range cannot be read here: preset: "),
]


@pytest.mark.parametrize(("change", "reason"), UNANSWERABLE)
def test_a_report_that_cannot_be_answered_here(
    owner: Client, data: bytes, change: dict[str, Any], reason: str
) -> None:
    """It is left out, and all else is there."""
    bad = rewritten(data, "reports.jsonl", lambda rows: rows[0].update(change))
    found = verdicts_of(owner, bad, "reports")
    assert (found[0][0], found[0][1][: len(reason)]) == ("skip", reason)
    assert found[1:] == [("create", "")] * 2
    assert sorted(Report.objects.values_list("kind", flat=True)) == ["summary", "top"]
    assert Schedule.objects.count() == 3


def test_a_range_that_is_too_long_by_now_comes_back(owner: Client, data: bytes) -> None:
    """Whether a range makes sense changes with the day, and is told when the report is run."""
    old = rewritten(
        data, "reports.jsonl", lambda rows: rows[0].update(range={"from": "1950-01-01"})
    )
    assert verdicts_of(owner, old, "reports")[0] == ("create", "")
    answer = owner.post(f"reports/rp_{1:032x}/runs/", {})
    assert answer.status_code == 400


def test_a_webhook_has_a_new_secret_and_rests(owner: Client) -> None:
    furnish(owner)
    data = archived(owner)
    old = {decrypt(each) for each in WebhookEndpoint.objects.values_list("secret", flat=True)}
    forget_all()
    assert verdicts_of(owner, data, "webhooks") == [("create", SIGNED)] * 2
    first, second = WebhookEndpoint.objects.order_by("pk")
    secrets = {decrypt(first.secret), decrypt(second.secret)}
    assert len(secrets - old) == 2
    assert (first.is_enabled, second.is_enabled) == (False, False)
    assert first.note.startswith("It was restored from an archive, which has no secrets: ")
    assert second.events == ["job.cancelled", "job.truncated"]
    issued = webhook_rotate(endpoint=first)
    webhook_update(endpoint=first, changes=WebhookChanges(is_enabled=True))
    first.refresh_from_db()
    assert (decrypt(first.secret), first.is_enabled, first.note) == (issued.secret, True, "")
    assert restored(owner, data).result["webhooks"] == {"unchanged": 2}


ADDRESSES = [
    ("http://127.0.0.1/", "The address leads into a network that is not public."),
    ("http://[::ffff:10.0.0.1]/", "The address leads into a network that is not public."),
    ("http://localhost/", "The address leads into a network that is not public."),
    ("ftp://e.org/", "The URL must start with http://, https://, mailto: or tel:."),
    ("mailto:a@e.org", "The URL must start with http:// or https://."),
    ("https://a:b@e.org/", "The URL must hold no name or password; events are signed instead."),
    (" https://e.org/", "there are spaces around its address"),
    ("", "The URL is empty."),
]


@pytest.mark.parametrize(("url", "reason"), ADDRESSES)
def test_an_address_that_nothing_may_go_to(
    owner: Client, data: bytes, url: str, reason: str
) -> None:
    bad = rewritten(data, "webhooks.jsonl", lambda rows: rows[0].update(url=url))
    assert verdicts_of(owner, bad, "webhooks") == [("skip", reason), ("create", SIGNED)]
    assert WebhookEndpoint.objects.get().slug == f"wh_{2:032x}"


@pytest.mark.parametrize(
    ("setting", "table", "count"),
    [
        ("REPORTS_PER_USER", "reports", 3),
        ("SCHEDULES_PER_USER", "schedules", 3),
        ("WEBHOOKS_PER_USER", "webhooks", 2),
    ],
)
def test_no_more_than_there_may_be(
    owner: Client, data: bytes, settings: Any, setting: str, table: str, count: int
) -> None:
    setattr(settings, setting, 1)
    reason = f"there are 1 {table} here already, the most allowed"
    first, *others = verdicts_of(owner, data, table)
    assert first[0] == "create"
    assert others == [("skip", reason)] * (count - 1)
    setattr(settings, setting, count)
    assert restored(owner, data).result[table] == {"create": count - 1, "unchanged": 1}


def test_a_thousand_that_may_not_be(owner: Client, data: bytes, settings: Any) -> None:
    """Only as many as may be are looked at."""
    settings.REPORTS_PER_USER = 2
    more = rewritten(
        data,
        "reports.jsonl",
        lambda rows: rows.extend({**rows[1], "slug": f"rp_{n:032x}"} for n in range(50, 1050)),
    )
    assert restored(owner, more).result["reports"] == {"create": 2, "skip": 1001}


def test_any_number_where_there_is_no_limit(owner: Client, data: bytes, settings: Any) -> None:
    settings.SCHEDULES_PER_USER = 0
    assert restored(owner, data).result["schedules"] == {"create": 3}


def test_a_restored_schedule_can_be_changed(owner: Client, data: bytes) -> None:
    restored(owner, data)
    found = Schedule.objects.get(name="=Report")
    changed = schedule_update(
        schedule=found, version=2, changes=ScheduleChanges(time_zone="Asia/Tokyo")
    )
    assert changed.version == 3


def test_the_reports_that_came_with_it_are_found(owner: Client, data: bytes) -> None:
    restored(owner, data)
    answer = owner.get("reports/")
    assert {row["slug"] for row in answer.json()["results"]} == {f"rp_{n:032x}" for n in (1, 2, 3)}
    assert owner.post(f"reports/rp_{2:032x}/runs/", {}).status_code == 202
