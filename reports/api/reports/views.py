"""Serve `reports/`: definitions, their runs, and the differences of two runs."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.headers import created, idempotency_key, if_match, versioned
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION, operation
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
from tasks.api.jobs.serializers import JobSerializer
from tasks.api.jobs.submissions import accepted, submits

_EXAMPLES = {"a report": examples.REPORT_WRITE}


class ReportKindsView(APIView):
    """Serve the kinds of reports."""

    @operation("List the kinds of reports", answers=KindsSerializer)
    def get(self, request: Request) -> Response:
        """List all kinds, with the parameters of each."""
        return Response({"results": kind_list()})


class ReportListView(APIView):
    """Serve the account's reports."""

    @operation("List reports", ReportListQuery, page_of=ReportSerializer)
    def get(self, request: Request) -> Response:
        """List the account's reports, newest first."""
        query = validated(ReportListQuery, request.query_params)
        rows = report_list(user=actor_of(request), kind=query.get("kind", ""))
        return page_response(request, rows, ReportSerializer, query=query, large="scope")

    @operation(
        "Define a report",
        ETAG,
        LOCATION,
        body=ReportWriteSerializer,
        examples=_EXAMPLES,
        answers=ReportSerializer,
        status=201,
        also=[404, 409],
    )
    def post(self, request: Request) -> Response:
        """Save the definition; `runs/` runs it."""
        actor = actor_of(request)
        defaults = {"time_zone": actor.time_zone, "week_start": actor.week_start}
        fields = {**defaults, **validated(ReportWriteSerializer, request.data)}
        report = report_create(user=actor, **fields)
        shown = versioned(request, ReportSerializer(report))
        return created(shown, request, "report-detail", report.slug)


class ReportDetailView(APIView):
    """Serve one report."""

    @operation("Show a report", IF_NONE_MATCH, ETAG, answers=ReportSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Show its definition."""
        return versioned(request, ReportSerializer(report_write(actor_of(request), slug)))

    @operation(
        "Change a report",
        IF_MATCH,
        ETAG,
        body=ReportWriteSerializer(partial=True),
        examples={"another range": {"range": {"preset": "last_month"}}},
        answers=ReportSerializer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change the fields that are sent. Another kind begins with its own parameters."""
        report = report_write(actor_of(request), slug)
        version = if_match(request)
        changes = ReportChanges(**validated(ReportWriteSerializer, request.data, partial=True))
        changed = report_update(report=report, version=version, changes=changes)
        return versioned(request, ReportSerializer(changed))

    @operation("Delete a report", IF_MATCH)
    def delete(self, request: Request, slug: str) -> Response:
        """Delete the definition and results; jobs and files of runs stay until they expire."""
        report = report_write(actor_of(request), slug)
        report_delete(report=report, version=if_match(request))
        return Response(status=204)


class ReportRunsView(APIView):
    """Serve the runs of a report."""

    @operation("List a report's runs", PageQuery, page_of=JobSerializer, example=QUEUED)
    def get(self, request: Request, slug: str) -> Response:
        """List their jobs, newest first."""
        rows = run_list(report=report_write(actor_of(request), slug))
        return page_response(request, rows, JobSerializer, large="params")

    @submits(
        "reports.report",
        "Run a report",
        body=RunWriteSerializer,
        examples={"a run": {}, "counted anew": {"fresh": True}},
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

    @operation("Show a run", answers=RunSerializer, also=[410])
    def get(self, request: Request, slug: str, run: str) -> StreamingHttpResponse:
        """Show its parameters and, once it has succeeded, its result while that is kept."""
        found = shown_read(report_write(actor_of(request), slug), run)
        return StreamingHttpResponse(run_json(run=found), content_type="application/json")


class ReportRunDiffView(APIView):
    """Compare two runs of a report."""

    @operation("Show what changed between two runs", answers=ChangesSerializer, also=[409, 410])
    def get(self, request: Request, slug: str, run: str, other: str) -> Response:
        """Show what changed from the first run to the second, and why.

        Very large results are not compared here.
        """
        report = report_write(actor_of(request), slug)
        return Response(compare_runs(answered_read(report, run), answered_read(report, other)))
