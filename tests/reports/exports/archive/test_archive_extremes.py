"""Whatever an archive brings in, the whole API goes on working with it; what it could not take is refused."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grids.api.examples import GRID, LINK
from grids.models import Grid, Link
from reports.api.reports.examples import REPORT
from reports.exports.registry import formats_of
from reports.models import Report, ReportRun
from reports.reporting.kinds.registry import KINDS
from tasks.models import Job, Notification, Schedule, WebhookEndpoint
from tasks.schedules.firing import fire_due
from tests.support.client import Client
from tests.support.every_endpoint import every_call
from tests.support.extremes import Choose, extreme
from tests.support.platform import execute, user_of
from tests.support.reports.archives import (
    forget_all,
    noted,
    refused,
    rewritten,
    submit_restore,
    unzipped,
    zipped,
)
from tests.support.reports.report_runs import ask, define

THIS_YEAR = {"preset": "last_365_days"}
pytestmark = pytest.mark.django_db(transaction=True)


def last(values: Sequence[Any]) -> Any:
    """The last candidate that a field takes."""
    return values[-1]


def longest(values: Sequence[Any]) -> Any:
    """The one that is largest as text."""
    return max(values, key=lambda value: len(str(value)))


def largest(values: Sequence[Any]) -> Any:
    """The largest number, or else the longest."""
    numbers = [value for value in values if type(value) is int]
    return max(numbers) if numbers else longest(values)


def smallest(values: Sequence[Any]) -> Any:
    """The smallest number, or else the one that is shortest as text."""
    numbers = [value for value in values if type(value) is int]
    return min(numbers) if numbers else min(values, key=lambda value: len(str(value)))


def at_random(seed: int) -> Choose:
    """Any one of them."""
    return random.Random(seed).choice


CHOICES: dict[str, Callable[[], Choose]] = {
    "last": lambda: last,
    "longest": lambda: longest,
    "largest": lambda: largest,
    "smallest": lambda: smallest,
    "any": lambda: at_random(13),
}


@pytest.fixture
def restored_here(owner: Client, good: bytes, settings: Any) -> Callable[[Choose], str]:
    """Restore the archive with other values; why it was not. Nothing of an earlier one is left."""
    settings.OUTBOUND_PORTS = frozenset()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    owner.http.raise_request_exception = True

    def restore(choose: Choose) -> str:
        forget_all()
        for model in (Job, Notification):
            model.objects.all().delete()
        job = execute(submit_restore(owner, [extreme(good, choose)]))
        assert (job.status, job.error_code) in (("succeeded", ""), ("failed", "unreadable"))
        return job.error_message

    return restore


def slugs(model: Any) -> list[str]:
    """The slugs of all rows of a model."""
    return list(model.objects.order_by("pk").values_list("slug", flat=True))


def use_every_endpoint(owner: Client) -> list[int]:
    """The statuses of all answers; a defect is raised."""
    named = {
        "grids": slugs(Grid),
        "links": slugs(Link),
        "reports": slugs(Report),
        "schedules": slugs(Schedule),
        "webhooks": slugs(WebhookEndpoint),
        "jobs": slugs(Job),
        "notifications": slugs(Notification),
        "imports": slugs(Job),
    }
    run = ReportRun.objects.values_list("job__slug", flat=True).first() or f"jb_{0:032x}"
    names = {
        "username": user_of(owner).username,
        "name": "verdicts.csv",
        "run": run,
        "other": run,
        "delivery": f"dl_{0:032x}",
    }
    examples = {
        str(GRID["slug"]): named["grids"][0],
        str(LINK["slug"]): named["links"][0],
        str(REPORT["slug"]): (named["reports"] or [""])[0],
    }
    return [call.send(owner) for call in every_call(named, names, examples)]


def start_every_job(owner: Client) -> None:
    """Start an export in every format and a report of every kind, in zones far apart."""
    for kind, time_zone in (("links", "Pacific/Kiritimati"), ("clicks", "Etc/GMT+12")):
        for form in formats_of(kind):
            body = {"kind": kind, "format": form, "time_zone": time_zone}
            assert owner.post("exports/", body).status_code == 202
    assert owner.post("exports/", {"kind": "account"}).status_code == 202
    for kind in KINDS:
        report = define(owner, kind=kind, formats=["json", "csv", "xlsx", "html"], range=THIS_YEAR)
        assert ask(owner, report).status_code == 202
    for schedule in Schedule.objects.exclude(next_on=None):
        fire_due(now=schedule.next_on)


def run_all_jobs() -> None:
    """Run whatever waits; nothing may crash."""
    while job := Job.objects.filter(status="queued").order_by("pk").first():
        done = execute(job)
        assert done.status in ("succeeded", "truncated", "failed", "cancelled")
    defects = Job.objects.filter(error_code__in=("internal", "crashed", "unavailable"))
    assert list(defects.values_list("kind", "error_message")) == []


@pytest.mark.parametrize("name", CHOICES)
def test_every_endpoint_and_every_job_works_with_the_edges_of_every_value(
    owner: Client, restored_here: Callable[[Choose], str], name: str
) -> None:
    assert restored_here(CHOICES[name]()) == ""
    start_every_job(owner)
    run_all_jobs()
    statuses = use_every_endpoint(owner)
    assert max(statuses) < 500
    assert sum(status < 300 for status in statuses) > len(statuses) / 2
    run_all_jobs()


def test_every_endpoint_works_with_any_values(
    owner: Client, restored_here: Callable[[Choose], str]
) -> None:
    restored = 0

    @settings(
        max_examples=10, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(seed=st.integers(0, 2**32))
    def check(seed: int) -> None:
        nonlocal restored
        if not restored_here(at_random(seed)):
            restored += 1
            assert max(use_every_endpoint(owner)) < 500

    check()
    assert restored


@pytest.mark.parametrize("version", [2**31 - 1, 2**30 + 1])
@pytest.mark.parametrize("table", ["grids", "links", "reports", "schedules"])
def test_a_version_keeps_room_to_grow(owner: Client, good: bytes, table: str, version: int) -> None:
    data = rewritten(good, f"{table}.jsonl", lambda rows: rows[0].update(version=version))
    assert refused(owner, data) == f"{table}.jsonl, line 1: version is not between 1 and {2**30}."


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ("links", "style"),
        ("links", "tags"),
        ("reports", "params"),
        ("reports", "scope"),
        ("reports", "range"),
        ("schedules", "params"),
        ("schedules", "deliveries"),
        ("webhooks", "events"),
        ("account", "locale"),
        ("grids", "title"),
    ],
)
@pytest.mark.parametrize("depth", [32, 400, 20_000])
def test_json_deeper_than_any_request_may_send_is_refused(
    owner: Client, good: bytes, table: str, field: str, depth: int
) -> None:
    marker = "the deep value"
    data = rewritten(good, f"{table}.jsonl", lambda rows: rows[0].update({field: marker}))
    deep = ('{"a":' * depth) + "{}" + "}" * depth
    assert refused(owner, replaced(data, f'"{marker}"', deep)).startswith(
        f"{table}.jsonl, line 1: is "
    )


def replaced(data: bytes, old: str, new: str) -> bytes:
    """The archive with other text in its files, and a manifest that is right about it."""
    from tests.support.reports.archives import unzipped, zipped

    files = {
        name: content.replace(old.encode(), new.encode())
        for name, content in unzipped(data).items()
    }
    return zipped(noted(files))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999+00:00"])
@pytest.mark.parametrize(
    ("table", "field"),
    [("grids", "created_on"), ("links", "modified_on"), ("clicks", "clicked_on"), ("reports", "created_on")],
)  # fmt: skip
def test_the_server_has_noted_nothing_at_the_edges_of_time(
    owner: Client, good: bytes, table: str, field: str, moment: str
) -> None:
    data = rewritten(good, f"{table}.jsonl", lambda rows: rows[0].update({field: moment}))
    assert refused(owner, data) == (
        f"{table}.jsonl, line 1: {field} is no moment: the year is not from 1970 to 2199."
    )


def test_an_owner_may_have_chosen_the_edges_of_time(
    owner: Client, restored_here: Callable[[Choose], str]
) -> None:
    """As the API lets them."""
    assert restored_here(lambda values: values[0]) == ""
    link = Link.objects.get(alias="one")
    window = {"active_from": "0001-01-01T00:00:00Z", "active_until": "9999-12-31T23:59:59Z"}
    answer = owner.patch(f"links/{link.slug}/", window, if_match="*")
    assert {name: answer.json()[name] for name in window} == window


@pytest.mark.parametrize(
    "note", [{"rows": -1}, {"rows": 10**30, "size": 10**31}, {"size": -1}, {"rows": 7, "size": 6}]
)
def test_a_manifest_that_counts_what_cannot_be(
    owner: Client, good: bytes, note: dict[str, int]
) -> None:
    files = unzipped(good)
    manifest = json.loads(files["manifest.json"])
    manifest["files"][0].update(note)
    files["manifest.json"] = json.dumps(manifest).encode()
    assert "manifest.json cannot be read: ValueError('a file has " in refused(owner, zipped(files))
