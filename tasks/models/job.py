"""Jobs, their files and history, and the small records that keep the platform honest."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from gridlink.lib.models import Record
from gridlink.lib.slugs import SLUG_LENGTH, new_slug
from tasks.models.states import FINISHED, UNFINISHED, EventType, JobStatus

new_job_slug = partial(new_slug, "jb")


class JobQuerySet(models.QuerySet["Job"]):
    """Narrowings that several callers share."""

    def of(self, user: Any) -> JobQuerySet:
        """The jobs of one user."""
        return self.filter(user=user)

    def unfinished(self) -> JobQuerySet:
        """Jobs that wait or run."""
        return self.filter(status__in=UNFINISHED)


class Job(Record):
    """One piece of background work that a user sees. This row is its truth; a message is a doorbell.

    `fence` grows with every claim: whoever writes for a job names the fence it was given, so that a worker
    which lost its lease can change nothing. `attempt` counts claims since the owner last asked for it.
    """

    slug = models.CharField(max_length=SLUG_LENGTH, editable=False, default=new_job_slug)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs", db_index=False
    )
    kind = models.CharField(max_length=50)
    queue = models.CharField(max_length=20)
    params = models.JSONField(default=dict)
    # Of kind, params and upload: two requests with the same one ask for the same thing.
    fingerprint = models.CharField(max_length=64, blank=True, db_default="", editable=False)
    # Whom to tell of its end beside what its owner prefers: `tasks.notifications.recipients`.
    deliveries = models.JSONField(default=list, db_default=[], editable=False)
    # Of the request that asked for it, so that its lines and the worker's can be read together.
    request_id = models.CharField(max_length=64, blank=True, editable=False)

    status = models.CharField(
        max_length=10, choices=JobStatus.choices, default=JobStatus.QUEUED, editable=False
    )
    attempt = models.PositiveSmallIntegerField(default=0, editable=False)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    fence = models.BigIntegerField(default=0, editable=False)
    lease_expires_on = models.DateTimeField(null=True, blank=True, editable=False)
    worker = models.CharField(max_length=200, blank=True, editable=False)
    run_after = models.DateTimeField(default=timezone.now)
    rung_on = models.DateTimeField(null=True, blank=True, editable=False)
    cancel_requested_on = models.DateTimeField(null=True, blank=True, editable=False)
    started_on = models.DateTimeField(null=True, blank=True, editable=False)
    finished_on = models.DateTimeField(null=True, blank=True, editable=False)

    progress_done = models.BigIntegerField(default=0, editable=False)
    progress_total = models.BigIntegerField(null=True, blank=True, editable=False)
    progress_unit = models.CharField(max_length=20, blank=True, editable=False)
    result = models.JSONField(default=dict, blank=True, editable=False)
    error_code = models.CharField(max_length=50, blank=True, editable=False)
    error_message = models.TextField(blank=True, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "tasks_job"
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="job_slug_once"),
            models.CheckConstraint(
                condition=models.Q(status=JobStatus.RUNNING, lease_expires_on__isnull=False)
                | (~models.Q(status=JobStatus.RUNNING) & models.Q(lease_expires_on__isnull=True)),
                name="job_lease_iff_running",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=FINISHED, finished_on__isnull=False)
                | models.Q(status__in=UNFINISHED, finished_on__isnull=True),
                name="job_finished_on_iff_finished",
            ),
        ]
        indexes = [
            models.Index("user", "created_on", "id", name="job_user_created"),
            models.Index("user", "queue", "started_on", name="job_user_started"),
            models.Index(
                "queue",
                "user",
                "created_on",
                "id",
                name="job_waiting",
                condition=models.Q(status=JobStatus.QUEUED),
            ),
            models.Index(
                "user",
                "fingerprint",
                name="job_identical",
                condition=models.Q(status__in=UNFINISHED),
            ),
            models.Index("user", "finished_on", name="job_user_finished"),
            # Only the running ones, and no column that a heartbeat writes: those updates stay in place.
            models.Index(
                "queue", "user", name="job_running", condition=models.Q(status=JobStatus.RUNNING)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.slug}"


class FileRole(models.TextChoices):
    """Which way a file goes."""

    INPUT = "input", "Given to the job"
    OUTPUT = "output", "Made by the job"


class JobFile(models.Model):
    """A complete file of a job in object storage. It has a row only once it is whole.

    `generation` is part of every signature of its address: to count it up revokes all that were signed.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="files", db_index=False)
    role = models.CharField(max_length=6, choices=FileRole.choices)
    name = models.CharField(max_length=200)
    storage_key = models.CharField(max_length=400, unique=True)
    content_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    rows = models.BigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64)
    created_on = models.DateTimeField(default=timezone.now, editable=False)
    expires_on = models.DateTimeField()
    deleted_on = models.DateTimeField(null=True, blank=True)
    generation = models.PositiveIntegerField(db_default=0, editable=False)
    downloads = models.PositiveIntegerField(db_default=0, editable=False)
    last_downloaded_on = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "tasks_job_file"
        constraints = [
            models.UniqueConstraint("job", "role", "name", name="job_file_name"),
        ]
        indexes = [
            models.Index(
                "expires_on", name="job_file_expiry", condition=models.Q(deleted_on__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.name


class Download(models.Model):
    """One GET of a file that was answered: when, by which token or by a signed address, and how far it came.

    A token is the owner's, for no other opens a file. `bytes_sent` is null while it is under way, and for
    good when the object store sends the file itself. No address of a client is kept, here or anywhere.
    """

    file = models.ForeignKey(
        JobFile, on_delete=models.CASCADE, related_name="download_log", db_index=False
    )
    # Its slug, since the row outlives the token; empty for a signed address.
    token = models.CharField(max_length=SLUG_LENGTH, blank=True)
    first_byte = models.BigIntegerField()
    bytes_sent = models.BigIntegerField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    created_on = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "tasks_download"
        indexes = [
            models.Index("file", "id", name="download_order"),
            models.Index("created_on", name="download_age"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} from byte {self.first_byte}"


class JobEvent(models.Model):
    """One line of a job's history. Rows are added and never changed; a trigger refuses updates."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events", db_index=False)
    type = models.CharField(max_length=20, choices=EventType.choices)
    attempt = models.PositiveSmallIntegerField()
    detail = models.JSONField(default=dict)
    created_on = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "tasks_job_event"
        indexes = [models.Index("job", "id", name="job_event_order")]

    def __str__(self) -> str:
        return f"{self.type} (attempt {self.attempt})"


class JobCheckpoint(models.Model):
    """How far a job has come, in its runner's own words: what another attempt goes on from."""

    job = models.OneToOneField(
        Job, on_delete=models.CASCADE, primary_key=True, related_name="checkpoint"
    )
    data = models.JSONField()

    class Meta:
        db_table = "tasks_job_checkpoint"

    def __str__(self) -> str:
        return f"checkpoint of {self.job_id}"


class IdempotencyKey(models.Model):
    """A key a client sent with a request that started a job, so that a repeat finds the same job."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    job = models.ForeignKey(Job, on_delete=models.CASCADE)
    created_on = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "tasks_idempotency_key"
        constraints = [models.UniqueConstraint("user", "key", name="idempotency_key_once")]
        indexes = [models.Index("created_on", name="idempotency_key_age")]

    def __str__(self) -> str:
        return self.key


class PeriodicRun(models.Model):
    """A slot of periodic work that some worker took: unique, so two beats cause one run."""

    name = models.CharField(max_length=100)
    slot = models.BigIntegerField()
    created_on = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "tasks_periodic_run"
        constraints = [models.UniqueConstraint("name", "slot", name="periodic_run_once")]
        indexes = [models.Index("created_on", name="periodic_run_age")]

    def __str__(self) -> str:
        return f"{self.name} {self.slot}"


class QueueCanary(models.Model):
    """When a message that was put into a queue last came out at a worker: the queue's real health."""

    queue = models.CharField(max_length=20, primary_key=True)
    seen_on = models.DateTimeField()

    class Meta:
        db_table = "tasks_queue_canary"

    def __str__(self) -> str:
        return self.queue
