"""Serve `links/checks/`, `grids/…/checks/` and `links/metadata/`."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.headers import idempotency_key
from gridlink.lib.rest.schema import operation
from gridlink.lib.rest.serializers import (
    BoundedListField,
    ReadSerializer,
    StrictSerializer,
    TextField,
    validated,
)
from gridlink.lib.slugs import SLUG_LENGTH
from grids.access import grid_write
from grids.api.examples import GRID, LINK
from grids.api.fields import UrlField
from grids.api.filters import GridLinksQuery, list_response
from grids.checks.selectors import grid_checks
from grids.checks.services import checks_submit, metadata_read
from grids.models import Verdict
from tasks.api.jobs.submissions import accepted, submits

_NAMED_MAX = 100


def _slugs() -> BoundedListField:
    return BoundedListField(
        child=TextField(max_length=SLUG_LENGTH), required=False, default=list, max_length=_NAMED_MAX
    )


class CheckRequestSerializer(StrictSerializer):
    """Validate which links to check: those on `grids` and `links`; all without either."""

    grids = _slugs()
    links = _slugs()


class LinkCheckSerializer(ReadSerializer):
    """Represent the latest verdict on a link."""

    example = {
        "link": LINK["slug"],
        "url": LINK["url"],
        "title": LINK["title"],
        "verdict": "redirected",
        "status": 200,
        "final_url": "https://www.postgresql.org/docs/current/",
        "moved_to": "https://www.postgresql.org/docs/current/",
        "milliseconds": 214,
        "certificate_expires_on": "2027-01-15T23:59:59Z",
        "detail": "",
        "checked_on": "2026-11-01T09:00:00Z",
    }

    link = serializers.CharField(source="slug")
    url = serializers.CharField()
    title = serializers.CharField()
    verdict = serializers.ChoiceField(Verdict.choices, source="last_check.verdict")
    status = serializers.IntegerField(
        source="last_check.status", allow_null=True, help_text="Null when nothing answered."
    )
    final_url = serializers.CharField(
        source="last_check.final_url", help_text="Where redirects led; empty without any."
    )
    moved_to = serializers.CharField(
        source="last_check.moved_to", help_text="The page's new address, when it moved for good."
    )
    milliseconds = serializers.IntegerField(
        source="last_check.milliseconds", allow_null=True, help_text="With redirects."
    )
    certificate_expires_on = serializers.DateTimeField(
        source="last_check.certificate_expires_on", allow_null=True
    )
    detail = serializers.CharField(source="last_check.detail")
    checked_on = serializers.DateTimeField(source="last_check.checked_on")


class GridChecksQuery(GridLinksQuery):
    """List one `verdict` only, in reading order unless requested otherwise."""

    verdict = serializers.ChoiceField(Verdict.choices, required=False)


class MetadataRequestSerializer(StrictSerializer):
    """Validate the address of a page."""

    url = UrlField()


class MetadataSerializer(ReadSerializer):
    """Represent a page's metadata; unknown values are empty."""

    example = {
        "url": "https://www.postgresql.org/docs/",
        "title": "PostgreSQL: Documentation",
        "description": "",
        "icon": "https://www.postgresql.org/favicon.ico",
    }

    url = serializers.CharField(help_text="Where the page is, after redirects.")
    title = serializers.CharField()
    description = serializers.CharField()
    icon = serializers.CharField()


class LinkChecksView(APIView):
    """Check links."""

    @submits(
        "grids.check",
        "Check links",
        body=CheckRequestSerializer,
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
        body = validated(CheckRequestSerializer, request.data)
        submission = checks_submit(user=actor_of(request), **body, idempotency_key=key)
        return accepted(request, submission)


class GridChecksView(APIView):
    """List the verdicts on a grid's links."""

    @operation("List the verdicts on a grid's links", GridChecksQuery, page_of=LinkCheckSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """List the latest verdicts on a grid's links, unless their address changed since."""
        query = validated(GridChecksQuery, request.query_params)
        grid = grid_write(actor_of(request), slug)
        rows = grid_checks(grid=grid, verdict=query.get("verdict", ""))
        return list_response(request, rows, LinkCheckSerializer, query)


class LinkMetadataView(APIView):
    """Read what a page says of itself."""

    @operation(
        "Read a page's title, description and icon",
        body=MetadataRequestSerializer,
        examples={"a page": {"url": LINK["url"]}},
        answers=MetadataSerializer,
        also=[422, 429],
    )
    def post(self, request: Request) -> Response:
        """Return metadata for a form that suggests a link's title.

        It takes five seconds at most; a page that cannot be read in that time, or is not public, is answered
        with 422.
        """
        url = validated(MetadataRequestSerializer, request.data)["url"]
        metadata = metadata_read(user=actor_of(request), url=url)
        return Response(MetadataSerializer(metadata).data)
