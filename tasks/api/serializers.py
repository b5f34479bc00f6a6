"""The JSON of jobs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from gridlink.accounts.permissions import actor_of
from tasks import downloads
from tasks.access import job_read
from tasks.models import Job, JobFile
from tasks.selectors import eta_seconds, queue_position
from tasks.services import Submission
from tasks.states import EventType, JobStatus


class JobFileSerializer(serializers.Serializer[Any]):
    """A finished file; `url` needs no token and expires, take a fresh one from the job when it has."""

    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    rows = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField()
    content_type = serializers.CharField()
    expires_on = serializers.DateTimeField()
    url = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_url(self, file: JobFile) -> str | None:
        """The signed address; null once the file is gone."""
        if file.deleted_on:
            return None
        request: Request = self.context["request"]
        return request.build_absolute_uri(downloads.signed_path(file, self.context["job"].slug))


class JobErrorSerializer(serializers.Serializer[Any]):
    """Why a job failed."""

    code = serializers.CharField()
    message = serializers.CharField()


class JobProgressSerializer(serializers.Serializer[Any]):
    """How far a job is; `total` and `percent` are null while unknown."""

    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    unit = serializers.CharField()
    percent = serializers.FloatField(allow_null=True)


class JobSerializer(serializers.Serializer[Any]):
    """A job, as every endpoint shows it."""

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

    @extend_schema_field(JobProgressSerializer)
    def get_progress(self, job: Job) -> dict[str, Any]:
        """Counts as last reported."""
        done, total = job.progress_done, job.progress_total
        percent = round(100 * min(done, total) / total, 1) if total else None
        return {"done": done, "total": total, "unit": job.progress_unit, "percent": percent}

    def get_eta_seconds(self, job: Job) -> int | None:
        """Seconds left, at the pace so far."""
        return eta_seconds(job)

    def get_queue_position(self, job: Job) -> int | None:
        """1 is next; null when not waiting."""
        return queue_position(job)

    @extend_schema_field(JobErrorSerializer(allow_null=True))
    def get_error(self, job: Job) -> dict[str, str] | None:
        """Null unless the job failed."""
        if not job.error_code:
            return None
        return {"code": job.error_code, "message": job.error_message}

    @extend_schema_field(JobFileSerializer(many=True))
    def get_files(self, job: Job) -> Any:
        """The job's outputs."""
        files: list[JobFile] = getattr(job, "outputs", [])
        context = {"request": self.context["request"], "job": job}
        return JobFileSerializer(files, many=True, context=context).data


class JobEventSerializer(serializers.Serializer[Any]):
    """One line of a job's history."""

    type = serializers.ChoiceField(EventType.choices)
    attempt = serializers.IntegerField()
    detail = serializers.DictField()
    created_on = serializers.DateTimeField()


def job_response(request: Request, job: Job, *, status: int = 200) -> Response:
    """One job as JSON, not to be cached: the next look may differ."""
    body = JobSerializer(job, context={"request": request}).data
    return Response(body, status=status, headers={"Cache-Control": "no-store"})


def accepted(request: Request, submission: Submission) -> Response:
    """202 with the job and its address; a replayed Idempotency-Key says so in a header."""
    job = job_read(actor_of(request), submission.job.slug)
    response = job_response(request, job, status=202)
    response["Location"] = reverse("job-detail", args=[submission.job.slug], request=request)
    if not submission.created:
        response["Idempotent-Replayed"] = "true"
    return response
