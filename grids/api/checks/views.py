"""Serve `links/checks/`, `grids/…/checks/` and `links/metadata/`."""

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
    page_of,
)
from gridlink.lib.rest.serializers import validated
from grids.access import grid_write
from grids.api.checks import serializers as checks
from grids.api.examples import GRID
from grids.api.filters import list_response
from grids.checks.selectors import grid_checks
from grids.checks.services import checks_submit, metadata_read
from tasks.api.jobs.examples import QUEUED
from tasks.api.jobs.idempotency import idempotency_key
from tasks.api.jobs.serializers import JobSerializer, accepted


class LinkChecksView(APIView):
    """Check links."""

    @extend_schema(
        summary="Check links",
        parameters=[IDEMPOTENCY_KEY, LOCATION, REPLAYED],
        request=checks.CheckRequestSerializer,
        responses={
            202: answer(JobSerializer, {**QUEUED, "kind": "grids.check"}),
            **errors(400, 401, 403, 404, 413, 422, 429),
        },
        examples=[
            body_example("all links", {}),
            body_example("the links of a grid", {"grids": [GRID["slug"]]}),
        ],
    )
    def post(self, request: Request) -> Response:
        """Start a job that requests every link's address, politely and in parallel.

        Its file `checks.csv` has a line for every link; `grids/{slug}/checks/` lists the latest verdicts. A
        host gets at most two requests at a time. Addresses in networks that are not public are not
        requested.
        """
        key = idempotency_key(request)
        body = validated(checks.CheckRequestSerializer, request.data)
        submission = checks_submit(user=actor_of(request), **body, idempotency_key=key)
        return accepted(request, submission)


class GridChecksView(APIView):
    """List the verdicts on a grid's links."""

    @extend_schema(
        summary="List the verdicts on a grid's links",
        parameters=[checks.GridChecksQuery],
        responses={
            200: page_of(checks.LinkCheckSerializer, checks.CHECK),
            **errors(400, 401, 403, 404),
        },
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the latest verdicts on a grid's links, unless their address changed since."""
        query = checks.GridChecksQuery.parse(request.query_params)
        grid = grid_write(actor_of(request), slug)
        rows = grid_checks(grid=grid, verdict=query.get("verdict", ""))
        return list_response(
            request, rows, query=query, serializer_class=checks.LinkCheckSerializer
        )


class LinkMetadataView(APIView):
    """Read what a page says of itself."""

    @extend_schema(
        summary="Read a page's title, description and icon",
        request=checks.MetadataRequestSerializer,
        responses={
            200: answer(checks.MetadataSerializer, checks.METADATA),
            **errors(400, 401, 403, 413, 422, 429),
        },
        examples=[body_example("a page", checks.METADATA_WRITE)],
    )
    def post(self, request: Request) -> Response:
        """Return metadata for a form that suggests a link's title.

        It takes five seconds at most; a page that cannot be read in that time, or is not public, is answered
        with 422.
        """
        url = validated(checks.MetadataRequestSerializer, request.data)["url"]
        metadata = metadata_read(user=actor_of(request), url=url)
        return Response(checks.MetadataSerializer(metadata).data)
