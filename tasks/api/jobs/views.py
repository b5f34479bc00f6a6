"""Serve `jobs/`: list, show, cancel and retry the account's jobs, whatever submitted them."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import answer, operation, page_of
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

    @operation("List jobs", JobListQuery, answers=page_of(JobSerializer, examples.JOB))
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

    @operation("Show a job", JobQuery, answers=answer(JobSerializer, examples.JOB))
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

    @operation("Cancel a job", answers=answer(JobSerializer, examples.JOB), status=202, also=[409])
    def post(self, request: Request, slug: str) -> Response:
        """Cancel a queued job at once, or a running one within seconds."""
        services.job_cancel(job=job_read(actor_of(request), slug))
        return job_response(request, job_read(actor_of(request), slug), status=202)


class JobRetryView(APIView):
    """Retry a job."""

    @operation(
        "Retry a job", answers=answer(JobSerializer, examples.QUEUED), status=202, also=[409]
    )
    def post(self, request: Request, slug: str) -> Response:
        """Queue a failed or cancelled job again, with the same parameters."""
        services.job_retry(job=job_read(actor_of(request), slug))
        return job_response(request, job_read(actor_of(request), slug), status=202)


class JobEventsView(APIView):
    """List a job's history."""

    @operation("Show a job's history", PageQuery, answers=_EVENT_PAGE)
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
