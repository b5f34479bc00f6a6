"""Test the publisher: messages follow the commit, cost the request nothing and raise nothing."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
from celery import Celery
from django.db import transaction
from django.db.models.functions import Now

from gridlink.lib.queues import QUEUES
from tasks.broker import publisher
from tasks.broker.publisher import Publisher
from tasks.jobs import lifecycle
from tasks.jobs.services import job_submit
from tasks.models import Job
from tests.support.client import Client, make_user
from tests.support.platform import claim_of, make_job
from tests.support.waiting import wait_for

EXPORT = {"kind": "links", "format": "csv"}
Published = list[tuple[str, str]]


class App:
    """Stands for Celery: keeps what is sent, or raises."""

    def __init__(self, *errors: Exception | None) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._errors = list(errors)

    def send_task(self, name: str, **options: Any) -> None:
        self.sent.append((name, options))
        if self._errors and (error := self._errors.pop(0)):
            raise error


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """A sender of the test's own."""
    fresh = Publisher()
    monkeypatch.setattr(publisher, "_publisher", fresh)
    return fresh


@pytest.mark.django_db(transaction=True)
def test_one_message_is_published_after_the_commit(published: Published) -> None:
    user = make_user("alice")
    with transaction.atomic():
        job = job_submit(user=user, kind="reports.export", params={"kind": "links"}).job
        assert published == []
    assert published == [(job.slug, "quick")]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_published_for_a_rollback(published: Published) -> None:
    user = make_user("alice")

    def submit_and_fail() -> None:
        with transaction.atomic():
            job_submit(user=user, kind="reports.export", params={"kind": "links"})
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        submit_and_fail()
    assert published == []
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_end_of_a_job_publishes_the_next_of_its_queue(published: Published) -> None:
    user = make_user("alice")
    first = make_job(user)
    later, other = make_job(user), make_job(user, queue="imports")
    Job.objects.filter(pk=later.pk).update(run_after=Now() + timedelta(hours=1))
    lifecycle.cancel(claim_of(first))
    assert published == []
    second, third = make_job(user), make_job(user)
    lifecycle.fail(claim_of(second), code="broken", message="It broke.")
    assert published == [(third.slug, "exports")]
    lifecycle.hand_back(claim_of(third))
    assert published[1:] == [(third.slug, "exports")]
    assert other.slug not in [slug for slug, _ in published]


@pytest.mark.parametrize("queue", QUEUES)
def test_message_is_the_job_id_and_its_limits(monkeypatch: pytest.MonkeyPatch, queue: str) -> None:
    app = App()
    monkeypatch.setattr(publisher, "current_app", app)
    publisher._publish("jb_1", queue)
    assert app.sent == [
        (
            "tasks.run_job",
            {
                "args": ["jb_1"],
                "queue": queue,
                "soft_time_limit": QUEUES[queue].soft,
                "time_limit": QUEUES[queue].hard,
            },
        )
    ]


def test_errors_are_logged_and_the_next_message_is_sent(
    sender: Publisher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = App(ConnectionError("refused"), RuntimeError("odd"), None)
    monkeypatch.setattr(publisher, "current_app", app)
    for slug in ("jb_1", "jb_2", "jb_3"):
        sender.submit(lambda slug=slug: publisher._publish(slug, "exports"))  # type: ignore[misc]
    wait_for(lambda: len(app.sent) == 3)
    assert [options["args"] for _, options in app.sent] == [["jb_1"], ["jb_2"], ["jb_3"]]
    assert [record.getMessage() for record in caplog.records] == ["publish_failed"] * 2
    publisher._publish("jb_4", "no-such-queue")
    assert len(app.sent) == 3


def test_backlog_is_bounded_and_never_blocks(
    sender: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    free, stuck, sent = threading.Event(), threading.Event(), []

    def hang() -> None:
        stuck.set()
        free.wait(60)

    sender.submit(hang)
    assert stuck.wait(10)
    begun = time.monotonic()
    for number in range(1005):
        sender.submit(lambda number=number: sent.append(number))  # type: ignore[misc]
    assert time.monotonic() - begun < 5
    assert caplog.messages == ["publish_backlog_full"] * 5
    free.set()
    wait_for(lambda: len(sent) == 1000)
    assert sent == list(range(1000))
    sender.submit(lambda: sent.append(-1))
    wait_for(lambda: sent[-1] == -1)


def test_message_carries_the_log_context_of_its_request(sender: Publisher) -> None:
    seen: list[dict[str, Any]] = []
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        sender.submit(lambda: seen.append(structlog.contextvars.get_contextvars()))
    wait_for(lambda: seen)
    assert seen[0]["request_id"] == "r-1"


def test_forked_child_publishes_only_its_own_messages(sender: Publisher) -> None:
    read, write = os.pipe()
    free, stuck = threading.Event(), threading.Event()

    def hang() -> None:
        stuck.set()
        free.wait(60)

    def say(text: bytes) -> None:
        os.write(write, text)

    sender.submit(hang)
    assert stuck.wait(10)
    sender.submit(partial(say, b"parent"))
    child = os.fork()
    if child == 0:
        sent = threading.Event()
        sender.submit(partial(say, b"child"))
        sender.submit(sent.set)
        sent.wait(20)
        os._exit(0)
    os.waitpid(child, 0)
    free.set()
    # What waited in the parent is sent by the parent, once.
    sender.submit(lambda: os.close(write))
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b"childparent"


def use_broker(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Publish to `url`, in all else as configured."""
    app = Celery("unreachable", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.update(broker_url=url, broker_read_url=url, broker_write_url=url)
    monkeypatch.setattr(publisher, "current_app", app)


@pytest.fixture
def black_hole() -> Iterator[tuple[str, list[socket.socket]]]:
    """The address of a listener that accepts and never answers, and who has come."""
    came: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    came.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0", came
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)
    for visitor in came:
        visitor.close()


def assert_answers_at_once(client: Client) -> None:
    client.get("jobs/")  # the first request loads the code of all views
    for form in ("csv", "jsonl", "netscape"):
        begun = time.monotonic()
        response = client.post("exports/", {**EXPORT, "format": form})
        assert time.monotonic() - begun < 0.3
        assert response.status_code == 202
    assert Job.objects.filter(status="queued").count() == 3


@pytest.mark.django_db(transaction=True)
def test_dead_socket_costs_a_request_nothing(
    sender: Publisher,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    use_broker(monkeypatch, f"redis+socket://{tmp_path}/none.sock?virtual_host=0")
    assert_answers_at_once(Client(make_user("alice")))
    wait_for(lambda: caplog.messages.count("publish_failed") == 3, seconds=20)


@pytest.mark.django_db(transaction=True)
def test_silent_redis_costs_a_request_nothing(
    sender: Publisher,
    monkeypatch: pytest.MonkeyPatch,
    black_hole: tuple[str, list[socket.socket]],
) -> None:
    url, came = black_hole
    use_broker(monkeypatch, url)
    assert_answers_at_once(Client(make_user("alice")))
    wait_for(lambda: came, what="an attempt to publish")
