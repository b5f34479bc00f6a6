"""Serve `exports/`, which starts exports."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.headers import idempotency_key
from gridlink.lib.rest.serializers import validated
from reports.exports.serializers import ExportSerializer
from reports.exports.services import export_params
from tasks.api.jobs.submissions import accepted, submits
from tasks.jobs.services import job_submit


class ExportListView(APIView):
    """Start exports."""

    @submits(
        "reports.export",
        "Export links, clicks or the account",
        body=ExportSerializer,
        examples={
            "all links as CSV": {"kind": "links", "format": "csv"},
            "the whole account": {"kind": "account", "format": "zip"},
        },
        also=[404],
    )
    def post(self, request: Request) -> Response:
        """Start a job whose files are the export and its manifest.

        Its rows are those at the time the job starts. CSV guards against spreadsheet formulas; `netscape` is
        read by every browser and by `imports/`.
        """
        key = idempotency_key(request)
        fields = validated(ExportSerializer, request.data)
        user = actor_of(request)
        kind, params = export_params(user=user, **fields)
        submission = job_submit(user=user, kind=kind, params=params, idempotency_key=key)
        return accepted(request, submission)
