"""Test that the transaction that ends a job writes its notification and deliveries."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from gridlink.accounts.models import User
from tasks.jobs import lifecycle, services
from tasks.jobs.lifecycle import FinishedFile, LeaseLost, Outcome, Progress
from tasks.models import Channel, Delivery, Job, JobFile, Notification, WebhookEndpoint
from tasks.notifications import job_finished
from tasks.notifications.recipients import DeliveryRequest, delivery_requests
from tasks.notifications.services import webhook_delete
from tests.support.client import Client
from tests.support.platform import KIND, claim_of, end_lease, make_job, user_of
from tests.support.race import race
from tests.support.tasks.notifications import add_webhook, ended, failed, mailed, notification_of

pytestmark = pytest.mark.django_db
FILE = FinishedFile("links.csv", "jobs/x/1-1/links.csv", "text/csv", 12, 3, "ab" * 32)
URL = "https://hooks.example.org/x"


@pytest.fixture
def owner(alice: Client) -> User:
    return user_of(alice)


@pytest.fixture
def mail_on(settings: Any) -> None:
    settings.EMAIL_SERVER = {"host": "127.0.0.1", "port": 1}
    settings.EMAIL_FROM = "links@gridlink.test"


def notified(user: User) -> list[tuple[str, str]]:
    found = Notification.objects.filter(user=user).order_by("id")
    return [(notification.type, notification.title) for notification in found]


def queued() -> list[tuple[str, str]]:
    return sorted(Delivery.objects.values_list("channel", "lane"))


def test_each_end_is_notified(owner: User) -> None:
    ended(owner)
    job = make_job(owner)
    lifecycle.succeed(claim_of(job), Outcome(truncated="At most 3 rows."), [], Progress())
    failed(owner)
    job = make_job(owner)
    lifecycle.cancel(claim_of(job))
    lifecycle.request_cancel(make_job(owner))
    job = make_job(owner, max_attempts=1)
    claim_of(job)
    end_lease(job)
    assert lifecycle.fail_crashed(10) == 1
    assert notified(owner) == [
        ("job.succeeded", "Work succeeded"),
        ("job.truncated", "Work ended at a limit"),
        ("job.failed", "Work failed"),
        ("job.cancelled", "Work was cancelled"),
        ("job.cancelled", "Work was cancelled"),
        ("job.failed", "Work failed"),
    ]
    assert notification_of(job).data["error"]["code"] == "crashed"


def test_a_cancel_that_overtakes_a_release_is_notified(owner: User) -> None:
    job = make_job(owner)
    held = claim_of(job)
    lifecycle.request_cancel(job)
    lifecycle.hand_back(held)
    assert notified(owner) == [("job.cancelled", "Work was cancelled")]


def test_only_an_end_is_notified(owner: User) -> None:
    job = make_job(owner)
    held = claim_of(job)
    lifecycle.hand_back(held)
    held = claim_of(job)
    lifecycle.request_cancel(job)
    with pytest.raises(LeaseLost):
        lifecycle.cancel(type(held)(**{**as_fields(held), "fence": 9}))
    assert notified(owner) == []


def as_fields(held: Any) -> dict[str, Any]:
    return {name: getattr(held, name) for name in held.__dataclass_fields__}


def test_every_end_of_a_retried_job_is_an_event_of_its_own(owner: User) -> None:
    job = failed(owner)
    assert lifecycle.retry(job)
    lifecycle.succeed(claim_of(job), Outcome(), [], Progress())
    assert notified(owner) == [("job.failed", "Work failed"), ("job.succeeded", "Work succeeded")]
    assert Notification.objects.values("slug").distinct().count() == 2


def test_a_notification_holds_the_job_as_it_was(alice: Client, settings: Any) -> None:
    settings.PUBLIC_URL = "https://links.example.org"
    job = make_job(user_of(alice), params={"format": "csv"})
    lifecycle.succeed(claim_of(job), Outcome({"rows": 3}), [FILE], Progress(3, 3, "rows"))
    data = notification_of(job).data
    shown = alice.get(f"jobs/{job.slug}/").json()
    path = f"/api/v1/jobs/{job.slug}/files/links.csv/"
    assert shown["files"][0].pop("url").startswith(f"http://testserver{path}?expires=")
    assert data["files"][0].pop("url") == f"https://links.example.org{path}"
    for name in ("downloads", "last_downloaded_on"):
        shown["files"][0].pop(name)
    for name in ("progress", "eta_seconds", "queue_position", "cancel_requested_on"):
        shown.pop(name)
    assert data == shown
    JobFile.objects.update(deleted_on="2026-01-01T00:00:00Z")
    assert len(notification_of(job).data["files"]) == 1


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("", "Work succeeded"),
        ("Links, weekly", "Work “Links, weekly” succeeded"),
        ("a\r\nBcc: b@example.org", "Work “a Bcc: b@example.org” succeeded"),
        ("x" * 500, f"Work “{'x' * 150}” succeeded"),
        (7, "Work “7” succeeded"),
    ],
)
def test_a_title_is_one_line(owner: User, name: Any, title: str) -> None:
    job = ended(owner, params={"title": name} if name else {})
    assert notification_of(job).title == title


@pytest.mark.parametrize(("preference", "mails"), [("none", 0), ("failed", 1), ("all", 2)])
@pytest.mark.usefixtures("mail_on")
def test_e_mail_goes_by_preference(owner: User, preference: str, mails: int) -> None:
    mailed(owner, preference)
    ended(owner)
    failed(owner)
    assert queued() == [("email", owner.slug)] * mails


@pytest.mark.usefixtures("mail_on")
def test_without_an_address_no_e_mail_is_queued(owner: User) -> None:
    mailed(owner, email="")
    ended(owner)
    assert queued() == []


def test_without_a_mail_server_no_e_mail_is_queued(owner: User, settings: Any) -> None:
    settings.EMAIL_SERVER = {}
    mailed(owner)
    ended(owner)
    assert (queued(), len(notified(owner))) == ([], 1)


@pytest.mark.usefixtures("mail_on")
def test_who_is_locked_out_is_sent_nothing(alice: Client, owner: User) -> None:
    add_webhook(alice, URL)
    mailed(owner, is_active=False)
    ended(owner)
    assert queued() == []


def test_webhooks_go_by_subscription(alice: Client, bob: Client, owner: User) -> None:
    every, _ = add_webhook(alice, URL)
    on_failure, _ = add_webhook(alice, URL, "job.failed")
    off, _ = add_webhook(alice, URL)
    alice.patch(f"webhooks/{off.slug}/", {"is_enabled": False})
    add_webhook(bob, URL)
    ended(owner)
    assert queued() == [("webhook", every.slug)]
    failed(owner)
    assert queued() == sorted([("webhook", every.slug)] * 2 + [("webhook", on_failure.slug)])


@pytest.mark.usefixtures("mail_on")
def test_requests_add_to_preferences(alice: Client, bob: Client, owner: User) -> None:
    mailed(owner, "none")
    quiet, _ = add_webhook(alice, URL, "job.failed")
    other, _ = add_webhook(alice, URL, "job.failed")
    foreign, _ = add_webhook(bob, URL)
    requests = [
        DeliveryRequest(Channel.EMAIL, attach=True),
        DeliveryRequest(Channel.WEBHOOK, endpoints=(quiet.slug, foreign.slug)),
    ]
    job = submit(owner, requests)
    assert delivery_requests(job) == requests
    lifecycle.succeed(claim_of(job), Outcome(), [], Progress())
    assert queued() == [("email", owner.slug), ("webhook", quiet.slug)]
    assert Delivery.objects.get(channel="email").attach
    Delivery.objects.all().delete()
    job = submit(owner, [DeliveryRequest(Channel.WEBHOOK)])
    lifecycle.succeed(claim_of(job), Outcome(), [], Progress())
    assert queued() == sorted([("webhook", quiet.slug), ("webhook", other.slug)])


def submit(owner: User, requests: list[DeliveryRequest]) -> Job:
    return services.job_submit(user=owner, kind=KIND, params={}, deliveries=requests).job


@pytest.fixture(autouse=True)
def known_kind(monkeypatch: pytest.MonkeyPatch, published: Any) -> None:
    monkeypatch.setattr(services, "queue_for", lambda kind, **_: "exports")


def test_a_job_with_other_requests_is_another_job(owner: User) -> None:
    plain = submit(owner, [])
    assert submit(owner, []) == plain
    requested = submit(owner, [DeliveryRequest(Channel.EMAIL)])
    assert requested != plain
    assert submit(owner, [DeliveryRequest(Channel.EMAIL)]) == requested
    assert submit(owner, [DeliveryRequest(Channel.EMAIL, attach=True)]) != requested


def test_the_end_and_its_notifications_are_atomic(
    alice: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_webhook(alice, URL)
    job = make_job(owner)
    held = claim_of(job)
    effects: list[str] = []

    def crash(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(Delivery.objects, "bulk_create", crash)
        outcome = Outcome(effects=lambda: effects.append("tried"))
        with pytest.raises(ConnectionError), transaction.atomic():
            lifecycle.succeed(held, outcome, [FILE], Progress())
    job.refresh_from_db()
    assert (job.status, effects) == ("running", ["tried"])
    assert not JobFile.objects.exists()
    assert (notified(owner), queued()) == ([], [])
    lifecycle.succeed(held, Outcome(), [FILE], Progress())
    assert (len(notified(owner)), len(queued())) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_webhook_that_goes_as_the_job_ends(alice: Client, owner: User) -> None:
    endpoint, _ = add_webhook(alice, URL)
    job = make_job(owner)
    held = claim_of(job)
    race(
        WebhookEndpoint.objects.filter(pk=endpoint.pk),
        lambda: lifecycle.succeed(held, Outcome(), [FILE], Progress()),
        lambda: webhook_delete(endpoint=endpoint),
    )
    job.refresh_from_db()
    assert (job.status, len(notified(owner)), queued()) == ("succeeded", 1, [])


def test_no_query_more_for_more_webhooks(
    alice: Client, owner: User, django_assert_num_queries: Any
) -> None:
    for _ in range(10):
        add_webhook(alice, URL)
    job = ended(owner)
    Delivery.objects.all().delete()
    job = Job.objects.select_related("user").get(pk=job.pk)
    # The notification, the endpoints, the deliveries.
    with django_assert_num_queries(3):
        job_finished.notify_job_ended(job)
    assert len(queued()) == 10
