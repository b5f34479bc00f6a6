"""Postgres restarted in the middle of an export, and between two."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.client import Client, make_user
from tests.support.freeze import LINKS, export_frozen
from tests.support.postgres import end_other_connections, other_connections
from tests.support.processes import beat, worker
from tests.support.rows import load_links
from tests.support.tasks.jobs import await_end, events, start_export, stored
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_export_is_tried_again_after_a_restart_of_postgres(
    transactional_db: None, storage: Path, tmp_path: Path
) -> None:
    user = make_user("alice")
    load_links(user, LINKS)
    owner = Client(user)
    with (
        beat(tmp_path),
        worker(tmp_path, name="ops", queues="maintenance"),
        worker(tmp_path, queues="exports") as running,
    ):
        slug = start_export(owner, "netscape")
        with export_frozen():
            assert end_other_connections()
        job = await_end(owner, slug)
        assert (job["status"], job["attempt"]) == ("succeeded", 2), running.text[-3000:]
    assert events(owner, slug) == ["queued", "claimed", "released", "claimed", "succeeded"]
    file, _ = job["files"]
    assert file["rows"] == LINKS
    assert len(stored(storage)) == 2


def test_a_worker_keeps_its_connection_and_takes_another_one_when_it_is_gone(
    transactional_db: None, storage: Path, tmp_path: Path
) -> None:
    user = make_user("alice")
    load_links(user, 10)
    owner = Client(user)
    with worker(tmp_path, queues="quick,exports") as running:

        def exported() -> set[int]:
            """By which sessions of the database, all of which wait again."""
            job = await_end(owner, start_export(owner))
            assert (job["status"], job["attempt"]) == ("succeeded", 1), running.text[-3000:]
            return set(wait_for(all_idle))

        def all_idle() -> dict[int, bool] | None:
            found = other_connections()
            return found if all(found.values()) else None

        first = exported()
        assert exported() == first
        assert end_other_connections() == len(first)
        assert not exported() & first


def test_a_worker_that_is_to_keep_no_connection_has_none_while_it_waits(
    transactional_db: None, storage: Path, tmp_path: Path
) -> None:
    owner = Client(make_user("alice"))
    kept_for = {"DATABASE_CONN_SECONDS": "0"}
    with worker(tmp_path, queues="quick,exports", environment=kept_for):
        assert await_end(owner, start_export(owner))["status"] == "succeeded"
        wait_for(lambda: not other_connections(), what="no connection but this one")
