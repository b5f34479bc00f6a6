"""Test the sweep of records: each kind is removed at its age, in batches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_results.models import TaskResult

from gridlink.accounts.models import ThrottleBucket, Token, User
from tasks.jobs import sweeper
from tasks.models import (
    Channel,
    Delivery,
    DeliveryStatus,
    Download,
    FileRole,
    IdempotencyKey,
    JobFile,
    Notification,
    PeriodicRun,
    Schedule,
    ScheduledRun,
)
from tests.support.client import make_user
from tests.support.platform import make_job

pytestmark = pytest.mark.django_db


def add_key(number: int, user: User) -> Any:
    return IdempotencyKey.objects.create(user=user, key=f"{number}", job=make_job(user))


def add_run(number: int, user: User) -> Any:
    return PeriodicRun.objects.create(name="sweep", slot=number)


def add_download(number: int, user: User) -> Any:
    file = JobFile.objects.create(
        job=make_job(user),
        role=FileRole.OUTPUT,
        name="links.csv",
        storage_key=f"{number}",
        size=1,
        expires_on=timezone.now(),
    )
    return Download.objects.create(file=file, first_byte=0)


def add_bucket(number: int, user: User) -> Any:
    return ThrottleBucket.objects.create(key=f"{number}", tokens=1, filled_on=timezone.now())


def add_token(number: int, user: User) -> Any:
    return Token.objects.create(
        user=user, name="t", digest=f"{number}", scopes=["read"], expires_on=timezone.now()
    )


def add_slot(number: int, user: User) -> Any:
    schedule = Schedule.objects.create(user=user, form="cron", starts_on=timezone.now())
    moment = timezone.now()
    return ScheduledRun.objects.create(
        schedule=schedule, slot=moment, status="skipped", is_settled=True
    )


def add_result(number: int, user: User) -> Any:
    return TaskResult.objects.create(task_id=f"{number}", task_name="x", status="SUCCESS")


def add_notification(number: int, user: User) -> Any:
    return Notification.objects.create(user=user, type="ping", title=f"{number}")


Add = Callable[[int, User], Any]
# How to make one, which moment its age is counted from, and the age.
KINDS: dict[str, tuple[Add, type[models.Model], str, timedelta]] = {
    "idempotency key": (add_key, IdempotencyKey, "created_on", timedelta(hours=24)),
    "periodic run": (add_run, PeriodicRun, "created_on", timedelta(days=7)),
    "download": (add_download, Download, "created_on", timedelta(days=365)),
    "notification": (add_notification, Notification, "created_on", timedelta(days=90)),
    "scheduled run": (add_slot, ScheduledRun, "slot", timedelta(days=365)),
    "throttle bucket": (add_bucket, ThrottleBucket, "filled_on", timedelta(days=7)),
    "expired token": (add_token, Token, "expires_on", timedelta(days=7)),
    "task result": (add_result, TaskResult, "date_done", timedelta(days=2)),
}


@pytest.fixture
def owner(db: None) -> User:
    return make_user("alice")


def aged(model: type[models.Model], row: Any, field: str, age: timedelta) -> None:
    model._default_manager.filter(pk=row.pk).update(**{field: timezone.now() - age})


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_past_its_age_goes(owner: User, kind: str) -> None:
    add, model, field, age = KINDS[kind]
    minute = timedelta(minutes=1)
    old, young, fresh = (add(number, owner) for number in range(3))
    aged(model, old, field, age + minute)
    aged(model, young, field, age - minute)
    sweeper.sweep_records()
    left = set(model._default_manager.values_list("pk", flat=True))
    assert left == {young.pk, fresh.pk}
    sweeper.sweep_records()
    assert set(model._default_manager.values_list("pk", flat=True)) == left


@pytest.mark.parametrize("kind", KINDS)
def test_in_batches(owner: User, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(sweeper, "BATCH", 2)
    add, model, field, age = KINDS[kind]
    for number in range(5):
        aged(model, add(number, owner), field, age + timedelta(minutes=1))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        sweeper.sweep_records()
    assert not model._default_manager.exists()
    deletes = [
        query["sql"]
        for query in queries
        if query["sql"].startswith(f'DELETE FROM "{model._meta.db_table}"')
    ]
    assert len(deletes) == 3


def test_job_outlives_its_key(owner: User) -> None:
    key = add_key(1, owner)
    aged(IdempotencyKey, key, "created_on", timedelta(days=2))
    sweeper.sweep_records()
    key.job.refresh_from_db()
    assert key.job.status == "queued"


def test_deliveries_go_with_their_notification_unless_one_waits(owner: User) -> None:
    left, gone = add_notification(1, owner), add_notification(2, owner)
    for notification, status, next_on in (
        (left, DeliveryStatus.WAITING, timezone.now()),
        (gone, DeliveryStatus.DELIVERED, None),
    ):
        Delivery.objects.create(
            notification=notification, user=owner, channel=Channel.EMAIL, lane=owner.slug,
            status=status, next_on=next_on,
        )  # fmt: skip
        aged(Notification, notification, "created_on", timedelta(days=91))
    sweeper.sweep_records()
    assert list(Delivery.objects.values_list("notification", flat=True)) == [left.pk]
    assert list(Notification.objects.values_list("pk", flat=True)) == [left.pk]
