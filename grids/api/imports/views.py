"""Serve `imports/`: import files of links, try it first, and undo it."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.schema import IDEMPOTENCY_KEY, LOCATION, REPLAYED, answer, errors, operation
from gridlink.lib.rest.serializers import validated
from grids.api.imports.serializers import ImportSerializer, ImportSourcesSerializer
from grids.formats.csv.header import FIELDS
from grids.formats.registry import sources
from grids.imports.services import AUTO, import_apply, import_submit, import_undo
from tasks.access import job_read
from tasks.api.jobs.examples import QUEUED
from tasks.api.jobs.idempotency import idempotency_key
from tasks.api.jobs.serializers import JobSerializer, accepted


class ImportListView(APIView):
    """Import files."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        summary="Import a file of links",
        parameters=[IDEMPOTENCY_KEY, LOCATION, REPLAYED],
        request={"multipart/form-data": ImportSerializer},
        responses={
            202: answer(JobSerializer, {**QUEUED, "kind": "grids.import"}),
            **errors(400, 401, 403, 413, 422, 429),
        },
        examples=[
            OpenApiExample(
                "a browser's bookmarks",
                value={"file": "bookmarks.html", "source": "auto", "mode": "apply"},
                request_only=True,
                media_type="multipart/form-data",
            ),
            OpenApiExample(
                "a table, to see what would be",
                value={
                    "file": "links.csv",
                    "source": "csv",
                    "mode": "dry_run",
                    "columns": '{"url": "Destination URL"}',
                },
                request_only=True,
                media_type="multipart/form-data",
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Start a job that makes grids of a file's folders and tiles of its links.

        Its file `verdicts.csv` has a line for every entry: create, update, unchanged, skip, refused or
        problem, and why. What an earlier import made is matched, and updated unless it was changed since.
        `mode=dry_run` writes the verdicts and changes nothing.
        """
        form: dict[str, Any] = validated(ImportSerializer, request.data)
        file: UploadedFile[Any] = form["file"]
        submission = import_submit(
            user=actor_of(request),
            source=form["source"],
            mode=form["mode"],
            name=file.name or "upload",
            chunks=file.chunks(),
            columns=form.get("columns"),
            idempotency_key=idempotency_key(request),
        )
        return accepted(request, submission)


class ImportSourcesView(APIView):
    """List what can be imported."""

    @operation(
        "List the formats that can be imported",
        answers=answer(
            ImportSourcesSerializer, {"sources": [AUTO, *sources()], "columns": sorted(FIELDS)}
        ),
    )
    def get(self, request: Request) -> Response:
        """List the formats for `source`, and the fields of a table for `columns`."""
        known = {"sources": [AUTO, *sources()], "columns": sorted(FIELDS)}
        return Response(ImportSourcesSerializer(known).data)


class ImportApplyView(APIView):
    """Apply dry runs."""

    @operation(
        "Apply what a dry run has tried",
        IDEMPOTENCY_KEY,
        LOCATION,
        REPLAYED,
        answers=answer(JobSerializer, {**QUEUED, "kind": "grids.import"}),
        status=202,
        also=[409],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Start an import of the same upload, which decides again on every entry.

        Where something changed since the dry run, the verdicts of this job count.
        """
        job = job_read(actor_of(request), slug)
        return accepted(request, import_apply(job=job, idempotency_key=idempotency_key(request)))


class ImportUndoView(APIView):
    """Undo imports."""

    @operation(
        "Undo an import",
        IDEMPOTENCY_KEY,
        LOCATION,
        REPLAYED,
        answers=answer(JobSerializer, {**QUEUED, "kind": "grids.undo"}),
        status=202,
        also=[409],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Start a job that removes what the import made and restores what it updated.

        What was changed since is kept. Its file `verdicts.csv` has a line for every link and grid: removed,
        restored, kept or gone, and why.
        """
        job = job_read(actor_of(request), slug)
        return accepted(request, import_undo(job=job, idempotency_key=idempotency_key(request)))
