"""Serve `jobs/{slug}/files/{name}/`: download, delete and revoke files, list downloads."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.models import Token
from gridlink.accounts.permissions import HasScope, actor_of
from gridlink.lib.rest.headers import is_known
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import IF_NONE_MATCH, UNCHANGED, errors, operation
from tasks.access import file_read, file_read_signed, file_record, job_read
from tasks.api.jobs.byte_ranges import NO_STORE, file_response, open_file, wanted_range
from tasks.api.jobs.serializers import DownloadSerializer, JobSerializer, job_response
from tasks.jobs import services
from tasks.jobs.selectors import file_downloads
from tasks.models import JobFile
from tasks.storage import downloads, object_store


class MayFetch(BasePermission):
    """Permit a signed URL, for reading only, or a token."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return True for a signed URL, verified with its file, or a good token."""
        return _is_signed(request) or HasScope().has_permission(request, view)


class JobFileView(APIView):
    """Download and delete a job's file."""

    permission_classes = (MayFetch,)

    @extend_schema(
        summary="Download a file",
        parameters=[
            OpenApiParameter("expires", str, description="From the file's `url`."),
            OpenApiParameter("signature", str, description="From the file's `url`."),
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="bytes=FIRST-LAST"),
            IF_NONE_MATCH,
        ],
        responses={
            (200, "application/octet-stream"): OpenApiResponse(
                OpenApiTypes.BINARY, description="The file."
            ),
            (206, "application/octet-stream"): OpenApiResponse(
                OpenApiTypes.BINARY, description="The requested range."
            ),
            302: OpenApiResponse(
                description="A redirect to the object store, to an address that works for five minutes."
            ),
            304: UNCHANGED,
            **errors(401, 403, 404, 410, 416),
        },
    )
    def get(self, request: Request, slug: str, name: str) -> HttpResponseBase:
        """Download a file by its signed `url`, or by the same path with a token.

        Ranges work. Every GET that sends something is in the file's list of downloads; those from the first
        byte are counted.
        """
        file, store = self._file(request, slug, name), object_store()
        etag = f'"{file.sha256}"'
        if is_known(request, etag):
            return HttpResponse(status=304, headers={"ETag": etag, "Cache-Control": NO_STORE})
        wanted = wanted_range(request, file)
        if request.method == "HEAD":
            # The store's URL is signed for GET only.
            return file_response(file, wanted, None)
        elsewhere = store.signed_url(
            file.storage_key,
            filename=file.name,
            content_type=file.content_type,
            expires_in=downloads.STORE_ADDRESS_SECONDS,
        )
        source = None if elsewhere else open_file(store, file, wanted)
        token = "" if _is_signed(request) else _token_of(request)
        first_byte = wanted[0] if wanted else 0
        download = downloads.log_download(file=file, token=token, first_byte=first_byte)
        if source is None:
            return HttpResponseRedirect(elsewhere or "")
        return file_response(file, wanted, downloads.stream_logged(source, download))

    @extend_schema(
        summary="Delete a file",
        responses={
            204: OpenApiResponse(description="The file is deleted."),
            **errors(401, 403, 404, 409, 410),
        },
    )
    def delete(self, request: Request, slug: str, name: str) -> Response:
        """Delete a file before it expires, which frees its bytes."""
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
    """List a file's downloads."""

    @operation("List a file's downloads", PageQuery, page_of=DownloadSerializer)
    def get(self, request: Request, slug: str, name: str) -> Response:
        """List a file's downloads, newest first, also once the file is gone."""
        file = file_record(actor_of(request), slug, name)
        rows = file_downloads(file=file)
        return page_response(request, rows, DownloadSerializer, ordering=("-id",))


class JobFileRevokeView(APIView):
    """Revoke a file's signed URLs."""

    @operation("Revoke a file's addresses", answers=JobSerializer, also=[410])
    def post(self, request: Request, slug: str, name: str) -> Response:
        """Invalidate every signed address of the file; the answer has a new one.

        Downloads under way continue, and an address of the object store works for up to five minutes more.
        """
        services.file_revoke(file=file_read(actor_of(request), slug, name))
        return job_response(request, job_read(actor_of(request), slug))


def _is_signed(request: Request) -> bool:
    return request.method in SAFE_METHODS and "signature" in request.query_params


def _token_of(request: Request) -> str:
    return request.auth.slug if isinstance(request.auth, Token) else ""
