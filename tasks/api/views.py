"""`jobs/`: every job of the account, whatever started it."""

from __future__ import annotations

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import HasScope, actor_of
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import answer, errors, page_of
from tasks import services
from tasks.access import file_read, file_read_signed, job_read
from tasks.api import examples
from tasks.api.filters import JobListQuery
from tasks.api.ranges import file_response
from tasks.api.serializers import JobEventSerializer, JobSerializer, job_response
from tasks.models import JobFile
from tasks.selectors import job_events, job_list
from tasks.storage import object_store


class JobListView(APIView):
    """The account's jobs."""

    @extend_schema(
        summary="List jobs",
        parameters=[JobListQuery],
        responses={200: page_of(JobSerializer, examples.JOB), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The account's jobs, newest first."""
        query = JobListQuery.parse(request.query_params)
        return page_response(
            request,
            job_list(
                user=actor_of(request), status=query.get("status", ""), kind=query.get("kind", "")
            ),
            query=query,
            ordering=("-created_on", "-id"),
            serialize=lambda rows: (
                JobSerializer(rows, many=True, context={"request": request}).data
            ),
        )


class JobDetailView(APIView):
    """One job."""

    @extend_schema(
        summary="Show a job",
        responses={200: answer(JobSerializer, examples.JOB), **errors(401, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Status, progress and files of one job. Poll this at most once a second."""
        return job_response(request, job_read(actor_of(request), slug))


class JobCancelView(APIView):
    """Cancel."""

    @extend_schema(
        summary="Cancel a job",
        request=None,
        responses={202: answer(JobSerializer, examples.JOB), **errors(401, 403, 404, 409)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """A queued job is cancelled at once; a running one stops within seconds and leaves nothing."""
        services.job_cancel(job=job_read(actor_of(request), slug))
        return job_response(request, job_read(actor_of(request), slug), status=202)


class JobRetryView(APIView):
    """Retry."""

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
    """A job's history."""

    @extend_schema(
        summary="Show a job's history",
        parameters=[PageQuery],
        responses={
            200: page_of(JobEventSerializer, examples.EVENT),
            **errors(400, 401, 403, 404),
        },
    )
    def get(self, request: Request, slug: str) -> Response:
        """What happened to a job, oldest first; lines are only ever added."""
        job = job_read(actor_of(request), slug)
        return page_response(
            request,
            job_events(job=job),
            query=PageQuery.parse(request.query_params),
            ordering=("id",),
            serialize=lambda rows: JobEventSerializer(rows, many=True).data,
        )


class MayFetch(BasePermission):
    """A signature in the address, or a token as everywhere."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the signature holds is judged where the file is looked up."""
        return "signature" in request.query_params or HasScope().has_permission(request, view)


class JobFileView(APIView):
    """A job's file."""

    permission_classes = (MayFetch,)

    @extend_schema(
        summary="Download a file",
        parameters=[
            OpenApiParameter("expires", str, description="From the file's `url`."),
            OpenApiParameter("signature", str, description="From the file's `url`."),
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="bytes=FIRST-LAST"),
        ],
        responses={
            (200, "application/octet-stream"): OpenApiResponse(
                OpenApiTypes.BINARY, description="The file."
            ),
            (206, "application/octet-stream"): OpenApiResponse(
                OpenApiTypes.BINARY, description="The asked range."
            ),
            302: OpenApiResponse(description="To the object store."),
            **errors(401, 403, 404, 410, 416),
        },
    )
    def get(self, request: Request, slug: str, name: str) -> HttpResponseBase:
        """By the signed `url` of the job's JSON, or by the same path with a token. Ranges work."""
        file, store = self._file(request, slug, name), object_store()
        elsewhere = store.signed_url(
            file.storage_key, filename=file.name, content_type=file.content_type, expires_in=300
        )
        # Such an address is signed for GET alone, so a HEAD is answered here.
        if elsewhere and request.method == "GET":
            return HttpResponseRedirect(elsewhere)
        return file_response(request, file, store)

    def _file(self, request: Request, slug: str, name: str) -> JobFile:
        query = request.query_params
        if "signature" not in query:
            return file_read(actor_of(request), slug, name)
        return file_read_signed(
            slug, name, expires=query.get("expires", ""), signature=query["signature"]
        )
