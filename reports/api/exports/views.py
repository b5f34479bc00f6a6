"""Serve `exports/`, which starts exports."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.schema import (
    IDEMPOTENCY_KEY,
    LOCATION,
    REPLAYED,
    answer,
    body_example,
    errors,
)
from gridlink.lib.rest.serializers import validated
from reports.exports.serializers import ExportSerializer
from reports.exports.services import export_submit
from tasks.api.jobs.examples import QUEUED
from tasks.api.jobs.idempotency import idempotency_key
from tasks.api.jobs.serializers import JobSerializer, accepted


class ExportListView(APIView):
    """Start exports."""

    @extend_schema(
        summary="Export links, clicks or the account",
        parameters=[IDEMPOTENCY_KEY, LOCATION, REPLAYED],
        request=ExportSerializer,
        responses={202: answer(JobSerializer, QUEUED), **errors(400, 401, 403, 404, 413, 422, 429)},
        examples=[
            body_example("all links as CSV", {"kind": "links", "format": "csv"}),
            body_example("the whole account", {"kind": "account", "format": "zip"}),
        ],
    )
    def post(self, request: Request) -> Response:
        """Start a job whose files are the export and its manifest.

        Its rows are those at the time the job starts. CSV guards against spreadsheet formulas; `netscape` is
        read by every browser and by `imports/`.
        """
        key = idempotency_key(request)
        fields = validated(ExportSerializer, request.data)
        submission = export_submit(user=actor_of(request), **fields, idempotency_key=key)
        return accepted(request, submission)
