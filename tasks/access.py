"""Find rows of the acting user, the only way from an identifier to a row."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.errors import Forbidden, Gone, NotFound
from tasks.jobs.selectors import job_file, job_get
from tasks.models import Delivery, Job, JobFile, Notification, Schedule, WebhookEndpoint
from tasks.storage import downloads

M = TypeVar("M", bound=Model)


def job_read(actor: User, slug: str) -> Job:
    """Return one of the actor's jobs with its outputs; raise NotFound."""
    return _found(job_get(user=actor, slug=slug))


def file_read(actor: User, slug: str, name: str) -> JobFile:
    """Return a file of the actor's. Raises NotFound, or Gone once it has expired."""
    return _unexpired(file_record(actor, slug, name))


def file_record(actor: User, slug: str, name: str) -> JobFile:
    """Return the record of a file of the actor's, expired or not; raise NotFound."""
    file = _found(job_file(slug=slug, name=name))
    if file.job.user_id != actor.pk:
        raise NotFound
    return file


def file_read_signed(slug: str, name: str, *, expires: str, signature: str) -> JobFile:
    """Return a file by its signed URL. Raises Forbidden, NotFound or Gone.

    Also Forbidden once the owner is inactive.
    """
    file = job_file(slug=slug, name=name)
    # Only whoever has a valid signature learns whether the file exists.
    generation = file.generation if file else 0
    downloads.verify(slug, name, generation, expires=expires, signature=signature)
    file = _found(file)
    if not file.job.user.is_active:
        raise Forbidden(downloads.REFUSED)
    return _unexpired(file)


def schedule_read(actor: User, slug: str) -> Schedule:
    """Return one of the actor's schedules; raise NotFound."""
    return _first(Schedule.objects.filter(user=actor, slug=slug))


def notification_read(actor: User, slug: str) -> Notification:
    """Return one of the actor's notifications; raise NotFound."""
    return _first(Notification.objects.filter(user=actor, slug=slug))


def webhook_read(actor: User, slug: str) -> WebhookEndpoint:
    """Return one of the actor's webhooks; raise NotFound."""
    return _first(WebhookEndpoint.objects.filter(user=actor, slug=slug))


def delivery_read(actor: User, slug: str, delivery: str) -> Delivery:
    """Return a delivery to one of the actor's webhooks; raise NotFound."""
    deliveries = Delivery.objects.select_related("notification", "endpoint")
    return _first(deliveries.filter(endpoint__user=actor, endpoint__slug=slug, slug=delivery))


def _first(rows: QuerySet[M]) -> M:
    return _found(rows.first())


def _found(row: M | None) -> M:
    if row is None:
        raise NotFound
    return row


def _unexpired(file: JobFile) -> JobFile:
    if file.deleted_on or file.expires_on <= timezone.now():
        raise Gone("The file has expired and was removed.")
    return file
