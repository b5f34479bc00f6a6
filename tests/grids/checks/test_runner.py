"""Test the job that checks links: its requests, results and omissions."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from gridlink.lib.weburl import url_key
from grids.checks import classifier, runner
from grids.checks.classifier import Finding
from grids.checks.runner import checks_store
from grids.checks.selectors import checkable_links
from grids.models import Grid, Link, LinkCheck, Verdict
from tasks.jobs.context import JobContext
from tasks.jobs.registry import runner_for
from tasks.models import Job
from tasks.storage import object_store
from tests.support.client import Client
from tests.support.platform import claim_of, end_lease, execute, execute_slug, user_of
from tests.support.processes import worker
from tests.support.reports.exports import file_bytes, link_on
from tests.support.tasks.jobs import await_end, look, stored
from tests.support.waiting import wait_for
from tests.support.web import Answer, Asked, Web, redirect_to, reply, web

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server as hosts 127.0.0.1, 127.0.0.2 and so on, which checks may ask."""
    monkeypatch.setattr(classifier, "_RETRY_SECONDS", 0.1)
    with web(host="0.0.0.0", ok=reply(), gone=reply(410)) as server:
        settings.OUTBOUND_ALLOW = (ip_network("127.0.0.0/8"),)
        settings.OUTBOUND_PORTS = frozenset({server.port})
        yield server


@pytest.fixture
def grid(alice: Client) -> Grid:
    return Grid.objects.create(user=user_of(alice), title="Grid")


def submit(client: Client, **body: Any) -> str:
    answer = client.post("links/checks/", body)
    assert answer.status_code == 202, answer.content
    slug: str = answer.json()["slug"]
    return slug


def check(client: Client, **body: Any) -> Job:
    """The check, done."""
    job = execute_slug(submit(client, **body))
    assert (job.status, job.error_message) == ("succeeded", "")
    return job


def lines(job: Job) -> list[dict[str, str]]:
    """The lines of checks.csv."""
    return list(csv.DictReader(io.StringIO(file_bytes(job).decode())))


def verdicts() -> dict[str, str]:
    """The verdict on every link that has one, by its title."""
    return dict(LinkCheck.objects.values_list("link__title", "verdict"))


def test_every_link_gets_a_verdict(alice: Client, grid: Grid, server: Web) -> None:
    server.answers["/old"] = redirect_to("/ok", 301)
    ok = link_on(grid, 1, url=server.url("/ok", "127.0.0.1"))
    link_on(grid, 2, url=server.url("/gone", "127.0.0.2"))
    link_on(grid, 3, url=server.url("/old", "127.0.0.3"))
    link_on(grid, 4, url="http://10.0.0.1/")
    link_on(grid, 5, url="mailto:ada@example.org")
    job = check(alice)
    expected = {**dict.fromkeys(Verdict.values, 0), "ok": 1, "dead": 1, "redirected": 1}
    assert job.result == {"links": 5, **expected, "blocked": 1, "unchecked": 1}
    assert (job.progress_done, job.progress_total, job.progress_unit) == (4, 4, "links")
    assert verdicts() == {
        "Link 1": "ok",
        "Link 2": "dead",
        "Link 3": "redirected",
        "Link 4": "blocked",
    }
    rows = lines(job)
    assert [(row["url"], row["verdict"], row["status"]) for row in rows] == [
        (ok.url, "ok", "200"),
        (server.url("/gone", "127.0.0.2"), "dead", "410"),
        (server.url("/old", "127.0.0.3"), "redirected", "200"),
        ("http://10.0.0.1/", "blocked", ""),
        ("mailto:ada@example.org", "unchecked", ""),
    ]
    assert rows[0]["link"] == ok.slug
    assert rows[0]["grid"] == grid.slug
    assert rows[2]["moved_to"] == rows[2]["final_url"] == server.url("/ok", "127.0.0.3")
    assert rows[4]["detail"] == "Only web addresses are checked."
    kept = LinkCheck.objects.get(link__title="Link 3")
    assert (kept.status, kept.moved_to) == (200, server.url("/ok", "127.0.0.3"))
    assert kept.checked_on.isoformat() == rows[2]["checked_on"]
    assert str(kept.milliseconds) == rows[2]["milliseconds"]
    assert job.files.get().name == "checks.csv"
    assert job.files.get().rows == 5


def test_no_links(alice: Client) -> None:
    job = check(alice)
    assert job.result["links"] == 0
    assert lines(job) == []


def test_which_links(alice: Client, bob: Client, server: Web) -> None:
    def grid_of(client: Client, number: int) -> Grid:
        grid = Grid.objects.create(user=user_of(client), title="Grid")
        for place in (number, number + 1):
            link_on(grid, place, url=server.url(f"/{place}", f"127.0.0.{place}"))
        return grid

    first, second, _third = (grid_of(alice, number) for number in (1, 3, 5))
    grid_of(bob, 7)
    links = Link.objects.in_bulk(field_name="slug")
    numbered = {int(link.title.split()[1]): link for link in links.values()}
    Link.objects.filter(pk=numbered[2].pk).update(is_deleted=True, deleted_on=timezone.now())

    def asked(**body: Any) -> set[int]:
        server.asked.clear()
        rows = lines(check(alice, **body))
        paths = {int(asked.path[1:]) for asked in server.asked}
        assert {links[row["link"]] for row in rows} == {numbered[path] for path in paths}
        return paths

    assert asked() == {1, 3, 4, 5, 6}
    assert asked(grids=[first.slug]) == {1}
    assert asked(grids=[first.slug, second.slug]) == {1, 3, 4}
    assert asked(links=[numbered[6].slug]) == {6}
    assert asked(grids=[first.slug], links=[numbered[6].slug]) == {1, 6}
    Grid.objects.filter(pk=first.pk).update(is_deleted=True, deleted_on=timezone.now())
    assert asked() == {3, 4, 5, 6}


def test_one_address_is_asked_once(alice: Client, grid: Grid, server: Web) -> None:
    for number, place in enumerate(["", "#top", "#end", ""]):
        link_on(grid, number, url=server.url("/ok") + place)
    job = check(alice)
    assert server.log == [("HEAD", "/ok")]
    assert job.result["ok"] == 4
    assert LinkCheck.objects.count() == 4


def test_a_host_is_asked_every_half_second(alice: Client, grid: Grid, server: Web) -> None:
    for number in range(4):
        server.answers[f"/{number}"] = reply()
        link_on(grid, number, url=server.url(f"/{number}"))
    check(alice)
    times = sorted(asked.at for asked in server.asked)
    assert len(times) == 4
    assert times[-1] - times[0] > 1.2


def test_a_later_check_takes_the_place_of_the_earlier(
    alice: Client, grid: Grid, server: Web
) -> None:
    link_on(grid, 1, url=server.url("/page"))
    server.answers["/page"] = reply(404)
    check(alice)
    assert verdicts() == {"Link 1": "dead"}
    server.answers["/page"] = reply()
    check(alice)
    assert verdicts() == {"Link 1": "ok"}
    assert LinkCheck.objects.get().detail == ""


def meanwhile(change: Callable[[], object]) -> Answer:
    """An answer that comes after something was changed in the database."""

    def answer(sock: Any, asked: Asked) -> None:
        change()
        connection.close()
        reply()(sock, asked)

    return answer


def test_what_changes_while_it_is_checked_takes_no_verdict(
    alice: Client, grid: Grid, server: Web
) -> None:
    other = Grid.objects.create(user=user_of(alice), title="Other")
    kept, changed, deleted, gone = (
        link_on(grid, number, url=server.url("/ok", f"127.0.0.{number}")) for number in range(1, 5)
    )
    link_on(other, 5, url=server.url("/ok", "127.0.0.5"))
    elsewhere = "https://example.org/elsewhere"

    def change() -> None:
        Link.objects.filter(pk=kept.pk).update(title="Renamed")
        Link.objects.filter(pk=changed.pk).update(url=elsewhere, url_key=url_key(elsewhere))
        Link.objects.filter(pk=deleted.pk).update(is_deleted=True, deleted_on=timezone.now())
        Link.objects.filter(pk=gone.pk).delete()
        Grid.objects.filter(pk=other.pk).update(is_deleted=True, deleted_on=timezone.now())

    last = link_on(grid, 6, url=server.url("/last", "127.0.0.6"))
    server.answers["/last"] = meanwhile(change)
    job = check(alice)
    assert job.result["ok"] == 6
    assert verdicts() == {"Renamed": "ok", last.title: "ok"}
    assert Link.objects.get(pk=changed.pk).url == elsewhere
    assert Link.objects.get(pk=deleted.pk).is_deleted
    assert not Link.objects.filter(pk=gone.pk).exists()


def finding(verdict: Verdict, minutes: int) -> Finding:
    now = timezone.now() + timedelta(minutes=minutes)
    return Finding(verdict, "", 200, "", "", 1, None, now)


def test_of_two_checks_the_later_one_stays_whichever_ends_first(grid: Grid) -> None:
    link_on(grid, 1)
    (link,) = checkable_links(user_id=grid.user_id, grids=[], links=[])
    for verdict, minutes in ((Verdict.OK, 0), (Verdict.DEAD, -1), (Verdict.SLOW, 1)):
        checks_store(found=[(link, finding(verdict, minutes))])
        assert verdicts() == {"Link 1": "ok" if minutes <= 0 else "slow"}


def test_a_worker_that_died_has_left_nothing_and_the_next_does_all(
    alice: Client, grid: Grid, server: Web
) -> None:
    link_on(grid, 1, url=server.url("/ok"))
    job = Job.objects.get(slug=submit(alice))
    lost = JobContext(claim_of(job), object_store())
    outcome = runner_for(job.kind)().run(lost)
    assert outcome.effects
    assert LinkCheck.objects.count() == 0
    end_lease(job)
    assert execute(job).status == "succeeded"
    assert verdicts() == {"Link 1": "ok"}
    assert server.log == [("HEAD", "/ok")] * 2


def test_when_time_is_over_the_rest_is_called_unchecked(
    alice: Client, grid: Grid, server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_CHECK_SECONDS_MAX", 1.5)
    server.answers["/hung"] = reply(wait=60)
    link_on(grid, 1, url=server.url("/ok", "127.0.0.1"))
    link_on(grid, 2, url=server.url("/hung", "127.0.0.2"))
    job = check(alice)
    assert (job.result["ok"], job.result["unchecked"]) == (1, 1)
    assert lines(job)[1]["detail"] == "There was no time left."
    assert verdicts() == {"Link 1": "ok"}


def test_the_next_check_begins_with_what_was_not_checked_for_longest(grid: Grid) -> None:
    links = [link_on(grid, number) for number in range(4)]
    for link, minutes in ((links[0], 5), (links[2], 3)):
        target = next(
            found
            for found in checkable_links(user_id=grid.user_id, grids=[], links=[])
            if found.pk == link.pk
        )
        checks_store(found=[(target, finding(Verdict.OK, minutes))])
    found = checkable_links(user_id=grid.user_id, grids=[], links=[])
    assert [link.slug for link in found] == [links[number].slug for number in (1, 3, 2, 0)]


def test_no_cell_is_a_formula(alice: Client, grid: Grid, server: Web) -> None:
    server.answers["/old"] = redirect_to("=cmd://x", 301)
    link_on(grid, 1, url=server.url("/old"))
    (row,) = lines(check(alice))
    assert not any(value.startswith(("=", "+", "-", "@")) for value in row.values())


def test_cancelled_within_two_seconds_with_a_real_worker(
    alice: Client, grid: Grid, server: Web, tmp_path: Path, storage: Path
) -> None:
    server.answers["/hung"] = reply(wait=60)
    for number in range(1, 31):
        link_on(grid, number, url=server.url("/hung", f"127.0.0.{number}"))
    around = {"OUTBOUND_ALLOW": "127.0.0.0/8", "OUTBOUND_PORTS": str(server.port)}
    with worker(tmp_path, environment=around):
        slug = submit(alice)
        wait_for(lambda: len(server.asked) >= 16, what="sixteen requests at once")
        assert look(alice, slug)["progress"]["done"] == 0
        started = time.monotonic()
        assert alice.post(f"jobs/{slug}/cancel/").status_code == 202
        job = await_end(alice, slug)
        assert time.monotonic() - started < 2
        assert job["status"] == "cancelled"
        # The worker goes on with the next job at once.
        server.answers["/hung"] = reply()
        assert await_end(alice, submit(alice))["result"]["ok"] == 30
    assert len(stored(storage)) == 1
    assert set(verdicts().values()) == {"ok"}
