"""Test `webhooks/`: creating, changing and pinging webhooks, and the log of deliveries."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tasks.models import Delivery, Notification, WebhookEndpoint
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.platform import in_threads, user_of
from tests.support.tasks.notifications import add_webhook, allow_local, deliver_all, ended, verified
from tests.support.web import reply, web

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.org/x?token=%20a"
NOWHERE = f"wh_{0:032x}"


def count(client: Client) -> int:
    return WebhookEndpoint.objects.filter(user=user_of(client)).count()


def test_a_new_webhook(alice: Client) -> None:
    answer = alice.post("webhooks/", {"url": URL, "events": ["job.failed", "job.succeeded"]})
    assert answer.status_code == 201
    shown = answer.json()
    assert answer["Location"].endswith(f"/api/v1/webhooks/{shown['slug']}/")
    assert answer["Cache-Control"] == "no-store"
    secret = shown.pop("secret")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    endpoint = WebhookEndpoint.objects.get()
    assert secret not in endpoint.secret
    moment = endpoint.created_on.isoformat().replace("+00:00", "Z")
    assert shown == {
        "slug": endpoint.slug,
        "url": URL,
        "events": ["job.failed", "job.succeeded"],
        "is_enabled": True,
        "note": "",
        "failures": 0,
        "failing_since": None,
        "rests_until": None,
        "previous_until": None,
        "created_on": moment,
        "modified_on": endpoint.modified_on.isoformat().replace("+00:00", "Z"),
    }
    assert alice.get(f"webhooks/{endpoint.slug}/").json() == shown
    assert alice.get("webhooks/").json()["results"] == [shown]


def test_without_events_it_gets_all(alice: Client) -> None:
    assert alice.post("webhooks/", {"url": URL}).json()["events"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": ""}, "url"),
        ({"url": 7}, "url"),
        ({"url": "mailto:a@example.org"}, "url"),
        ({"url": "ftp://example.org/"}, "url"),
        ({"url": "https:///x"}, "url"),
        ({"url": "https://user:pw@example.org/"}, "url"),
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "http://[::1]/"}, "url"),
        ({"url": "http://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "http://169.254.169.254/latest"}, "url"),
        ({"url": "http://localhost/"}, "url"),
        ({"url": f"https://example.org/{'x' * 5000}"}, "url"),
        ({"url": "https://example.org/\r\nX: y"}, "url"),
        ({"url": URL, "events": ["job.begun"]}, "events"),
        ({"url": URL, "events": ["ping"]}, "events"),
        ({"url": URL, "events": "job.failed"}, "events"),
        ({"url": URL, "events": ["job.failed"] * 5}, "events"),
        ({"url": URL, "secret": "whsec_mine"}, "secret"),
    ],
)
def test_what_makes_no_sense(alice: Client, body: dict[str, Any], field: str) -> None:
    endpoint, _ = add_webhook(alice, URL)
    with nothing_changes():
        assert_error(alice.post("webhooks/", body), 400, "invalid", field)
        if body:
            answer = alice.patch(f"webhooks/{endpoint.slug}/", body)
            assert_error(answer, 400, "invalid", field)


def test_as_many_as_allowed(alice: Client, bob: Client, settings: Any) -> None:
    settings.WEBHOOKS_PER_USER = 2
    for client in (alice, alice, bob):
        add_webhook(client, URL)
    with nothing_changes():
        assert_error(alice.post("webhooks/", {"url": URL}), 409, "conflict")


@pytest.mark.django_db(transaction=True)
def test_as_many_as_allowed_at_once(alice: Client, settings: Any) -> None:
    settings.WEBHOOKS_PER_USER = 3

    def add() -> int:
        return int(Client(user_of(alice)).post("webhooks/", {"url": URL}).status_code)

    assert sorted(in_threads(6, add)) == [201] * 3 + [409] * 3
    assert count(alice) == 3


def test_changes(alice: Client) -> None:
    endpoint, _ = add_webhook(alice, URL)
    path = f"webhooks/{endpoint.slug}/"
    shown = alice.patch(path, {"events": ["job.failed", "job.failed"]}).json()
    assert (shown["events"], shown["url"], shown["is_enabled"]) == (["job.failed"], URL, True)
    other = "https://elsewhere.example.org/"
    assert alice.patch(path, {"url": other}).json()["url"] == other
    assert alice.patch(path, {"is_enabled": False}).json()["is_enabled"] is False
    assert alice.patch(path, {}).json() == alice.get(path).json()


def test_disabling_gives_up_what_waits(alice: Client) -> None:
    endpoint, _ = add_webhook(alice, URL)
    ended(user_of(alice))
    path = f"webhooks/{endpoint.slug}/"
    assert alice.patch(path, {"is_enabled": False}).json()["note"] == ""
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.error) == ("given_up", "The webhook is disabled.")
    # Users need no notification of what they did themselves.
    assert not Notification.objects.filter(type="webhook.disabled").exists()


def test_enabling_forgets_the_failures(alice: Client) -> None:
    endpoint, _ = add_webhook(alice, URL)
    WebhookEndpoint.objects.update(
        is_enabled=False, failures=20, note="It failed.", failing_since=endpoint.created_on,
        rests_until=endpoint.created_on,
    )  # fmt: skip
    shown = alice.patch(f"webhooks/{endpoint.slug}/", {"is_enabled": True}).json()
    assert (shown["is_enabled"], shown["failures"], shown["note"]) == (True, 0, "")
    assert (shown["failing_since"], shown["rests_until"]) == (None, None)


def test_deleting(alice: Client) -> None:
    endpoint, _ = add_webhook(alice, URL)
    ended(user_of(alice))
    assert alice.delete(f"webhooks/{endpoint.slug}/").status_code == 204
    assert (count(alice), Delivery.objects.count()) == (0, 0)
    # What happened, happened.
    assert Notification.objects.count() == 1
    assert_error(alice.get(f"webhooks/{endpoint.slug}/"), 404, "not_found")


def test_rotating(alice: Client) -> None:
    endpoint, secret = add_webhook(alice, URL)
    answer = alice.post(f"webhooks/{endpoint.slug}/rotate/")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    shown = answer.json()
    new = shown.pop("secret")
    assert new.startswith("whsec_")
    assert new != secret
    assert shown["previous_until"]
    assert alice.get(f"webhooks/{endpoint.slug}/").json() == shown


def test_a_ping(alice: Client, settings: Any) -> None:
    allow_local(settings)
    with web(hook=reply(200, b"pong")) as server:
        endpoint, secret = add_webhook(alice, server.url("/hook"), "job.failed")
        answer = alice.post(f"webhooks/{endpoint.slug}/test/")
        assert answer.status_code == 202
        assert (answer.json()["type"], answer.json()["status"]) == ("ping", "waiting")
        deliver_all()
    body = verified(server.asked[0], secret)
    assert (body["type"], body["data"]) == ("ping", {"webhook": endpoint.slug})
    (shown,) = alice.get(f"webhooks/{endpoint.slug}/deliveries/").json()["results"]
    assert (shown["status"], shown["response"]) == ("delivered", "pong")
    assert alice.get("notifications/unread/").json() == {"unread": 0}


def test_the_log(alice: Client, settings: Any) -> None:
    allow_local(settings)
    with web(hook=reply(500, b"oh no" * 1000)) as server:
        endpoint, _ = add_webhook(alice, server.url("/hook"))
        job = ended(user_of(alice))
        deliver_all(rounds=2)
    later = ended(user_of(alice))
    shown = alice.get(f"webhooks/{endpoint.slug}/deliveries/").json()["results"]
    assert [(row["job"], row["attempts"]) for row in shown] == [(later.slug, 0), (job.slug, 2)]
    row = shown[1]
    assert row["event"] == Notification.objects.get(job=job.slug).slug
    assert (row["type"], row["status"], row["response_code"]) == ("job.succeeded", "waiting", 500)
    assert (row["response"], row["error"]) == (
        ("oh no" * 1000)[:1024],
        "The endpoint answered 500.",
    )
    assert row["next_on"] > row["tried_on"] > row["created_on"]
    assert 0 <= row["milliseconds"] < 15_000


def test_a_replay_keeps_the_id(alice: Client, settings: Any) -> None:
    allow_local(settings)
    with web(hook=reply(200)) as server:
        endpoint, secret = add_webhook(alice, server.url("/hook"))
        ended(user_of(alice))
        deliver_all()
        delivery = Delivery.objects.get()
        path = f"webhooks/{endpoint.slug}/deliveries/{delivery.slug}/replay/"
        again = alice.post(path)
        assert (again.status_code, again.json()["slug"]) == (202, delivery.slug)
        assert (again.json()["status"], again.json()["attempts"]) == ("waiting", 0)
        with nothing_changes():
            assert_error(alice.post(path), 409, "conflict")
        deliver_all()
    first, second = server.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    verified(second, secret)
    assert Delivery.objects.get().status == "delivered"


def test_nothing_is_sent_by_hand_to_a_disabled_webhook(alice: Client) -> None:
    endpoint, _ = add_webhook(alice, URL)
    ended(user_of(alice))
    alice.patch(f"webhooks/{endpoint.slug}/", {"is_enabled": False})
    slug = Delivery.objects.get().slug
    with nothing_changes():
        for path in ("test/", f"deliveries/{slug}/replay/"):
            assert_error(alice.post(f"webhooks/{endpoint.slug}/{path}"), 409, "conflict")


def test_sending_by_hand_has_an_end(alice: Client, settings: Any) -> None:
    settings.DELIVERIES_BY_HAND = (2, 60.0)
    endpoint, _ = add_webhook(alice, URL)
    path = f"webhooks/{endpoint.slug}/test/"
    assert [alice.post(path).status_code for _ in range(2)] == [202, 202]
    with nothing_changes():
        assert_error(alice.post(path), 429, "throttled")


def everything(slug: str, delivery: str) -> list[tuple[str, str, Any]]:
    """Every request that names a webhook."""
    return [
        ("get", f"webhooks/{slug}/", None),
        ("patch", f"webhooks/{slug}/", {"is_enabled": False}),
        ("delete", f"webhooks/{slug}/", None),
        ("post", f"webhooks/{slug}/rotate/", {}),
        ("post", f"webhooks/{slug}/test/", {}),
        ("get", f"webhooks/{slug}/deliveries/", None),
        ("post", f"webhooks/{slug}/deliveries/{delivery}/replay/", {}),
    ]


def sent(client: Client, method: str, path: str, body: Any) -> Any:
    return getattr(client, method)(path, *([] if body is None else [body]))


def test_somebody_elses(alice: Client, bob: Client) -> None:
    endpoint, _ = add_webhook(alice, URL)
    foreign, _ = add_webhook(bob, URL)
    ended(user_of(alice))
    slug = Delivery.objects.get().slug
    with nothing_changes():
        for name in (endpoint.slug, NOWHERE):
            for request in everything(name, slug):
                assert_error(sent(bob, *request), 404, "not_found")
        replay = f"webhooks/{foreign.slug}/deliveries/{slug}/replay/"
        assert_error(bob.post(replay), 404, "not_found")
        assert bob.get(f"webhooks/{foreign.slug}/deliveries/").json()["results"] == []


def test_a_token_that_may_only_read(alice: Client, carol: Client, anonymous: Client) -> None:
    endpoint, _ = add_webhook(alice, URL)
    ended(user_of(alice))
    slug = Delivery.objects.get().slug
    with nothing_changes():
        assert_error(carol.post("webhooks/", {"url": URL}), 403, "forbidden")
        for method, path, body in everything(endpoint.slug, slug):
            answer = sent(carol, method, path, body)
            if method == "get":
                assert answer.status_code == 200
            else:
                assert_error(answer, 403, "forbidden")
            answer = sent(anonymous, method, path, body)
            assert_error(answer, 401, "unauthenticated")


@pytest.mark.parametrize("rows", [3, 30])
def test_queries(alice: Client, rows: int, settings: Any, django_assert_num_queries: Any) -> None:
    settings.WEBHOOKS_PER_USER = 100
    for _ in range(rows):
        endpoint, _ = add_webhook(alice, URL)
    for _ in range(rows):
        ended(user_of(alice))
    with django_assert_num_queries(2):
        assert len(alice.get("webhooks/").json()["results"]) == rows
    with django_assert_num_queries(3):
        path = f"webhooks/{endpoint.slug}/deliveries/"
        assert len(alice.get(path).json()["results"]) == rows
