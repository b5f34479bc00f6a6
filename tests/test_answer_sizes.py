"""No answer grows beyond a mebibyte with what is stored: every list of the API, with the largest rows that
there can be, ends its pages in time and leaves none out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db.models import QuerySet
from django.utils import timezone

from gridlink.accounts.models import Token, User
from gridlink.lib.rest.pagination import PAGE_BYTES
from gridlink.lib.weburl import URL_LENGTH
from grids.api.filters import TILES_SHOWN
from grids.models import NOTE_LENGTH, TAG_LENGTH, TAGS_MAX, Grid, Link, LinkCheck, Visibility
from grids.models import TITLE_LENGTH as LINK_TITLE
from grids.selectors import PROFILE_LINKS
from grids.services.styles import STYLE_BYTES
from reports.models import TITLE_LENGTH, LinkDay, LinkHour, Report, ReportRun
from reports.reporting.kinds.scope import NAMED_MAX
from tasks.models import (
    NOTE_LENGTH as SCHEDULE_NOTE,
)
from tasks.models import (
    Channel,
    Delivery,
    DeliveryStatus,
    Download,
    EventType,
    FileRole,
    Job,
    JobEvent,
    JobFile,
    Notification,
    RunStatus,
    Schedule,
    ScheduledRun,
    WebhookEndpoint,
)
from tests.support.client import Client
from tests.support.grids.grids import bulk

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "openapi.yaml"
# Beside the results of a page: the addresses of its neighbours, and what a list says of itself.
HEAD_BYTES = 32 * 1024
# Four bytes each, the most that a character takes; and six, with which a control character is escaped.
WIDE, ESCAPED = "😀", "\x01"
ROWS = 60
NOW = datetime(2026, 3, 4, tzinfo=UTC)
SLUGS = [f"{number:032x}" for number in range(NAMED_MAX)]
SCOPE = {"grids": [f"gr_{slug}" for slug in SLUGS], "links": [f"li_{slug}" for slug in SLUGS]}
TEXT_URL = "https://example.org/" + WIDE * (URL_LENGTH - 20)


def lists() -> list[str]:
    """The path of every list of the document."""
    paths = yaml.safe_load(DOCUMENT.read_text())["paths"]
    return [
        path.removeprefix("/api/v1/")
        for path, methods in paths.items()
        if any(each["name"] == "cursor" for each in methods.get("get", {}).get("parameters", ()))
    ]


class Full:
    """An account whose rows are all as large as they can be."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.grid = self._grids()
        self._links()
        self.job, self.file = self._jobs()
        self.report = self._reports()
        self.schedule = self._schedules()
        self.webhook = self._notifications()
        expires_on = timezone.now() + timedelta(days=1)
        Token.objects.bulk_create(
            Token(user=user, name=WIDE * 100, digest=slug * 2, scopes=["read", "write", "admin"],
                expires_on=expires_on)
            for slug in SLUGS[:ROWS]
        )  # fmt: skip

    def _grids(self) -> Grid:
        grids = Grid.objects.bulk_create(
            Grid(user=self.user, title=WIDE * LINK_TITLE, description=ESCAPED * NOTE_LENGTH,
                visibility=Visibility.PUBLIC)
            for _ in range(ROWS)
        )  # fmt: skip
        return grids[0]

    def _links(self) -> None:
        links = Link.objects.bulk_create(
            Link(user=self.user, grid=self.grid, url=TEXT_URL, url_key=SLUGS[number], x=0, y=number,
                title=WIDE * LINK_TITLE, note=ESCAPED * NOTE_LENGTH, background="b" * 2048,
                tags=[WIDE * TAG_LENGTH] * TAGS_MAX, style={"icon": "i" * STYLE_BYTES})
            for number in range(ROWS)
        )  # fmt: skip
        LinkCheck.objects.bulk_create(
            LinkCheck(link=link, url_key=link.url_key, verdict="moved", final_url=TEXT_URL,
                moved_to=TEXT_URL, detail=WIDE * 300, checked_on=NOW)
            for link in links
        )  # fmt: skip
        LinkHour.objects.bulk_create(
            LinkHour(
                link_id=link.pk,
                hour=NOW + timedelta(hours=hour),
                grid_id=self.grid.pk,
                user_id=self.user.pk,
                accepted=1,
                humans=1,
            )
            for link in links
            for hour in range(4)
        )
        LinkDay.objects.bulk_create(
            LinkDay(link_id=link.pk, day=NOW.date(), grid_id=self.grid.pk, user_id=self.user.pk,
                accepted=4, humans=4)
            for link in links
        )  # fmt: skip

    def _jobs(self) -> tuple[Job, JobFile]:
        jobs = Job.objects.bulk_create(
            Job(user=self.user, kind="reports.report", queue="reports", params={"scope": SCOPE})
            for _ in range(5)
        )
        job = jobs[0]
        JobEvent.objects.bulk_create(
            JobEvent(job=job, type=EventType.QUEUED, attempt=0, detail={"note": WIDE * 5000})
            for _ in range(ROWS)
        )
        file = JobFile.objects.create(
            job=job, role=FileRole.OUTPUT, name="f", storage_key="k", content_type="t", size=1,
            sha256="0" * 64, expires_on=timezone.now() + timedelta(days=1),
        )  # fmt: skip
        Download.objects.bulk_create(
            Download(file=file, token=f"tk_{slug}", first_byte=1 << 60, request_id="r" * 64)
            for slug in SLUGS[: ROWS * 4]
        )
        return job, file

    def _reports(self) -> Report:
        reports = Report.objects.bulk_create(
            Report(user=self.user, title=WIDE * TITLE_LENGTH, kind="traffic", scope=SCOPE,
                time_zone="UTC", week_start="monday", formats=["json"], paper="a4")
            for _ in range(5)
        )  # fmt: skip
        ReportRun.objects.bulk_create(
            ReportRun(job=job, report=reports[0]) for job in Job.objects.all()
        )
        return reports[0]

    def _schedules(self) -> Schedule:
        schedules = Schedule.objects.bulk_create(
            Schedule(user=self.user, name=WIDE * 100, action="export", rule="r" * 300, form="cron",
                time_zone="UTC", starts_on=NOW.date(), is_enabled=False, note=WIDE * SCHEDULE_NOTE,
                params={"text": "p" * 40_000})
            for _ in range(ROWS)
        )  # fmt: skip
        ScheduledRun.objects.bulk_create(
            ScheduledRun(schedule=schedules[0], slot=NOW + timedelta(hours=hour),
                status=RunStatus.REFUSED, note=WIDE * SCHEDULE_NOTE, is_settled=True)
            for hour in range(ROWS * 10)
        )  # fmt: skip
        return schedules[0]

    def _notifications(self) -> WebhookEndpoint:
        notifications = Notification.objects.bulk_create(
            Notification(user=self.user, type="job.failed", job=self.job.slug, title=WIDE * 300,
                data={"params": {"scope": SCOPE}} if number >= ROWS * 5 - 5 else {})
            for number in range(ROWS * 5)
        )  # fmt: skip
        webhooks = WebhookEndpoint.objects.bulk_create(
            WebhookEndpoint(user=self.user, url=TEXT_URL, secret="", note=WIDE * 1000)
            for _ in range(ROWS)
        )
        Delivery.objects.bulk_create(
            Delivery(notification=each, user=self.user, channel=Channel.WEBHOOK, endpoint=webhooks[0],
                lane=webhooks[0].slug, status=DeliveryStatus.DELIVERED, next_on=None,
                answer=ESCAPED * 1024, error=WIDE * 1000)
            for each in notifications
        )  # fmt: skip
        return webhooks[0]

    @property
    def named(self) -> dict[str, str]:
        """The slugs of the paths, by what they begin with."""
        return {
            "grids": self.grid.slug,
            "jobs": self.job.slug,
            "reports": self.report.slug,
            "schedules": self.schedule.slug,
            "webhooks": self.webhook.slug,
        }

    def path(self, template: str) -> str:
        """A list's path."""
        slug = self.named.get(template.split("/")[0], "")
        return template.format(slug=slug, name=self.file.name, username=self.user.username)


@pytest.fixture
def full(alice: Client) -> Full:
    """Alice's account, full."""
    assert alice.user
    return Full(alice.user)


# What a list has in all; of most, all rows of the model.
COUNTED: dict[str, Callable[[], QuerySet[Any]]] = {
    "auth/tokens/": Token.objects.all,
    "grids/": Grid.objects.all,
    "grids/{slug}/checks/": LinkCheck.objects.all,
    "grids/{slug}/layout/": Link.objects.all,
    "grids/{slug}/ledger/": LinkHour.objects.all,
    "grids/{slug}/links/": Link.objects.all,
    "jobs/": Job.objects.all,
    "jobs/{slug}/events/": JobEvent.objects.all,
    "jobs/{slug}/files/{name}/downloads/": Download.objects.all,
    "links/": Link.objects.all,
    "notifications/": Notification.objects.all,
    "reports/": Report.objects.all,
    "reports/{slug}/runs/": ReportRun.objects.all,
    "schedules/": Schedule.objects.all,
    "schedules/{slug}/runs/": ScheduledRun.objects.all,
    "users/{username}/": Grid.objects.all,
    "webhooks/": WebhookEndpoint.objects.all,
    "webhooks/{slug}/deliveries/": Delivery.objects.all,
}
# Their largest rows together are less than a page.
NEVER_END_SOONER = {
    "auth/tokens/", "grids/{slug}/layout/", "grids/{slug}/ledger/",
    "jobs/{slug}/files/{name}/downloads/", "schedules/{slug}/runs/",
}  # fmt: skip
LIMITS = {"users/{username}/": 50, "grids/{slug}/layout/": TILES_SHOWN}
QUERIES = {"grids/{slug}/ledger/": "&from=2026-03-01&to=2026-03-31"}


def rows_of(page: dict[str, Any]) -> list[Any]:
    """The rows of a page, whatever they are called."""
    (rows,) = (page[name] for name in ("results", "grids", "links") if name in page)
    return list(rows)


@pytest.mark.parametrize("template", lists())
def test_every_list_ends_its_pages_at_a_mebibyte_and_leaves_nothing_out(
    alice: Client, full: Full, template: str
) -> None:
    limit = LIMITS.get(template, 200)
    url, pages = f"{full.path(template)}?limit={limit}{QUERIES.get(template, '')}", []
    while url:
        response = alice.get(url)
        assert response.status_code == 200, response.content
        assert len(response.content) <= PAGE_BYTES + HEAD_BYTES
        pages.append(rows_of(response.json()))
        assert pages[-1]
        url = response.json()["next"]
    total = COUNTED[template]().count()
    assert sum(map(len, pages)) == total
    assert (len(pages[0]) < min(total, limit)) == (template not in NEVER_END_SOONER)


def test_a_profile_of_fifty_full_grids_is_a_mebibyte(full: Full, anonymous: Client) -> None:
    """Each grid shows a few links, whatever else they hold, and no notes."""
    grids = Grid.objects.exclude(pk=full.grid.pk)
    Link.objects.bulk_create(
        Link(user=full.user, grid=grid, url=TEXT_URL, title="t", note="n" * NOTE_LENGTH, x=0, y=number)
        for grid in grids
        for number in range(10)
    )  # fmt: skip
    grids.update(description="")
    response = anonymous.get("users/alice/?limit=50")
    assert len(response.content) <= PAGE_BYTES + HEAD_BYTES
    for grid in response.json()["grids"]:
        assert [link["title"] for link in grid["links"]] == ["t"] * PROFILE_LINKS
        assert not any("note" in link for link in grid["links"])
        assert grid["links_total"] == 10


def test_a_layout_of_five_thousand_tiles_is_one_page_of_half_a_mebibyte(alice: Client) -> None:
    assert alice.user
    grid = Grid.objects.create(user=alice.user, title="Large", columns=24)
    Link.objects.bulk_create(
        Link(user=alice.user, grid=grid, url="https://example.org/", title="t", note="n" * 1000,
            x=23, y=990_000 + number, width=1, height=1)
        for number in range(TILES_SHOWN + 1)
    )  # fmt: skip
    response = alice.get(f"grids/{grid.slug}/layout/")
    assert len(response.content) <= 512 * 1024
    assert len(response.json()["links"]) == TILES_SHOWN
    rest = alice.get(response.json()["next"])
    assert rest["ETag"] == response["ETag"] == '"1"'
    assert [tile["y"] for tile in rest.json()["links"]] == [990_000 + TILES_SHOWN]


def test_the_analytics_of_a_thousand_links_are_a_mebibyte(alice: Client, full: Full) -> None:
    """What does not fit is in `other`, as what is over the limit is."""
    url = (
        f"grids/{full.grid.slug}/analytics/?group_by=link&limit=1000&from=2026-03-01&to=2026-03-31"
    )
    response = alice.get(url)
    assert len(response.content) <= PAGE_BYTES + HEAD_BYTES
    answer = response.json()
    *named, other = answer["results"]
    assert (other["key"], other["label"]) == (None, "other")
    assert len(named) < ROWS
    assert sum(row["humans"] for row in answer["results"]) == answer["totals"]["humans"] == ROWS * 4


def test_a_thousand_faulty_items_are_answered_in_two_mebibytes(alice: Client) -> None:
    """Each has a verdict; only the first ones say what is wrong with which field."""
    faulty = {"url": "x" * 1000, "title": "t", "style": {f"{number}": 1 for number in range(300)}}
    response = alice.post("links/bulk/", {"create": [faulty] * 1000})
    assert len(response.content) <= 2 * PAGE_BYTES
    answer = response.json()
    assert (answer["failed"], len(answer["results"])) == (1000, 1000)
    assert set(answer["results"][0]["error"]["fields"]) == {"grid", "url", "style"}
    assert answer["results"][-1]["error"] == {
        "code": "invalid",
        "message": "Some fields are not valid.",
    }


def test_a_verdict_does_not_repeat_what_is_no_slug(alice: Client) -> None:
    (result,) = bulk(alice, delete=[{"slug": "x" * 100_000}])["results"]
    assert (result["status"], result["slug"]) == ("failed", None)


def test_an_error_repeats_only_the_beginning_of_the_input(alice: Client) -> None:
    response = alice.post("exports/", {"kind": "k" * 1_000_000})
    (message,) = response.json()["error"]["fields"]["kind"]
    assert message == f'"{"k" * 999}…'
