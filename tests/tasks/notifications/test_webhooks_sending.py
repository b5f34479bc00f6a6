"""Webhooks against real servers: what is sent, and what each answer leads to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import WebhookVerificationError

from gridlink.accounts.models import User
from tasks.models import Channel, Delivery, Notification, WebhookEndpoint
from tasks.notifications import dispatcher, outbox
from tasks.notifications.dispatcher import SENDERS
from tests.support.client import Client
from tests.support.platform import user_of
from tests.support.tasks.notifications import (
    add_webhook,
    allow_local,
    deliver_all,
    ended,
    make_due,
    notification_of,
    verified,
)
from tests.support.web import Asked, Web, in_turn, redirect_to, reply, web

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def local(settings: Any) -> None:
    allow_local(settings)
    settings.DELIVERY_SECONDS = 2


@pytest.fixture
def owner(alice: Client) -> User:
    return user_of(alice)


@pytest.fixture
def server() -> Iterator[Web]:
    with web(hook=reply(204)) as running:
        yield running


def ids(server: Web) -> list[str]:
    return [asked.headers["webhook-id"] for asked in server.asked]


def only() -> Delivery:
    return Delivery.objects.get()


def test_an_event_is_sent_and_signed(alice: Client, owner: User, server: Web) -> None:
    _, secret = add_webhook(alice, server.url("/hook"))
    job = ended(owner, result={"rows": 3, "word": "Ελλάδα"})
    notification = notification_of(job)
    assert dispatcher.deliver() == 1
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/hook")
    assert asked.headers["webhook-id"] == notification.slug
    assert asked.headers["content-type"] == "application/json"
    assert verified(asked, secret) == {
        "type": "job.succeeded",
        "timestamp": notification.created_on.isoformat().replace("+00:00", "Z"),
        "data": notification.data,
    }
    assert b"whsec_" not in asked.body
    delivery = only()
    assert (delivery.status, delivery.attempts, delivery.code) == ("delivered", 1, 204)
    assert (delivery.next_on, delivery.lease_expires_on, delivery.error) == (None, None, "")
    assert dispatcher.deliver() == 0


def test_the_signature_is_of_the_body_and_the_secret(
    alice: Client, owner: User, server: Web
) -> None:
    _, secret = add_webhook(alice, server.url("/hook"))
    _, other = add_webhook(alice, server.url("/elsewhere"))
    ended(owner)
    dispatcher.deliver()
    (asked,) = [asked for asked in server.asked if asked.path == "/hook"]
    with pytest.raises(WebhookVerificationError):
        verified(asked, other)
    with pytest.raises(WebhookVerificationError):
        verified(replace(asked, body=asked.body + b" "), secret)


def test_failures_are_tried_again_under_the_same_id(
    alice: Client, owner: User, server: Web
) -> None:
    server.answers["/hook"] = in_turn(reply(500, b"oh"), reply(503), reply(200, b"thanks"))
    endpoint, secret = add_webhook(alice, server.url("/hook"))
    notification = notification_of(ended(owner))
    before = timezone.now()
    assert deliver_all() == 1
    delivery = only()
    assert (delivery.status, delivery.attempts) == ("waiting", 1)
    assert (delivery.code, delivery.answer, delivery.error) == (
        500, "oh", "The endpoint answered 500.",
    )  # fmt: skip
    assert delivery.next_on
    assert timedelta(seconds=4) <= delivery.next_on - before <= timedelta(seconds=8)
    # It is not its time yet.
    assert dispatcher.deliver() == 0
    assert deliver_all(rounds=2) == 2
    assert ids(server) == [notification.slug] * 3
    assert len({asked.body for asked in server.asked}) == 1
    assert all(verified(asked, secret)["type"] == "job.succeeded" for asked in server.asked)
    delivery = only()
    assert (delivery.status, delivery.attempts, delivery.answer) == ("delivered", 3, "thanks")
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since, endpoint.rests_until) == (0, None, None)


def test_back_off_grows_and_ends(alice: Client, owner: User, server: Web) -> None:
    server.answers["/hook"] = reply(500)
    add_webhook(alice, server.url("/hook"))
    ended(owner)
    waits = []
    for _ in outbox.RETRIES:
        deliver_all()
        delivery = only()
        assert delivery.next_on
        waits.append((delivery.next_on - timezone.now()).total_seconds())
    for wait, planned in zip(waits, outbox.RETRIES, strict=True):
        seconds = planned.total_seconds()
        assert 0.79 * seconds - 1 <= wait <= 1.21 * seconds
    deliver_all()
    delivery = only()
    assert (delivery.status, delivery.attempts, delivery.next_on) == ("given_up", 8, None)
    assert deliver_all() == 0
    assert len(server.asked) == 8


def test_a_hang_ends_in_time(alice: Client, owner: User, server: Web, settings: Any) -> None:
    settings.DELIVERY_SECONDS = 1
    server.answers["/hook"] = reply(200, wait=30)
    add_webhook(alice, server.url("/hook"))
    ended(owner)
    dispatcher.deliver()
    delivery = only()
    assert (delivery.status, delivery.code) == ("waiting", None)
    assert delivery.error == "The response took too long."
    assert delivery.milliseconds
    assert 900 < delivery.milliseconds < 3000


def test_a_redirect_is_not_followed(alice: Client, owner: User, server: Web) -> None:
    with web(inside=reply(200)) as inside:
        server.answers["/hook"] = redirect_to(inside.url("/inside"), 307)
        add_webhook(alice, server.url("/hook"))
        ended(owner)
        deliver_all(rounds=2)
        assert inside.connections == 0
    delivery = only()
    assert (delivery.status, delivery.attempts, delivery.code) == ("waiting", 2, 307)
    assert delivery.error == "The endpoint answered 307."


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433"])
def test_loopback_is_refused(
    alice: Client, owner: User, server: Web, settings: Any, host: str
) -> None:
    add_webhook(alice, server.url("/hook", host))
    settings.OUTBOUND_ALLOW = ()
    ended(owner)
    dispatcher.deliver()
    assert server.connections == 0
    delivery = only()
    assert delivery.status == "waiting"
    assert delivery.error == "The address leads into a network that is not public."


def test_gone_disables_at_once(alice: Client, owner: User, server: Web) -> None:
    server.answers["/hook"] = reply(410)
    endpoint, _ = add_webhook(alice, server.url("/hook"))
    for _ in range(3):
        ended(owner)
    dispatcher.deliver()
    assert len(server.asked) == 1
    endpoint.refresh_from_db()
    assert (endpoint.is_enabled, endpoint.note) == (False, "The endpoint answered 410.")
    assert set(Delivery.objects.values_list("status", flat=True)) == {"given_up"}
    notification = Notification.objects.get(type="webhook.disabled")
    assert notification.title == "The webhook to 127.0.0.1 was disabled"
    assert notification.data == {"slug": endpoint.slug, "url": endpoint.url, "note": endpoint.note}
    ended(owner)
    assert Delivery.objects.count() == 3


def test_twenty_failures_in_a_row_disable(alice: Client, owner: User, server: Web) -> None:
    server.answers["/hook"] = reply(500)
    endpoint, _ = add_webhook(alice, server.url("/hook"))
    WebhookEndpoint.objects.update(failures=18, failing_since=timezone.now())
    for _ in range(3):
        ended(owner)
    deliver_all()
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.is_enabled) == (19, True)
    deliver_all()
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.is_enabled) == (20, False)
    assert endpoint.note == "20 attempts in a row failed. The endpoint answered 500."
    assert deliver_all() == 0
    assert Notification.objects.filter(type="webhook.disabled").count() == 1


def test_five_days_of_failures_disable(alice: Client, owner: User, server: Web) -> None:
    server.answers["/hook"] = reply(500)
    endpoint, _ = add_webhook(alice, server.url("/hook"))
    since = timezone.now() - timedelta(days=5, minutes=1)
    WebhookEndpoint.objects.update(failures=3, failing_since=since)
    ended(owner)
    deliver_all()
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.is_enabled) == (4, False)
    assert endpoint.note == "It failed for 5 days. The endpoint answered 500."


def test_an_endpoint_that_fails_rests(alice: Client, owner: User, server: Web) -> None:
    server.answers["/hook"] = reply(500)
    add_webhook(alice, server.url("/hook"))
    for _ in range(5):
        ended(owner)
    # The others would fail as well.
    assert dispatcher.deliver() == 1
    assert Delivery.objects.filter(attempts=0).count() == 4


def test_one_at_a_time_to_an_endpoint(alice: Client, owner: User, server: Web) -> None:
    server.answers["/hook"] = reply(200, wait=0.05)
    add_webhook(alice, server.url("/hook"))
    for _ in range(5):
        ended(owner)
    assert dispatcher.deliver() == 5
    assert (len(set(ids(server))), server.most_at_once) == (5, 1)


def test_one_who_hangs_keeps_nobody_waiting(
    alice: Client, bob: Client, owner: User, server: Web, settings: Any
) -> None:
    settings.DELIVERY_SECONDS = 30
    gate = threading.Event()
    answered: list[float] = []

    def hang(sock: Any, asked: Asked) -> None:
        # Until all of the other's have come through.
        gate.wait(20)
        reply(200)(sock, asked)

    def quick(sock: Any, asked: Asked) -> None:
        reply(200)(sock, asked)
        answered.append(asked.at)
        if len(answered) == 5:
            gate.set()

    server.answers.update({"/hang": hang, "/quick": quick})
    for _ in range(4):
        add_webhook(alice, server.url("/hang"))
    add_webhook(bob, server.url("/quick"))
    for _ in range(5):
        ended(owner)
    for _ in range(5):
        ended(user_of(bob))
    dispatcher.deliver()
    assert gate.is_set()
    # Of one user no more than two at a time hang.
    assert [path for _, path in server.log[:7]].count("/hang") == 2
    assert not Delivery.objects.filter(user=user_of(bob)).exclude(status="delivered").exists()


def test_who_was_served_longest_ago_is_next(alice: Client, bob: Client, server: Web) -> None:
    add_webhook(alice, server.url("/alice"))
    add_webhook(bob, server.url("/bob"))
    for _ in range(3):
        ended(user_of(alice))
    ended(user_of(bob))
    turns = []
    while (delivery := outbox.claim(Channel.WEBHOOK)) is not None:
        turns.append(delivery.user.username)
        outbox.record(delivery, outbox.Result(outbox.Verdict.DELIVERED), 1)
    assert turns == ["alice", "bob", "alice", "alice"]


def test_a_long_answer_is_cut(alice: Client, owner: User, server: Web) -> None:
    server.answers["/hook"] = reply(200, b"a\0" + b"x" * 5000)
    add_webhook(alice, server.url("/hook"))
    ended(owner)
    dispatcher.deliver()
    delivery = only()
    assert delivery.status == "delivered"
    assert delivery.answer == "a" + "x" * 1022


def test_both_secrets_sign_during_a_rotation(alice: Client, owner: User, server: Web) -> None:
    endpoint, old = add_webhook(alice, server.url("/hook"))
    new = alice.post(f"webhooks/{endpoint.slug}/rotate/").json()["secret"]
    assert new != old
    ended(owner)
    dispatcher.deliver()
    (asked,) = server.asked
    assert len(asked.headers["webhook-signature"].split(" ")) == 2
    assert verified(asked, old) == verified(asked, new)
    WebhookEndpoint.objects.update(previous_until=timezone.now())
    ended(owner)
    dispatcher.deliver()
    late = server.asked[1]
    assert len(late.headers["webhook-signature"].split(" ")) == 1
    verified(late, new)
    with pytest.raises(WebhookVerificationError):
        verified(late, old)


def test_a_secret_that_cannot_be_read_disables(
    alice: Client, owner: User, server: Web, settings: Any
) -> None:
    endpoint, secret = add_webhook(alice, server.url("/hook"))
    assert secret not in WebhookEndpoint.objects.get().secret
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    settings.SECRET_KEY_FALLBACKS = [old]
    ended(owner)
    dispatcher.deliver()
    verified(server.asked[0], secret)
    settings.SECRET_KEY_FALLBACKS = []
    ended(owner)
    dispatcher.deliver()
    assert len(server.asked) == 1
    endpoint.refresh_from_db()
    assert not endpoint.is_enabled
    assert endpoint.note == "The secret can no longer be decrypted; rotate it."


def test_a_worker_that_died_is_followed(alice: Client, owner: User, server: Web) -> None:
    add_webhook(alice, server.url("/hook"))
    ended(owner)
    lost = outbox.claim(Channel.WEBHOOK)
    assert lost
    assert dispatcher.deliver() == 0
    make_due()
    assert dispatcher.deliver() == 1
    # Who comes back from the dead changes nothing.
    assert not outbox.record(lost, outbox.Result(outbox.Verdict.RETRY), 1)
    delivery = only()
    assert (delivery.status, delivery.attempts) == ("delivered", 2)


def test_what_is_deleted_under_way_is_nobodys(alice: Client, owner: User, server: Web) -> None:
    endpoint, _ = add_webhook(alice, server.url("/hook"))
    ended(owner)
    delivery = outbox.claim(Channel.WEBHOOK)
    assert delivery
    assert alice.delete(f"webhooks/{endpoint.slug}/").status_code == 204
    sender = next(sender for sender in SENDERS if sender.channel == "webhook")
    sender.settle(delivery, outbox.Result(outbox.Verdict.DELIVERED, 200), 1)
    assert not Delivery.objects.exists()


def test_a_defect_holds_up_nobody(
    alice: Client, bob: Client, owner: User, server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_webhook(alice, server.url("/hook"))
    add_webhook(bob, server.url("/hook"))
    job = ended(owner)
    ended(user_of(bob))
    Notification.objects.filter(job=job.slug).update(data=json.loads('"x"'))
    monkeypatch.setattr("tasks.notifications.channels.webhook.body_of", picky_body)
    dispatcher.deliver()
    statuses = dict(Delivery.objects.values_list("user__username", "status"))
    assert statuses == {"alice": "waiting", "bob": "delivered"}


def picky_body(notification: Notification) -> str:
    return json.dumps(dict(notification.data))
