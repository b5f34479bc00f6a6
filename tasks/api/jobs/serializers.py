"""Define the JSON of jobs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gridlink.lib.rest.pagination import PageQuery
from gridlink.lib.rest.serializers import ReadSerializer, StrictSerializer
from tasks.api.jobs import examples
from tasks.jobs.long_poll import MAX_SECONDS
from tasks.jobs.selectors import eta_seconds, queue_positions
from tasks.models import Download, EventType, Job, JobEvent, JobFile, JobStatus
from tasks.storage import downloads


class JobListQuery(PageQuery):
    """Filter by status and kind."""

    status = serializers.ChoiceField(JobStatus.choices, required=False)
    kind = serializers.CharField(required=False, max_length=50)


class JobQuery(StrictSerializer):
    """Validate how long to wait for the job's end."""

    wait = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=MAX_SECONDS,
        help_text=(
            "Seconds to wait for the job's end. The answer comes as soon as the job has ended,"
            " or at once while many others wait."
        ),
    )


class JobFileSerializer(ReadSerializer):
    """Show a finished file; `url` needs no token, and the job renews it."""

    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    rows = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField()
    content_type = serializers.CharField()
    expires_on = serializers.DateTimeField()
    downloads = serializers.IntegerField(
        help_text="How often it was fetched from its first byte; a resumed download counts once."
    )
    last_downloaded_on = serializers.DateTimeField(allow_null=True)
    url = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_url(self, file: JobFile) -> str | None:
        """Return the signed URL; null once the file is gone."""
        if file.deleted_on:
            return None
        request: Request = self.context["request"]
        return request.build_absolute_uri(downloads.signed_path(file, self.context["job"].slug))


class DownloadSerializer(ReadSerializer):
    """Show one download of a file, or of a part of it."""

    example = examples.DOWNLOAD

    created_on = serializers.DateTimeField()
    token = serializers.CharField(
        help_text="The slug of the token that was used; empty for a signed address."
    )
    first_byte = serializers.IntegerField(help_text="Above 0 if it continued an earlier download.")
    bytes_sent = serializers.IntegerField(
        allow_null=True,
        help_text="Null while it is under way, and when the object store sent the file.",
    )
    is_complete = serializers.SerializerMethodField()
    request_id = serializers.CharField()

    @extend_schema_field({"type": "boolean", "nullable": True})
    def get_is_complete(self, download: Download) -> bool | None:
        """Return whether it reached the file's last byte; null while unknown."""
        if download.bytes_sent is None:
            return None
        return download.first_byte + download.bytes_sent == download.file.size


class JobErrorSerializer(ReadSerializer):
    """Show why a job failed or was truncated."""

    code = serializers.CharField()
    message = serializers.CharField()


class JobProgressSerializer(ReadSerializer):
    """Show how far a job is; `total` and `percent` are null while unknown."""

    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    unit = serializers.CharField()
    percent = serializers.FloatField(allow_null=True)


class JobListSerializer(serializers.ListSerializer[Any]):
    """Show jobs from `job_list`, with their places in the queue."""

    def to_representation(self, jobs: Any) -> Any:
        """Return jobs as JSON: 1 query more than for one."""
        self._context = {**self.context, "positions": queue_positions(jobs)}
        return super().to_representation(jobs)


class JobSerializer(ReadSerializer):
    """Show a job, as every endpoint does."""

    example = examples.JOB

    slug = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.ChoiceField(JobStatus.choices)
    attempt = serializers.IntegerField()
    params = serializers.DictField()
    progress = serializers.SerializerMethodField()
    eta_seconds = serializers.SerializerMethodField()
    queue_position = serializers.SerializerMethodField()
    cancel_requested_on = serializers.DateTimeField(allow_null=True)
    created_on = serializers.DateTimeField()
    started_on = serializers.DateTimeField(allow_null=True)
    finished_on = serializers.DateTimeField(allow_null=True)
    result = serializers.DictField()
    error = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    class Meta:
        list_serializer_class = JobListSerializer

    @extend_schema_field(JobProgressSerializer)
    def get_progress(self, job: Job) -> dict[str, Any]:
        """Return the progress as last reported."""
        done, total = job.progress_done, job.progress_total
        percent = round(100 * min(done, total) / total, 1) if total else None
        return {"done": done, "total": total, "unit": job.progress_unit, "percent": percent}

    def get_eta_seconds(self, job: Job) -> int | None:
        """Return the seconds left at the pace so far."""
        return eta_seconds(job)

    def get_queue_position(self, job: Job) -> int | None:
        """Return the place in the queue, 1 for the next; null when not queued.

        Users take turns: a user's second job comes after everybody's first, even one submitted later.
        """
        positions: dict[int, int] = self.context["positions"]
        return positions.get(job.pk)

    @extend_schema_field(JobErrorSerializer(allow_null=True))
    def get_error(self, job: Job) -> dict[str, str] | None:
        """Return null unless the job failed or, with the code `truncated`, ended at a limit."""
        if not job.error_code:
            return None
        return {"code": job.error_code, "message": job.error_message}

    @extend_schema_field(JobFileSerializer(many=True))
    def get_files(self, job: Job) -> Any:
        """Return the job's outputs."""
        files: list[JobFile] = getattr(job, "outputs", [])
        context = {"request": self.context["request"], "job": job}
        return JobFileSerializer(files, many=True, context=context).data


class JobEventSerializer(ReadSerializer):
    """Show one event of a job's history."""

    example = examples.EVENT

    type = serializers.ChoiceField(EventType.choices)
    attempt = serializers.IntegerField()
    detail = serializers.SerializerMethodField()
    created_on = serializers.DateTimeField()

    @extend_schema_field({"type": "object", "additionalProperties": {}})
    def get_detail(self, event: JobEvent) -> dict[str, Any]:
        """Return the detail without the name of the worker's host, which only operators may know."""
        return {name: value for name, value in event.detail.items() if name != "worker"}


def job_response(request: Request, job: Job, *, status: int = 200) -> Response:
    """Return one job as JSON, not to be cached."""
    (body,) = JobSerializer([job], many=True, context={"request": request}).data
    return Response(body, status=status, headers={"Cache-Control": "no-store"})
