"""`exports/`: what may be asked for, by whom, and that a refusal starts nothing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection

from gridlink.lib.zones import zone_names
from grids.models import Grid
from tasks.models import Job
from tests.support.client import Client
from tests.support.platform import event_types

pytestmark = pytest.mark.django_db

BODY = {"kind": "links", "format": "csv"}


def grid_of(client: Client, **fields: Any) -> Grid:
    assert client.user
    return Grid.objects.create(user=client.user, title="A grid", **fields)


def assert_refused(response: Any, status: int, code: str, *fields: str) -> None:
    assert response.status_code == status, response.content
    error = response.json()["error"]
    assert error["code"] == code
    assert sorted(error.get("fields", {})) == sorted(fields)
    assert not Job.objects.exists()


def test_request_becomes_a_job(alice: Client) -> None:
    response = alice.post("exports/", BODY)
    assert response.status_code == 202
    assert response["Cache-Control"] == "no-store"
    body = response.json()
    assert response["Location"] == f"http://testserver/api/v1/jobs/{body['slug']}/"
    assert (body["kind"], body["status"], body["attempt"]) == ("reports.export", "queued", 0)
    assert body["params"] == {
        "kind": "links",
        "format": "csv",
        "compression": "none",
        "columns": [],
        "filters": {},
        "style": {"zone": "UTC", "delimiter": ",", "bom": False, "times": "offset"},
    }
    job = Job.objects.get()
    assert (job.slug, job.user, job.queue) == (body["slug"], alice.user, "quick")
    assert event_types(job) == ["queued"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "netscape"])
@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_every_format_and_compression(alice: Client, form: str, compression: str) -> None:
    body = {"kind": "links", "format": form, "compression": compression}
    assert alice.post("exports/", body).status_code == 202


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "clicks2"}, "kind"),
        ({"kind": None}, "kind"),
        ({"kind": ["links"]}, "kind"),
        ({"format": "xml"}, "format"),
        ({"format": "CSV"}, "format"),
        ({"format": 1}, "format"),
        ({"compression": "rar"}, "compression"),
        ({"colour": "red"}, "colour"),
        ({"filters": []}, "filters"),
        ({"filters": "all"}, "filters"),
        ({"filters": {"users": []}}, "filters"),
        ({"filters": {"grids": "gr_x"}}, "filters"),
        ({"filters": {"tags": [1]}}, "filters"),
        ({"filters": {"tags": ["a\u0000"]}}, "filters"),
        ({"filters": {"tags": ["t" * 65]}}, "filters"),
        ({"filters": {"tags": ["t"] * 101}}, "filters"),
        ({"filters": {"grids": [{}]}}, "filters"),
    ],
)
def test_bad_request(alice: Client, changes: dict[str, Any], field: str) -> None:
    assert_refused(alice.post("exports/", {**BODY, **changes}), 400, "invalid", field)


def test_missing_kind(alice: Client) -> None:
    assert_refused(alice.post("exports/", {"format": "csv"}), 400, "invalid", "kind")


@pytest.mark.parametrize("kind", ["links", "clicks"])
def test_a_table_without_a_format_is_csv(alice: Client, kind: str) -> None:
    params = alice.post("exports/", {"kind": kind, "delimiter": "tab"}).json()["params"]
    assert (params["format"], params["style"]["delimiter"]) == ("csv", "\t")


def test_an_account_without_a_format_is_an_archive(alice: Client) -> None:
    assert alice.post("exports/", {"kind": "account"}).json()["kind"] == "reports.archive"


def test_other_peoples_grids_are_not_there(alice: Client, bob: Client) -> None:
    mine, other = grid_of(alice), grid_of(bob)
    wished = {**BODY, "filters": {"grids": [mine.slug, other.slug]}}
    assert_refused(alice.post("exports/", wished), 404, "not_found")
    nowhere = {**BODY, "filters": {"grids": ["gr_" + "0" * 32]}}
    assert_refused(alice.post("exports/", nowhere), 404, "not_found")
    nonsense = {**BODY, "filters": {"grids": ["'; DROP TABLE x; --"]}}
    assert_refused(alice.post("exports/", nonsense), 404, "not_found")


def test_grid_in_the_trash_is_not_there(alice: Client) -> None:
    grid = grid_of(alice)
    assert alice.delete(f"grids/{grid.slug}/", **{"If-Match": "*"}).status_code == 204
    wished = {**BODY, "filters": {"grids": [grid.slug]}}
    assert_refused(alice.post("exports/", wished), 404, "not_found")


def test_who_may(carol: Client, anonymous: Client) -> None:
    assert_refused(carol.post("exports/", BODY), 403, "forbidden")
    assert_refused(anonymous.post("exports/", BODY), 401, "unauthenticated")


@pytest.mark.parametrize("request_id", ["short", "x" * 500, "é"])
def test_job_is_tied_to_the_request_by_an_id_of_our_own(alice: Client, request_id: str) -> None:
    response = alice.post("exports/", BODY, **{"X-Request-ID": request_id})
    assert response.status_code == 202
    assert str(uuid.UUID(Job.objects.get().request_id)) == Job.objects.get().request_id


def test_an_account_is_exported_as_a_whole(alice: Client) -> None:
    response = alice.post("exports/", {"kind": "account", "format": "zip"})
    assert response.status_code == 202, response.content
    assert Job.objects.get().kind == "reports.archive"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"format": "csv"}, "format"),
        ({"compression": "gzip"}, "kind"),
        ({"columns": ["url"]}, "kind"),
        ({"filters": {"tags": ["a"]}}, "kind"),
        ({"time_zone": "Asia/Kolkata"}, "kind"),
    ],
)
def test_an_account_has_no_choices(alice: Client, more: dict[str, Any], field: str) -> None:
    body = {"kind": "account", "format": "zip", **more}
    assert_refused(alice.post("exports/", body), 400, "invalid", field)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"kind": "clicks", "format": "netscape"}, "format"),
        ({"kind": "links", "format": "zip"}, "format"),
        ({"kind": "links", "format": "xlsx", "compression": "zstd"}, "compression"),
        ({"kind": "links", "format": "jsonl", "bom": True}, "format"),
        ({"kind": "links", "format": "xlsx", "times": "local"}, "format"),
        ({"kind": "links", "format": "csv", "times": "sundial"}, "times"),
        ({"kind": "links", "format": "netscape", "columns": ["url"]}, "columns"),
        ({"kind": "links", "format": "csv", "columns": ["user_agent"]}, "columns"),
        ({"kind": "links", "format": "csv", "columns": ["url", "url"]}, "columns"),
        ({"kind": "links", "format": "csv", "filters": {"verdicts": ["bot"]}}, "filters"),
        ({"kind": "clicks", "format": "csv", "filters": {"tags": ["a"]}}, "filters"),
        ({"kind": "clicks", "format": "csv", "filters": {"from": "yesterday"}}, "from"),
        ({"kind": "clicks", "format": "csv", "filters": {"from": "50000-01-01"}}, "from"),
        (
            {
                "kind": "clicks",
                "format": "csv",
                "filters": {"from": "2026-02-01", "to": "2026-01-01"},
            },
            "to",
        ),
        ({"kind": "clicks", "format": "csv", "time_zone": "Middle/Earth"}, "tz"),
    ],
)
def test_what_does_not_go_together(alice: Client, more: dict[str, Any], field: str) -> None:
    assert_refused(alice.post("exports/", more), 400, "invalid", field)


def test_postgres_knows_every_zone(alice: Client) -> None:
    with connection.cursor() as cursor:
        for zone in sorted(zone_names()):
            cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])
