"""Serve `jobs/`: list, show, cancel and retry the account's jobs, whatever submitted them."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import answer, errors, page_of
from tasks.access import job_read
from tasks.api.jobs import examples
from tasks.api.jobs.serializers import (
    JobEventSerializer,
    JobListQuery,
    JobQuery,
    JobSerializer,
    job_response,
    jobs_as_json,
)
from tasks.jobs import services
from tasks.jobs.long_poll import wait_for_end
from tasks.jobs.selectors import job_events, job_list
from tasks.models import UNFINISHED

_EVENT_PAGE = page_of(JobEventSerializer, examples.EVENT)


class JobListView(APIView):
    """List jobs."""

    @extend_schema(
        summary="List jobs",
        parameters=[JobListQuery],
        responses={200: page_of(JobSerializer, examples.JOB), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """List the account's jobs, newest first."""
        query = JobListQuery.parse(request.query_params)
        return page_response(
            request,
            job_list(
                user=actor_of(request), status=query.get("status", ""), kind=query.get("kind", "")
            ),
            query=query,
            ordering=("-created_on", "-id"),
            serialize=lambda rows: jobs_as_json(request, rows),
        )


class JobDetailView(APIView):
    """Show a job."""

    @extend_schema(
        summary="Show a job",
        parameters=[JobQuery],
        responses={200: answer(JobSerializer, examples.JOB), **errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Show a job. Poll at most once a second, or let it `wait`."""
        seconds = JobQuery.parse(request.query_params)["wait"]
        job = job_read(actor_of(request), slug)
        if seconds and job.status in UNFINISHED:
            wait_for_end(job=job, seconds=seconds)
            job = job_read(actor_of(request), slug)
        return job_response(request, job)


class JobCancelView(APIView):
    """Cancel a job."""

    @extend_schema(
        summary="Cancel a job",
        request=None,
        responses={202: answer(JobSerializer, examples.JOB), **errors(401, 403, 404, 409)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Cancel a queued job at once, or a running one within seconds."""
        services.job_cancel(job=job_read(actor_of(request), slug))
        return job_response(request, job_read(actor_of(request), slug), status=202)


class JobRetryView(APIView):
    """Retry a job."""

    @extend_schema(
        summary="Retry a job",
        request=None,
        responses={202: answer(JobSerializer, examples.QUEUED), **errors(401, 403, 404, 409)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Queue a failed or cancelled job again, with the same parameters."""
        services.job_retry(job=job_read(actor_of(request), slug))
        return job_response(request, job_read(actor_of(request), slug), status=202)


class JobEventsView(APIView):
    """List a job's history."""

    @extend_schema(
        summary="Show a job's history",
        parameters=[PageQuery],
        responses={200: _EVENT_PAGE, **errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the events of a job, oldest first."""
        job = job_read(actor_of(request), slug)
        return page_response(
            request,
            job_events(job=job),
            query=PageQuery.parse(request.query_params),
            ordering=("id",),
            serialize=lambda rows: JobEventSerializer(rows, many=True).data,
        )
