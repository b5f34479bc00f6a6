"""Serve `links/checks/`, `grids/…/checks/` and `links/metadata/`."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.headers import idempotency_key
from gridlink.lib.rest.schema import operation
from gridlink.lib.rest.serializers import validated
from grids.access import grid_write
from grids.api.checks import serializers as checks
from grids.api.examples import GRID
from grids.api.filters import list_response
from grids.checks.selectors import grid_checks
from grids.checks.services import checks_submit, metadata_read
from tasks.api.jobs.submissions import accepted, submits


class LinkChecksView(APIView):
    """Check links."""

    @submits(
        "grids.check",
        "Check links",
        body=checks.CheckRequestSerializer,
        examples={"all links": {}, "the links of a grid": {"grids": [GRID["slug"]]}},
        also=[404],
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

    @operation(
        "List the verdicts on a grid's links",
        checks.GridChecksQuery,
        page_of=checks.LinkCheckSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the latest verdicts on a grid's links, unless their address changed since."""
        query = validated(checks.GridChecksQuery, request.query_params)
        grid = grid_write(actor_of(request), slug)
        rows = grid_checks(grid=grid, verdict=query.get("verdict", ""))
        return list_response(request, rows, checks.LinkCheckSerializer, query)


class LinkMetadataView(APIView):
    """Read what a page says of itself."""

    @operation(
        "Read a page's title, description and icon",
        body=checks.MetadataRequestSerializer,
        examples={"a page": checks.METADATA_WRITE},
        answers=checks.MetadataSerializer,
        also=[422, 429],
    )
    def post(self, request: Request) -> Response:
        """Return metadata for a form that suggests a link's title.

        It takes five seconds at most; a page that cannot be read in that time, or is not public, is answered
        with 422.
        """
        url = validated(checks.MetadataRequestSerializer, request.data)["url"]
        metadata = metadata_read(user=actor_of(request), url=url)
        return Response(checks.MetadataSerializer(metadata).data)
