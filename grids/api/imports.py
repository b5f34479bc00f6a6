"""Serve `imports/`: import files of links, try it first, and undo it."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.headers import idempotency_key
from gridlink.lib.rest.schema import operation
from gridlink.lib.rest.serializers import ReadSerializer, StrictSerializer, validated
from grids.api.fields import ColumnsField
from grids.formats.csv.header import FIELDS
from grids.formats.registry import sources
from grids.imports.modes import MODES
from grids.imports.services import AUTO, import_apply, import_submit, import_undo
from grids.models import Visibility
from tasks.access import job_read
from tasks.api.jobs.submissions import accepted, submits

IMPORTABLE = {"sources": [AUTO, *sources()], "columns": sorted(FIELDS)}


class ImportSerializer(StrictSerializer):
    """Validate the form fields of an upload, beside `file`."""

    source = serializers.CharField(  # type: ignore[assignment]
        required=False, default="auto", max_length=30
    )
    mode = serializers.ChoiceField(sorted(MODES), required=False, default="apply")
    visibility = serializers.ChoiceField(
        Visibility.choices,
        required=False,
        default=Visibility.PRIVATE,
        help_text="Of the grids that the import makes. Short codes of private grids do not answer.",
    )
    columns = ColumnsField(required=False, help_text="The table's column of each field, as JSON.")
    file = serializers.FileField(allow_empty_file=True)


class ImportSourcesSerializer(ReadSerializer):
    """Represent the formats and columns that can be imported."""

    example = IMPORTABLE

    sources = serializers.ListField(child=serializers.CharField())
    columns = serializers.ListField(
        child=serializers.CharField(),
        help_text="The fields of a table whose columns an import may name.",
    )


class ImportListView(APIView):
    """Import files."""

    parser_classes = (MultiPartParser,)

    @submits(
        "grids.import",
        "Import a file of links",
        body={"multipart/form-data": ImportSerializer},
        examples={
            "a browser's bookmarks": {"file": "bookmarks.html", "source": "auto", "mode": "apply"},
            "a table, to see what would be": {
                "file": "links.csv",
                "source": "csv",
                "mode": "dry_run",
                "columns": '{"url": "Destination URL"}',
            },
        },
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
            visibility=form["visibility"],
            idempotency_key=idempotency_key(request),
        )
        return accepted(request, submission)


class ImportSourcesView(APIView):
    """List what can be imported."""

    @operation("List the formats that can be imported", answers=ImportSourcesSerializer)
    def get(self, request: Request) -> Response:
        """List the formats for `source`, and the fields of a table for `columns`."""
        return Response(IMPORTABLE)


class ImportApplyView(APIView):
    """Apply dry runs."""

    @submits("grids.import", "Apply what a dry run has tried", also=[409])
    def post(self, request: Request, slug: str) -> Response:
        """Start an import of the same upload, which decides again on every entry.

        Where something changed since the dry run, the verdicts of this job count.
        """
        job = job_read(actor_of(request), slug)
        return accepted(request, import_apply(job=job, idempotency_key=idempotency_key(request)))


class ImportUndoView(APIView):
    """Undo imports."""

    @submits("grids.undo", "Undo an import", also=[409])
    def post(self, request: Request, slug: str) -> Response:
        """Start a job that removes what the import made and restores what it updated.

        What was changed since is kept. Its file `verdicts.csv` has a line for every link and grid: removed,
        restored, kept or gone, and why.
        """
        job = job_read(actor_of(request), slug)
        return accepted(request, import_undo(job=job, idempotency_key=idempotency_key(request)))
