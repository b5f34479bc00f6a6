"""Test clicks under faults: each one that was answered is counted once."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from django.db import connection

from grids.models import Grid, Link, Visibility
from reports.models import Click, LinkHour, Producer, SetAside
from tests.support.client import make_user
from tests.support.grids.crowd import Crowd
from tests.support.postgres import end_other_connections, own_postgres
from tests.support.processes import beat, public_site, worker
from tests.support.redis import OwnRedis
from tests.support.rows import load_links
from tests.support.waiting import wait_for

LINKS, VISITORS = 50, 8
ENOUGH = 2_000

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def paths(transactional_db: None) -> list[str]:
    """The short addresses of a public grid's links."""
    return make_paths()


def make_paths() -> list[str]:
    grid = load_links(make_user("alice"), LINKS)
    Grid.objects.filter(pk=grid.pk).update(visibility=Visibility.PUBLIC)
    return [f"/l/{slug}" for slug in Link.objects.values_list("slug", flat=True)]


def await_clicks(crowd: Crowd, more: int = ENOUGH) -> None:
    """Wait until so many more have been sent on."""
    wanted = crowd.sent_on + more
    wait_for(lambda: crowd.sent_on >= wanted, seconds=60, what=f"{wanted} clicks")


def recorded() -> int:
    return Click.objects.count()


def await_recorded(least: int) -> int:
    """Wait for so many rows; how many there are once no more come."""
    wait_for(lambda: recorded() >= least, seconds=120, what=f"{least} clicks in Postgres")
    return recorded()


def ledger() -> dict[str, int]:
    """The sums over all links and hours."""
    names = ("accepted", "humans", "duplicates", "bots", "refused")
    rows = LinkHour.objects.values_list(*names)
    return dict(zip(names, map(sum, zip(*rows, strict=True)), strict=True))


def assert_everything_adds_up(clicks: int) -> None:
    """Each click once, in the rows and in the ledger, and no number of any producer missing."""
    assert recorded() == clicks
    sums = ledger()
    assert sums.pop("accepted") == sum(sums.values()) == clicks
    assert sums["refused"] == 0
    assert list(Producer.objects.exclude(missing=0)) == []
    assert not SetAside.objects.exists()


def test_public_process_killed_under_load(
    redis: OwnRedis, paths: list[str], tmp_path: Path
) -> None:
    with beat(tmp_path), worker(tmp_path, queues="ingest"):
        with public_site(tmp_path) as first, Crowd(first.port, paths, visitors=VISITORS) as crowd:
            await_clicks(crowd)
            first.signal_all(signal.SIGKILL)
            wait_for(lambda: crowd.answers[0], what="visitors who got no answer")
        with public_site(tmp_path) as second, Crowd(second.port, paths) as after:
            await_clicks(after, 100)
        answered = crowd.sent_on + after.sent_on
        found = await_recorded(answered)
    # Kept, and killed before the answer left: at most one for each visitor.
    assert answered <= found <= answered + VISITORS
    assert_everything_adds_up(found)


def test_redis_killed_and_restarted_under_load(
    redis: OwnRedis, paths: list[str], tmp_path: Path
) -> None:
    with beat(tmp_path), worker(tmp_path, queues="ingest"), public_site(tmp_path) as process:
        with Crowd(process.port, paths, visitors=VISITORS) as crowd:
            await_clicks(crowd)
            redis.kill()
            await_clicks(crowd)
            redis.start()
            await_clicks(crowd)
        assert set(crowd.answers) == {302}
        assert await_recorded(crowd.sent_on) == crowd.sent_on
        wait_for(lambda: "clicks_caught_up" in process.text, what="an empty spool")
    assert_everything_adds_up(crowd.sent_on)


def test_a_minute_without_redis(redis: OwnRedis, paths: list[str], tmp_path: Path) -> None:
    with public_site(tmp_path) as process:
        redis.stop()
        with Crowd(process.port, paths, visitors=2, pause=0.02) as crowd:
            wait_for(lambda: crowd.elapsed() >= 60, seconds=90, what="a minute")
        assert set(crowd.answers) == {302}
        assert recorded() == 0
        redis.start()
        with beat(tmp_path), worker(tmp_path, queues="ingest"):
            assert await_recorded(crowd.sent_on) == crowd.sent_on
    assert_everything_adds_up(crowd.sent_on)


def test_ingest_worker_killed_in_its_transaction(
    redis: OwnRedis, paths: list[str], tmp_path: Path
) -> None:
    with public_site(tmp_path) as process:
        with Crowd(process.port, paths, visitors=VISITORS) as crowd:
            await_clicks(crowd)
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
                assert await_recorded(crowd.sent_on) == crowd.sent_on
    assert_everything_adds_up(crowd.sent_on)


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
                await_clicks(crowd)
                wait_for(recorded, seconds=60, what="clicks in Postgres")
                for _ in range(5):
                    connection.close()
                    postgres.restart()
                    await_clicks(crowd, 500)
            assert set(crowd.answers) == {302}
            assert await_recorded(crowd.sent_on) == crowd.sent_on
        assert_everything_adds_up(crowd.sent_on)


def test_everybodys_connections_ended_under_load(
    redis: OwnRedis, paths: list[str], tmp_path: Path
) -> None:
    with beat(tmp_path), worker(tmp_path, queues="ingest"), public_site(tmp_path) as process:
        with Crowd(process.port, paths, visitors=VISITORS) as crowd:
            await_clicks(crowd)
            wait_for(recorded, seconds=60, what="clicks in Postgres")
            for _ in range(5):
                end_other_connections()
                await_clicks(crowd, 500)
        assert set(crowd.answers) == {302}
        assert await_recorded(crowd.sent_on) == crowd.sent_on
    assert_everything_adds_up(crowd.sent_on)
