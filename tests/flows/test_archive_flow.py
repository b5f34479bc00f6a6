"""An account moves from one instance to another, with real workers, and is equal there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from grids.models import Grid
from reports.clicks.storage.ingest_lock import LOCK_KEY
from reports.models import Click, Report
from tasks.models import Job, Schedule, WebhookEndpoint
from tests.support.accounts import furnish, settings_of, sum_up, totals
from tests.support.client import Client, make_user
from tests.support.platform import user_of
from tests.support.processes import Process, beat, celery
from tests.support.reports.archives import archive_submit, output, saved, submit_restore
from tests.support.reports.click_rows import make_click, make_view, noon
from tests.support.reports.exports import link_on
from tests.support.reports.instances import another_instance
from tests.support.tasks.jobs import await_end
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def worker(folder: Path) -> Iterator[Process]:
    queues = "quick,reports,exports,imports,maintenance"
    arguments = ["worker", "-n", "worker@test", "-Q", queues, "-c", "1", "-E"]
    arguments += ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    with celery("worker", arguments, folder, " ready.") as process:
        yield process


def done(client: Client, job: Job) -> Job:
    shown = await_end(client, job.slug)
    assert (shown["status"], shown["error"]) == ("succeeded", None), shown
    return Job.objects.get(slug=job.slug)


def archive_of(client: Client) -> bytes:
    return output(done(client, archive_submit(user=user_of(client)).job), "account.zip")


def crowd() -> None:
    """Somebody else, so that keys here are other ones."""
    bob = make_user("bob")
    for number in range(3):
        grid = Grid.objects.create(user=bob, title=f"Bob's {number}")
        link = link_on(grid, 100 + number)
        make_click(noon(2), link.pk, user_id=bob.pk, grid_id=grid.pk)
        make_view(noon(2), user_id=bob.pk, grid_id=grid.pk)
    sum_up()


def said(name: str, *arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out, **options)
    return out.getvalue().splitlines()[-1]


def test_an_account_moves(tmp_path: Path, settings: Any) -> None:
    alice = Client(make_user("alice"))
    furnish(alice)
    before, chosen = totals(), settings_of(user_of(alice))
    with worker(tmp_path):
        first = archive_of(alice)
    with another_instance(tmp_path, settings):
        crowd()
        others = totals()
        alice = Client(make_user("alice"))
        with worker(tmp_path):
            job = done(alice, submit_restore(alice, [first]))
            second = archive_of(alice)
            again = done(alice, submit_restore(alice, [second]))
        assert job.result["clicks"] == {"create": 8}
        assert again.result["clicks"] == {"unchanged": 8}
        assert {name: totals()[name] - others[name] for name in before} == before
        assert said("rebuild_rollups", dry_run=True) == "0 rows would change"
        assert settings_of(user_of(alice)) == chosen
        assert not WebhookEndpoint.objects.filter(is_enabled=True).exists()
        assert Schedule.objects.filter(next_on__gt=timezone.now()).count() == 2
        report = Report.objects.get(kind="traffic")
        with worker(tmp_path):
            answer = alice.post(f"reports/{report.slug}/runs/", {})
            done(alice, Job.objects.get(slug=answer.json()["slug"]))
    paths = [str(saved(tmp_path, name, data)) for name, data in (("a", first), ("b", second))]
    assert said("compare_archives", *paths) == "equal"
    assert said("verify_export", paths[1]).startswith("b: its files are as its own manifest says")


def test_a_worker_killed_while_it_restores(tmp_path: Path, settings: Any) -> None:
    """Nothing is there until all of it is, once."""
    alice = Client(make_user("alice"))
    furnish(alice)
    with worker(tmp_path):
        data = archive_of(alice)
    with another_instance(tmp_path, settings):
        alice = Client(make_user("alice"))
        with worker(tmp_path) as running, beat(tmp_path), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
            job = submit_restore(alice, [data])
            wait_for(lambda: _waiting(cursor) == 1, seconds=60, what="the restore at the lock")
            running.kill_children()
            wait_for(lambda: _waiting(cursor) == 2, seconds=60, what="the next attempt")
            assert not Grid.objects.exists()
            assert not Click.objects.exists()
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
            job = done(alice, job)
        assert job.attempt == 2
        assert job.result["clicks"] == {"create": 8}
        assert (Grid.objects.count(), Click.objects.count()) == (2, 8)


def _waiting(cursor: Any) -> int:
    cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    return int(cursor.fetchone()[0])
