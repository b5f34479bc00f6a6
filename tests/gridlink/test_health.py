"""Test `/healthz`, `/readyz` and the system check of the storage."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError
from django.db.migrations.executor import MigrationExecutor
from django.test import Client as Browser
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from gridlink.embedded import celery_redis_url
from tasks.models import QueueCanary


def ready() -> tuple[int, dict[str, Any]]:
    """The status and body of /readyz."""
    response = Browser().get("/readyz")
    assert "no-store" in response["Cache-Control"]
    return response.status_code, response.json()


def test_healthz_makes_no_query(
    django_assert_num_queries: DjangoAssertNumQueries, db: None
) -> None:
    with django_assert_num_queries(0):
        response = Browser().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_ready() -> None:
    assert ready() == (
        200,
        {"status": "ready", "postgres": "ok", "storage": "ok", "redis": "ok", "queues": {}},
    )


@pytest.mark.django_db
def test_the_age_of_each_queues_last_message_is_shown() -> None:
    seen_on = timezone.now() - timedelta(seconds=90)
    QueueCanary.objects.create(queue="exports", seen_on=seen_on)
    queues = ready()[1]["queues"]
    assert list(queues) == ["exports"]
    assert 90 <= queues["exports"] < 100


@pytest.mark.django_db
def test_storage_that_cannot_be_written_makes_it_unready(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.STORAGE_URL = (tmp_path / "file" / "storage").as_uri()
    status, body = ready()
    assert (status, body["status"], body["postgres"]) == (503, "unready", "ok")
    assert body["storage"] != "ok"


@pytest.mark.django_db
def test_a_full_disk_makes_it_unready(monkeypatch: pytest.MonkeyPatch, storage: Path) -> None:
    def full(fd: int) -> None:
        assert os.fstat(fd).st_size == 64 * 1024
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    status, body = ready()
    assert (status, body["status"]) == (503, "unready")
    assert body["storage"] == (
        f"Cannot write to the storage folder {storage}: no space left; free some and try again"
    )
    assert [path for path in storage.rglob("*") if path.is_file()] == []


@pytest.fixture(params=["tcp", "unix"])
def hanging_redis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    path = tmp_path / "redis"
    is_tcp = request.param == "tcp"
    with socket.socket(socket.AF_INET if is_tcp else socket.AF_UNIX) as server:
        server.bind(("127.0.0.1", 0) if is_tcp else str(path))
        server.listen()
        port = server.getsockname()[1] if is_tcp else 0
        yield celery_redis_url(f"redis://127.0.0.1:{port}/0" if is_tcp else f"unix://{path}?db=0")


@pytest.mark.django_db
def test_redis_that_hangs_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, hanging_redis: str
) -> None:
    monkeypatch.setattr(current_app.conf, "broker_write_url", hanging_redis)
    begun = time.monotonic()
    status, body = ready()
    assert time.monotonic() - begun < 3
    assert (status, body["status"], body["redis"]) == (200, "ready", "unreachable")


@pytest.mark.django_db
def test_unreachable_redis_is_reported_and_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    status, body = ready()
    assert (status, body["status"], body["redis"]) == (200, "ready", "unreachable")


@pytest.mark.django_db
def test_a_pending_migration_makes_it_unready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: [("one", False)])
    status, body = ready()
    assert (status, body["postgres"]) == (503, "migrations pending")


@pytest.mark.django_db
def test_unreachable_postgres_makes_it_unready(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise OperationalError("no route")

    monkeypatch.setattr(MigrationExecutor, "__init__", refuse)
    monkeypatch.setattr("gridlink.health.connection.close", lambda: None)
    status, body = ready()
    assert status == 503
    assert body == {
        "status": "unready",
        "postgres": "unreachable",
        "storage": "ok",
        "redis": "ok",
    }


@pytest.mark.django_db
def test_the_system_check_refuses_storage_that_cannot_be_used(
    tmp_path: Path, settings: Any
) -> None:
    call_command("check", tags=["gridlink"])
    (tmp_path / "file").write_text("in the way")
    settings.STORAGE_URL = (tmp_path / "file" / "storage").as_uri()
    with pytest.raises(SystemCheckError, match=r"gridlink\.E001.*STORAGE_URL cannot be used"):
        call_command("check", tags=["gridlink"])
