"""A client that says what it has gets 304, with nothing, for as long as that is what it would get."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from grids.models import Link
from tasks.api.schedules.examples import SCHEDULE_WRITE
from tasks.models import Download, Schedule
from tests.support.client import Client
from tests.support.files import job_with_file
from tests.support.grids.grids import make_grid, make_link
from tests.support.reports.report_runs import define

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "openapi.yaml"


def tagged_paths() -> set[str]:
    """The paths whose answers to GET have an ETag, by the document."""
    paths = yaml.safe_load(DOCUMENT.read_text())["paths"]
    return {
        path.removeprefix("/api/v1/")
        for path, methods in paths.items()
        if "ETag" in methods.get("get", {}).get("responses", {}).get("200", {}).get("headers", {})
        or "304" in methods.get("get", {}).get("responses", {})
    }


def _grid(client: Client) -> str:
    return f"grids/{make_grid(client)['slug']}/"


def _layout(client: Client) -> str:
    return f"{_grid(client)}layout/"


def _link(client: Client) -> str:
    return f"links/{make_link(client, make_grid(client))['slug']}/"


def _report(client: Client) -> str:
    return f"reports/{define(client)['slug']}/"


def _schedule(client: Client) -> str:
    return f"schedules/{client.post('schedules/', SCHEDULE_WRITE).json()['slug']}/"


def _file(client: Client) -> str:
    return f"jobs/{job_with_file(client).slug}/files/links.csv/"


MADE: dict[str, Callable[[Client], str]] = {
    "grids/{slug}/": _grid,
    "grids/{slug}/layout/": _layout,
    "links/{slug}/": _link,
    "reports/{slug}/": _report,
    "schedules/{slug}/": _schedule,
    "jobs/{slug}/files/{name}/": _file,
}
each_path = pytest.mark.parametrize("path", MADE)


def test_every_answer_with_an_etag_is_tested_here() -> None:
    assert tagged_paths() == set(MADE)


@each_path
@pytest.mark.parametrize("form", ["{etag}", "W/{etag}", '"x", {etag}', 'W/"x",W/{etag}', "*"])
def test_what_the_client_has_is_not_sent(alice: Client, path: str, form: str) -> None:
    url = MADE[path](alice)
    first = alice.get(url)
    assert first.status_code == 200
    answer = alice.get(url, if_none_match=form.format(etag=first["ETag"]))
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", first["ETag"])
    assert answer.get("Cache-Control") == first.get("Cache-Control")


@each_path
@pytest.mark.parametrize("value", ['"x"', "", '"', "W/", '"1', "1", '"*"', ",", "é", '"1""2"'])
def test_what_it_does_not_have_is_sent(alice: Client, path: str, value: str) -> None:
    assert alice.get(MADE[path](alice), if_none_match=value).status_code == 200


@pytest.mark.parametrize("path", ["grids/{slug}/", "links/{slug}/", "reports/{slug}/"])
def test_a_change_is_sent(alice: Client, path: str) -> None:
    url = MADE[path](alice)
    etag = alice.get(url)["ETag"]
    assert alice.patch(url, {"title": "New"}, if_match=etag).status_code == 200
    answer = alice.get(url, if_none_match=etag)
    assert (answer.status_code, answer.json()["title"]) == (200, "New")


@pytest.mark.parametrize("path", MADE)
def test_it_is_the_same_for_head(alice: Client, path: str) -> None:
    url = f"/api/v1/{MADE[path](alice)}"
    etag = alice.http.head(url)["ETag"]
    assert alice.http.head(url, headers={"if-none-match": etag}).status_code == 304


def test_a_change_does_not_mind_the_header(alice: Client) -> None:
    url = _link(alice)
    answer = alice.patch(url, {"title": "New"}, if_match="*", if_none_match="*")
    assert (answer.status_code, answer["ETag"]) == (200, '"2"')


def test_links_that_come_to_a_grid_are_sent_though_its_version_stays(alice: Client) -> None:
    grid = make_grid(alice)
    url = f"grids/{grid['slug']}/"
    before = alice.get(url)["ETag"]
    make_link(alice, grid)
    answer = alice.get(url, if_none_match=before)
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert answer.json()["links_total"] == 1
    # Its fields can be changed nevertheless.
    assert alice.patch(url, {"title": "New"}, if_match=before).status_code == 200


def test_slots_that_pass_are_sent_though_the_schedules_version_stays(alice: Client) -> None:
    url = _schedule(alice)
    before = alice.get(url)["ETag"]
    Schedule.objects.update(failures=1)
    answer = alice.get(url, if_none_match=before)
    assert (answer.status_code, answer.json()["failures"]) == (200, 1)
    assert alice.patch(url, {"name": "New"}, if_match=before).status_code == 200


def test_a_tile_that_ends_for_visitors_is_sent_though_the_layout_stays(
    alice: Client, bob: Client
) -> None:
    grid = make_grid(alice, visibility="public")
    make_link(alice, grid, active_until="2199-01-01T00:00:00Z")
    url = f"grids/{grid['slug']}/layout/"
    before = bob.get(url)["ETag"]
    assert bob.get(url, if_none_match=before).status_code == 304
    Link.objects.update(active_until="2020-01-01T00:00:00Z")
    answer = bob.get(url, if_none_match=before)
    assert (answer.status_code, answer.json()["links"]) == (200, [])


@each_path
def test_somebody_else_learns_nothing(alice: Client, bob: Client, path: str) -> None:
    url = MADE[path](alice)
    assert bob.get(url, if_none_match="*").status_code == 404


def test_answers_depend_on_who_asks(alice: Client, anonymous: Client) -> None:
    grid = make_grid(alice, visibility="public")
    for client in (alice, anonymous):
        assert "Authorization" in client.get(f"grids/{grid['slug']}/")["Vary"]


def test_nothing_is_read_for_a_layout_that_the_client_has(
    alice: Client, django_assert_num_queries: Callable[[int], Any]
) -> None:
    url = _layout(alice)
    etag = alice.get(url)["ETag"]
    with django_assert_num_queries(2):  # the token and the grid
        assert alice.get(url, if_none_match=etag).status_code == 304


def test_a_download_of_what_is_there_is_none(alice: Client) -> None:
    url = _file(alice)
    etag = alice.get(url)["ETag"]
    before = Download.objects.count()
    answer = alice.get(url, if_none_match=etag, range="bytes=0-1")
    assert (answer.status_code, Download.objects.count()) == (304, before)


def test_an_etag_with_nothing_behind_its_version_is_none(alice: Client) -> None:
    url = _link(alice)
    for wrong in ('"1-"', '"1-x"', '"-1"', '"1"-2'):
        assert alice.patch(url, {"title": "New"}, if_match=wrong).status_code == 400
