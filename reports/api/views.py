"""`exports/`."""

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
from reports.api.serializers import ExportSerializer
from reports.services import export_submit
from tasks.api.examples import QUEUED
from tasks.api.serializers import JobSerializer, accepted
from tasks.api.submissions import idempotency_key


class ExportListView(APIView):
    """Exports."""

    @extend_schema(
        summary="Export links",
        parameters=[IDEMPOTENCY_KEY, LOCATION, REPLAYED],
        request=ExportSerializer,
        responses={202: answer(JobSerializer, QUEUED), **errors(400, 401, 403, 404, 413, 422)},
        examples=[body_example("all links as CSV", {"kind": "links", "format": "csv"})],
    )
    def post(self, request: Request) -> Response:
        """Starts a job. CSV guards against spreadsheet formulas; `netscape` is read by every browser and by
        `imports/`."""
        key = idempotency_key(request)
        wish = validated(ExportSerializer, request.data)
        submission = export_submit(user=actor_of(request), **wish, idempotency_key=key)
        return accepted(request, submission)
