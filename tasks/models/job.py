"""Define jobs, their files and history, and the records that coordinate workers."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from gridlink.lib.models import Record
from gridlink.lib.slugs import SLUG_LENGTH, new_slug
from tasks.models.states import FINISHED, UNFINISHED, EventType, JobStatus

new_job_slug = partial(new_slug, "jb")


class Job(Record):
    """Represent background work that a user sees; this row, not a message, holds its state.

    `fence` grows with every claim, and writes for a job name the fence of their claim, so that a worker that
    lost its lease changes nothing. `attempt` counts claims since the job was submitted or retried.
    """

    slug = models.CharField(max_length=SLUG_LENGTH, editable=False, default=new_job_slug)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs", db_index=False
    )
    kind = models.CharField(max_length=50)
    queue = models.CharField(max_length=20)
    params = models.JSONField(default=dict)
    # A hash of kind, params, upload and deliveries: equal for identical requests.
    fingerprint = models.CharField(max_length=64, blank=True, db_default="", editable=False)
    # Deliveries beside those that its owner prefers: `tasks.notifications.recipients`.
    deliveries = models.JSONField(default=list, db_default=[], editable=False)
    # Of the request that submitted it, to find its log lines and the worker's.
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
            # No column that a heartbeat writes, so that its updates touch no index.
            models.Index(
                "queue", "user", name="job_running", condition=models.Q(status=JobStatus.RUNNING)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.slug}"


class FileRole(models.TextChoices):
    """Name the direction of a file."""

    INPUT = "input", "Given to the job"
    OUTPUT = "output", "Made by the job"


class JobFile(models.Model):
    """Represent a complete file of a job; raising `generation` revokes its signed URLs."""

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
        constraints = [models.UniqueConstraint("job", "role", "name", name="job_file_name")]
        indexes = [
            models.Index(
                "expires_on", name="job_file_expiry", condition=models.Q(deleted_on__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.name


class Download(models.Model):
    """Record one answered GET of a file, by a token or a signed URL.

    The token is one of the owner's. `bytes_sent` is null during the download, and stays null when the object
    store sends the file itself. No client's IP address is kept.
    """

    file = models.ForeignKey(
        JobFile, on_delete=models.CASCADE, related_name="download_log", db_index=False
    )
    # Its slug, since the row outlives the token; empty for a signed URL.
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
    """Record one event of a job's history; a trigger rejects updates."""

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
    """Hold how far a job has come, in its runner's own format, for another attempt."""

    job = models.OneToOneField(
        Job, on_delete=models.CASCADE, primary_key=True, related_name="checkpoint"
    )
    data = models.JSONField()

    class Meta:
        db_table = "tasks_job_checkpoint"

    def __str__(self) -> str:
        return f"checkpoint of {self.job_id}"


class IdempotencyKey(models.Model):
    """Record a client's key for a request, so that repeating it finds the same job."""

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
    """Record a claimed slot of periodic work; unique, so two beats cause one run."""

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
    """Record when a message last came out of a queue, which is the queue's health."""

    queue = models.CharField(max_length=20, primary_key=True)
    seen_on = models.DateTimeField()

    class Meta:
        db_table = "tasks_queue_canary"

    def __str__(self) -> str:
        return self.queue
