"""Test visits under faults: each click and view that was answered is counted once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from django.db import connection

from grids.models import Grid, Link, Visibility
from reports.models import Click, GridHour, LinkHour, Producer, SetAside, View
from tests.support.client import make_user
from tests.support.grids.crowd import Crowd
from tests.support.grids.visits import ask
from tests.support.postgres import end_other_connections, own_postgres
from tests.support.processes import beat, public_site, worker
from tests.support.redis import OwnRedis
from tests.support.rows import load_links
from tests.support.waiting import wait_for

LINKS, VISITORS = 50, 8
ENOUGH = 2_000
# A link, a page, and a page that the browser has.
ANSWERS = {302, 200, 304}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def paths(transactional_db: None) -> list[str]:
    """The addresses of a public grid's links, and that of its page as often."""
    return make_paths()


def make_paths() -> list[str]:
    grid = load_links(make_user("alice"), LINKS)
    Grid.objects.filter(pk=grid.pk).update(visibility=Visibility.PUBLIC)
    slugs = Link.objects.values_list("slug", flat=True)
    return [path for slug in slugs for path in (f"/l/{slug}", f"/g/{grid.slug}")]


def await_visits(crowd: Crowd, more: int = ENOUGH) -> None:
    """Wait until so many more have been answered."""
    wanted = crowd.visits + more
    wait_for(lambda: crowd.visits >= wanted, seconds=60, what=f"{wanted} visits")


def recorded() -> int:
    return Click.objects.count() + View.objects.count()


def await_recorded(least: int) -> int:
    """Wait for so many rows; how many there are once no more come."""
    wait_for(lambda: recorded() >= least, seconds=120, what=f"{least} visits in Postgres")
    return recorded()


def assert_sums(rows: type[LinkHour] | type[GridHour], accepted: int, *names: str) -> None:
    """Everything is in the ledger under one of the names, of which `refused` is the last."""
    found = rows.objects.values_list(*names)
    columns = [sum(column) for column in zip(*found, strict=True)]
    assert columns[0] == sum(columns[1:]) == accepted
    assert columns[-1] == 0


def assert_everything_adds_up(clicks: int, views: int) -> None:
    """Each visit once, in the rows and in the ledger, and no number of any producer missing."""
    assert (Click.objects.count(), View.objects.count()) == (clicks, views)
    assert_sums(LinkHour, clicks, "accepted", "humans", "duplicates", "bots", "refused")
    others = ("views_duplicates", "views_bots", "views_refused")
    assert_sums(GridHour, views, "views_accepted", "views", *others)
    assert list(Producer.objects.exclude(missing=0)) == []
    assert not SetAside.objects.exists()


def test_public_process_killed_under_load(
    redis: OwnRedis, paths: list[str], tmp_path: Path
) -> None:
    with beat(tmp_path), worker(tmp_path, queues="ingest"):
        with public_site(tmp_path) as first, Crowd(first.port, paths, visitors=VISITORS) as crowd:
            await_visits(crowd)
            first.signal_all(signal.SIGKILL)
            wait_for(lambda: crowd.answers[0], what="visitors who got no answer")
        with public_site(tmp_path) as second, Crowd(second.port, paths) as after:
            await_visits(after, 100)
        clicks, views = crowd.clicks + after.clicks, crowd.views + after.views
        found = await_recorded(clicks + views)
    # Kept, and killed before the answer left: at most one for each visitor.
    assert clicks + views <= found <= clicks + views + VISITORS
    counted = Click.objects.count()
    assert clicks <= counted
    assert views <= found - counted
    assert_everything_adds_up(counted, found - counted)


def test_redis_killed_and_restarted_under_load(
    redis: OwnRedis, paths: list[str], tmp_path: Path
) -> None:
    with beat(tmp_path), worker(tmp_path, queues="ingest"), public_site(tmp_path) as process:
        with Crowd(process.port, paths, visitors=VISITORS) as crowd:
            await_visits(crowd)
            redis.kill()
            await_visits(crowd)
            redis.start()
            await_visits(crowd)
        assert set(crowd.answers) == ANSWERS
        assert await_recorded(crowd.visits) == crowd.visits
        wait_for(lambda: "clicks_caught_up" in process.text, what="an empty spool")
    assert_everything_adds_up(crowd.clicks, crowd.views)


@contextmanager
def killed(cache: OwnRedis) -> Iterator[None]:
    cache.kill()
    yield
    cache.start()


@contextmanager
def flushed(cache: OwnRedis) -> Iterator[None]:
    cache.client().flushall()
    yield


@contextmanager
def frozen(cache: OwnRedis) -> Iterator[None]:
    """It takes connections, and answers nothing."""
    os.kill(cache.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(cache.pid, signal.SIGCONT)


@pytest.mark.parametrize("fault", [killed, flushed, frozen])
def test_cache_redis_fails_under_load(
    redis: OwnRedis,
    paths: list[str],
    tmp_path: Path,
    fault: Callable[[OwnRedis], AbstractContextManager[None]],
) -> None:
    """While the page changes; what others see of the change shows that pages are made all the same."""
    with own_cache(tmp_path / "cache") as cache, beat(tmp_path), worker(tmp_path, queues="ingest"):
        with (
            public_site(tmp_path, environment={"CACHE_REDIS_URL": cache.url}) as process,
            Crowd(process.port, paths, visitors=VISITORS) as crowd,
        ):
            change_pages(crowd, process.port, "before")
            assert cache.client().dbsize()
            with fault(cache):
                change_pages(crowd, process.port, "meanwhile")
            change_pages(crowd, process.port, "afterwards")
            assert ("cache_unavailable" in process.text) == (fault is not flushed)
        assert set(crowd.answers) == ANSWERS
        assert await_recorded(crowd.visits) == crowd.visits
    assert_everything_adds_up(crowd.clicks, crowd.views)


@contextmanager
def own_cache(folder: Path) -> Iterator[OwnRedis]:
    """A running cache of the test's own."""
    cache = OwnRedis(folder)
    cache.start()
    try:
        yield cache
    finally:
        cache.stop()


def change_pages(crowd: Crowd, port: int, title: str) -> None:
    """Change a page five times in the midst of visits; the profile, which is no view, soon shows it."""
    for number in range(5):
        await_title(port, f"{title} {number}")
        await_visits(crowd, 100)


def await_title(port: int, title: str) -> None:
    Grid.objects.update(title=title)
    wait_for(lambda: title.encode() in ask(port, "/@alice").body, what=title)


def test_a_minute_without_redis(redis: OwnRedis, paths: list[str], tmp_path: Path) -> None:
    with public_site(tmp_path) as process:
        redis.stop()
        with Crowd(process.port, paths, visitors=2, pause=0.02) as crowd:
            wait_for(lambda: crowd.elapsed() >= 60, seconds=90, what="a minute")
        assert set(crowd.answers) == ANSWERS
        assert recorded() == 0
        redis.start()
        with beat(tmp_path), worker(tmp_path, queues="ingest"):
            assert await_recorded(crowd.visits) == crowd.visits
    assert_everything_adds_up(crowd.clicks, crowd.views)


def test_ingest_worker_killed_in_its_transaction(
    redis: OwnRedis, paths: list[str], tmp_path: Path
) -> None:
    with public_site(tmp_path) as process:
        with Crowd(process.port, paths, visitors=VISITORS) as crowd:
            await_visits(crowd)
        # Whoever wants to write sums waits here, with the rows of the clicks already inserted.
        with connection.cursor() as cursor, beat(tmp_path):
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE reports_link_hour IN SHARE MODE")
            with worker(tmp_path, name="doomed", queues="ingest") as doomed:
                wait_for(ingest_waits, seconds=60, what="an ingest in its transaction")
                doomed.signal_all(signal.SIGKILL)
            cursor.execute("ROLLBACK")
            assert recorded() == 0
            with worker(tmp_path, name="next", queues="ingest"):
                assert await_recorded(crowd.visits) == crowd.visits
    assert_everything_adds_up(crowd.clicks, crowd.views)


def ingest_waits() -> bool:
    """Whether somebody waits for a lock on the sums."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
            " AND relation = 'reports_link_hour'::regclass"
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def test_postgres_restarted_under_load(
    redis: OwnRedis, transactional_db: None, tmp_path: Path
) -> None:
    """Stopped in the midst of counting and started again, five times."""
    with own_postgres() as postgres:
        paths = make_paths()
        with beat(tmp_path), worker(tmp_path, queues="ingest"), public_site(tmp_path) as process:
            with Crowd(process.port, paths, visitors=VISITORS) as crowd:
                await_visits(crowd)
                wait_for(recorded, seconds=60, what="visits in Postgres")
                for _ in range(5):
                    connection.close()
                    postgres.restart()
                    await_visits(crowd, 500)
            assert set(crowd.answers) == ANSWERS
            assert await_recorded(crowd.visits) == crowd.visits
        assert_everything_adds_up(crowd.clicks, crowd.views)


def test_everybodys_connections_ended_under_load(
    redis: OwnRedis, paths: list[str], tmp_path: Path
) -> None:
    with beat(tmp_path), worker(tmp_path, queues="ingest"), public_site(tmp_path) as process:
        with Crowd(process.port, paths, visitors=VISITORS) as crowd:
            await_visits(crowd)
            wait_for(recorded, seconds=60, what="visits in Postgres")
            for _ in range(5):
                end_other_connections()
                await_visits(crowd, 500)
        assert set(crowd.answers) == ANSWERS
        assert await_recorded(crowd.visits) == crowd.visits
    assert_everything_adds_up(crowd.clicks, crowd.views)
