"""Deliver notifications while workers are killed, or asked ten times."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app

from tasks.broker.publisher import DELIVER
from tasks.models import Delivery
from tests.support.client import Client, make_user
from tests.support.platform import user_of
from tests.support.processes import beat, worker
from tests.support.rows import load_links
from tests.support.tasks.jobs import await_end, start_export
from tests.support.tasks.notifications import (
    add_webhook,
    allow_local,
    ended,
    mail_through,
    mailed,
    verified,
)
from tests.support.tasks.smtp import Mailbox, mail_server
from tests.support.waiting import wait_for
from tests.support.web import Asked, Web, reply, web

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with mail_server() as running:
        mail_through(running, settings)
        yield running


@pytest.fixture
def server() -> Iterator[Web]:
    with web(hook=reply(204)) as running:
        yield running


@pytest.fixture
def owner(transactional_db: None, settings: Any) -> Client:
    allow_local(settings)
    user = make_user("alice")
    load_links(user, 3)
    return Client(user)


def surroundings(server: Web, mailbox: Mailbox) -> dict[str, str]:
    """What a worker needs to reach the tests' servers."""
    return {
        "OUTBOUND_ALLOW": "127.0.0.0/8",
        "OUTBOUND_PORTS": str(server.port),
        "EMAIL_URL": mailbox.url,
        "EMAIL_FROM": "links@gridlink.test",
        "DELIVERY_SECONDS": "1",
    }


def all_delivered(count: int) -> bool:
    return Delivery.objects.filter(status="delivered").count() == count


def test_an_export_is_notified_through_every_channel(
    owner: Client, server: Web, mailbox: Mailbox, tmp_path: Path
) -> None:
    mailed(user_of(owner))
    _, secret = add_webhook(owner, server.url("/hook"))
    with worker(tmp_path, environment=surroundings(server, mailbox)):
        # Without a beat: the job's end published itself.
        slug = start_export(owner)
        await_end(owner, slug)
        wait_for(lambda: all_delivered(2), what="both deliveries")
    (notification,) = owner.get("notifications/").json()["results"]
    assert (notification["job"], notification["type"], notification["title"]) == (
        slug,
        "job.succeeded",
        "Export succeeded",
    )
    body = verified(server.asked[0], secret)
    assert [file["name"] for file in body["data"]["files"]] == ["links.csv", "manifest.json"]
    (message,) = mailbox.messages
    assert message["X-Gridlink-Event"] == notification["slug"]


def test_ten_messages_and_two_workers_send_once(
    owner: Client, server: Web, mailbox: Mailbox, tmp_path: Path
) -> None:
    mailed(user_of(owner))
    add_webhook(owner, server.url("/hook"))
    job = ended(user_of(owner))
    around = surroundings(server, mailbox)
    for _ in range(10):
        current_app.send_task(DELIVER)
    with (
        worker(tmp_path, name="one", queues="notify", environment=around) as one,
        worker(tmp_path, name="two", queues="notify", environment=around) as two,
    ):
        wait_for(lambda: all_delivered(2), what="both deliveries")
        wait_for(
            lambda: sum(process.text.count("succeeded in") for process in (one, two)) >= 10,
            what="the end of all ten",
        )
    assert [asked.headers["webhook-id"] for asked in server.asked] == [
        owner.get("notifications/").json()["results"][0]["slug"]
    ]
    assert len(mailbox.messages) == 1
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}
    assert Delivery.objects.filter(notification__job=job.slug).count() == 2


def test_killed_after_it_was_sent_and_before_it_was_noted(
    owner: Client, server: Web, mailbox: Mailbox, tmp_path: Path
) -> None:
    arrived, gate = threading.Event(), threading.Event()

    def hold(sock: Any, asked: Asked) -> None:
        arrived.set()
        gate.wait(30)
        reply(204)(sock, asked)

    server.answers["/hook"] = hold
    _, secret = add_webhook(owner, server.url("/hook"))
    ended(user_of(owner))
    around = {**surroundings(server, mailbox), "DELIVERY_SECONDS": "30"}
    with worker(tmp_path, name="doomed", queues="notify", environment=around) as doomed:
        assert arrived.wait(30)
        doomed.signal_all(signal.SIGKILL)
        doomed.wait()
    gate.set()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts) == ("waiting", 1)
    # Its lease was as long as its patience; let it end.
    Delivery.objects.update(next_on=delivery.created_on, lease_expires_on=delivery.created_on)
    with (
        beat(tmp_path),
        worker(tmp_path, name="next", queues="notify", environment=surroundings(server, mailbox)),
    ):
        wait_for(lambda: all_delivered(1), what="the delivery")
    assert len(server.asked) == 2
    first, second = server.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    verified(second, secret)
    assert Delivery.objects.get().attempts == 2
