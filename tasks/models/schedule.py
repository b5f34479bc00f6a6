"""Define schedules and the outcomes of their slots."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from gridlink.lib.models import Record
from gridlink.lib.slugs import SLUG_LENGTH, new_slug

new_schedule_slug = partial(new_slug, "sc")

NAME_LENGTH = 100
NOTE_LENGTH = 500


class RuleForm(models.TextChoices):
    """Name the forms of a rule."""

    RRULE = "rrule", "RRULE of RFC 5545"
    CRON = "cron", "Five fields of cron"


class Missed(models.TextChoices):
    """Name what happens to slots that passed while nothing could fire."""

    SKIP = "skip", "They are left out"
    CATCH_UP = "catch_up", "They are run late"


class Schedule(Record):
    """Represent what an owner wants started, by which rule, and where the results go.

    `next_on` is the next slot, or the one that waits for room in the owner's queue; null while disabled and
    after the last slot. `failures` are those in a row. `version` counts changes, not slots that passed.
    """

    slug = models.CharField(max_length=SLUG_LENGTH, editable=False, default=new_schedule_slug)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="schedules", db_index=False
    )
    name = models.CharField(max_length=NAME_LENGTH)
    action = models.CharField(max_length=50)
    params = models.JSONField(default=dict)
    rule = models.TextField()
    form = models.CharField(max_length=10, choices=RuleForm.choices)
    time_zone = models.CharField(max_length=64)
    # Local days, both included.
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    missed = models.CharField(max_length=10, choices=Missed.choices, default=Missed.SKIP)
    deliveries = models.JSONField(default=list, blank=True)

    is_enabled = models.BooleanField(default=True)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    note = models.CharField(max_length=NOTE_LENGTH, blank=True, editable=False)
    next_on = models.DateTimeField(null=True, blank=True, editable=False)
    last_slot = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        db_table = "tasks_schedule"
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="schedule_slug_once"),
            models.CheckConstraint(
                condition=Q(is_enabled=True) | Q(next_on__isnull=True),
                name="schedule_next_only_if_enabled",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="schedule_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(form__in=RuleForm.values), name="schedule_form_known"
            ),
            models.CheckConstraint(
                condition=Q(missed__in=Missed.values), name="schedule_missed_known"
            ),
        ]
        indexes = [
            models.Index("user", "created_on", "id", name="schedule_user_created"),
            models.Index("next_on", "id", name="schedule_due", condition=Q(next_on__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.slug})"


class RunStatus(models.TextChoices):
    """Name the outcomes of a slot."""

    SUBMITTED = "submitted", "A job was asked for"
    REFUSED = "refused", "No job could be asked for"
    SKIPPED = "skipped", "It was over too long when it was its turn"


class ScheduledRun(models.Model):
    """Record the outcome of one slot of a schedule, once however many processes fire it.

    Two slots share a job when the later one asked for what was still queued. `is_settled` is true once the
    job's end was counted, or at once if there is no job and the slot is not tried again.
    """

    schedule = models.ForeignKey(
        Schedule, on_delete=models.CASCADE, related_name="runs", db_index=False
    )
    slot = models.DateTimeField()
    status = models.CharField(max_length=10, choices=RunStatus.choices)
    job = models.ForeignKey(
        "tasks.Job", on_delete=models.SET_NULL, null=True, related_name="scheduled_runs"
    )
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)
    is_settled = models.BooleanField()
    created_on = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "tasks_scheduled_run"
        constraints = [
            models.UniqueConstraint("schedule", "slot", name="scheduled_run_once"),
            models.CheckConstraint(
                condition=Q(status__in=RunStatus.values), name="scheduled_run_status_known"
            ),
        ]
        indexes = [
            models.Index("slot", name="scheduled_run_age"),
            models.Index("schedule", name="scheduled_run_unsettled", condition=Q(is_settled=False)),
        ]

    def __str__(self) -> str:
        return f"{self.slot} {self.status}"
