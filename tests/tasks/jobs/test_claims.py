"""Test which job a worker claims, and that no two claim the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from gridlink.accounts.models import User
from tasks.jobs import lifecycle
from tasks.jobs.claims import (
    _CLAIM,
    Claim,
    delete_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from tasks.jobs.lifecycle import LeaseLost, Outcome, Progress
from tasks.models import Job
from tests.support import race
from tests.support.client import make_user
from tests.support.platform import (
    claim_of,
    due,
    end_lease,
    event_types,
    in_threads,
    make_job,
    row,
)
from tests.support.waiting import wait_for


@pytest.fixture
def owner(db: None) -> User:
    return make_user("alice")


def next_claim(job: Job) -> Claim | None:
    """Return what a worker claims after the message of `job`."""
    return lifecycle.claim(slug=job.slug, worker="test")


def finish(claim: Claim) -> None:
    lifecycle.succeed(claim, Outcome(), [], Progress())


def many_jobs(user: User, count: int) -> list[Job]:
    return Job.objects.bulk_create(
        Job(user=user, kind="test.work", queue="exports") for _ in range(count)
    )


def test_unknown_slug_is_nothing_to_do(owner: User) -> None:
    job = make_job(owner)
    assert lifecycle.claim(slug="jb_" + "0" * 32, worker="test") is None
    assert row(job)["status"] == "queued"


def test_oldest_first_whatever_job_rang(owner: User) -> None:
    first, second = make_job(owner), make_job(owner)
    claim = next_claim(second)
    assert claim
    assert claim.slug == first.slug


def test_a_message_is_for_its_own_queue(owner: User) -> None:
    make_job(owner, queue="imports")
    export = make_job(owner, queue="exports")
    finish(claim_of(export))
    assert next_claim(export) is None
    assert Job.objects.get(queue="imports").status == "queued"


def test_ten_users_get_turns(owner: User, settings: Any) -> None:
    settings.JOBS_RUNNING_PER_USER = 100
    users = [make_user(f"user{number}") for number in range(10)]
    for user in users:
        jobs = many_jobs(user, 30)
    served = []
    for _ in range(50):
        claim = next_claim(jobs[0])
        assert claim
        served.append(claim.user_id)
        finish(claim)
    for start in range(0, 50, 10):
        assert len(set(served[start : start + 10])) == 10


def test_a_thousand_jobs_of_one_user_delay_another_by_at_most_one(owner: User) -> None:
    (first, *_) = many_jobs(owner, 1000)
    claim = next_claim(first)
    assert claim
    finish(claim)
    other = make_job(make_user("bob"))
    taken: list[Claim] = []
    while not taken or taken[-1].slug != other.slug:
        got = next_claim(first)
        assert got
        taken.append(got)
        assert len(taken) <= 2
        finish(got)


@pytest.mark.parametrize("users", [1, 200])
def test_a_claim_reads_a_few_rows_per_user_and_not_the_queue(owner: User, users: int) -> None:
    many_jobs(owner, 10_000)
    others = User.objects.bulk_create(User(username=f"user{n}") for n in range(users - 1))
    Job.objects.bulk_create(
        Job(user=user, kind="test.work", queue="exports") for user in others for _ in range(5)
    )
    rows = rows_read()
    assert rows > 0
    # Of each user the first job that waits and the last one that ran, found by the planner as it likes.
    assert rows <= 4 * users + 10


def rows_read() -> int:
    """How many rows of jobs the database looks at for one claim."""
    given: dict[str, Any] = {"queue": "exports", "worker": "", "lease": timedelta(60), "cap": 2}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tasks_job")
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {_CLAIM}", given)
        (plans,) = cursor.fetchone()
    return sum(
        node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0)
        for node in nodes(plans[0]["Plan"])
        if node.get("Relation Name") == "tasks_job" and node["Node Type"] != "ModifyTable"
    )


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def test_ten_thousand_jobs_of_one_user_and_one_of_each_of_many(owner: User) -> None:
    """Everybody's first job comes before the second of the one who asked first."""
    jobs = many_jobs(owner, 10_000)
    others = User.objects.bulk_create(User(username=f"user{n}") for n in range(100))
    Job.objects.bulk_create(Job(user=user, kind="test.work", queue="exports") for user in others)
    served = []
    for _ in range(102):
        claim = next_claim(jobs[0])
        assert claim
        served.append(claim.user_id)
        finish(claim)
    assert served == [owner.pk, *[user.pk for user in others], owner.pk]


def test_busy_users_wait_behind_idle_ones(owner: User, settings: Any) -> None:
    settings.JOBS_RUNNING_PER_USER = 3
    many_jobs(owner, 5)
    bob = make_user("bob")
    running = make_job(bob)
    many_jobs(bob, 5)
    assert next_claim(running)
    assert next_claim(running)
    # Alice and Bob have one each now; then two each, then three each.
    for _ in range(4):
        assert next_claim(running)
    counts = Counter(Job.objects.filter(status="running").values_list("user_id", flat=True))
    assert counts == {owner.pk: 3, bob.pk: 3}
    assert next_claim(running) is None


def test_who_runs_nothing_goes_before_who_runs_something(owner: User) -> None:
    """Even when the idle one was served last."""
    claim_of(make_job(owner))
    bob = make_user("bob")
    finish(claim_of(make_job(bob)))
    make_job(owner)
    wanted = make_job(bob)
    claim = next_claim(wanted)
    assert claim
    assert claim.slug == wanted.slug


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("cap", [1, 2, 3])
def test_cap_holds_however_many_ask_at_once(settings: Any, cap: int) -> None:
    settings.JOBS_RUNNING_PER_USER = cap
    alice, bob = make_user("alice"), make_user("bob")
    jobs = many_jobs(alice, 10)
    many_jobs(bob, 10)
    claims = in_threads(12, lambda: next_claim(jobs[0]))
    got = [claim for claim in claims if claim]
    assert Counter(claim.user_id for claim in got) == {alice.pk: cap, bob.pk: cap}
    assert len({claim.slug for claim in got}) == len(got)
    assert Job.objects.filter(status="running").count() == 2 * cap


@pytest.mark.django_db(transaction=True)
def test_one_message_ten_times_is_one_execution(settings: Any) -> None:
    settings.JOBS_RUNNING_PER_USER = 10
    job = make_job(make_user("alice"))
    claims = [claim for claim in in_threads(10, lambda: next_claim(job)) if claim]
    assert [(claim.slug, claim.attempt, claim.fence) for claim in claims] == [(job.slug, 1, 1)]
    assert event_types(job) == ["claimed"]


def test_cap_is_per_queue_and_frees_with_the_end(owner: User, settings: Any) -> None:
    settings.JOBS_RUNNING_PER_USER = 1
    first, second = make_job(owner), make_job(owner)
    held = claim_of(first)
    assert next_claim(second) is None
    claim_of(make_job(owner, queue="imports"))
    finish(held)
    claim_of(second)


def test_expired_lease_is_taken_over(owner: User) -> None:
    job = make_job(owner)
    stale = claim_of(job)
    assert next_claim(job) is None
    end_lease(job)
    fresh = claim_of(job, worker="second")
    assert (fresh.attempt, fresh.fence) == (2, 2)
    with pytest.raises(LeaseLost):
        finish(stale)
    assert row(job)["worker"] == "second"


def test_dead_workers_jobs_do_not_count_against_the_cap(owner: User, settings: Any) -> None:
    settings.JOBS_RUNNING_PER_USER = 1
    dead = make_job(owner)
    claim_of(dead)
    end_lease(dead)
    assert claim_of(dead).attempt == 2


def test_takeover_starts_progress_anew(owner: User) -> None:
    job = make_job(owner)
    lifecycle.heartbeat(claim_of(job), Progress(7, 9, "rows"))
    end_lease(job)
    claim_of(job)
    now = row(job)
    assert (now["progress_done"], now["progress_total"], now["progress_unit"]) == (0, None, "")


def test_exhausted_attempts_are_never_claimed(owner: User) -> None:
    job = make_job(owner, max_attempts=2)
    for attempt in (1, 2):
        assert claim_of(job).attempt == attempt
        end_lease(job)
    before = row(job)
    assert next_claim(job) is None
    assert row(job) == before


@pytest.mark.parametrize("waits", ["first", "second", "third"])
@pytest.mark.parametrize("status", ["running", "queued"])
@pytest.mark.django_db
def test_an_exhausted_job_does_not_block_its_queue(status: str, waits: str) -> None:
    """It is the oldest, and its owner was served longest ago: but for its attempts it would be next."""
    users = {name: make_user(name) for name in ("first", "second", "third")}
    exhausted = make_job(users["second"], max_attempts=1)
    claim_of(exhausted)
    lost = timezone.now() - timedelta(hours=1)
    expiry = lost if status == "running" else None
    Job.objects.update(status=status, lease_expires_on=expiry, started_on=lost)
    before = row(exhausted)
    if waits != "second":
        served = make_job(users[waits])
        Job.objects.filter(pk=served.pk).update(
            status="succeeded", started_on=timezone.now(), finished_on=timezone.now()
        )
    waiting = make_job(users[waits])
    claim = next_claim(exhausted)
    assert claim
    assert claim.slug == waiting.slug
    assert row(exhausted) == before


@pytest.mark.django_db(transaction=True)
def test_a_lease_that_is_extended_while_a_claim_waits_for_the_row_is_respected() -> None:
    job = make_job(make_user("alice"))
    held = claim_of(job)
    end_lease(job)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            # The claim still sees the lease as it was, and waits for the row that this locks.
            lifecycle.heartbeat(held, Progress(5, 9, "rows"))
            claim = pool.submit(claim_in_thread, job)
            wait_for(lambda: race._waiting() == 1, seconds=10, what="the claim at the job's row")
        assert claim.result(timeout=30) is None
    now = row(job)
    assert (now["attempt"], now["fence"], now["progress_done"]) == (1, 1, 5)
    assert event_types(job) == ["claimed"]
    finish(held)


def claim_in_thread(job: Job) -> Claim | None:
    try:
        return next_claim(job)
    finally:
        connection.close()


def test_a_job_has_one_checkpoint_until_it_is_deleted(owner: User) -> None:
    claim, other = claim_of(make_job(owner)), claim_of(make_job(make_user("bob")))
    assert load_checkpoint(claim) == {}
    save_checkpoint(other, {"part": 9})
    save_checkpoint(claim, {"part": 1})
    save_checkpoint(claim, {"part": 2})
    assert (load_checkpoint(claim), load_checkpoint(other)) == ({"part": 2}, {"part": 9})
    delete_checkpoint(claim.job_id)
    assert (load_checkpoint(claim), load_checkpoint(other)) == ({}, {"part": 9})


def test_a_worker_that_lost_the_job_stores_no_checkpoint(owner: User) -> None:
    job = make_job(owner)
    stale = claim_of(job)
    save_checkpoint(stale, {"part": 1})
    end_lease(job)
    fresh = claim_of(job)
    with pytest.raises(LeaseLost):
        save_checkpoint(stale, {"part": 2})
    assert load_checkpoint(fresh) == {"part": 1}


# --- The rules of fairness, in their order ---------------------------------------------------------


def two_owners(settings: Any) -> tuple[User, User]:
    """Two users whose running jobs do not count."""
    settings.JOBS_RUNNING_PER_USER = 10
    return make_user("first"), make_user("second")


def next_owner(job: Job) -> int:
    """Whose job is claimed next."""
    claim = next_claim(job)
    assert claim
    return claim.user_id


@pytest.mark.django_db
def test_first_rule_whoever_runs_fewer_jobs_is_next(settings: Any) -> None:
    busy, idle = two_owners(settings)
    claim_of(make_job(busy))
    finish(claim_of(make_job(idle)))
    # By both other rules it would be the busy one's turn.
    job = make_job(busy)
    make_job(idle)
    assert next_owner(job) == idle.pk


@pytest.mark.django_db
def test_second_rule_whoever_was_never_served_is_next(settings: Any) -> None:
    served, never = two_owners(settings)
    finish(claim_of(make_job(served)))
    job = make_job(served)
    make_job(never)
    assert next_owner(job) == never.pk


@pytest.mark.django_db
def test_second_rule_whoever_was_served_longest_ago_is_next(settings: Any) -> None:
    lately, before = two_owners(settings)
    for user in (before, lately):
        finish(claim_of(make_job(user)))
    job = make_job(lately)
    make_job(before)
    assert next_owner(job) == before.pk


@pytest.mark.django_db
def test_second_rule_counts_what_was_served_in_this_queue_only(settings: Any) -> None:
    elsewhere, here = two_owners(settings)
    finish(claim_of(make_job(here)))
    finish(claim_of(make_job(elsewhere, queue="imports")))
    job = make_job(here)
    make_job(elsewhere)
    assert next_owner(job) == elsewhere.pk


@pytest.mark.django_db
def test_last_rule_whoever_asked_first_is_next(settings: Any) -> None:
    later, earlier = two_owners(settings)
    job = make_job(later)
    Job.objects.update(created_on=timezone.now() + timedelta(seconds=1))
    make_job(earlier)
    assert next_owner(job) == earlier.pk


def test_job_of_the_future_waits(owner: User) -> None:
    job = make_job(owner)
    Job.objects.filter(pk=job.pk).update(run_after=Now() + timedelta(seconds=60))
    assert next_claim(job) is None
    due(job)
    claim_of(job)


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "expired"])
def test_ended_jobs_are_never_claimed(owner: User, status: str) -> None:
    job = make_job(owner)
    Job.objects.filter(pk=job.pk).update(status=status, finished_on=Now())
    before = row(job)
    assert next_claim(job) is None
    assert row(job) == before
