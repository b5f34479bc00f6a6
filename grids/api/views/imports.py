"""`imports/`: a file of links becomes grids."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.schema import IDEMPOTENCY_KEY, LOCATION, REPLAYED, answer, errors
from gridlink.lib.rest.serializers import validated
from grids.api.serializers import ImportSerializer
from grids.import_services import import_submit
from tasks.api.examples import QUEUED
from tasks.api.serializers import JobSerializer, accepted
from tasks.api.submissions import idempotency_key


class ImportListView(APIView):
    """Imports."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        summary="Import a file of links",
        parameters=[IDEMPOTENCY_KEY, LOCATION, REPLAYED],
        request={"multipart/form-data": ImportSerializer},
        responses={
            202: answer(JobSerializer, {**QUEUED, "kind": "grids.import"}),
            **errors(400, 401, 403, 413, 422),
        },
        examples=[
            OpenApiExample(
                "a browser's bookmarks",
                value={"file": "bookmarks.html", "source": "auto", "mode": "apply"},
                request_only=True,
                media_type="multipart/form-data",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Starts a job: each folder of the file becomes a grid, each link a tile. Its file `verdicts.csv` has
        a line for every entry. `mode=dry_run` writes the verdicts and changes nothing."""
        form: dict[str, Any] = validated(ImportSerializer, request.data)
        file: UploadedFile[Any] = form["file"]
        submission = import_submit(
            user=actor_of(request),
            source=form["source"],
            mode=form["mode"],
            name=file.name or "upload",
            chunks=file.chunks(),
            idempotency_key=idempotency_key(request),
        )
        return accepted(request, submission)
