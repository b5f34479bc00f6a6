"""End jobs, and send and read their notifications."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from django.utils import timezone
from standardwebhooks import Webhook

from gridlink.accounts.models import User
from gridlink.env import mail_config
from tasks.jobs import lifecycle
from tasks.jobs.lifecycle import Outcome, Progress
from tasks.models import Delivery, Job, Notification, WebhookEndpoint
from tasks.notifications import dispatcher
from tests.support.client import Client
from tests.support.platform import claim_of, make_job
from tests.support.tasks.smtp import Mailbox
from tests.support.web import Asked

ANY_PORT = frozenset(range(1, 65536))


def allow_local(settings: Any) -> None:
    """Let webhooks reach the tests' servers."""
    settings.OUTBOUND_ALLOW = (ip_network("127.0.0.0/8"),)
    settings.OUTBOUND_PORTS = ANY_PORT


def mail_through(mailbox: Mailbox, settings: Any) -> None:
    """Send e-mail through a test's server."""
    settings.EMAIL_SERVER = mail_config(mailbox.url)
    settings.EMAIL_FROM = "Gridlink <links@gridlink.test>"


def mailed(user: User, preference: str = "all", **fields: Any) -> User:
    """The user, with an address and a preference for e-mail."""
    fields = {"email": f"{user.username}@example.org", "email_jobs": preference, **fields}
    User.objects.filter(pk=user.pk).update(**fields)
    user.refresh_from_db()
    return user


def add_webhook(client: Client, url: str, *events: str) -> tuple[WebhookEndpoint, str]:
    """A webhook made through the API, and its secret."""
    answer = client.post("webhooks/", {"url": url, "events": list(events)})
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    return WebhookEndpoint.objects.get(slug=shown["slug"]), shown["secret"]


def ended(user: User, *, result: dict[str, Any] | None = None, **fields: Any) -> Job:
    """A job that has succeeded."""
    job = make_job(user, **fields)
    lifecycle.succeed(claim_of(job), Outcome(result or {}), [], Progress())
    job.refresh_from_db()
    return job


def failed(user: User, message: str = "No such link.", **fields: Any) -> Job:
    """A job that has failed."""
    job = make_job(user, **fields)
    lifecycle.fail(claim_of(job), code="missing", message=message)
    job.refresh_from_db()
    return job


def notification_of(job: Job) -> Notification:
    """The only notification of a job."""
    return Notification.objects.get(job=job.slug)


def make_due(**narrowed: Any) -> None:
    """Let the time of what waits for its next try come, and every rest end."""
    Delivery.objects.filter(status="waiting", **narrowed).update(
        next_on=timezone.now(), lease_expires_on=None
    )
    WebhookEndpoint.objects.update(rests_until=None)


def deliver_all(rounds: int = 1) -> int:
    """Send what is due, so many times as if the next try's time had come between; how many tries."""
    tries = 0
    for _ in range(rounds):
        make_due()
        tries += dispatcher.deliver()
    return tries


def verified(asked: Asked, secret: str) -> Any:
    """The body of a request whose signature is good for the secret; raises WebhookVerificationError."""
    return Webhook(secret).verify(asked.body, asked.headers)
