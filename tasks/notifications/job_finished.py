"""What is written in the transaction that ends a job: the notification, and what is to be sent of it.

So there is no job that ended in silence, and no message of an end that was rolled back.
"""

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
    JobStatus,
    Notification,
    NotificationType,
    WebhookEndpoint,
)
from tasks.notifications.payload import job_as_json, title_of
from tasks.notifications.recipients import delivery_requests

_TYPES = {
    JobStatus.SUCCEEDED: NotificationType.SUCCEEDED,
    JobStatus.TRUNCATED: NotificationType.TRUNCATED,
    JobStatus.FAILED: NotificationType.FAILED,
    JobStatus.CANCELLED: NotificationType.CANCELLED,
}
_MAILED: dict[str, tuple[NotificationType, ...]] = {
    JobMail.NONE: (),
    JobMail.FAILED: (NotificationType.FAILED,),
    JobMail.ALL: JOB_NOTIFICATIONS,
}
# Locked: one that is deleted just now must not take the job's end with it.
_ENABLED = """
SELECT * FROM tasks_webhook_endpoint WHERE user_id = %s AND is_enabled ORDER BY id FOR NO KEY UPDATE
"""


def job_ended(job: Job, files: Sequence[JobFile] = ()) -> Notification:
    """Note what a job came to, with the files that it made, and queue that for every channel that wants it.
    Call it where the end is written, with the job as it is from now on."""
    notification = Notification.objects.create(
        user=job.user,
        type=_TYPES[JobStatus(job.status)],
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
    wished = [wish for wish in delivery_requests(job) if wish.channel == Channel.EMAIL]
    preferred = notification.type in _MAILED[job.user.email_jobs]
    if settings.EMAIL_SERVER and job.user.email and (wished or preferred):
        yield Delivery(
            notification=notification,
            user=job.user,
            channel=Channel.EMAIL,
            lane=job.user.slug,
            attach=any(wish.attach for wish in wished),
        )


def _webhooks(job: Job, notification: Notification) -> Iterator[Delivery]:
    wished = [wish for wish in delivery_requests(job) if wish.channel == Channel.WEBHOOK]
    for endpoint in WebhookEndpoint.objects.raw(_ENABLED, [job.user_id]):
        named = any(not wish.endpoints or endpoint.slug in wish.endpoints for wish in wished)
        if named or endpoint.wants(notification.type):
            yield Delivery(
                notification=notification,
                user=job.user,
                channel=Channel.WEBHOOK,
                lane=endpoint.slug,
                endpoint=endpoint,
            )
