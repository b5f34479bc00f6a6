"""An ingest that crashes anywhere and is repeated loses nothing and counts nothing twice."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, connection, transaction
from redis.exceptions import ConnectionError as RedisGone

from grids.public import wire
from reports.clicks.enrichment.agents import UserAgentIds
from reports.clicks.ingest import ingest
from reports.clicks.ingest.classifier import Classifier
from reports.clicks.ingest.deduplication import VisitorHistory
from reports.clicks.ingest.ingest import drain
from reports.clicks.ingest.producers import ConcurrentIngest, ProducerPositions
from reports.clicks.ingest.stream import Stream
from reports.clicks.rollups.additions import Additions
from reports.clicks.rollups.collector import RollupCollector
from reports.clicks.storage import partitions
from reports.clicks.storage.ingest_lock import try_ingest_lock
from reports.models import SetAside
from tests.support.reports.stream import (
    FIREFOX,
    GOOGLEBOT,
    OTHER_LINK,
    Redirect,
    click,
    forget,
    tables,
    view,
)

pytestmark = pytest.mark.django_db(transaction=True)


class Crash(Exception):
    """The process is gone."""


def groups(redis: Any) -> list[dict[bytes, Any]]:
    """Of two producers, by turns; among them a poisonous event and a poisonous entry."""
    one, two = Redirect(redis, "p1"), Redirect(redis, "p2")
    return [
        one.group(click(0), view(0)),
        two.group(click(5), click(20), click(21, OTHER_LINK)),
        one.group(click(30, user_agent=GOOGLEBOT), click(30, referrer=5)),
        two.group(click(31, user_agent=FIREFOX), view(32)),
        {**one.group(click(40)), b"d": b"\xc1"},
        two.group(click(300), unkept={(7, 70, 700, click().at // 3_600_000 * 3600): 2}),
    ]


def expected(redis: Any) -> dict[str, Any]:
    """The tables when nothing goes wrong."""
    for fields in groups(redis):
        redis.xadd(wire.STREAM, fields)
    drain(seconds=60)
    found = tables()
    forget()
    assert redis.xlen(wire.STREAM) == 0
    return found


# Every step of a batch, by where it is done.
STEPS: dict[str, tuple[Any, str]] = {
    "read": (Stream, "read"),
    "partitions": (partitions, "ensure"),
    "positions": (ProducerPositions, "accept"),
    "positions stored": (ingest, "store_progress"),
    "user agents": (UserAgentIds, "resolve"),
    "classified": (Classifier, "classify"),
    "changes of visitors": (VisitorHistory, "changes"),
    "rows stored": (ingest, "copy"),
    "visitors stored": (ingest, "store_changes"),
    "sums": (RollupCollector, "encode"),
    "one table of sums": (Additions, "store"),
    "all stored": (ingest, "store"),
    "deleted": (Stream, "delete"),
}


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step(
    redis: Any, monkeypatch: pytest.MonkeyPatch, step: str, is_done: bool
) -> None:
    wanted = expected(redis)
    for fields in groups(redis):
        redis.xadd(wire.STREAM, fields)
    owner, name = STEPS[step]
    real = getattr(owner, name)

    def crash(*args: Any, **kwargs: Any) -> Any:
        if is_done:
            real(*args, **kwargs)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, crash)
        with pytest.raises(Crash):
            drain(seconds=60)
    drain(seconds=60)
    assert tables() == wanted
    assert redis.xlen(wire.STREAM) == 0


@pytest.mark.parametrize("counted", range(7))
def test_replays_after_any_part_was_counted(redis: Any, counted: int) -> None:
    """As when the answer of Redis was lost, and a spool is sent from its beginning."""
    wanted = expected(redis)
    everything = groups(redis)
    for fields in everything[:counted]:
        redis.xadd(wire.STREAM, fields)
    drain(seconds=60)
    for again in (everything, everything[3:], everything):
        for fields in again:
            redis.xadd(wire.STREAM, fields)
    done = drain(seconds=60, events=1).counts
    assert done.replays == 15 - (6 - counted)
    assert tables() == wanted


@pytest.mark.parametrize(
    ("owner", "name"), [(ingest, "copy"), (ingest, "store_changes"), (Additions, "store")]
)
def test_backend_killed_in_the_middle(
    redis: Any, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    wanted = expected(redis)
    for fields in groups(redis):
        redis.xadd(wire.STREAM, fields)
    real = getattr(owner, name)

    def killed(*args: Any) -> None:
        real(*args)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed)
        with pytest.raises((DatabaseError, InterfaceError)):
            drain(seconds=60)
    assert not any(tables().values())
    assert not drain(seconds=60).is_busy
    assert tables() == wanted


def test_of_two_concurrent_ingests_one_stores_nothing(
    redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the lock is lost with its connection, and found by another ingest."""
    for fields in groups(redis):
        redis.xadd(wire.STREAM, fields)
    real = ingest.store

    def overtaken(batch: Any) -> None:
        real(batch)
        real(batch)

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "store", overtaken)
        with pytest.raises(ConcurrentIngest):
            drain(seconds=60)
    once = tables()
    assert drain(seconds=60).counts.replays == 6
    assert tables() == once
    forget()
    assert expected(redis) == once


def test_redis_down_after_the_commit(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = expected(redis)
    for fields in groups(redis):
        redis.xadd(wire.STREAM, fields)

    def gone(*_: Any) -> None:
        raise RedisGone

    with monkeypatch.context() as patch:
        patch.setattr(Stream, "delete", gone)
        with pytest.raises(RedisGone):
            drain(seconds=60)
    assert tables() == wanted
    assert drain(seconds=60).counts.replays == 6
    assert tables() == wanted
    assert SetAside.objects.count() == 2


def test_lock_is_given_back_after_a_failure(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Stream, "read", fail)
        with pytest.raises(Crash):
            drain(seconds=60)
    with transaction.atomic(), connection.cursor() as cursor:
        # Of this database: tests that run beside this one have others.
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE locktype = 'advisory' AND datname = current_database()"
        )
        assert cursor.fetchone() == (0,)
    with try_ingest_lock() as is_taken:
        assert is_taken
