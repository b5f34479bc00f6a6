"""Serve `reports/`: definitions, their runs, and the differences of two runs."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from gridlink.accounts.models import User
from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.etags import etag_of, if_match
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import (
    ETAG,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    LOCATION,
    REPLAYED,
    answer,
    operation,
    page_of,
)
from gridlink.lib.rest.serializers import validated
from reports.access import answered_read, report_write, run_read, shown_read
from reports.api.reports import examples
from reports.api.reports.serializers import (
    ChangesSerializer,
    KindsSerializer,
    ReportListQuery,
    ReportSerializer,
    ReportWriteSerializer,
    RunSerializer,
    RunWriteSerializer,
)
from reports.models import Report
from reports.reporting.runs.comparison import compare_runs
from reports.reporting.selectors import kind_list, report_list, run_json, run_list
from reports.reporting.services import (
    ReportChanges,
    report_create,
    report_delete,
    report_update,
    run_submit,
)
from tasks.api.jobs.examples import QUEUED
from tasks.api.jobs.idempotency import idempotency_key
from tasks.api.jobs.serializers import JobSerializer, accepted, jobs_as_json

_EXAMPLES = {"a report": examples.REPORT_WRITE}


def _response(report: Report, *, status: int = 200) -> Response:
    return Response(ReportSerializer(report).data, status=status, headers=etag_of(report.version))


def _defaults(user: User) -> dict[str, Any]:
    return {"time_zone": user.time_zone, "week_start": user.week_start}


class ReportKindsView(APIView):
    """Serve the kinds of reports."""

    @operation("List the kinds of reports", answers=answer(KindsSerializer, examples.KINDS))
    def get(self, request: Request) -> Response:
        """List all kinds, with the parameters of each."""
        return Response({"results": kind_list()})


class ReportListView(APIView):
    """Serve the account's reports."""

    @operation("List reports", ReportListQuery, answers=page_of(ReportSerializer, examples.REPORT))
    def get(self, request: Request) -> Response:
        """List the account's reports, newest first."""
        query = ReportListQuery.parse(request.query_params)
        return page_response(
            request,
            report_list(user=actor_of(request), kind=query.get("kind", "")),
            query=query,
            ordering=("-created_on", "-id"),
            serialize=lambda rows: ReportSerializer(rows, many=True).data,
        )

    @operation(
        "Define a report",
        ETAG,
        LOCATION,
        body=ReportWriteSerializer,
        examples=_EXAMPLES,
        answers=answer(ReportSerializer, examples.REPORT),
        status=201,
        also=[404, 409],
    )
    def post(self, request: Request) -> Response:
        """Save the definition; `runs/` runs it."""
        actor = actor_of(request)
        fields = {**_defaults(actor), **validated(ReportWriteSerializer, request.data)}
        report = report_create(user=actor, **fields)
        response = _response(report, status=201)
        response["Location"] = reverse("report-detail", args=[report.slug], request=request)
        return response


class ReportDetailView(APIView):
    """Serve one report."""

    @operation("Show a report", ETAG, answers=answer(ReportSerializer, examples.REPORT))
    def get(self, request: Request, slug: str) -> Response:
        """Show its definition."""
        return _response(report_write(actor_of(request), slug))

    @operation(
        "Change a report",
        IF_MATCH,
        ETAG,
        body=ReportWriteSerializer(partial=True),
        examples={"another range": {"range": {"preset": "last_month"}}},
        answers=answer(ReportSerializer, examples.REPORT),
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change the fields that are sent. Another kind begins with its own parameters."""
        report = report_write(actor_of(request), slug)
        version = if_match(request)
        changes = ReportChanges(**validated(ReportWriteSerializer, request.data, partial=True))
        return _response(report_update(report=report, version=version, changes=changes))

    @operation("Delete a report", IF_MATCH)
    def delete(self, request: Request, slug: str) -> Response:
        """Delete the definition and results; jobs and files of runs stay until they expire."""
        report = report_write(actor_of(request), slug)
        report_delete(report=report, version=if_match(request))
        return Response(status=204)


class ReportRunsView(APIView):
    """Serve the runs of a report."""

    @operation("List a report's runs", PageQuery, answers=page_of(JobSerializer, QUEUED))
    def get(self, request: Request, slug: str) -> Response:
        """List their jobs, newest first."""
        return page_response(
            request,
            run_list(report=report_write(actor_of(request), slug)),
            query=PageQuery.parse(request.query_params),
            ordering=("-created_on", "-id"),
            serialize=lambda rows: jobs_as_json(request, rows),
        )

    @operation(
        "Run a report",
        IDEMPOTENCY_KEY,
        LOCATION,
        REPLAYED,
        body=RunWriteSerializer,
        examples={"a run": {}, "counted anew": {"fresh": True}},
        answers=answer(JobSerializer, {**QUEUED, "kind": "reports.report"}),
        status=202,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Start a job whose files are the report in each of its formats.

        While the data is unchanged, the answer is the earlier run of the same query.
        """
        report = report_write(actor_of(request), slug)
        key = idempotency_key(request)
        fields = validated(RunWriteSerializer, request.data)
        like = run_read(report, fields["like"]) if "like" in fields else None
        fresh = fields["fresh"]
        submission = run_submit(report=report, like=like, fresh=fresh, idempotency_key=key)
        return accepted(request, submission)


class ReportRunView(APIView):
    """Serve one run of a report."""

    @operation("Show a run", answers=answer(RunSerializer, examples.RUN), also=[410])
    def get(self, request: Request, slug: str, run: str) -> StreamingHttpResponse:
        """Show its parameters and, once it has succeeded, its result while that is kept."""
        found = shown_read(report_write(actor_of(request), slug), run)
        return StreamingHttpResponse(run_json(run=found), content_type="application/json")


class ReportRunDiffView(APIView):
    """Compare two runs of a report."""

    @operation(
        "Show what changed between two runs",
        answers=answer(ChangesSerializer, examples.CHANGES),
        also=[409, 410],
    )
    def get(self, request: Request, slug: str, run: str, other: str) -> Response:
        """Show what changed from the first run to the second, and why.

        Very large results are not compared here.
        """
        report = report_write(actor_of(request), slug)
        return Response(compare_runs(answered_read(report, run), answered_read(report, other)))
