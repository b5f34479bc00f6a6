"""Write a job's notification and its deliveries in the transaction that ends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.conf import settings

from gridlink.accounts.models import JobMail
from tasks.broker import publisher
from tasks.models import (
    JOB_NOTIFICATIONS,
    Channel,
    Delivery,
    Job,
    JobFile,
    Notification,
    NotificationType,
    WebhookEndpoint,
)
from tasks.notifications.payload import job_as_json, title_of
from tasks.notifications.recipients import delivery_requests

_MAILED: dict[str, tuple[NotificationType, ...]] = {
    JobMail.NONE: (),
    JobMail.FAILED: (NotificationType.FAILED,),
    JobMail.ALL: JOB_NOTIFICATIONS,
}
# Locked: an endpoint that is being deleted must not fail the job's end.
_ENABLED = """
SELECT * FROM tasks_webhook_endpoint WHERE user_id = %s AND is_enabled ORDER BY id FOR NO KEY UPDATE
"""


def notify_job_ended(job: Job, files: Sequence[JobFile] = ()) -> Notification:
    """Record a job's end with its files, and queue deliveries, inside its transaction."""
    notification = Notification.objects.create(
        user=job.user,
        type=NotificationType(f"job.{job.status}"),
        job=job.slug,
        title=title_of(job),
        data=job_as_json(job, files),
    )
    deliveries = [*_emails(job, notification), *_webhooks(job, notification)]
    if job.user.is_active and deliveries:
        Delivery.objects.bulk_create(deliveries)
        publisher.deliver_on_commit()
    return notification


def _emails(job: Job, notification: Notification) -> Iterator[Delivery]:
    requests = [each for each in delivery_requests(job) if each.channel == Channel.EMAIL]
    is_preferred = notification.type in _MAILED[job.user.email_jobs]
    if settings.EMAIL_SERVER and job.user.email and (requests or is_preferred):
        yield Delivery(
            notification=notification,
            user=job.user,
            channel=Channel.EMAIL,
            lane=job.user.slug,
            attach=any(request.attach for request in requests),
        )


def _webhooks(job: Job, notification: Notification) -> Iterator[Delivery]:
    requests = [each for each in delivery_requests(job) if each.channel == Channel.WEBHOOK]
    for endpoint in WebhookEndpoint.objects.raw(_ENABLED, [job.user_id]):
        is_named = any(not each.endpoints or endpoint.slug in each.endpoints for each in requests)
        if is_named or endpoint.wants(notification.type):
            yield Delivery(
                notification=notification,
                user=job.user,
                channel=Channel.WEBHOOK,
                lane=endpoint.slug,
                endpoint=endpoint,
            )
