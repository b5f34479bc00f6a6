"""Exports read from a hot standby that lags behind, stops, and cancels queries."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from django.db import connections

from grids.models import Grid
from reports.exports import replica
from reports.exports.archive import writer
from reports.exports.formats import csv
from reports.exports.readers import ReaderPool
from tasks.models import Job, JobFile
from tasks.storage import object_store
from tests.support.client import Client
from tests.support.platform import due, event_types, execute, execute_slug, user_of
from tests.support.postgres import Standby, own_postgres, own_replica, replica_in_settings
from tests.support.reports.archives import archived
from tests.support.reports.click_exports import owner_of_clicks, submit_clicks
from tests.support.reports.exports import MOMENT, data_file, file_bytes, link_on
from tests.support.reports.many_clicks import make_clicks
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])

ROWS = 1200
PIECES = 4


@pytest.fixture(scope="module", autouse=True)
def in_settings() -> Iterator[None]:
    with replica_in_settings():
        yield


@pytest.fixture(scope="module")
def servers(in_settings: None, django_db_setup: None, django_db_blocker: Any) -> Iterator[Standby]:
    with django_db_blocker.unblock(), own_postgres() as primary, own_replica(primary) as server:
        yield server


@pytest.fixture
def standby(
    servers: Standby,
    transactional_db: None,
    published: list[tuple[str, str]],
    settings: Any,
) -> Iterator[Standby]:
    """A standby that runs and replays, whatever the test before did to it."""
    settings.EXPORT_PIECE_ROWS = ROWS // PIECES
    servers.restart()
    yield servers
    connections["replica"].close()


@pytest.fixture
def owner(standby: Standby) -> Client:
    return owner_of_clicks(ROWS)


@pytest.fixture
def from_standby(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each COPY, whether it ran on the standby."""
    seen: list[bool] = []

    def noting(real: Callable[..., int]) -> Callable[..., int]:
        def copy(*given: Any, using: str) -> int:
            with connections[using].cursor() as cursor:
                cursor.execute("SELECT pg_is_in_recovery()")
                seen.append(cursor.fetchone()[0])
            return real(*given, using=using)

        return copy

    monkeypatch.setattr(csv, "copy_out", noting(vars(csv)["copy_out"]))
    monkeypatch.setattr(writer, "copy_json_lines", noting(vars(writer)["copy_json_lines"]))
    return seen


def pause(standby: Standby) -> None:
    standby.ask("SELECT 1 FROM pg_wal_replay_pause()")
    state = "SELECT pg_get_wal_replay_pause_state()"
    wait_for(lambda: standby.ask(state) == "paused", what="a pause of the replay")


def more_clicks(owner: Client, rows: int) -> None:
    make_clicks(Grid.objects.create(user=user_of(owner), title="More"), rows)


def exported(owner: Client) -> tuple[int, list[str]]:
    """The rows, and what is to be said of them."""
    job = execute(submit_clicks(owner))
    assert (job.status, job.attempt) == ("succeeded", 1)
    # Each has a line break of its own.
    rows = file_bytes(job).count(b"\n") // 2
    assert data_file(job).rows == rows
    manifest = JobFile.objects.get(job=job, name="manifest.json")
    with object_store().open(manifest.storage_key) as stream:
        return rows, json.load(stream)["remarks"]


def test_rows_come_from_the_replica(owner: Client, from_standby: list[bool]) -> None:
    assert exported(owner) == (ROWS, [])
    assert len(from_standby) >= PIECES
    assert b"clicks.jsonl" in archived(owner)
    assert len(from_standby) > 2 * PIECES
    assert set(from_standby) == {True}


def test_a_replica_that_lags_is_waited_for(
    owner: Client, standby: Standby, from_standby: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    pause(standby)
    more_clicks(owner, 100)
    answers: list[bool | None] = []
    real = replica._replayed

    def replayed(cursor: Any, end: str) -> bool | None:
        answers.append(real(cursor, end))
        if len(answers) == 3:
            standby.ask("SELECT 1 FROM pg_wal_replay_resume()")
        return answers[-1]

    monkeypatch.setattr(replica, "_replayed", replayed)
    assert exported(owner) == (ROWS + 100, [])
    assert answers[:3] == [False, False, False]
    assert set(from_standby) == {True}


def test_without_a_current_replica_rows_come_from_the_primary(
    owner: Client, standby: Standby, from_standby: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "WAIT_SECONDS", 0.2)
    pause(standby)
    more_clicks(owner, 100)
    assert exported(owner) == (ROWS + 100, [])
    standby.stop()
    more_clicks(owner, 100)
    assert exported(owner) == (ROWS + 200, [])
    assert set(from_standby) == {False}


def remove_for_good(url: str) -> None:
    """What a standby can repeat only once nobody there can see the rows any more."""
    with closing(psycopg2.connect(url)) as server:
        server.autocommit = True
        with server.cursor() as cursor:
            cursor.execute("DELETE FROM grids_link WHERE title = 'Old'")
            cursor.execute("VACUUM grids_link")


def test_queries_that_the_replica_ends_are_tried_again(
    owner: Client, standby: Standby, from_standby: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    link_on(Grid.objects.get(), 77, title="Old", is_deleted=True, deleted_on=MOMENT)
    copy: Any = vars(csv)["copy_out"]
    struck: list[bool] = []

    def conflict(*given: Any, using: str) -> int:
        if not struck:
            struck.append(True)
            remove_for_good(standby.primary_url)
            wait_for(lambda: standby.ask(_CONFLICTS) == 1, what="a conflict")
        rows: int = copy(*given, using=using)
        return rows

    monkeypatch.setattr(csv, "copy_out", conflict)
    slug = owner.post("exports/", {"kind": "links", "format": "csv"}).json()["slug"]
    job = execute_slug(slug)
    assert (job.status, job.attempt) == ("queued", 1)
    due(job)
    execute(job)
    assert event_types(job) == ["queued", "claimed", "released", "claimed", "succeeded"]
    assert (data_file(job).rows, from_standby) == (2, [True])


_CONFLICTS = (
    "SELECT confl_snapshot FROM pg_stat_database_conflicts WHERE datname = current_database()"
)


def test_the_last_attempt_reads_from_the_primary(owner: Client, from_standby: list[bool]) -> None:
    job = submit_clicks(owner)
    Job.objects.filter(pk=job.pk).update(max_attempts=1)
    assert execute(job).status == "succeeded"
    assert set(from_standby) == {False}


class Stop(Exception):
    """Why a job ends."""


def test_whoever_waits_for_a_replica_can_be_stopped(
    owner: Client, standby: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause(standby)
    more_clicks(owner, 1)
    asked = threading.Event()
    real = replica._replayed

    def replayed(cursor: Any, end: str) -> bool | None:
        asked.set()
        return real(cursor, end)

    monkeypatch.setattr(replica, "_replayed", replayed)
    monkeypatch.setattr(replica, "WAIT_SECONDS", 60)

    def read(readers: ReaderPool) -> None:
        with readers.snapshot("UTC"):
            raise AssertionError("it read")

    def export() -> None:
        with ReaderPool(1, lambda: None, replica.ALIAS) as readers:
            futures.append(readers.submit(lambda: read(readers)))
            assert asked.wait(30)
            raise Stop

    futures: list[Any] = []
    begun = time.monotonic()
    with pytest.raises(Stop):
        export()
    assert time.monotonic() - begun < 10
    assert isinstance(futures[0].exception(), RuntimeError)
