"""Test starting checks of links, and listing their verdicts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from grids.models import Grid, Link, LinkCheck
from tasks.models import Job
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.platform import user_of
from tests.support.reports.exports import link_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]
NOWHERE = "gr_" + "0" * 32
CHECKED_ON = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def grid(alice: Client) -> Grid:
    return Grid.objects.create(user=user_of(alice), title="Grid", visibility="public")


def checked(link: Link, verdict: str = "ok", **fields: Any) -> LinkCheck:
    """A verdict on a link."""
    values = {"url_key": link.url_key, "checked_on": CHECKED_ON, **fields}
    return LinkCheck.objects.create(link=link, verdict=verdict, **values)


def test_a_check_is_a_job(alice: Client, grid: Grid, published: list[tuple[str, str]]) -> None:
    link = link_on(grid, 1)
    answer = alice.post("links/checks/", {"grids": [grid.slug] * 2, "links": [link.slug]})
    assert answer.status_code == 202, answer.content
    job = answer.json()
    assert (job["kind"], job["status"]) == ("grids.check", "queued")
    assert job["params"] == {"grids": [grid.slug], "links": [link.slug]}
    assert answer["Location"].endswith(f"/api/v1/jobs/{job['slug']}/")
    assert Job.objects.get().queue == "reports"


def test_of_everything(alice: Client) -> None:
    answer = alice.post("links/checks/", {})
    assert answer.status_code == 202
    assert answer.json()["params"] == {"grids": [], "links": []}


def test_a_key_makes_it_one_job(alice: Client, grid: Grid) -> None:
    first = alice.post("links/checks/", {}, **{"Idempotency-Key": "a"})
    again = alice.post("links/checks/", {}, **{"Idempotency-Key": "a"})
    assert first.json()["slug"] == again.json()["slug"]
    assert again["Idempotent-Replayed"] == "true"
    with nothing_changes():
        other = alice.post("links/checks/", {"grids": [grid.slug]}, **{"Idempotency-Key": "a"})
        assert_error(other, 422, "unprocessable")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"grid": "x"}, "grid"),
        ({"grids": "x"}, "grids"),
        ({"grids": [1]}, "grids"),
        ({"grids": ["gr_" + "0" * 33]}, "grids"),
        ({"grids": [NOWHERE] * 101}, "grids"),
        ({"links": {}}, "links"),
        ({"links": None}, "links"),
        ({"links": ["li"] * 101}, "links"),
    ],
)
def test_requests_that_make_no_sense(alice: Client, body: Any, field: str) -> None:
    with nothing_changes():
        assert_error(alice.post("links/checks/", body), 400, "invalid", field)


def test_somebody_elses_grid_and_link(alice: Client, bob: Client, grid: Grid) -> None:
    link = link_on(grid, 1)
    with nothing_changes():
        assert_error(bob.post("links/checks/", {"grids": [grid.slug]}), 404, "not_found")
        assert_error(bob.post("links/checks/", {"links": [link.slug]}), 404, "not_found")
        assert_error(alice.post("links/checks/", {"grids": [NOWHERE]}), 404, "not_found")
        assert_error(alice.post("links/checks/", {"grids": [link.slug]}), 404, "not_found")


def test_without_the_right_token(anonymous: Client, carol: Client) -> None:
    with nothing_changes():
        assert_error(anonymous.post("links/checks/", {}), 401, "unauthenticated")
        assert_error(carol.post("links/checks/", {}), 403, "forbidden")
    assert carol.get("links/checks/").status_code == 405


def test_the_verdicts_on_a_grids_links(alice: Client, carol: Client, grid: Grid) -> None:
    first, second = link_on(grid, 1), link_on(grid, 2)
    link_on(grid, 3)
    checked(
        second,
        "redirected",
        status=200,
        moved_to="https://example.org/new",
        final_url="https://example.org/newer",
        milliseconds=70,
        certificate_expires_on=CHECKED_ON,
        detail="Because.",
    )
    checked(first, "timeout")
    page = carol.get(f"grids/{grid.slug}/checks/").json()
    assert (page["next"], page["previous"]) == (None, None)
    assert page["results"] == [
        {
            "link": first.slug,
            "url": first.url,
            "title": "Link 1",
            "verdict": "timeout",
            "status": None,
            "final_url": "",
            "moved_to": "",
            "milliseconds": None,
            "certificate_expires_on": None,
            "detail": "",
            "checked_on": "2026-03-04T05:06:07Z",
        },
        {
            "link": second.slug,
            "url": second.url,
            "title": "Link 2",
            "verdict": "redirected",
            "status": 200,
            "final_url": "https://example.org/newer",
            "moved_to": "https://example.org/new",
            "milliseconds": 70,
            "certificate_expires_on": "2026-03-04T05:06:07Z",
            "detail": "Because.",
            "checked_on": "2026-03-04T05:06:07Z",
        },
    ]


def test_by_verdict_and_by_pages(alice: Client, grid: Grid) -> None:
    for number in range(9):
        checked(link_on(grid, number), "dead" if number % 2 else "ok")
    seen = []
    path = f"grids/{grid.slug}/checks/?verdict=dead&limit=3"
    while path:
        page = alice.get(path).json()
        assert {row["verdict"] for row in page["results"]} <= {"dead"}
        seen += [row["title"] for row in page["results"]]
        path = page["next"]
    assert seen == [f"Link {number}" for number in (1, 3, 5, 7)]
    back = alice.get(f"grids/{grid.slug}/checks/?ordering=-position&limit=1").json()
    assert [row["title"] for row in back["results"]] == ["Link 8"]


def test_a_link_that_leads_elsewhere_now_or_is_in_the_trash_has_no_verdict(
    alice: Client, grid: Grid
) -> None:
    links = [link_on(grid, number) for number in range(3)]
    for link in links:
        checked(link)
    change = {"url": "https://example.org/other"}
    assert alice.patch(f"links/{links[0].slug}/", change, **{"If-Match": "*"}).status_code == 200
    assert alice.delete(f"links/{links[1].slug}/", **{"If-Match": "*"}).status_code == 204
    rows = alice.get(f"grids/{grid.slug}/checks/").json()["results"]
    assert [row["title"] for row in rows] == ["Link 2"]


def test_only_the_owner_reads_them_though_the_grid_is_public(
    alice: Client, bob: Client, anonymous: Client, grid: Grid
) -> None:
    checked(link_on(grid, 1))
    path = f"grids/{grid.slug}/checks/"
    assert bob.get(f"grids/{grid.slug}/").status_code == 200
    assert_error(bob.get(path), 404, "not_found")
    assert_error(anonymous.get(path), 401, "unauthenticated")
    assert_error(alice.get(f"grids/{NOWHERE}/checks/"), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("verdict=fine", "verdict"),
        ("verdicts=ok", "verdicts"),
        ("limit=0", "limit"),
        ("ordering=verdict", "ordering"),
    ],
)
def test_parameters_that_make_no_sense(alice: Client, grid: Grid, query: str, field: str) -> None:
    assert_error(alice.get(f"grids/{grid.slug}/checks/?{query}"), 400, "invalid", field)


@pytest.mark.parametrize("rows", [3, 30])
def test_queries(
    alice: Client, grid: Grid, rows: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for number in range(rows):
        checked(link_on(grid, number))
    for query in ("", "?verdict=ok", "?ordering=-created_on"):
        with django_assert_num_queries(3):
            results = alice.get(f"grids/{grid.slug}/checks/{query}").json()["results"]
        assert len(results) == rows
