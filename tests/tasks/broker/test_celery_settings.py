"""Test the Celery settings on which promises to users rest (docs/adr/0003)."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from celery.beat import Scheduler
from django.conf import settings

from celery_app import app
from gridlink.lib.queues import QUEUES, visibility_timeout

app.loader.import_default_modules()
OWN_TASKS = sorted(name for name in app.tasks if not name.startswith("celery."))
SCHEDULE: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE


def queue_of(task: str) -> str:
    options: dict[str, Any] = app.amqp.router.route({}, task)
    return str(options["queue"].name)


def test_a_message_is_kept_until_its_work_is_done() -> None:
    assert app.conf.task_acks_late is True
    assert app.conf.worker_prefetch_multiplier == 1
    # A message whose worker died is not put back: the lease decides, and counts attempts.
    assert app.conf.task_reject_on_worker_lost is False
    assert app.conf.task_retry_on_worker_lost is False
    assert app.conf.task_acks_on_failure_or_timeout is True


def test_a_message_is_not_handed_out_twice_while_its_work_may_run() -> None:
    longest = max(limits.hard for limits in QUEUES.values())
    assert app.conf.broker_transport_options["visibility_timeout"] == visibility_timeout()
    assert visibility_timeout() >= longest + 600
    # It is set in one place; another would win where it is shorter.
    assert not app.conf.result_backend_transport_options
    assert not hasattr(settings, "CELERY_VISIBILITY_TIMEOUT")


@pytest.mark.parametrize("queue", QUEUES)
def test_a_runner_has_time_to_stop_before_it_is_killed(queue: str) -> None:
    limits = QUEUES[queue]
    assert 0 < limits.soft < limits.hard
    assert limits.hard - limits.soft >= 60


def test_a_worker_does_without_the_web_tier() -> None:
    """It would take up memory in each of its processes."""
    program = (
        "import sys; from celery_app import app; app.loader.import_default_modules();"
        "print(*sorted({'tasks.tasks', 'gridlink.urls', 'grids.api'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "tasks.tasks\n"


@pytest.mark.parametrize(
    "loaded",
    [
        "import gridlink.wsgi",
        "from celery_app import app; app.loader.import_default_modules();"
        "from celery import signals; signals.worker_process_init.send(None)",
    ],
)
def test_what_is_loaded_is_not_searched_for_garbage(loaded: str) -> None:
    """In a process of the web, with all its views, and in one of a worker."""
    program = (
        f"{loaded}; import gc, sys; print(gc.get_freeze_count() > 50_000,"
        " 'tasks.api.jobs.views' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"True {'wsgi' in loaded}\n"


def test_publishing_fails_fast() -> None:
    for policy in (app.conf.task_publish_retry_policy, app.conf.broker_transport_options):
        assert policy["max_retries"] == 1
        assert policy["interval_start"] + policy["interval_max"] <= 0.2
    options = app.conf.broker_transport_options
    assert (options["socket_connect_timeout"], options["socket_timeout"]) == (3, 10)
    assert options["socket_keepalive"] is True


def test_a_worker_outlasts_a_redis_that_is_away() -> None:
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.broker_connection_retry_on_startup is True
    assert app.conf.broker_channel_error_retry is True


def test_user_jobs_leave_no_results_in_celery() -> None:
    assert app.conf.task_ignore_result is True
    assert app.conf.result_backend == "django-db"
    assert app.conf.result_expires <= timedelta(days=2)
    keeps = {name for name in OWN_TASKS if app.tasks[name].ignore_result is False}
    assert keeps == {
        "tasks.ring_canaries",
        "tasks.sweep_files",
        "tasks.sweep_records",
        "reports.sweep_clicks",
        "reports.sweep_results",
    }


def test_messages_are_plain_json() -> None:
    assert app.conf.task_serializer == "json"
    assert app.conf.accept_content == ["json"]


def test_stopping_worker_has_time_to_hand_back() -> None:
    assert app.conf.worker_soft_shutdown_timeout >= 1
    assert app.conf.worker_enable_soft_shutdown_on_idle is False


def test_only_known_queues_exist() -> None:
    assert {queue.name for queue in app.conf.task_queues} == set(QUEUES)
    assert app.conf.task_create_missing_queues is False
    assert app.conf.task_default_queue in QUEUES


def test_names_of_tasks_never_change() -> None:
    """A name is a promise to messages under way: add to this list, take nothing from it."""
    assert OWN_TASKS == [
        "reports.ingest_clicks",
        "reports.sweep_clicks",
        "reports.sweep_results",
        "tasks.canary",
        "tasks.deliver",
        "tasks.fire_schedules",
        "tasks.ring_canaries",
        "tasks.run_job",
        "tasks.sweep_files",
        "tasks.sweep_jobs",
        "tasks.sweep_records",
    ]


@pytest.mark.parametrize("task", OWN_TASKS)
def test_every_task_goes_into_a_queue_that_is_consumed(task: str) -> None:
    assert queue_of(task) in QUEUES


@pytest.mark.parametrize("entry", SCHEDULE)
def test_beat_names_tasks_that_exist(entry: str) -> None:
    assert SCHEDULE[entry]["task"] in app.tasks
    assert queue_of(SCHEDULE[entry]["task"]) in ("maintenance", "ingest", "notify")


@pytest.mark.parametrize("entry", SCHEDULE)
def test_messages_not_consumed_for_three_periods_expire(entry: str) -> None:
    period = SCHEDULE[entry]["schedule"]
    assert SCHEDULE[entry]["options"] == {"expires": max(300, 3 * period)}


def test_beat_runs_nothing_but_its_entries() -> None:
    """Celery would add a clean-up of results that deletes all at once; ours goes in batches."""
    scheduler = Scheduler(app, lazy=True)
    scheduler.setup_schedule()
    assert set(scheduler.schedule) == set(SCHEDULE)
    assert app.conf.beat_scheduler == "tasks.broker.beat.LockedScheduler"


def test_sweeper_comes_often_enough() -> None:
    assert SCHEDULE["sweep-jobs"]["schedule"] <= 15
    assert settings.JOB_RERING.total_seconds() <= 30
    assert settings.JOB_HEARTBEAT_SECONDS <= 10
    assert timedelta(seconds=6 * settings.JOB_HEARTBEAT_SECONDS) <= settings.JOB_LEASE
