"""Test one user with ten thousand queued exports beside another with one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from gridlink.accounts.models import User
from tasks.models import Job
from tests.support.client import Client, make_user
from tests.support.processes import worker
from tests.support.tasks.jobs import await_end, start_export
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 2
QUEUED = 10_000
PARAMS = {"kind": "links", "format": "csv", "compression": "none", "filters": {}}


@contextmanager
def workers(folder: Path, queue: str) -> Iterator[None]:
    """So many workers, each with one process."""
    with ExitStack() as stack:
        for number in range(WORKERS):
            stack.enter_context(worker(folder, name=f"{queue}{number}", queues=queue))
        yield


def queue_exports(user: User) -> None:
    """More than a night's work, of which the workers know: each that ends calls for the next."""
    for form in ("csv", "jsonl", "netscape"):
        start_export(Client(user), form)
    Job.objects.bulk_create(
        Job(user=user, kind="reports.export", queue="exports", params=PARAMS) for _ in range(QUEUED)
    )


def claimed(user: User) -> int:
    """How many of the user's jobs have been started."""
    return Job.objects.filter(user=user, attempt__gt=0).count()


def test_ten_thousand_exports_delay_anothers_by_one_per_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # None of them is small.
    monkeypatch.setattr("reports.exports.runner._SMALL_ROWS", -1)
    crowd, other = make_user("crowd"), make_user("other")
    queue_exports(crowd)
    with workers(tmp_path, "exports"):
        wait_for(partial(claimed_more, crowd, 3), what="the workers in full swing")
        slug = start_export(Client(other))
        job = await_end(Client(other), slug)
    assert job["status"] == "succeeded"
    mine = Job.objects.get(slug=slug)
    between = Job.objects.filter(
        user=crowd, started_on__gt=mine.created_on, started_on__lt=mine.started_on
    )
    # Each worker may have been about to take its next one when the request came.
    assert between.count() <= WORKERS
    assert Job.objects.filter(user=crowd, status="queued").count() > QUEUED / 2


def claimed_more(user: User, count: int) -> bool:
    """Whether more of the user's jobs than `count` have been started."""
    return claimed(user) > count
