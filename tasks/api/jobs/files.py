"""`jobs/{slug}/files/{name}/`: a job's file, who fetched it, and how to take it back."""

from __future__ import annotations

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.models import Token
from gridlink.accounts.permissions import HasScope, actor_of
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import answer, errors, page_of
from tasks.access import file_read, file_read_signed, file_record, job_read
from tasks.api.jobs import examples
from tasks.api.jobs.byte_ranges import file_response, opened, wanted_range
from tasks.api.jobs.serializers import DownloadSerializer, JobSerializer, job_response
from tasks.jobs import services
from tasks.jobs.selectors import file_downloads
from tasks.models import JobFile
from tasks.storage import downloads, object_store


class MayFetch(BasePermission):
    """A signature in the address, which is for reading alone, or a token as everywhere."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the signature holds is judged where the file is looked up."""
        return _is_signed(request) or HasScope().has_permission(request, view)


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
            302: OpenApiResponse(
                description="To the object store, at an address that works for five minutes."
            ),
            **errors(401, 403, 404, 410, 416),
        },
    )
    def get(self, request: Request, slug: str, name: str) -> HttpResponseBase:
        """By the signed `url` of the job's JSON, or by the same path with a token. Ranges work. Every GET is
        in the file's list of downloads, one that begins at the first byte also in their number.
        """
        file, store = self._file(request, slug, name), object_store()
        wanted = wanted_range(request, file)
        if request.method == "HEAD":
            # An address of the store's own is signed for GET alone.
            return file_response(file, wanted, None)
        elsewhere = store.signed_url(
            file.storage_key,
            filename=file.name,
            content_type=file.content_type,
            expires_in=downloads.STORE_ADDRESS_SECONDS,
        )
        source = None if elsewhere else opened(store, file, wanted)
        token = "" if _is_signed(request) else _token_of(request)
        first_byte = wanted[0] if wanted else 0
        download = downloads.log_download(file=file, token=token, first_byte=first_byte)
        if source is None:
            return HttpResponseRedirect(elsewhere or "")
        return file_response(file, wanted, downloads.sent(source, download))

    @extend_schema(
        summary="Delete a file",
        responses={
            204: OpenApiResponse(description="It is gone."),
            **errors(401, 403, 404, 409, 410),
        },
    )
    def delete(self, request: Request, slug: str, name: str) -> Response:
        """Delete a file before its time, which frees its bytes. With its last file a job has expired."""
        services.file_delete(file=file_read(actor_of(request), slug, name))
        return Response(status=204)

    def _file(self, request: Request, slug: str, name: str) -> JobFile:
        if not _is_signed(request):
            return file_read(actor_of(request), slug, name)
        query = request.query_params
        return file_read_signed(
            slug, name, expires=query.get("expires", ""), signature=query["signature"]
        )


class JobFileDownloadsView(APIView):
    """Who fetched a file."""

    @extend_schema(
        summary="List a file's downloads",
        parameters=[PageQuery],
        responses={
            200: page_of(DownloadSerializer, examples.DOWNLOAD),
            **errors(400, 401, 403, 404),
        },
    )
    def get(self, request: Request, slug: str, name: str) -> Response:
        """When the file was fetched and by what, newest first; also of a file that is gone."""
        file = file_record(actor_of(request), slug, name)
        return page_response(
            request,
            file_downloads(file=file),
            query=PageQuery.parse(request.query_params),
            ordering=("-id",),
            serialize=lambda rows: DownloadSerializer(rows, many=True, context={"file": file}).data,
        )


class JobFileRevokeView(APIView):
    """Take back a file's addresses."""

    @extend_schema(
        summary="Revoke a file's addresses",
        request=None,
        responses={200: answer(JobSerializer, examples.JOB), **errors(401, 403, 404, 410)},
    )
    def post(self, request: Request, slug: str, name: str) -> Response:
        """Every address of the file that was signed so far stops working; the answer has a fresh one.
        Downloads under way go on, and an address of the object store that was given out works for up to
        five minutes more.
        """
        services.file_revoke(file=file_read(actor_of(request), slug, name))
        return job_response(request, job_read(actor_of(request), slug))


def _is_signed(request: Request) -> bool:
    return request.method in SAFE_METHODS and "signature" in request.query_params


def _token_of(request: Request) -> str:
    return request.auth.slug if isinstance(request.auth, Token) else ""
