"""From a schedule to a mailbox: a saved report fired by a real beat, made by real workers, and delivered by
every way."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader

from reports.reporting.results.result import Result
from tasks.models import Delivery, Job, Schedule
from tests.support.client import Client, content, make_user
from tests.support.platform import user_of
from tests.support.processes import beat, worker
from tests.support.reports import golden
from tests.support.reports.rendered import cells_of_result, cells_of_xlsx
from tests.support.reports.report_runs import ask, define
from tests.support.reports.reports import facts
from tests.support.tasks.jobs import await_end, look
from tests.support.tasks.notifications import add_webhook, allow_local, mailed, make_due, verified
from tests.support.tasks.smtp import Mailbox, mail_server
from tests.support.waiting import wait_for
from tests.support.web import Web, in_turn, reply, web

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_months_left")]
FIRED = "Sending due task fire-schedules"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAME = "top_2025-10-01_2026-04-30"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as running:
        yield running


@pytest.fixture
def server() -> Iterator[Web]:
    """Out of order at first, so that its message is sent twice."""
    with web(hook=in_turn(reply(500), reply(204))) as running:
        yield running


@pytest.fixture
def owner(transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Has the golden account, and wishes for no e-mail but what schedules send."""
    allow_local(settings)
    monkeypatch.setenv("SCHEDULE_SECONDS", "1")
    owner = Client(make_user("alice"))
    golden.fill(mailed(user_of(owner), "none"), make_user("stranger"))
    return owner


def surroundings(server: Web, mailbox: Mailbox) -> dict[str, str]:
    return {
        "OUTBOUND_ALLOW": "127.0.0.0/8",
        "OUTBOUND_PORTS": str(server.port),
        "EMAIL_URL": mailbox.url,
        "EMAIL_FROM": "links@gridlink.test",
    }


def make_schedule(owner: Client, report: dict[str, Any]) -> tuple[str, datetime]:
    """A schedule whose slot came a minute ago, and comes again in a day; its slug, and the slot."""
    slot = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
    body = {
        "name": "Every day",
        "action": "report",
        "params": {"report": report["slug"]},
        "rule": f"{slot.minute} {slot.hour} * * *",
        "form": "cron",
        "time_zone": "UTC",
        "deliveries": [
            {"channel": "email", "attach": True},
            {"channel": "webhook"},
            {"channel": "in_app"},
        ],
    }
    response = owner.post("schedules/", body)
    assert response.status_code == 201, response.content
    slug: str = response.json()["slug"]
    assert Schedule.objects.filter(slug=slug).update(next_on=slot) == 1
    return slug, slot


def waits_for_its_next_try() -> bool:
    # A try that is under way has a lease.
    tried = Delivery.objects.filter(channel="webhook", status="waiting", attempts=1)
    return tried.filter(lease_expires_on=None).exists()


def all_delivered() -> bool:
    return Delivery.objects.filter(status="delivered").count() == 2


def runs(owner: Client, slug: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = owner.get(f"schedules/{slug}/runs/").json()["results"]
    return listed


def attached(message: EmailMessage) -> dict[str, bytes]:
    """The attachments by their types."""
    return {
        part.get_content_type(): part.get_payload(decode=True)  # type: ignore[misc]
        for part in message.iter_attachments()
    }


def assert_holds(files: dict[str, bytes], result: Result) -> None:
    """Both are what the run's result says."""
    assert facts(result)["clicks"] == 12
    assert cells_of_xlsx(files[XLSX], result) == cells_of_result(result)
    assert openpyxl.load_workbook(io.BytesIO(files[XLSX])).sheetnames[0] == "Summary"
    text = PdfReader(io.BytesIO(files["application/pdf"])).pages[0].extract_text()
    assert "50.00%" in text
    assert '#eval("x")' in text


def test_a_scheduled_report_is_made_once_and_delivered_by_every_way(
    owner: Client, server: Web, mailbox: Mailbox, tmp_path: Path
) -> None:
    _, secret = add_webhook(owner, server.url("/hook"), "job.failed")
    fields = {"kind": "top", "range": golden.RANGE, "time_zone": golden.ZONE}
    report = define(owner, title=golden.REPORT_TITLE, formats=["pdf", "xlsx"], **fields)
    schedule, slot = make_schedule(owner, report)
    around = surroundings(server, mailbox)
    with (
        worker(tmp_path, name="one", environment=around),
        worker(tmp_path, name="two", environment=around),
        beat(tmp_path) as ticking,
    ):
        (run,) = wait_for(lambda: runs(owner, schedule), seconds=60, what="the slot's run")
        done = await_end(owner, run["job"])
        assert done["status"] == "succeeded", done
        wait_for(waits_for_its_next_try, what="the webhook's first try")
        make_due(channel="webhook")
        wait_for(all_delivered, seconds=90, what="both deliveries")
        # Nothing comes of it that it is looked again and again.
        ticking.await_line(FIRED, times=ticking.text.count(FIRED) + 3)
        by_hand = ask(owner, report, fresh=True).json()["slug"]
        assert await_end(owner, by_hand)["status"] == "succeeded"
    assert {name: run[name] for name in ("slot", "status", "job", "note")} == {
        "slot": slot.isoformat().replace("+00:00", "Z"),
        "status": "submitted",
        "job": done["slug"],
        "note": "",
    }
    assert runs(owner, schedule) == [run]
    assert Job.objects.count() == 2
    assert by_hand != done["slug"]
    assert_mailed(owner, mailbox, report, done["slug"])
    assert_told(owner, server, secret, done["slug"])
    # Whoever asks again gets the last answer, as nothing has changed since.
    again = ask(owner, report)
    assert (again.json()["slug"], again["Idempotent-Replayed"]) == (by_hand, "true")


def assert_mailed(owner: Client, mailbox: Mailbox, report: dict[str, Any], job: str) -> None:
    """One message, with both files as they are kept."""
    (message,) = mailbox.messages
    assert mailbox.recipients == [["alice@example.org"]]
    assert message["Subject"].strip() == f"Report “{golden.REPORT_TITLE}” succeeded"
    names = [part.get_filename() for part in message.iter_attachments()]
    assert names == [f"{NAME}.pdf", f"{NAME}.xlsx"]
    shown = owner.get(f"reports/{report['slug']}/runs/{job}/")
    stored = json.loads(content(shown))["result"]
    assert_holds(attached(message), Result.from_json(stored))


def assert_told(owner: Client, server: Web, secret: str, job: str) -> None:
    """The same signed event twice, under the id of the notification in the list; of the run by hand there is
    one in the list alone."""
    by_hand, told = owner.get("notifications/").json()["results"]
    title = f"Report “{golden.REPORT_TITLE}” succeeded"
    assert (told["job"], told["type"], told["title"]) == (job, "job.succeeded", title)
    assert (by_hand["type"], by_hand["title"]) == ("job.succeeded", title)
    assert [asked.headers["webhook-id"] for asked in server.asked] == [told["slug"]] * 2
    first, second = (verified(asked, secret) for asked in server.asked)
    assert first == second
    assert (first["type"], first["data"]["slug"]) == ("job.succeeded", job)
    files = look(owner, job)["files"]
    assert [file["sha256"] for file in first["data"]["files"]] == [file["sha256"] for file in files]
