"""The only door from an identifier that somebody sent to a job, its file, or a schedule."""

from __future__ import annotations

from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.errors import Gone, NotFound
from tasks.jobs.selectors import job_file, job_get
from tasks.models import Delivery, Job, JobFile, Notification, Schedule, WebhookEndpoint
from tasks.schedules.selectors import schedule_get
from tasks.storage import downloads


def job_read(actor: User, slug: str) -> Job:
    """One of the actor's own jobs; raises NotFound for anything else."""
    job = job_get(user=actor, slug=slug)
    if job is None:
        raise NotFound
    return job


def file_read(actor: User, slug: str, name: str) -> JobFile:
    """A file of one of the actor's own jobs; raises NotFound, or Gone once it has expired."""
    return _present(file_record(actor, slug, name))


def file_record(actor: User, slug: str, name: str) -> JobFile:
    """What is known of a file of one of the actor's own jobs, even when it has expired; raises NotFound."""
    file = job_file(slug=slug, name=name)
    if file is None or file.job.user_id != actor.pk:
        raise NotFound
    return file


def schedule_read(actor: User, slug: str) -> Schedule:
    """One of the actor's own schedules; raises NotFound for anything else."""
    schedule = schedule_get(user=actor, slug=slug)
    if schedule is None:
        raise NotFound
    return schedule


def file_read_signed(slug: str, name: str, *, expires: str, signature: str) -> JobFile:
    """A file by a signed URL. Raises Forbidden for a bad signature and Gone for an expired one."""
    file = job_file(slug=slug, name=name)
    # Whether there is such a file is told to those alone who have a signature for it.
    generation = file.generation if file else 0
    downloads.verify(slug, name, generation, expires=expires, signature=signature)
    if file is None:
        raise NotFound
    return _present(file)


def notification_read(actor: User, slug: str) -> Notification:
    """One of the actor's own notifications; raises NotFound."""
    notification = Notification.objects.filter(user=actor, slug=slug).first()
    if notification is None:
        raise NotFound
    return notification


def webhook_read(actor: User, slug: str) -> WebhookEndpoint:
    """One of the actor's own webhooks; raises NotFound."""
    endpoint = WebhookEndpoint.objects.filter(user=actor, slug=slug).first()
    if endpoint is None:
        raise NotFound
    return endpoint


def delivery_read(actor: User, slug: str, delivery: str) -> Delivery:
    """A delivery to one of the actor's own webhooks; raises NotFound."""
    found = Delivery.objects.select_related("notification", "endpoint").filter(
        endpoint__user=actor, endpoint__slug=slug, slug=delivery
    )
    if (first := found.first()) is None:
        raise NotFound
    return first


def _present(file: JobFile) -> JobFile:
    if file.deleted_on or file.expires_on <= timezone.now():
        raise Gone("The file has expired and was removed.")
    return file
