"""Test that old and excess results are deleted, and the newest of each report stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from reports import tasks
from reports.models import ReportRun
from reports.reporting.runs import retention
from tasks.models import Job
from tests.support.client import Client
from tests.support.platform import in_threads, user_of
from tests.support.reports.report_runs import define, run
from tests.support.reports.run_results import answered, defined, kept, unanswered

pytestmark = pytest.mark.django_db

ONE = 1 / 24


def pks(*runs: ReportRun) -> set[int]:
    return {each.pk for each in runs}


# --- Age -------------------------------------------------------------------------------------------


def test_only_what_is_past_its_age_goes(alice: Client) -> None:
    report = defined(alice)
    old, just, young, newest = (answered(report, days=days) for days in (900, 400 + ONE, 399, 0))
    jobs = list(Job.objects.order_by("pk").values())
    retention.sweep_results()
    assert kept() == pks(young, newest)
    assert set(ReportRun.objects.values_list("pk", flat=True)) == pks(old, just, young, newest)
    assert list(Job.objects.order_by("pk").values()) == jobs
    retention.sweep_results()
    assert kept() == pks(young, newest)


def test_the_newest_of_each_report_stays(alice: Client, bob: Client) -> None:
    first, second, third = defined(alice), defined(alice), defined(bob)
    gone = [answered(report, days=900) for report in (first, second, third)]
    stay = [answered(report, days=800) for report in (first, second, third)]
    retention.sweep_results()
    assert kept() == pks(*stay)
    assert ReportRun.objects.count() == len(gone) + len(stay)


@pytest.mark.parametrize("status", ["queued", "failed", "cancelled"])
def test_newer_runs_without_a_result_replace_none(alice: Client, status: str) -> None:
    report = defined(alice)
    gone, stays = (answered(report, days=days) for days in (900, 800))
    unanswered(report, status)
    retention.sweep_results()
    assert kept() == pks(stays)
    assert gone.pk != stays.pk


@pytest.mark.parametrize(("days", "left"), [(0, 3), (1000, 3), (850, 2), (10, 1)])
def test_as_it_is_set(alice: Client, settings: Any, days: int, left: int) -> None:
    settings.REPORT_RUN_LIFE = timedelta(days=days)
    report = defined(alice)
    for age in (900, 800, 700):
        answered(report, days=age)
    retention.sweep_results()
    assert len(kept()) == left


def test_in_batches(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    report = defined(alice)
    *_, newest = [answered(report, days=900 - day) for day in range(6)]
    with CaptureQueriesContext(connection) as queries:
        retention.sweep_results()
    assert kept() == pks(newest)
    updates = [q["sql"] for q in queries if q["sql"].startswith("UPDATE")]
    assert len(updates) == 3


@pytest.mark.django_db(transaction=True)
def test_two_at_once(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    reports = [defined(alice) for _ in range(4)]
    runs = [[answered(report, days=900 - day) for day in range(8)] for report in reports]
    in_threads(4, retention.sweep_results)
    # What one of them held when another came by is left to the next.
    retention.sweep_results()
    assert kept() == pks(*(each[-1] for each in runs))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sweep", ["age", "room"])
def test_what_another_holds_is_not_waited_for(alice: Client, settings: Any, sweep: str) -> None:
    settings.REPORT_RESULT_BYTES = 1
    sweeps: dict[str, Callable[[], None]] = {
        "age": retention.sweep_results,
        "room": lambda: retention.make_room(user_id=user_of(alice).pk),
    }
    report = defined(alice)
    held, gone, newest = (answered(report, days=days) for days in (900, 800, 700))
    with transaction.atomic():
        assert list(ReportRun.objects.select_for_update().filter(pk=held.pk))
        in_threads(1, sweeps[sweep])
        assert kept() == pks(held, newest)
    sweeps[sweep]()
    assert kept() == pks(newest)
    assert gone.pk not in kept()


def test_once_per_slot(alice: Client) -> None:
    report = defined(alice)
    answered(report, days=900)
    newest = answered(report, days=899)
    assert tasks.sweep_results(unknown="ignored") == "swept"
    assert kept() == pks(newest)
    assert tasks.sweep_results() == "another run has this slot"


# --- Room ------------------------------------------------------------------------------------------


def size_of(run_: ReportRun) -> int:
    return len(bytes(ReportRun.objects.get(pk=run_.pk).result or b""))


def test_the_oldest_make_room(alice: Client, bob: Client, settings: Any) -> None:
    report, other, of_bob = defined(alice), defined(alice), defined(bob)
    alone = answered(other)
    first, second, third, newest = (answered(report) for _ in range(4))
    stay = [answered(of_bob) for _ in range(3)]
    user_id = user_of(alice).pk
    settings.REPORT_RESULT_BYTES = size_of(first) + size_of(second) + size_of(third)
    retention.make_room(user_id=user_id)
    assert kept() == pks(alone, first, second, third, newest, *stay)
    settings.REPORT_RESULT_BYTES -= 1
    retention.make_room(user_id=user_id)
    assert kept() == pks(alone, second, third, newest, *stay)
    settings.REPORT_RESULT_BYTES = 1
    retention.make_room(user_id=user_id)
    assert kept() == pks(alone, newest, *stay)
    settings.REPORT_RESULT_BYTES = 0
    retention.make_room(user_id=user_of(bob).pk)
    assert kept() == pks(alone, newest, *stay)


def test_room_is_made_in_batches(
    alice: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    settings.REPORT_RESULT_BYTES = 1
    report = defined(alice)
    runs = [answered(report) for _ in range(4)]
    retention.make_room(user_id=user_of(alice).pk)
    assert kept() == pks(*runs[2:])
    retention.make_room(user_id=user_of(alice).pk)
    assert kept() == pks(runs[-1])


@pytest.mark.django_db(transaction=True)
def test_a_run_makes_room_when_it_is_stored(owner: Client, settings: Any) -> None:
    settings.REPORT_RESULT_BYTES = 1
    report = define(owner)
    first = run(owner, report)
    assert kept() == {first.pk}
    second = run(owner, report, fresh=True)
    assert kept() == {second.pk}
    settings.REPORT_RESULT_BYTES = 0
    third = run(owner, report, fresh=True)
    assert kept() == {second.pk, third.pk}


@pytest.mark.django_db(transaction=True)
def test_age_is_counted_from_the_answer(owner: Client) -> None:
    report = define(owner)
    job = run(owner, report)
    ReportRun.objects.update(kept_since=job.created_on - timedelta(days=900), result=None)
    second = run(owner, report, fresh=True)
    stored = ReportRun.objects.get(pk=second.pk)
    assert second.started_on is not None
    assert second.finished_on is not None
    assert second.started_on < stored.kept_since <= second.finished_on
