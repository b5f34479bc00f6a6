"""Serve `jobs/`: list, show, cancel and retry the account's jobs, whatever submitted them."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import operation
from gridlink.lib.rest.serializers import validated
from tasks.access import job_read
from tasks.api.jobs import examples
from tasks.api.jobs.serializers import (
    JobEventSerializer,
    JobListQuery,
    JobQuery,
    JobSerializer,
    job_response,
)
from tasks.jobs import services
from tasks.jobs.long_poll import wait_for_end
from tasks.jobs.selectors import job_events, job_list
from tasks.models import UNFINISHED


class JobListView(APIView):
    """List jobs."""

    @operation("List jobs", JobListQuery, page_of=JobSerializer)
    def get(self, request: Request) -> Response:
        """List the account's jobs, newest first."""
        query = validated(JobListQuery, request.query_params)
        status, kind = query.get("status", ""), query.get("kind", "")
        rows = job_list(user=actor_of(request), status=status, kind=kind)
        return page_response(request, rows, JobSerializer, query=query, large="params")


class JobDetailView(APIView):
    """Show a job."""

    @operation("Show a job", JobQuery, answers=JobSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Show a job. Poll at most once a second, or give `wait`."""
        seconds = validated(JobQuery, request.query_params)["wait"]
        job = job_read(actor_of(request), slug)
        if seconds and job.status in UNFINISHED:
            wait_for_end(job=job, seconds=seconds)
            job = job_read(actor_of(request), slug)
        return job_response(request, job)


class JobCancelView(APIView):
    """Cancel a job."""

    @operation("Cancel a job", answers=JobSerializer, status=202, also=[409])
    def post(self, request: Request, slug: str) -> Response:
        """Cancel a queued job at once, or a running one within seconds."""
        services.job_cancel(job=job_read(actor_of(request), slug))
        return job_response(request, job_read(actor_of(request), slug), status=202)


class JobRetryView(APIView):
    """Retry a job."""

    @operation(
        "Retry a job", answers=JobSerializer, example=examples.QUEUED, status=202, also=[409]
    )
    def post(self, request: Request, slug: str) -> Response:
        """Queue a failed or cancelled job again, with the same parameters."""
        services.job_retry(job=job_read(actor_of(request), slug))
        return job_response(request, job_read(actor_of(request), slug), status=202)


class JobEventsView(APIView):
    """List a job's history."""

    @operation("Show a job's history", PageQuery, page_of=JobEventSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """List the events of a job, oldest first."""
        job = job_read(actor_of(request), slug)
        return page_response(request, job_events(job=job), JobEventSerializer, ordering=("id",))
