"""Define reports, and the results of their runs."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from gridlink.lib.models import Record
from gridlink.lib.slugs import SLUG_LENGTH, new_slug
from tasks.models import Job

new_report_slug = partial(new_slug, "rp")

TITLE_LENGTH = 200


class Report(Record):
    """Store the definition of a report; `params` are those of its kind."""

    slug = models.CharField(max_length=SLUG_LENGTH, editable=False, default=new_report_slug)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reports", db_index=False
    )
    title = models.CharField(max_length=TITLE_LENGTH)
    kind = models.CharField(max_length=30)
    params = models.JSONField(default=dict)
    scope = models.JSONField(default=dict)
    range = models.JSONField(default=dict)
    time_zone = models.CharField(max_length=64)
    week_start = models.CharField(max_length=6)
    include_bots = models.BooleanField(default=False)
    formats = ArrayField(models.CharField(max_length=10))
    paper = models.CharField(max_length=6)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        db_table = "reports_report"
        constraints = [models.UniqueConstraint(fields=["slug"], name="report_slug_once")]
        indexes = [models.Index("user", "created_on", "id", name="report_user_created")]

    def __str__(self) -> str:
        return self.title


class ReportRun(models.Model):
    """Store a run of a report: its job, which holds the query, and the result.

    The result is null until there is one, and again when it is deleted (reports.reporting.runs.retention).

    `basis` is what the answer was made of (reports.reporting.runs.fingerprint), `result` the JSON of
    reports.reporting.results.result, compressed by Zstandard; `kept_since` is when they were stored.
    """

    job = models.OneToOneField(
        Job, on_delete=models.CASCADE, primary_key=True, related_name="report_run"
    )
    report = models.ForeignKey(
        Report, on_delete=models.CASCADE, related_name="runs", db_index=False
    )
    basis = models.JSONField(null=True)
    result = models.BinaryField(null=True)
    # Answers that were there before this column was count from its coming.
    kept_since = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "reports_report_run"
        indexes = [
            models.Index("report", "job", name="report_run_of"),
            models.Index(
                "kept_since",
                name="report_run_kept",
                condition=models.Q(result__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"run of {self.report_id}"
