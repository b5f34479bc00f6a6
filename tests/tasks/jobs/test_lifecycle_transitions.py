"""Test every change of state in every state of a job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tasks.jobs import lifecycle
from tasks.jobs.claims import Claim
from tasks.jobs.lifecycle import LeaseLost, Outcome, Progress
from tasks.models import Job
from tests.support.client import Client
from tests.support.platform import claim_of, event_types, make_job, row

pytestmark = pytest.mark.django_db

NO_PROGRESS = Progress()


def attempt_claim(job: Job, held: Claim) -> Any:
    return lifecycle.claim(slug=job.slug, worker="other")


def attempt_heartbeat(job: Job, held: Claim) -> Any:
    lifecycle.heartbeat(held, Progress(1, 2, "rows"))
    return True


def attempt_succeed(job: Job, held: Claim) -> Any:
    lifecycle.succeed(held, Outcome({"rows": 1}), [], NO_PROGRESS)
    return True


def attempt_fail(job: Job, held: Claim) -> Any:
    lifecycle.fail(held, code="broken", message="It broke.")
    return True


def attempt_cancelled(job: Job, held: Claim) -> Any:
    lifecycle.cancel(held)
    return True


def attempt_release(job: Job, held: Claim) -> Any:
    lifecycle.release(held, reason="trouble", delay=timedelta(seconds=5))
    return True


def attempt_hand_back(job: Job, held: Claim) -> Any:
    lifecycle.hand_back(held)
    return True


def attempt_request_cancel(job: Job, held: Claim) -> Any:
    return lifecycle.request_cancel(job)


def attempt_retry(job: Job, held: Claim) -> Any:
    return lifecycle.retry(job)


def attempt_expire(job: Job, held: Claim) -> Any:
    return lifecycle.expire(job)


def attempt_fail_crashed(job: Job, held: Claim) -> Any:
    return lifecycle.fail_crashed(10)


ACTIONS: dict[str, Callable[[Job, Claim], Any]] = {
    "claim": attempt_claim,
    "heartbeat": attempt_heartbeat,
    "succeed": attempt_succeed,
    "fail": attempt_fail,
    "cancelled": attempt_cancelled,
    "release": attempt_release,
    "hand_back": attempt_hand_back,
    "request_cancel": attempt_request_cancel,
    "retry": attempt_retry,
    "expire": attempt_expire,
    "fail_crashed": attempt_fail_crashed,
}
# What is allowed: the state it ends in, and the one event it writes.
ALLOWED: dict[tuple[str, str], tuple[str, list[str]]] = {
    ("queued", "claim"): ("running", ["claimed"]),
    ("queued", "request_cancel"): ("cancelled", ["cancelled"]),
    ("running", "heartbeat"): ("running", []),
    ("running", "succeed"): ("succeeded", ["succeeded"]),
    ("running", "fail"): ("failed", ["failed"]),
    ("running", "cancelled"): ("cancelled", ["cancelled"]),
    ("running", "release"): ("queued", ["released"]),
    ("running", "hand_back"): ("queued", ["released"]),
    ("running", "request_cancel"): ("running", ["cancel_requested"]),
    ("failed", "retry"): ("queued", ["retried"]),
    ("cancelled", "retry"): ("queued", ["retried"]),
    ("succeeded", "expire"): ("expired", ["expired"]),
}
STATES = ("queued", "running", "succeeded", "failed", "cancelled", "expired")


def job_in(status: str, client: Client) -> tuple[Job, Claim]:
    """A job in a state, and the last claim on it; a queued one was handed back before."""
    assert client.user
    job = make_job(client.user)
    held = claim_of(job)
    ways: dict[str, list[str]] = {
        "queued": ["hand_back"],
        "running": [],
        "succeeded": ["succeed"],
        "failed": ["fail"],
        "cancelled": ["cancelled"],
        "expired": ["succeed", "expire"],
    }
    for way in ways[status]:
        assert ACTIONS[way](job, held)
    job.refresh_from_db()
    assert job.status == status
    return job, held


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("status", STATES)
def test_transition(alice: Client, status: str, action: str) -> None:
    job, held = job_in(status, alice)
    before, events = row(job), event_types(job)
    allowed = ALLOWED.get((status, action))
    try:
        done = ACTIONS[action](job, held)
    except LeaseLost:
        done = None
    if allowed is None:
        assert not done
        assert (row(job), event_types(job)) == (before, events)
    else:
        assert done
        job.refresh_from_db()
        assert (job.status, event_types(job)) == (allowed[0], events + allowed[1])
        # The lease and the end are there exactly when the state says so.
        assert (job.lease_expires_on is None) == (job.status != "running")
        assert (job.finished_on is None) == (job.status in ("queued", "running"))


def test_every_held_change_raises_when_refused(alice: Client) -> None:
    job, held = job_in("succeeded", alice)
    for name in ("heartbeat", "succeed", "fail", "cancelled", "release", "hand_back"):
        with pytest.raises(LeaseLost):
            ACTIONS[name](job, held)


@pytest.mark.parametrize(
    "action", ["heartbeat", "succeed", "fail", "cancelled", "release", "hand_back"]
)
def test_a_stale_claim_changes_nothing_of_the_next_one(alice: Client, action: str) -> None:
    """Same job, running, but under a later fence."""
    job, stale = job_in("queued", alice)
    fresh = claim_of(job, worker="second")
    assert fresh.fence == stale.fence + 1
    before, events = row(job), event_types(job)
    with pytest.raises(LeaseLost):
        ACTIONS[action](job, stale)
    assert (row(job), event_types(job)) == (before, events)
    assert ACTIONS[action](job, fresh)
